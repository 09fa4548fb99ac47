//! Published digests, and bytes to digest.

/// SHA-256 of `abc` (FIPS 180-4, examples).
pub const ABC_SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/// BLAKE3 of `abc` (the reference implementation).
pub const ABC_BLAKE3: &str = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
/// MD5 of `abc` (RFC 1321, A.5).
pub const ABC_MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

/// SHA-256 of no bytes.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// BLAKE3 of no bytes.
pub const EMPTY_BLAKE3: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

/// The numbers 0 to 250 over and over. 251 is prime, so swapped blocks change the digest.
pub fn cycle(bytes: usize) -> Vec<u8> {
    (0..=250).cycle().take(bytes).collect()
}

//! Compression functions of one message in machine instructions: MD5, and SHA-512 with AVX2 and BMI2.
//!
//! Each takes words of a state, whole blocks and the constants of its rounds. What a compiler makes of the same lines
//! in Rust is slower: it lengthens the chain of instructions that each round waits for (MD5 1.5 times as long, SHA-512
//! 1.3 times, measured on an EPYC core). Padding and lengths are not known here.

#[cfg(target_arch = "x86_64")]
mod md5;
#[cfg(target_arch = "x86_64")]
mod sha512;

/// Adds these blocks to a state of MD5. False, and nothing was done, where this processor is not known.
pub(crate) fn md5(words: &mut [u32; 4], blocks: &[[u8; 64]], constants: &[u32; 64]) -> bool {
    #[cfg(target_arch = "x86_64")]
    return {
        md5::compress(words, blocks, constants);
        true
    };
    #[cfg(not(target_arch = "x86_64"))]
    return {
        let _ = (words, blocks, constants);
        false
    };
}

/// Adds these blocks to a state of SHA-512, or of one of the shorter ones. False, and nothing was done, where this
/// processor lacks the instructions.
pub(crate) fn sha512(words: &mut [u64; 8], blocks: &[[u8; 128]], constants: &[u64; 80]) -> bool {
    #[cfg(target_arch = "x86_64")]
    return sha512::compress(words, blocks, constants);
    #[cfg(not(target_arch = "x86_64"))]
    return {
        let _ = (words, blocks, constants);
        false
    };
}

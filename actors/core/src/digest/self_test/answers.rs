//! The known digests that the self-test compares with.
//!
//! From FIPS 180-4, FIPS 202, RFC 7693, RFC 1321 and BLAKE3's `test_vectors.json` where these contain them. The others
//! are from, and all were checked with, `sha*sum`, `b2sum` and `md5sum` (coreutils 9.1), `openssl dgst` 3.0.19
//! (SHA-512/256, SHA-3), `b3sum`, zlib through Python (CRC-32), `rhash --crc32c` and `xxhsum` 0.8.1.

use super::super::algorithm::Algorithm;

/// The known digests of one algorithm, in hex.
pub(super) struct Answers {
    pub(super) empty: &'static str,
    pub(super) abc: &'static str,
    /// Of [`CYCLE_BYTES`](super::CYCLE_BYTES) bytes 0, 1, ... 250, 0, 1, ...
    pub(super) cycle: &'static str,
}

/// The known digests of this algorithm.
pub(super) const fn answers(algorithm: Algorithm) -> Answers {
    match algorithm {
        Algorithm::Blake3 => BLAKE3,
        Algorithm::Sha256 => SHA256,
        Algorithm::Sha512 => SHA512,
        Algorithm::Sha224 => SHA224,
        Algorithm::Sha384 => SHA384,
        Algorithm::Sha512_256 => SHA512_256,
        Algorithm::Sha3_256 => SHA3_256,
        Algorithm::Sha3_512 => SHA3_512,
        Algorithm::Blake2b => BLAKE2B,
        Algorithm::Sha1 => SHA1,
        Algorithm::Md5 => MD5,
        Algorithm::Crc32 => CRC32,
        Algorithm::Crc32c => CRC32C,
        Algorithm::Xxh3_64 => XXH3_64,
        Algorithm::Xxh3_128 => XXH3_128,
    }
}

const BLAKE3: Answers = Answers {
    empty: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    abc: "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
    cycle: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
};

const SHA256: Answers = Answers {
    empty: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    cycle: "74588b7f0bcc354ac14d9cf199fa3a20c05f0c7293b9075b2f2e146e718de800",
};

const SHA512: Answers = Answers {
    empty: "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    abc: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    cycle: "2acda2d1386c8cd9ef01c797cfd154b073e7ea26e4c5741e9f2aee089dc8106cb887526d5bbb04920c2b742b2dab945e2a8db4cd31f58ac945aec9df89b1f18d",
};

const SHA224: Answers = Answers {
    empty: "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
    abc: "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    cycle: "aac848360c49755efb11547e980f6b1ddff196e6f65262066370344a",
};

const SHA384: Answers = Answers {
    empty: "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
    abc: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    cycle: "2c63ef39f81d19e88281bd6e79f7e0e96f5e79dda4ddea49d9f552442c47820a9faadf38643e329fd9861a727b461543",
};

const SHA512_256: Answers = Answers {
    empty: "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
    abc: "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
    cycle: "7e1a5dd777c4f5e7187851fbfa090799708f20388013696edf7243350f3e0068",
};

const SHA3_256: Answers = Answers {
    empty: "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
    abc: "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    cycle: "14f61e0b532a9566801359c3238ccfc25b66b2c64815393498ffc1f60fc731e6",
};

const SHA3_512: Answers = Answers {
    empty: "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
    abc: "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
    cycle: "6b34fe8ac80287611f4eec1802c19d5432a1a1ddd067c1288825577b3bd52ef404451d50f52c863a148bbac86172288ae6155f03ae1f0a9dc09aa13179dd1c79",
};

const BLAKE2B: Answers = Answers {
    empty: "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce",
    abc: "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    cycle: "cbd9d7d77a4d66c0a2ddea931b1e7d91271005545f56f444decea823f7adc9bb0791bead840bdd341f04bc1baf1847248aa536baeafa40bda3a06229ae62ffd5",
};

const SHA1: Answers = Answers {
    empty: "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    abc: "a9993e364706816aba3e25717850c26c9cd0d89d",
    cycle: "f18b928d893ae172a000efa19b80e1c04fb36414",
};

const MD5: Answers = Answers {
    empty: "d41d8cd98f00b204e9800998ecf8427e",
    abc: "900150983cd24fb0d6963f7d28e17f72",
    cycle: "1a0f81547e5ba2e9c4a4b94a74731993",
};

const CRC32: Answers = Answers { empty: "00000000", abc: "352441c2", cycle: "5cc1ce13" };

const CRC32C: Answers = Answers { empty: "00000000", abc: "364b3fb7", cycle: "7957da17" };

const XXH3_64: Answers = Answers { empty: "2d06800538d394c2", abc: "78af5f94892f3950", cycle: "1428e17f1cac2837" };

const XXH3_128: Answers = Answers {
    empty: "99aa06d3014798d86001c324468d497f",
    abc: "06b05ab6733a618578af5f94892f3950",
    cycle: "ecd387d36185351b1428e17f1cac2837",
};

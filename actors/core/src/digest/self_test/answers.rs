//! The known digests that the self-test compares with.
//!
//! From FIPS 180-4, FIPS 202, RFC 7693, RFC 1321 and BLAKE3's `test_vectors.json` where these contain them. The others
//! are from, and all were checked with, `sha*sum`, `b2sum` and `md5sum` (coreutils 9.1), `openssl dgst` 3.0.19
//! (SHA-512/t, SHA-3, RIPEMD-160, SM3, BLAKE2s), `b3sum` 1.2, zlib through Python (CRC-32), `rhash` 1.4.3 (CRC-32C, MD4,
//! eD2k, Tiger, Whirlpool), `xxhsum` 0.8.1, `7z h -scrcCRC64` 16.02, `awscrt.checksums.crc64nvme` 0.38, and `rclone
//! hashsum` 1.60 for the digests of clouds. S3's are of Python's `hashlib`, part by part.

use super::super::algorithm::{Algorithm, PartMebibytes};

/// The known digests of one algorithm, in hex.
pub(super) struct Answers {
    pub(super) empty: &'static str,
    pub(super) abc: &'static str,
    /// Of [`CYCLE_BYTES`](super::CYCLE_BYTES) bytes 0, 1, ... 250, 0, 1, ...
    pub(super) cycle: &'static str,
}

/// The algorithm that is tested for this one: itself, or for those with a parameter one of the same code.
pub(super) fn tested_as(algorithm: Algorithm) -> Algorithm {
    match algorithm {
        Algorithm::Blake2bShort(_) => Algorithm::blake2b(256),
        Algorithm::Blake3Long(_) => Algorithm::blake3(512),
        Algorithm::S3Etag(_) => PartMebibytes::new(1).map(Algorithm::S3Etag),
        Algorithm::S3Crc32(_) => PartMebibytes::new(1).map(Algorithm::S3Crc32),
        Algorithm::S3Crc32c(_) => PartMebibytes::new(1).map(Algorithm::S3Crc32c),
        Algorithm::S3Sha1(_) => PartMebibytes::new(1).map(Algorithm::S3Sha1),
        Algorithm::S3Sha256(_) => PartMebibytes::new(1).map(Algorithm::S3Sha256),
        itself => Some(itself),
    }
    .unwrap_or(algorithm)
}

/// The known digests of what this algorithm is [tested as](tested_as).
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
        Algorithm::Sha3_224 => SHA3_224,
        Algorithm::Sha3_384 => SHA3_384,
        Algorithm::Sha512_224 => SHA512_224,
        Algorithm::Xxh32 => XXH32,
        Algorithm::Xxh64 => XXH64,
        Algorithm::Crc64 => CRC64,
        Algorithm::Crc64Nvme => CRC64NVME,
        Algorithm::Ripemd160 => RIPEMD160,
        Algorithm::Sm3 => SM3,
        Algorithm::Whirlpool => WHIRLPOOL,
        Algorithm::Md4 => MD4,
        Algorithm::Ed2k => ED2K,
        Algorithm::Tiger => TIGER,
        Algorithm::Blake2s => BLAKE2S,
        Algorithm::QuickXor => QUICKXOR,
        Algorithm::Dropbox => DROPBOX,
        Algorithm::Mailru => MAILRU,
        Algorithm::Hidrive => HIDRIVE,
        Algorithm::Blake2bShort(_) => BLAKE2B_256,
        Algorithm::Blake3Long(_) => BLAKE3_512,
        Algorithm::S3Etag(_) => S3_ETAG,
        Algorithm::S3Crc32(_) => S3_CRC32,
        Algorithm::S3Crc32c(_) => S3_CRC32C,
        Algorithm::S3Sha1(_) => S3_SHA1,
        Algorithm::S3Sha256(_) => S3_SHA256,
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

const SHA3_224: Answers = Answers {
    empty: "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7",
    abc: "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
    cycle: "f4ccc40d5e7d3c7f84ccd6700bd7ed264d0721120bc4356b5af624eb",
};

const SHA3_384: Answers = Answers {
    empty: "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004",
    abc: "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
    cycle: "e75f139b59d5d46c8b4f0da12e200120e918298e12b474041e742a9c0b5172e158952efd33f8c8102af21d7a01205724",
};

const SHA512_224: Answers = Answers {
    empty: "6ed0dd02806fa89e25de060c19d3ac86cabb87d6a0ddd05c333b84f4",
    abc: "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa",
    cycle: "d93b555f3ac539ef23b10921f844cc73da652ad62f1c66f8981c3781",
};

const XXH32: Answers = Answers { empty: "02cc5d05", abc: "32d153ff", cycle: "96c7eb65" };

const XXH64: Answers = Answers { empty: "ef46db3751d8e999", abc: "44bc2cf5ad770999", cycle: "eb1adcdd9e1369a6" };

const CRC64: Answers = Answers { empty: "0000000000000000", abc: "2cd8094a1a277627", cycle: "4b11c0d1c0580595" };

const CRC64NVME: Answers = Answers { empty: "0000000000000000", abc: "05e5cabb3fc1faeb", cycle: "741e1f9c969a9d67" };

const RIPEMD160: Answers = Answers {
    empty: "9c1185a5c5e9fc54612808977ee8f548b2258d31",
    abc: "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
    cycle: "29a195221d7602bc051f2a8d2f7e18e3d16ded0b",
};

const SM3: Answers = Answers {
    empty: "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b",
    abc: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    cycle: "737fa5ead50aeeb29273b7cadabe60fcaca7af65623c6590e790e4e7868d2ec1",
};

const WHIRLPOOL: Answers = Answers {
    empty: "19fa61d75522a4669b44e39c1d2e1726c530232130d407f89afee0964997f7a73e83be698b288febcf88e3e03c4f0757ea8964e59b63d93708b138cc42a66eb3",
    abc: "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5",
    cycle: "81e03398cbe8386185ac5f7b1325fe11eaf151c1de78d6fea5101bf697a4cbca47582ccf835173a5f0e4c32c05c41f3757aaf93fa8b0d7a4bad4ad92a4610760",
};

const MD4: Answers = Answers {
    empty: "31d6cfe0d16ae931b73c59d7e0c089c0",
    abc: "a448017aaf21d8525fc10ae87aa6729d",
    cycle: "c9d1749f56493d7bac45c36a926f4561",
};

const ED2K: Answers = Answers {
    empty: "31d6cfe0d16ae931b73c59d7e0c089c0",
    abc: "a448017aaf21d8525fc10ae87aa6729d",
    cycle: "c9d1749f56493d7bac45c36a926f4561",
};

const TIGER: Answers = Answers {
    empty: "3293ac630c13f0245f92bbb1766e16167a4e58492dde73f3",
    abc: "2aab1484e8c158f2bfb8c5ff41b57a525129131c957b5f93",
    cycle: "9c5b9d6fbdf7c18ddf986e0ca37031161f93f89e1780b899",
};

const BLAKE2S: Answers = Answers {
    empty: "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9",
    abc: "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
    cycle: "c0c1f03110012f42729ac854bca75344b887e7641d2d7d792b77ba7bcbba12e2",
};

const QUICKXOR: Answers = Answers {
    empty: "0000000000000000000000000000000000000000",
    abc: "6110c31800000000000000000300000000000000",
    cycle: "fe9fc308315b0ced08f96e19e4716212beaee7a4",
};

const DROPBOX: Answers = Answers {
    empty: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc: "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358",
    cycle: "872043e8e9c49b9fa6e6d152053b3d9b92c1c2a8220ad590f1c35e57da7905cd",
};

const MAILRU: Answers = Answers {
    empty: "0000000000000000000000000000000000000000",
    abc: "6162630000000000000000000000000000000000",
    cycle: "4a261986a5f94dce15b240307e46bd6814b9d19d",
};

const HIDRIVE: Answers = Answers {
    empty: "0000000000000000000000000000000000000000",
    abc: "12ccadb89f6233aec61c98c54b99e8bf80b003fb",
    cycle: "5fc0319a3f9f080fd708518cd1ab6db2aa5d2550",
};

const BLAKE2B_256: Answers = Answers {
    empty: "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
    abc: "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
    cycle: "3e296275877fb01eb568accdfab328359abfde8cfcfed8f3eb290399ae36d9c7",
};

const BLAKE3_512: Answers = Answers {
    empty: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262e00f03e7b69af26b7faaf09fcd333050338ddfe085b8cc869ca98b206c08243a",
    abc: "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d851fb250ae7393f5d02813b65d521a0d492d9ba09cf7ce7f4cffd900f23374bf0b",
    cycle: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085e01c59dab908c04c3342b816941a26d69c2605ebee5ec5291cc55e15b76146e6",
};

const S3_ETAG: Answers = Answers {
    empty: "59adb24ef3cdbe0297f05b395827453f",
    abc: "af5da9f45af7a300e3aded972f8ff687",
    cycle: "31d510aa58bb0174639e060b3253d4b5",
};

const S3_CRC32: Answers = Answers { empty: "2144df1c", abc: "45fde46b", cycle: "e135286f" };

const S3_CRC32C: Answers = Answers { empty: "48674bc7", abc: "66918c30", cycle: "70627c5c" };

const S3_SHA1: Answers = Answers {
    empty: "be1bdec0aa74b4dcb079943e70528096cca985f8",
    abc: "0d3ced9bec10a777aec23ccc353a8c08a633045e",
    cycle: "9d9498a0bdcf7614697f58b2068823fa82defd66",
};

const S3_SHA256: Answers = Answers {
    empty: "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456",
    abc: "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358",
    cycle: "872043e8e9c49b9fa6e6d152053b3d9b92c1c2a8220ad590f1c35e57da7905cd",
};

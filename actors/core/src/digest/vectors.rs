//! Published test vectors, for tests that need a correct digest from an independent source.

use super::Algorithm;

/// Input lengths of the 251-cycle and their digests: `test_vectors/test_vectors.json` of
/// BLAKE3-team/BLAKE3, `hash` cut to 32 bytes; each was also checked with `b3sum`.
pub const BLAKE3_VECTORS: &[(usize, &str)] = &[
    (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
    (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
    (1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"),
    (1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"),
    (1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"),
    (2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"),
    (2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"),
    (3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"),
    (3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"),
    (4096, "015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969"),
    (4097, "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995"),
    (5120, "9cadc15fed8b5d854562b26a9536d9707cadeda9b143978f319ab34230535833"),
    (5121, "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff"),
    (6144, "3e2e5b74e048f3add6d21faab3f83aa44d3b2278afb83b80b3c35164ebeca205"),
    (6145, "f1323a8631446cc50536a9f705ee5cb619424d46887f3c376c695b70e0f0507f"),
    (7168, "61da957ec2499a95d6b8023e2b0e604ec7f6b50e80a9678b89d2628e99ada77a"),
    (7169, "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817"),
    (8192, "aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63"),
    (8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"),
    (16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"),
    (31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"),
    (102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"),
];

/// The digests of `a` repeated one million times. SHA-1 and SHA-2 are NIST's examples for FIPS 180; all were checked
/// with the tools that `self_test/answers.rs` names.
pub const MILLION: [(Algorithm, &str); 33] = [
    (Algorithm::Blake3, "616f575a1b58d4c9797d4217b9730ae5e6eb319d76edef6549b46f4efe31ff8b"),
    (Algorithm::Sha256, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    (
        Algorithm::Sha512,
        "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
    ),
    (Algorithm::Sha224, "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67"),
    (
        Algorithm::Sha384,
        "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985",
    ),
    (Algorithm::Sha512_256, "9a59a052930187a97038cae692f30708aa6491923ef5194394dc68d56c74fb21"),
    (Algorithm::Sha3_256, "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1"),
    (
        Algorithm::Sha3_512,
        "3c3a876da14034ab60627c077bb98f7e120a2a5370212dffb3385a18d4f38859ed311d0a9d5141ce9cc5c66ee689b266a8aa18ace8282a0e0db596c90b0a7b87",
    ),
    (
        Algorithm::Blake2b,
        "98fb3efb7206fd19ebf69b6f312cf7b64e3b94dbe1a17107913975a793f177e1d077609d7fba363cbba00d05f7aa4e4fa8715d6428104c0a75643b0ff3fd3eaf",
    ),
    (Algorithm::Sha1, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    (Algorithm::Md5, "7707d6ae4e027c70eea2a935c2296f21"),
    (Algorithm::Crc32, "dc25bfbc"),
    (Algorithm::Crc32c, "436fe240"),
    (Algorithm::Xxh3_64, "b1fd6fae5285c4eb"),
    (Algorithm::Xxh3_128, "a545df8e384a9579b1fd6fae5285c4eb"),
    (Algorithm::Sha3_224, "d69335b93325192e516a912e6d19a15cb51c6ed5c15243e7a7fd653c"),
    (
        Algorithm::Sha3_384,
        "eee9e24d78c1855337983451df97c8ad9eedf256c6334f8e948d252d5e0e76847aa0774ddb90a842190d2c558b4b8340",
    ),
    (Algorithm::Sha512_224, "37ab331d76f0d36de422bd0edeb22a28accd487b7a8453ae965dd287"),
    (Algorithm::Xxh32, "e1155920"),
    (Algorithm::Xxh64, "dc483aaa9b4fdc40"),
    (Algorithm::Crc64, "7a0d29398112e1ba"),
    (Algorithm::Crc64Nvme, "38b0ef50419e0b4c"),
    (Algorithm::Ripemd160, "52783243c1697bdbe16d37f97f68f08325dc1528"),
    (Algorithm::Sm3, "c8aaf89429554029e231941a2acc0ad61ff2a5acd8fadd25847a3a732b3b02c3"),
    (
        Algorithm::Whirlpool,
        "0c99005beb57eff50a7cf005560ddf5d29057fd86b20bfd62deca0f1ccea4af51fc15490eddc47af32bb2b66c34ff9ad8c6008ad677f77126953b226e4ed8b01",
    ),
    (Algorithm::Md4, "bbce80cc6bb65e5c6745e30d4eeca9a4"),
    (Algorithm::Ed2k, "bbce80cc6bb65e5c6745e30d4eeca9a4"),
    (Algorithm::Tiger, "6db0e2729cbead93d715c6a7d36302e9b3cee0d2bc314b41"),
    (Algorithm::Blake2s, "bec0c0e6cde5b67acb73b81f79a67a4079ae1c60dac9d2661af18e9f8b50dfa5"),
    (Algorithm::QuickXor, "00000000000000000000000040420f0000000000"),
    (Algorithm::Dropbox, "80d1189477563e1b5206b2749f1afe4807e5705e8bd77887a60187a712156688"),
    (Algorithm::Mailru, "4c6c49e2778a0fb2a6737ddf657ac35084161a37"),
    (Algorithm::Hidrive, "d90bdb548e1091975725b9f7ded030e5d8a62897"),
];

/// NIST's two-block messages for FIPS 180-4, of 448 and 896 bits.
pub const TWO_BLOCKS: [&str; 2] = [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
];

/// Which of [`TWO_BLOCKS`] an algorithm digests, and its digest in hex.
pub const OF_TWO_BLOCKS: [(Algorithm, usize, &str); 7] = [
    (Algorithm::Sha1, 0, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
    (Algorithm::Sha224, 0, "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525"),
    (Algorithm::Sha256, 0, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    (
        Algorithm::Sha384,
        1,
        "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039",
    ),
    (
        Algorithm::Sha512,
        1,
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
    ),
    (Algorithm::Sha512_256, 1, "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a"),
    (Algorithm::Sha3_256, 1, "916f6061fe879741ca6469b43971dfdb28b1a32dc36cb3254e812be27aad1d18"),
];

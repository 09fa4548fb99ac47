//! coreutils, b3sum, and the programs that write the same lines.

use super::{Published, ROW};

const B3SUM: &[(&str, &str)] = &[("b3sum", "cargo install b3sum@1.8.7")];

const fn row(what: &'static str, manifest: &'static str, algorithms: &'static [&'static str]) -> Published {
    Published { what, manifest, algorithms, script: what, ..ROW }
}

const fn with(tools: &'static [(&'static str, &'static str)], row: Published) -> Published {
    Published { tools, ..row }
}

const BUSYBOX: &[(&str, &str)] = &[("busybox", "apt-get install busybox")];
const TOYBOX: &[(&str, &str)] = &[("toybox", "apt-get install toybox")];
const PERL: &[(&str, &str)] = &[("shasum", "apt-get install perl")];

pub(super) const ROWS: &[Published] = &[
    row("each sha256sum", "SHA256SUMS", &["sha256"]),
    row("each sha256sum -b", "sums.txt", &["sha256"]),
    row("each md5sum", "manifest", &["md5"]),
    row("each sha1sum", "manifest", &["sha1"]),
    row("each sha224sum", "manifest", &["sha224"]),
    row("each sha384sum", "manifest", &["sha384"]),
    row("each sha512sum", "manifest", &["sha512"]),
    row("each sha512sum --tag", "manifest", &["sha512"]),
    row("each b2sum", "manifest", &["blake2b"]),
    row("each b2sum", "B2SUMS", &["blake2b"]),
    row("each b2sum -l 256", "manifest", &["blake2b_256"]),
    row("each b2sum -l 256 --tag", "manifest", &["blake2b_256"]),
    row("each b2sum -l 64", "manifest", &["blake2b_64"]),
    row("each b2sum -l 8", "B2SUMS", &["blake2b_8"]),
    row("each b2sum -l 384", "manifest", &["blake2b_384"]),
    row("each cksum -a sm3", "CHECKSUMS", &["sm3"]),
    row("each cksum -a sm3 --untagged", "manifest", &["sm3"]),
    row("each cksum -a blake2b -l 256", "CHECKSUMS", &["blake2b_256"]),
    row("each cksum -a sha224", "CHECKSUMS", &["sha224"]),
    with(B3SUM, row("each b3sum", "B3SUMS", &["blake3"])),
    with(B3SUM, row("each b3sum", "manifest", &["blake3"])),
    with(B3SUM, row("each b3sum --tag", "manifest", &["blake3"])),
    with(B3SUM, row("each b3sum -l 64", "manifest", &["blake3_512"])),
    with(B3SUM, row("each b3sum -l 20", "manifest", &["blake3_160"])),
    with(BUSYBOX, row("each busybox sha3sum", "manifest", &["sha3_224"])),
    with(BUSYBOX, row("each busybox sha3sum -a 256", "manifest", &["sha3_256"])),
    with(BUSYBOX, row("each busybox sha3sum -a 512", "sums.sha3", &["sha3_512"])),
    with(TOYBOX, row("each toybox sha3sum", "manifest", &["sha3_224"])),
    with(TOYBOX, row("each toybox sha3sum -a 384", "sums.sha3-384", &["sha3_384"])),
    with(PERL, row("each shasum", "manifest", &["sha1"])),
    with(PERL, row("each shasum -a 512256", "manifest", &["sha512_256"])),
    with(PERL, row("each shasum -a 512224 -b", "manifest", &["sha512_224"])),
    with(PERL, row("each shasum -a 256", "terraform_1.5.0_SHA256SUMS", &["sha256"])),
];

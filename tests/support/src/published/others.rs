//! rhash, xxhsum, openssl, hashdeep, cksfv, gpg, signify, bsdtar, mtree, aide and rclone.

use super::{Published, ROW};

type Tools = &'static [(&'static str, &'static str)];

const fn row(
    tools: Tools,
    script: &'static str,
    manifest: &'static str,
    algorithms: &'static [&'static str],
) -> Published {
    Published { what: script, manifest, algorithms, tools, script, ..ROW }
}

const fn with_others(not_read: u64, row: Published) -> Published {
    Published { not_read, ..row }
}

const RHASH: Tools = &[("rhash", "apt-get install rhash")];
const XXHSUM: Tools = &[("xxhsum", "apt-get install xxhash")];
const OPENSSL: Tools = &[("openssl", "apt-get install openssl")];
const HASHDEEP: Tools = &[("hashdeep", "apt-get install hashdeep")];
const CKSFV: Tools = &[("cksfv", "apt-get install cksfv")];
const GPG: Tools = &[("gpg", "apt-get install gpg gpg-agent gpgconf")];
const SIGNIFY: Tools = &[("signify-openbsd", "apt-get install signify-openbsd")];
const BSDTAR: Tools = &[("bsdtar", "apt-get install libarchive-tools")];
const MTREE: Tools = &[("mtree", "apt-get install mtree-netbsd")];
const AIDE: Tools = &[("aide", "apt-get install aide")];
const RCLONE: Tools = &[("rclone", "apt-get install rclone")];

const MANIFEST: &str = "manifest";

pub(super) const ROWS: &[Published] = &[
    row(RHASH, "each rhash --sha3-256", MANIFEST, &["sha3_256"]),
    row(RHASH, "each rhash --sha3-224 --simple", MANIFEST, &["sha3_224"]),
    row(RHASH, "each rhash --crc32c", MANIFEST, &["crc32c"]),
    row(RHASH, "each rhash --blake2b", MANIFEST, &["blake2b"]),
    row(RHASH, "each rhash --blake2s", MANIFEST, &["blake2s"]),
    row(RHASH, "each rhash --md4", MANIFEST, &["md4"]),
    row(RHASH, "each rhash --ed2k", "sums.ed2k", &["ed2k"]),
    row(RHASH, "each rhash --tiger", MANIFEST, &["tiger"]),
    row(RHASH, "each rhash --whirlpool", MANIFEST, &["whirlpool"]),
    row(RHASH, "each rhash --ripemd160", "sums.rmd160", &["ripemd160"]),
    row(RHASH, "each rhash --bsd -M -H --sha256", MANIFEST, &["md5", "sha1", "sha256"]),
    row(RHASH, "each rhash -C", "sums.sfv", &["crc32"]),
    row(XXHSUM, "each xxhsum -q", MANIFEST, &["xxh64"]),
    row(XXHSUM, "each xxhsum -q -H0", MANIFEST, &["xxh32"]),
    row(XXHSUM, "each xxhsum -q -H2", MANIFEST, &["xxh3_128"]),
    row(XXHSUM, "each xxhsum -q -H3", MANIFEST, &["xxh3_64"]),
    row(XXHSUM, "each xxhsum -q --tag", MANIFEST, &["xxh64"]),
    row(XXHSUM, "each xxhsum -q -H2 --tag", MANIFEST, &["xxh3_128"]),
    row(XXHSUM, "each xxhsum -q --tag --little-endian", MANIFEST, &["xxh64"]),
    row(XXHSUM, "each xxhsum -q -H0 --tag", "sums.xxh32", &["xxh32"]),
    row(OPENSSL, "each openssl dgst -r -sha3-256", MANIFEST, &["sha3_256"]),
    row(OPENSSL, "each openssl dgst -sha256", MANIFEST, &["sha256"]),
    row(OPENSSL, "each openssl dgst -sha512-256", MANIFEST, &["sha512_256"]),
    row(OPENSSL, "each openssl dgst -blake2b512", MANIFEST, &["blake2b"]),
    row(OPENSSL, "each openssl dgst -rmd160", MANIFEST, &["ripemd160"]),
    row(OPENSSL, "each openssl dgst -sm3", MANIFEST, &["sm3"]),
    row(OPENSSL, "each openssl dgst -sha3-384", MANIFEST, &["sha3_384"]),
    row(HASHDEEP, "hashdeep -r .", MANIFEST, &["md5", "sha256"]),
    row(HASHDEEP, "hashdeep -l -r .", MANIFEST, &["md5", "sha256"]),
    row(
        HASHDEEP,
        "hashdeep -l -c md5,sha1,sha256,tiger,whirlpool -r .",
        MANIFEST,
        &["md5", "sha1", "sha256", "tiger", "whirlpool"],
    ),
    row(HASHDEEP, "sha256deep -l -r .", MANIFEST, &["sha256"]),
    row(CKSFV, "each cksfv -q", "sums.sfv", &["crc32"]),
    row(GPG, "each gpg --print-md sha256", MANIFEST, &["sha256"]),
    row(GPG, "each gpg --print-mds", MANIFEST, &["md5", "sha1", "ripemd160", "sha224", "sha256", "sha384", "sha512"]),
    // Armor: the two lines before the text and the signature after it, which has as many lines as its key needs.
    with_others(1, row(GPG, CLEAR_SIGNED, "SHASUMS256.txt.asc", &["sha256"])),
    with_others(2, row(SIGNIFY, SIGNED_BY_SIGNIFY, "SHA256.sig", &["sha256"])),
    row(BSDTAR, "bsdtar -cf - --format=mtree --options='!all,sha256,size,time,type' .", "tree.mtree", &["sha256"]),
    row(
        BSDTAR,
        "bsdtar -czf - --format=mtree --options='!all,use-set,sha256,md5,size,time,type' .",
        ".MTREE",
        &["md5", "sha256"],
    ),
    row(MTREE, "mtree -c -k sha256,md5,size,time,type", "tree.mtree", &["md5", "sha256"]),
    row(AIDE, AIDE_DATABASE, "aide.db", &["md5", "sha256"]),
    row(RCLONE, "rclone hashsum sha1 .", MANIFEST, &["sha1"]),
    row(RCLONE, "rclone hashsum quickxor .", "sums.quickxor", &["quickxor"]),
    row(RCLONE, "rclone hashsum dropbox .", "sums.dropbox", &["dropbox"]),
    row(RCLONE, "rclone lsjson --hash --hash-type md5 --hash-type sha1 -R .", "listing.json", &["md5", "sha1"]),
];

const CLEAR_SIGNED: &str = "
mkdir -m 700 -p \"$HOME/.gnupg\"
gpg --batch --quiet --passphrase '' --quick-gen-key tester ed25519 sign never
each sha256sum | gpg --batch --quiet --clearsign
gpgconf --kill all";

const SIGNED_BY_SIGNIFY: &str = "
signify-openbsd -G -n -p \"$HOME/key.pub\" -s \"$HOME/key.sec\"
each sha256sum --tag > \"$HOME/SHA256\"
signify-openbsd -S -e -s \"$HOME/key.sec\" -m \"$HOME/SHA256\" -x \"$M\"";

const AIDE_DATABASE: &str = "
printf 'database_in=file:%s/in\\ndatabase_out=file:%s/out\\ngzip_dbout=no\\n%s f md5+sha256+s+ftype\\n' \\
  \"$HOME\" \"$HOME\" \"$PWD\" > \"$HOME/aide.conf\"
aide --config \"$HOME/aide.conf\" --init >&2
cat \"$HOME/out\"";

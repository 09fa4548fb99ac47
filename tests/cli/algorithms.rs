//! Every algorithm: as `hivesum algorithms` lists it, against an independent tool, and as a tag in a manifest.

use std::collections::HashSet;

use hivesum_test_support::{Requirement, cycle, has_tool};
use serde_json::Value;

use super::work_dir::WorkDir;

/// A tool and how it prints, as the first word of a line, the digest of the file `f`.
struct Tool {
    program: &'static str,
    digests: &'static [(&'static str, &'static str)],
}

const COREUTILS: Tool = Tool {
    program: "b2sum",
    digests: &[
        ("md5", "md5sum f"),
        ("sha1", "sha1sum f"),
        ("sha224", "sha224sum f"),
        ("sha256", "sha256sum f"),
        ("sha384", "sha384sum f"),
        ("sha512", "sha512sum f"),
        ("blake2b", "b2sum f"),
        ("blake2b_8", "b2sum -l 8 f"),
        ("blake2b_256", "b2sum -l 256 f"),
        ("blake2b_504", "b2sum -l 504 f"),
        ("sm3", "cksum -a sm3 --untagged f"),
    ],
};

const OPENSSL: Tool = Tool {
    program: "openssl",
    digests: &[
        ("sha512_224", "openssl dgst -r -sha512-224 f"),
        ("sha512_256", "openssl dgst -r -sha512-256 f"),
        ("sha3_224", "openssl dgst -r -sha3-224 f"),
        ("sha3_256", "openssl dgst -r -sha3-256 f"),
        ("sha3_384", "openssl dgst -r -sha3-384 f"),
        ("sha3_512", "openssl dgst -r -sha3-512 f"),
        ("ripemd160", "openssl dgst -r -ripemd160 f"),
        ("sm3", "openssl dgst -r -sm3 f"),
        ("blake2s", "openssl dgst -r -blake2s256 f"),
    ],
};

const RHASH: Tool = Tool {
    program: "rhash",
    digests: &[
        ("crc32", "rhash --simple --crc32 f"),
        ("crc32c", "rhash --simple --crc32c f"),
        ("md4", "rhash --simple --md4 f"),
        ("ed2k", "rhash --simple --ed2k f"),
        ("tiger", "rhash --simple --tiger f"),
        ("whirlpool", "rhash --simple --whirlpool f"),
        ("ripemd160", "rhash --simple --ripemd160 f"),
        ("blake2s", "rhash --simple --blake2s f"),
    ],
};

const B3SUM: Tool = Tool {
    program: "b3sum",
    digests: &[
        ("blake3", "b3sum f"),
        ("blake3_8", "b3sum -l 1 f"),
        ("blake3_264", "b3sum -l 33 f"),
        ("blake3_512", "b3sum -l 64 f"),
    ],
};

const XXHSUM: Tool = Tool {
    program: "xxhsum",
    digests: &[
        ("xxh32", "xxhsum -H0 f"),
        ("xxh64", "xxhsum -H1 f"),
        ("xxh3_128", "xxhsum -H2 f"),
        // As XXH3_HEX  f, or as XXH3 (f) = HEX.
        ("xxh3_64", "xxhsum -H3 f | grep -o '[0-9a-f]\\{16\\}'"),
    ],
};

const XZ: Tool = Tool {
    program: "xz",
    // An empty file has no block and so no check.
    digests: &[("crc64", "xz -T1 -0 -C crc64 -kf f && xz -lvv --robot f.xz | awk '$1 == \"block\" { print $11 }'")],
};

const RCLONE: Tool = Tool {
    program: "rclone",
    digests: &[
        ("quickxor", "rclone hashsum quickxor f"),
        ("dropbox", "rclone hashsum dropbox f"),
        ("mailru", "rclone hashsum mailru f"),
        ("hidrive", "rclone hashsum hidrive f"),
    ],
};

/// The digest of the digests of parts of 5 MiB; `h` gives the bytes of one digest.
macro_rules! s3 {
    ($h:literal) => {
        concat!(
            "python3 -c 'import hashlib, zlib\nh = ",
            $h,
            "\nf = open(\"f\", \"rb\").read()\nn = 5 << 20\n",
            "print(h(b\"\".join(h(f[i:i + n]) for i in range(0, max(len(f), 1), n))).hex())'"
        )
    };
}

const PYTHON: Tool = Tool {
    program: "python3",
    digests: &[
        ("s3_etag_5", s3!("lambda b: hashlib.md5(b).digest()")),
        ("s3_sha1_5", s3!("lambda b: hashlib.sha1(b).digest()")),
        ("s3_sha256_5", s3!("lambda b: hashlib.sha256(b).digest()")),
        ("s3_crc32_5", s3!("lambda b: zlib.crc32(b).to_bytes(4, \"big\")")),
    ],
};

const AWSCRT: Tool = Tool {
    program: "python3",
    digests: &[(
        "crc64nvme",
        "python3 -c 'from awscrt import checksums; print(\"%016x\" % checksums.crc64nvme(open(\"f\", \"rb\").read()))'",
    )],
};

/// One chunk of eD2k and more, two blocks of Dropbox's and more, and what is short or ends with a block.
const LENGTHS: [usize; 6] = [1, 3, 4096, 300_000, 10 << 20, 19_456_000];

fn agrees(tool: &Tool) {
    if !has_tool(tool.program) {
        return;
    }
    for length in LENGTHS {
        let dir = WorkDir::with(&[(b"f", &cycle(length))]);
        for (algorithm, command) in tool.digests {
            let told = dir.run("sh", ["-c", command]);
            assert_eq!(told.code, Some(0), "{command}: {}", told.stderr());
            let expected = told.stdout().split_whitespace().next().unwrap().to_lowercase();
            let ours = dir.hivesum(["hash", "-a", algorithm, "--format", "gnu", "f"]).expect_success();
            assert_eq!(ours, format!("{expected}  f\n"), "{algorithm} of {length} bytes");
        }
    }
}

#[test]
fn coreutils_give_the_same_digests() {
    agrees(&COREUTILS);
}

#[test]
fn openssl_gives_the_same_digests() {
    agrees(&OPENSSL);
}

#[test]
fn rhash_gives_the_same_digests() {
    agrees(&RHASH);
}

#[test]
fn b3sum_gives_the_same_digests() {
    agrees(&B3SUM);
}

#[test]
fn xxhsum_gives_the_same_digests() {
    agrees(&XXHSUM);
}

#[test]
fn xz_gives_the_same_crc_64() {
    agrees(&XZ);
}

#[test]
fn rclone_gives_the_same_digests_of_clouds() {
    agrees(&RCLONE);
}

#[test]
fn python_gives_the_same_digests_of_parts() {
    agrees(&PYTHON);
}

#[test]
fn amazons_own_library_gives_the_same_crc_64() {
    const NEEDED: Requirement<'_> = Requirement::tool("awscrt", "pip install awscrt==0.38.1");
    let imports = || WorkDir::new().run("python3", ["-c", "import awscrt"]).code == Some(0);
    if NEEDED.is_met(imports) {
        agrees(&AWSCRT);
    }
}

/// Tagged lines of these algorithms, and the command that checks them on its standard input.
const CHECKED_BY: [(&str, &str, &str); 8] = [
    ("xxh64,xxh3_64,xxh3_128,xxh32", "xxhsum", "xxhsum -c"),
    ("blake2b,blake2b_256,blake2b_8", "b2sum", "b2sum --strict -c"),
    ("sm3,sha512,blake2b_128", "cksum", "cksum --strict -c"),
    ("sha1,sha224,sha256,sha384,sha512,sha512_224,sha512_256", "shasum", "shasum --strict -c"),
    ("blake3", "b3sum", "b3sum -c"),
    ("crc32,md4,md5,sha1,tiger,whirlpool,ed2k,ripemd160,sha224,sha384", "rhash", "rhash --brief -c"),
    ("sha3_224,sha3_256,sha3_384,sha3_512,crc32c,blake2s,blake2b", "rhash", "rhash --brief -c"),
    ("crc64,crc64nvme,quickxor,dropbox,mailru,hidrive,s3_etag_5", "true", "hivesum check"),
];

#[test]
fn the_tools_of_the_field_read_the_tagged_lines() {
    let dir = WorkDir::with(&[(b"f", b"hello\n")]);
    for (algorithms, program, command) in CHECKED_BY {
        if program != "true" && !has_tool(program) {
            continue;
        }
        let lines = dir.hivesum(["hash", "-a", algorithms, "--format", "bsd", "f"]).expect_success();
        dir.write("sums", &lines);
        let command = command.replace("hivesum", super::work_dir::HIVESUM);
        let ran = dir.run("sh", ["-c", &format!("{command} sums")]);
        assert_eq!(ran.code, Some(0), "{command}: {} {}{lines}", ran.stdout(), ran.stderr());
    }
}

fn listed() -> Vec<Value> {
    let text = WorkDir::new().hivesum(["algorithms", "--format", "json"]).expect_success();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_listed_name_computes_a_digest_of_the_listed_length_and_its_tagged_line_is_read() {
    let dir = WorkDir::with(&[(b"f", b"hello\n")]);
    for row in listed() {
        let name = row["name"].as_str().unwrap();
        let name = name.strip_suffix('N').map_or(name.to_owned(), |stem| format!("{stem}64"));
        let bits = row["bits"].as_u64().unwrap_or(64) as usize;
        let line = dir.hivesum(["hash", "-a", &name, "--format", "bsd", "f"]).expect_success();
        let tag = row["tag"].as_str().unwrap();
        let tag = tag.strip_suffix('N').map_or(tag.to_owned(), |stem| format!("{stem}64"));
        assert!(line.starts_with(&format!("{tag} (f) = ")), "{line}");
        assert_eq!(line.trim_end().len(), tag.len() + " (f) = ".len() + bits / 4, "{line}");
        dir.write("sums", &line);
        assert_eq!(dir.hivesum(["check", "sums"]).stdout(), "f: OK\n", "{line}");
    }
}

#[test]
fn every_listed_spelling_means_its_algorithm_alone() {
    let dir = WorkDir::with(&[(b"f", b"hello\n")]);
    let mut met = HashSet::new();
    for row in listed() {
        let name = row["name"].as_str().unwrap();
        for spelling in row["spellings"].as_array().unwrap() {
            let spelling = spelling.as_str().unwrap().to_uppercase();
            let digest = |word: &str| dir.hivesum(["hash", "-a", word, "f"]).expect_success();
            assert_eq!(digest(&spelling), digest(name), "{spelling}");
            assert!(met.insert(spelling));
        }
    }
}

#[test]
fn the_table_says_what_the_json_says() {
    let table = WorkDir::new().hivesum(["algorithms"]).expect_success();
    let mut lines = table.lines();
    assert!(lines.next().unwrap().starts_with("NAME"));
    let rows = listed();
    assert_eq!(rows.len(), lines.clone().count());
    for (row, line) in rows.iter().zip(lines) {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words[0], row["name"].as_str().unwrap());
        assert_eq!(words[1].parse().ok(), row["bits"].as_u64(), "{line}");
        assert!(
            line.contains(row["tag"].as_str().unwrap()) && line.contains(row["family"].as_str().unwrap()),
            "{line}"
        );
        let secure = match &row["secure"] {
            Value::Bool(true) => "yes",
            Value::Bool(false) => "no",
            _ => "from 224",
        };
        assert!(line.contains(secure), "{line}");
    }
    let default: Vec<_> = rows.iter().filter(|row| row["default"] == true).map(|row| &row["name"]).collect();
    assert_eq!(default, ["blake3"]);
}

#[test]
fn an_algorithm_that_is_known_but_not_computed_is_named() {
    let ran = WorkDir::with(&[(b"f", b"")]).hivesum(["hash", "-a", "gost94", "f"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr().contains("GOST R 34.11-94 is not supported"), "{}", ran.stderr());
}

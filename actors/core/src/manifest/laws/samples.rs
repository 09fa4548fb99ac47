//! Input for the laws: names, digests, records and texts.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::entry::{Claimed, Digits};
use super::super::names::LineEnd;
use super::super::record::Record;
use crate::digest::{Algorithm, Algorithms, Digest};
use crate::result::{FileTime, Stability, Status, nanoseconds, split_digests};

/// Names, mostly of bytes that are special in some format. Some begin as gzip or a text with a byte order mark does.
pub(super) fn any_name() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(b"\\\n\r \t*()=#-\"',\xff\xc3\xa9a/.".to_vec());
    let byte = prop_oneof![3 => odd, 1 => 1..=255u8];
    let mark = prop::sample::select(vec![&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b"]);
    let begin = prop_oneof![7 => Just(&b""[..]), 1 => mark];
    (begin, vec(byte, 1..40)).prop_map(|(begin, rest)| [begin, &rest].concat())
}

pub(super) fn any_digest() -> impl Strategy<Value = Digest> {
    (prop::sample::select(Algorithm::ALL.to_vec()), vec(any::<u8>(), 64))
        .prop_map(|(algorithm, bytes)| Digest::new(algorithm, &bytes[..algorithm.digest_bytes()]).unwrap())
}

pub(super) fn any_end() -> impl Strategy<Value = LineEnd> {
    prop::sample::select(vec![LineEnd::Newline, LineEnd::Nul])
}

pub(super) fn any_digits() -> impl Strategy<Value = Digits> {
    prop::sample::select(vec![Digits::Hex, Digits::HexOrBase64])
}

/// Records with digests of all these algorithms.
pub(super) fn any_record(algorithms: Algorithms) -> impl Strategy<Value = Record> {
    let size = prop::option::of(any::<u64>());
    // Also of years that RFC 3339 does not have.
    let seconds = prop_oneof![3 => -62_135_596_800_i64..253_402_300_800, 1 => any::<i64>()];
    let time = prop::option::of((seconds, 0..1_000_000_000_i64));
    let status = prop::sample::select(vec![
        None,
        Some(Status::Hashed(Stability::Stable)),
        Some(Status::Hashed(Stability::Unverified)),
    ]);
    let digests = vec(any::<u8>(), algorithms.digest_bytes());
    let at = |time: Option<(i64, i64)>| time.and_then(|(second, part)| FileTime::from_ns(nanoseconds(second, part)));
    let of_inode = (time.clone(), prop::option::of(any::<u64>()));
    (any_name(), size, time, of_inode, status, digests).prop_map(
        move |(name, size, time, (ctime, inode), status, digests)| Record {
            name,
            size,
            modified_at: at(time),
            changed_at: at(ctime),
            inode,
            status,
            digests: split_digests(&digests, &algorithms).map(Claimed::of).collect(),
        },
    )
}

/// Random bytes, mixed with parts of the formats other than checksum lines.
pub(super) fn any_foreign_text() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        "%%%% HASHDEEP-1.0\n",
        "%%%% size,md5,filename\n",
        "3,900150983cd24fb0d6963f7d28e17f72,a\n",
        "path,size,modified_at,crc32\r\n",
        "\"a\"\"\n\",3,1970-01-01T00:00:00Z,abababab\r\n",
        "a 352441C2\n",
        "; c\n",
        "352441c2  data/a%0A%25\n",
        "{\"algorithms\":[\"crc32\"],\"items\":[",
        "{\"path\":\"a\",\"path_b64\":\"Yf8=\",\"size\":3,\"digests\":{\"crc32\":\"352441c2\"}}",
        "],\"summary\":{}}",
        "{\"summary\":{}}\n",
        ",",
        "\"",
        "\\",
        "[",
        "]",
        "{",
        "}",
        ":",
        "\n",
        "\r",
        "\0",
        " ",
        "%",
    ]);
    let piece = prop_oneof![4 => part.prop_map(|text| text.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..4)];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Checksum lines that are almost valid.
pub(super) fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        "SHA256",
        "BLAKE3",
        "CRC32",
        " (",
        "(",
        ")",
        " = ",
        ")= ",
        "=",
        " ",
        "  ",
        " *",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\0",
        "#",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "00000000",
        "a",
        "é",
    ]);
    let piece = prop_oneof![4 => part.prop_map(|text| text.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..4)];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

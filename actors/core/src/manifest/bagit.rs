//! Payload manifests of BagIt 1.0 (RFC 8493): `HEX  data/NAME`, one file per algorithm.
//!
//! In names LF, CR and `%` are percent-encoded and nothing else. When reading, only `%0A`, `%0D` and `%25` are decoded.
//! Names are read with their `data/`; a writer says whether its names have it already.

use super::Format;
use super::entry::Claimed;
use super::names::{NotRepresentable, is_blank, skip_blanks, write_hex};
use super::record::Record;
use crate::digest::Algorithm;

/// The payload directory.
pub const PAYLOAD: &[u8] = b"data/";

/// The directory that names are relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The payload directory: `data/` is added before them.
    WithinPayload,
    /// The bag: they already begin with `data/`.
    WithinBag,
}

/// Appends one line.
///
/// # Errors
/// [`NotRepresentable`] for a name in the bag that is not in its payload. Nothing is written then.
pub fn write_line(out: &mut Vec<u8>, name: &[u8], names: Names, digest: &[u8]) -> Result<(), NotRepresentable> {
    let in_payload = name.strip_prefix(PAYLOAD).is_some_and(|rest| !rest.is_empty());
    if names == Names::WithinBag && !in_payload {
        return Err(NotRepresentable { format: Format::Bagit, why: "is not in data/" });
    }
    write_hex(out, digest);
    out.extend_from_slice(b"  ");
    if names == Names::WithinPayload {
        out.extend_from_slice(PAYLOAD);
    }
    encode_into(out, name);
    out.push(b'\n');
    Ok(())
}

/// Appends the name, percent-encoded.
pub fn encode_into(out: &mut Vec<u8>, name: &[u8]) {
    for &byte in name {
        match byte {
            b'\n' => out.extend_from_slice(b"%0A"),
            b'\r' => out.extend_from_slice(b"%0D"),
            b'%' => out.extend_from_slice(b"%25"),
            byte => out.push(byte),
        }
    }
}

/// Appends the name, percent-decoded. Anything that is not an escape of this format is kept as it is.
pub fn decode_into(out: &mut Vec<u8>, written: &[u8]) {
    let mut rest = written;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = (byte == b'%').then(|| after.get(..2).and_then(escaped)).flatten();
        match escape {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
}

fn escaped(digits: &[u8]) -> Option<u8> {
    match digits {
        b"0A" | b"0a" => Some(b'\n'),
        b"0D" | b"0d" => Some(b'\r'),
        b"25" => Some(b'%'),
        _ => None,
    }
}

/// One line of a manifest: the digest, and the name as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The digest.
    pub digest: Claimed,
    /// The name, not decoded.
    pub written: &'a [u8],
}

/// Reads one line without its end. `None` if it is not an entry.
#[must_use]
pub fn split_line(line: &[u8], algorithm: Option<Algorithm>) -> Option<Line<'_>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let digest = match algorithm {
        Some(algorithm) => Claimed::tagged(algorithm, &line[..digits])?,
        None => Claimed::untagged(&line[..digits], None)?,
    };
    let rest = &line[digits..];
    if !rest.first().is_some_and(|&byte| is_blank(byte)) {
        return None;
    }
    let name = skip_blanks(rest);
    // In old bags md5sum marks a binary file with `*`.
    let written = match name.strip_prefix(b"*") {
        Some(marked) if marked.starts_with(PAYLOAD) => marked,
        _ => name,
    };
    (!written.is_empty() && !written.contains(&0)).then_some(Line { digest, written })
}

/// Reads one line into the record. `None` if it is not an entry.
pub(super) fn parse_line(line: &[u8], algorithm: Option<Algorithm>, record: &mut Record) -> Option<()> {
    let line = split_line(line, algorithm)?;
    record.digests.push(line.digest);
    decode_into(&mut record.name, line.written);
    Some(())
}

/// The algorithm in the file name of a bag's manifest: `manifest-sha256.txt`, `tagmanifest-sha512.txt`.
#[must_use]
pub fn algorithm_of_name(path: &[u8]) -> Option<Algorithm> {
    let name = std::str::from_utf8(path.rsplit(|&byte| byte == b'/').next()?).ok()?;
    let word = name.strip_suffix(".txt")?;
    word.strip_prefix("manifest-").or_else(|| word.strip_prefix("tagmanifest-"))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(written: &str) -> String {
        let mut out = Vec::new();
        decode_into(&mut out, written.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn three_bytes_are_encoded_and_three_escapes_are_decoded() {
        let mut out = Vec::new();
        encode_into(&mut out, b"a\nb\rc%d e\t\xc3\xa9");
        assert_eq!(out, b"a%0Ab%0Dc%25d e\t\xc3\xa9");
        assert_eq!(decoded("a%0Ab%0dc%25d%20e%"), "a\nb\rc%d%20e%");
        assert_eq!(decoded("%2525%2"), "%25%2");
    }

    #[test]
    fn any_number_of_blanks_separates_digest_and_name() {
        let digits = "0".repeat(32);
        for (blanks, name) in [(" ", "data/a b"), ("  ", "data/ c"), ("\t \t", "data/d"), (" *", "data/e")] {
            let line = format!("{digits}{blanks}{name}\r");
            assert_eq!(split_line(line.as_bytes(), None).unwrap().written, name.as_bytes());
        }
        for line in [format!("{digits}data/a"), digits.clone(), format!("{digits}  "), format!("x{digits}  data/a")] {
            assert!(split_line(line.as_bytes(), None).is_none(), "{line}");
        }
        assert!(split_line(format!("{digits}  a").as_bytes(), Some(Algorithm::Sha256)).is_none());
    }

    #[test]
    fn a_manifest_has_its_algorithm_in_its_name() {
        assert_eq!(algorithm_of_name(b"bag/manifest-sha256.txt"), Some(Algorithm::Sha256));
        assert_eq!(algorithm_of_name(b"tagmanifest-md5.txt"), Some(Algorithm::Md5));
        assert_eq!(algorithm_of_name(b"manifest-haval.txt"), None);
        assert_eq!(algorithm_of_name(b"manifest.txt"), None);
    }

    #[test]
    fn a_name_within_the_bag_is_in_its_payload() {
        let mut out = Vec::new();
        write_line(&mut out, b"a", Names::WithinPayload, &[0xab]).unwrap();
        write_line(&mut out, b"data/a", Names::WithinBag, &[0xab]).unwrap();
        assert_eq!(out, b"ab  data/a\nab  data/a\n");
        for name in [&b"a"[..], b"data/", b"datax"] {
            assert!(write_line(&mut out, name, Names::WithinBag, &[0xab]).is_err());
        }
    }
}

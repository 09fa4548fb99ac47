//! Payload manifests of BagIt 1.0 (RFC 8493): `HEX  data/NAME`, one file per algorithm.
//!
//! In names LF, CR and `%` are percent-encoded and nothing else. When reading, only `%0A`, `%0D` and `%25` are decoded.
//! Names are read with their `data/`; a writer says whether its names have it already.

use super::Format;
use super::entry::Claimed;
use super::forms::{LineForm, LineIs};
use super::hint::{Hint, algorithm_of_joined_word};
use super::names::{NotRepresentable, skip_blanks, without_cr, write_hex};
use super::not_read::NotRead;
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

/// One line of a manifest: the digits of the digest, and the name as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Hexadecimal digits in either case, at least one.
    pub digits: &'a [u8],
    /// The name, not decoded.
    pub written: &'a [u8],
    /// Whether a `*` stood before the name, as `md5sum --binary` writes it. It is not part of `written`.
    pub marked: bool,
}

/// Splits one line without its end. `None` if it is not an entry.
///
/// A `*` marks a binary file where `md5sum` writes it, after a single blank, and before `data/`, where it cannot be
/// part of the name.
#[must_use]
pub fn split_line(line: &[u8]) -> Option<Line<'_>> {
    let line = without_cr(line);
    let (digits, rest) = line.split_at(line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count());
    let name = skip_blanks(rest);
    let blanks = rest.len() - name.len();
    let is_marked = |name: &&[u8]| !name.is_empty() && (blanks == 1 || name.starts_with(PAYLOAD));
    let unmarked = name.strip_prefix(b"*").filter(is_marked);
    let written = unmarked.unwrap_or(name);
    let is_entry = !digits.is_empty() && blanks > 0 && !written.is_empty() && !written.contains(&0);
    is_entry.then_some(Line { digits, written, marked: unmarked.is_some() })
}

/// How names leave the reader of a bag's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamesAre {
    /// Percent-decoded, as RFC 8493 wants them written.
    Decoded,
    /// As they are written.
    AsWritten,
}

/// Reads the lines of a payload or tag manifest.
#[derive(Debug)]
pub(super) struct BagitLines {
    hint: Option<Hint>,
    names: NamesAre,
}

impl BagitLines {
    /// The hint is the requested algorithm, or what the name of the manifest tells.
    pub(super) const fn new(hint: Option<Hint>, names: NamesAre) -> Self {
        Self { hint, names }
    }
}

impl LineForm for BagitLines {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        if line.trim_ascii().is_empty() {
            return LineIs::Ignored;
        }
        let Some(line) = split_line(line) else { return LineIs::NotRead };
        let Some(digest) = Claimed::untagged(line.digits, self.hint) else { return LineIs::NotRead };
        record.digests.push(digest);
        match self.names {
            NamesAre::Decoded => decode_into(&mut record.name, line.written),
            NamesAre::AsWritten => record.name.extend_from_slice(line.written),
        }
        LineIs::Entry
    }

    fn why(&self) -> NotRead {
        match self.hint {
            Some(Hint::Unsupported(name)) => NotRead::Unsupported(name),
            Some(Hint::Algorithm(_) | Hint::Family(_)) | None => NotRead::Malformed,
        }
    }
}

/// Whether this is the name of a manifest in a bag: `manifest-ALG.txt` or `tagmanifest-ALG.txt`.
pub(super) fn is_manifest_name(path: &[u8]) -> bool {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    name.strip_suffix(b".txt").is_some_and(|stem| stem.starts_with(b"manifest-") || stem.starts_with(b"tagmanifest-"))
}

/// The algorithm in the file name of a bag's manifest: `manifest-sha256.txt`, `tagmanifest-sha512.txt`. Spellings
/// other than the [normalised](normalised_word) one are read, too: `manifest-sha3_512.txt`.
#[must_use]
pub fn algorithm_of_name(path: &[u8]) -> Option<Algorithm> {
    let word = word_of_name(path)?;
    word.parse().ok().or_else(|| algorithm_of_joined_word(word))
}

/// The word for the algorithm in the file name of a bag's manifest. `None` if the name is not that of a manifest.
#[must_use]
pub fn word_of_name(path: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(path.rsplit(|&byte| byte == b'/').next()?).ok()?;
    let word = name.strip_suffix(".txt")?;
    word.strip_prefix("manifest-").or_else(|| word.strip_prefix("tagmanifest-")).filter(|word| !word.is_empty())
}

/// An algorithm's name as RFC 8493 section 2.4 wants it in file names: lower case, letters and digits alone.
#[must_use]
pub fn normalised_word(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The name of the payload manifest of this algorithm in a bag: `manifest-sha256.txt`.
#[must_use]
pub fn manifest_name(algorithm: Algorithm) -> String {
    format!("manifest-{}.txt", normalised_word(algorithm.name()))
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
        for (blanks, name) in [(" ", "data/a b"), ("  ", "data/ c"), ("\t \t", "data/d"), ("  ", "*a"), ("  ", "*")] {
            let line = format!("{digits}{blanks}{name}\r");
            let wanted = Line { digits: digits.as_bytes(), written: name.as_bytes(), marked: false };
            assert_eq!(split_line(line.as_bytes()), Some(wanted));
        }
        for line in [
            format!("{digits}data/a"),
            digits.clone(),
            format!("{digits}  "),
            format!("x{digits}  data/a"),
            format!("{digits}  data/a\0"),
            "  data/a".to_owned(),
        ] {
            assert_eq!(split_line(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_star_marks_a_binary_file_where_md5sum_writes_it() {
        for (rest, written) in [(" *data/a", "data/a"), (" *bagit.txt", "bagit.txt"), ("\t\t*data/a", "data/a")] {
            let line = format!("00{rest}");
            let wanted = Line { digits: b"00", written: written.as_bytes(), marked: true };
            assert_eq!(split_line(line.as_bytes()), Some(wanted));
        }
        assert!(!split_line(b"00 *").unwrap().marked, "the name is a star");
    }

    #[test]
    fn a_digest_of_another_length_than_the_algorithm_has_is_not_read() {
        let line = format!("{}  data/a", "0".repeat(32));
        for (algorithm, read) in [(None, true), (Some(Algorithm::Md5), true), (Some(Algorithm::Sha256), false)] {
            let mut lines = BagitLines::new(algorithm.map(Hint::Algorithm), NamesAre::Decoded);
            let is_entry = lines.read_line(line.as_bytes(), &mut Record::default()) == LineIs::Entry;
            assert_eq!(is_entry, read);
        }
    }

    #[test]
    fn a_manifest_has_its_algorithm_in_its_name() {
        for (name, algorithm) in [
            ("bag/manifest-sha256.txt", Some(Algorithm::Sha256)),
            ("tagmanifest-md5.txt", Some(Algorithm::Md5)),
            ("manifest-SHA256.txt", Some(Algorithm::Sha256)),
            ("manifest-sha3-512.txt", Some(Algorithm::Sha3_512)),
            ("manifest-sha3_512.txt", Some(Algorithm::Sha3_512)),
            ("manifest-sha3512.txt", Some(Algorithm::Sha3_512)),
            ("manifest-sha512256.txt", Some(Algorithm::Sha512_256)),
            ("manifest-gost94.txt", None),
            ("manifest-.txt", None),
            ("manifest.txt", None),
        ] {
            assert_eq!(algorithm_of_name(name.as_bytes()), algorithm, "{name}");
        }
        for algorithm in Algorithm::ALL {
            let name = manifest_name(algorithm);
            assert_eq!(algorithm_of_name(name.as_bytes()), Some(algorithm), "{name}");
        }
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

//! `--expect`: one digest for one file, as it is copied from a web page. It becomes a manifest of one line, so that it is
//! judged by the same rules: only digests that were computed in this run count.
//!
//! Digits alone are read here, so that a wrong number of them is said. Every other form is read as a manifest is, so that
//! both know the same forms.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{Limits, ManifestReader, NotRead, ReadOptions};

use crate::cli::quote::quoted;

/// What is said of a text that is no digest.
const FORMS: &str = "no digest is found in it; it may be HEX, ALGORITHM:HEX, ALGORITHM=HEX, a line of a checksum file \
                     (HEX  NAME, or SHA256 (NAME) = HEX), or an integrity value (sha256-BASE64)";

/// A digest that a file should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExpectedDigest {
    /// Its algorithm, if it is named.
    pub(super) algorithm: Option<Algorithm>,
    /// Hexadecimal digits, as many as an algorithm has.
    digits: String,
    /// The file that the text gives it for.
    name: Option<Vec<u8>>,
}

impl FromStr for ExpectedDigest {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let text = word.trim();
        let expected = match of_digits(text)? {
            Some(expected) => expected,
            None => of_text(&as_line(text))?,
        };
        let algorithm = expected.algorithm;
        expected.of(algorithm)
    }
}

/// `HEX`, `ALGORITHM:HEX` or `ALGORITHM=HEX`. `None` if it is of another form.
fn of_digits(text: &str) -> Result<Option<ExpectedDigest>, String> {
    let is_hex = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_word = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte));
    let of = |algorithm, digits: &str| Some(ExpectedDigest { algorithm, digits: digits.to_owned(), name: None });
    if is_hex(text) {
        return Ok(of(None, text));
    }
    let Some((name, digits)) = text.split_once([':', '=']) else { return Ok(None) };
    let (name, digits) = (name.trim_end(), digits.trim_start());
    if name.is_empty() || !is_word(name) || !is_hex(digits) {
        return Ok(None);
    }
    let algorithm = name.parse::<Algorithm>().map_err(|error| error.to_string())?;
    Ok(of(Some(algorithm), digits))
}

/// A lone word as a line of a manifest: an integrity value, or the digest field of RFC 9530, `sha-256=:BASE64:`, which is
/// one that is written in another way. Other texts stay.
fn as_line(text: &str) -> String {
    if text.contains(|letter: char| letter.is_whitespace() || letter == '(') {
        return text.to_owned();
    }
    match text.strip_suffix(':').and_then(|text| text.split_once("=:")) {
        Some((name, digits)) => format!("{name}-{digits}  -"),
        None => format!("{text}  -"),
    }
}

/// The one digest of a text that is read as a manifest.
fn of_text(text: &str) -> Result<ExpectedDigest, String> {
    let forms = || FORMS.to_owned();
    let options = ReadOptions::new(Limits::COMMAND_LINE);
    let mut reader = ManifestReader::detecting(text.as_bytes(), b"", options).map_err(|_| forms())?;
    let mut found = None;
    while let Some((_, record)) = reader.next_record().map_err(|_| forms())? {
        let record = match record {
            Ok(record) => record,
            Err(NotRead::Unsupported(name)) => return Err(format!("{name} is not supported")),
            Err(_) => return Err(forms()),
        };
        let (None, [digest]) = (&found, &record.digests[..]) else {
            return Err("it has several digests: give one, or check a manifest of them".to_owned());
        };
        let is_file = !matches!(&record.name[..], b"" | b"-" | b"stdin");
        let name = is_file.then(|| record.name.clone());
        found = Some(ExpectedDigest { algorithm: digest.tag(), digits: hex::encode(digest.as_bytes()), name });
    }
    found.ok_or_else(forms)
}

impl ExpectedDigest {
    /// The same digest, of the algorithm that another flag names.
    ///
    /// # Errors
    /// If it is of another one, or has another length.
    pub(super) fn of(self, asked: Option<Algorithm>) -> Result<Self, String> {
        let count = self.digits.len();
        match (self.algorithm, asked) {
            (Some(named), Some(asked)) if named != asked => Err(format!("it is of {named}, not of {asked}")),
            (named, asked) => match named.or(asked) {
                Some(algorithm) if count != 2 * algorithm.digest_bytes() => {
                    Err(format!("it has {count} digits; {algorithm} has {}", 2 * algorithm.digest_bytes()))
                }
                None if count % 2 == 1 || Algorithm::of_length(count / 2).is_empty() => {
                    Err(format!("it has {count} digits, and no algorithm has so many"))
                }
                // Of every length there is a BLAKE2b and a BLAKE3: such a digest is rather one that is cut off.
                None if !Algorithm::ALL.iter().any(|algorithm| 2 * algorithm.digest_bytes() == count) => {
                    let named = Algorithm::of_length(count / 2).iter().map(|algorithm| algorithm.name());
                    let named = named.collect::<Vec<_>>().join(" or ");
                    Err(format!("it has {count} digits: is it cut off? If it is of {named}, name it: ALGORITHM:HEX"))
                }
                algorithm => Ok(Self { algorithm, ..self }),
            },
        }
    }

    /// A manifest of this file. Its line ends with NUL, so nothing of the name is escaped.
    pub(super) fn manifest_of(&self, file: &OsStr) -> Vec<u8> {
        [self.digits.as_bytes(), b"  ", file.as_bytes(), b"\0"].concat()
    }

    /// What to say if the text gives the digest for a file of another name. Directories do not count.
    pub(super) fn told_of_name(&self, file: &OsStr) -> Option<String> {
        let last = |path: &[u8]| path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().map(<[u8]>::to_vec);
        let name = self.name.as_ref().filter(|name| file != "-" && last(name) != last(file.as_bytes()))?;
        Some(format!("the digest is given for {}", quoted(OsStr::from_bytes(name))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str) -> Result<(Option<Algorithm>, usize), String> {
        word.parse::<ExpectedDigest>().map(|expected| (expected.algorithm, expected.digits.len()))
    }

    #[test]
    fn a_digest_is_read_with_and_without_its_algorithm() {
        let hex = "AB".repeat(32);
        assert_eq!(read(&hex), Ok((None, 64)));
        assert_eq!(read(&format!(" SHA256:{hex}\n")), Ok((Some(Algorithm::Sha256), 64)));
        let asked = hex.parse::<ExpectedDigest>().unwrap().of(Some(Algorithm::Blake3)).unwrap();
        assert_eq!(asked.algorithm, Some(Algorithm::Blake3));
    }

    #[test]
    fn every_form_of_a_page_or_a_checksum_file_is_read() {
        // printf 'hello\n' | sha256sum, and the same with `openssl dgst -sha256 -binary | base64`
        const HEX: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        const BASE64: &str = "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=";
        let sha256 = Some(Algorithm::Sha256);
        for (text, algorithm, name) in [
            (HEX.to_owned(), None, None),
            (format!("sha256:{HEX}"), sha256, None),
            (format!("sha256={HEX}"), sha256, None),
            (format!("SHA-256: {HEX}"), sha256, None),
            (format!("SHA256 (x.iso) = {HEX}"), sha256, Some("x.iso")),
            (format!("SHA2-256(a:b)= {HEX}"), sha256, Some("a:b")),
            (format!("{HEX}  x.iso"), None, Some("x.iso")),
            (format!("{HEX} *a/x.iso\n"), None, Some("a/x.iso")),
            (format!("{HEX}  -"), None, None),
            (format!("sha256-{BASE64}"), sha256, None),
            (format!("sha-256=:{BASE64}:"), sha256, None),
        ] {
            let expected: ExpectedDigest = text.parse().unwrap_or_else(|why| panic!("{text}: {why}"));
            let name = name.map(|name: &str| name.as_bytes().to_vec());
            assert_eq!(expected, ExpectedDigest { algorithm, digits: HEX.to_owned(), name }, "{text}");
        }
    }

    #[test]
    fn a_digest_for_a_file_of_another_name_is_told() {
        let expected: ExpectedDigest = format!("{}  dist/x.iso", "0".repeat(64)).parse().unwrap();
        assert_eq!(expected.told_of_name("here/x.iso".as_ref()), None);
        assert_eq!(expected.told_of_name("-".as_ref()), None);
        assert_eq!(expected.told_of_name("y.iso".as_ref()), Some("the digest is given for dist/x.iso".to_owned()));
    }

    #[test]
    fn what_is_no_digest_is_refused_with_the_reason() {
        for (word, why) in [
            ("", FORMS),
            ("0x12", FORMS),
            ("hello", FORMS),
            ("sha256:", FORMS),
            ("sha256-AAAA", FORMS),
            ("sha256:ab", "it has 2 digits; sha256 has 64"),
            (
                &"ab".repeat(30),
                "it has 60 digits: is it cut off? If it is of blake2b_240 or blake3_240, name it: ALGORITHM:HEX",
            ),
            ("abc", "it has 3 digits, and no algorithm has so many"),
        ] {
            assert_eq!(read(word), Err(why.to_owned()), "{word}");
        }
        assert!(read("haval:ab").is_err());
        let two = format!("{0}  a\n{0}  b\n", "0".repeat(64));
        assert_eq!(read(&two), Err("it has several digests: give one, or check a manifest of them".to_owned()));
        let named = format!("sha256:{}", "0".repeat(64)).parse::<ExpectedDigest>().unwrap();
        assert_eq!(named.of(Some(Algorithm::Blake3)), Err("it is of sha256, not of blake3".to_owned()));
    }
}

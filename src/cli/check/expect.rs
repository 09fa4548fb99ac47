//! `--expect`: one digest for one file, as it is copied from a web page. It becomes a manifest of one line, so that it is
//! judged by the same rules: only digests that were computed in this run count.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;

use hivesum_core::digest::Algorithm;

/// A digest that a file should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExpectedDigest {
    /// Its algorithm, if it is named.
    pub(super) algorithm: Option<Algorithm>,
    /// Hexadecimal digits, as many as an algorithm has.
    digits: String,
}

impl FromStr for ExpectedDigest {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (algorithm, digits) = match word.trim().split_once(':') {
            None => (None, word.trim()),
            Some((name, digits)) => {
                let algorithm = name.to_ascii_lowercase().parse::<Algorithm>().map_err(|error| error.to_string())?;
                (Some(algorithm), digits)
            }
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("must be hexadecimal digits, or ALGORITHM:HEX".to_owned());
        }
        let expected = Self { algorithm, digits: digits.to_owned() };
        expected.of(algorithm)
    }
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
                algorithm => Ok(Self { algorithm, ..self }),
            },
        }
    }

    /// A manifest of this file. Its line ends with NUL, so nothing of the name is escaped.
    pub(super) fn manifest_of(&self, file: &OsStr) -> Vec<u8> {
        [self.digits.as_bytes(), b"  ", file.as_bytes(), b"\0"].concat()
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
    fn what_is_no_digest_is_refused_with_the_reason() {
        for (word, why) in [
            ("", "must be hexadecimal digits, or ALGORITHM:HEX"),
            ("0x12", "must be hexadecimal digits, or ALGORITHM:HEX"),
            ("sha256:", "must be hexadecimal digits, or ALGORITHM:HEX"),
            ("sha256:ab", "it has 2 digits; sha256 has 64"),
            ("abc", "it has 3 digits, and no algorithm has so many"),
        ] {
            assert_eq!(read(word), Err(why.to_owned()), "{word}");
        }
        assert!(read("haval:ab").is_err());
        let named = format!("sha256:{}", "0".repeat(64)).parse::<ExpectedDigest>().unwrap();
        assert_eq!(named.of(Some(Algorithm::Blake3)), Err("it is of sha256, not of blake3".to_owned()));
    }
}

//! The bag declaration `bagit.txt` (RFC 8493 section 2.1.1): the version, whose rules hold, and the encoding of the
//! other tag files.
//!
//! What is wrong with it is reported, and the rest of the bag is then checked by what it still tells, else by version
//! 1.0 in UTF-8. A version or an encoding that hivesum does not know is not a fault of the bag.

use super::encoding::Encoding;
use super::text::TextLines;

/// The declaration of a bag that hivesum makes.
pub(super) const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// The longest declaration that is read. Its two lines have some 60 bytes.
pub(super) const MAX_DECLARATION_BYTES: u64 = 64 << 10;

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// 0.N of the drafts, 93 to 97.
    Draft(u8),
    /// 1.0, RFC 8493.
    V1,
}

impl Version {
    fn of(written: &str) -> Option<Self> {
        match written {
            "0.93" => Some(Self::Draft(93)),
            "0.94" => Some(Self::Draft(94)),
            "0.95" => Some(Self::Draft(95)),
            "0.96" => Some(Self::Draft(96)),
            "0.97" => Some(Self::Draft(97)),
            "1.0" => Some(Self::V1),
            _ => None,
        }
    }

    /// The file with the metadata. The drafts up to 0.95 call it `package-info.txt`.
    pub(super) fn info_file(self) -> &'static str {
        match self <= Self::Draft(95) {
            true => "package-info.txt",
            false => "bag-info.txt",
        }
    }
}

/// What a declaration says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) version: Version,
    pub(super) encoding: Encoding,
    pub(super) faults: Vec<&'static str>,
    /// What hivesum does not know.
    pub(super) unsupported: Vec<String>,
}

impl Declaration {
    /// For a bag whose declaration cannot be read.
    pub(super) fn assumed() -> Self {
        Self { version: Version::V1, encoding: Encoding::Utf8, faults: Vec::new(), unsupported: Vec::new() }
    }

    /// Reads the text.
    pub(super) fn read(text: &[u8]) -> Self {
        let mut this = Self::assumed();
        let Some(lines) = this.lines(text) else {
            this.faults.push("is not UTF-8");
            return this;
        };
        if lines.len() != 2 {
            this.faults.push("does not have exactly two lines");
        }
        this.version_line(lines.first().map_or("", String::as_str));
        if let Some(line) = lines.get(1) {
            this.encoding_line(line);
        }
        this
    }

    fn lines(&mut self, text: &[u8]) -> Option<Vec<String>> {
        let mut lines = TextLines::new(text, Encoding::Utf8).ok()?;
        if lines.oddity().is_some() {
            self.faults.push("begins with a byte order mark");
        }
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().ok()? {
            all.push(line.text?.into_owned());
        }
        Some(all)
    }

    fn version_line(&mut self, line: &str) {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match line.strip_prefix("BagIt-Version: ") {
            None => self.faults.push("does not begin with its version"),
            Some(written) => match Version::of(written) {
                Some(version) => self.version = version,
                None if written.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor)) => {
                    self.unsupported.push(format!("hivesum knows versions 0.93 to 0.97 and 1.0, not {written}"));
                }
                None => self.faults.push("has no version of the form M.N"),
            },
        }
    }

    fn encoding_line(&mut self, line: &str) {
        match line.strip_prefix("Tag-File-Character-Encoding: ") {
            None | Some("") => self.faults.push("does not name an encoding"),
            Some(label) => match Encoding::of_label(label) {
                Some(encoding) => self.encoding = encoding,
                None => self.unsupported.push(format!("hivesum does not read the encoding {label:?}")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_two_lines_with_any_line_ends() {
        for (text, version) in [
            (DECLARATION, Version::V1),
            ("BagIt-Version: 0.97\r\nTag-File-Character-Encoding: utf-8\r\n", Version::Draft(97)),
            ("BagIt-Version: 0.93\rTag-File-Character-Encoding: UTF-8\r", Version::Draft(93)),
            ("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8", Version::V1),
        ] {
            assert_eq!(
                Declaration::read(text.as_bytes()),
                Declaration { version, ..Declaration::assumed() },
                "{text:?}"
            );
        }
        let latin = Declaration::read(b"BagIt-Version: 0.96\nTag-File-Character-Encoding: ISO-8859-1\n");
        assert_eq!((latin.version, latin.encoding), (Version::Draft(96), Encoding::Latin1));
    }

    #[test]
    fn every_fault_of_a_declaration_is_told() {
        for (text, faults) in [
            (&b""[..], &["does not have exactly two lines", "does not begin with its version"][..]),
            (b"BagIt-Version: 1.0\n", &["does not have exactly two lines"]),
            (b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n\n", &["does not have exactly two lines"]),
            (b"BagIt-Version: 1\nTag-File-Character-Encoding: UTF-8\n", &["has no version of the form M.N"]),
            (b"BagIt-Version:  1.0\nTag-File-Character-Encoding: UTF-8\n", &["has no version of the form M.N"]),
            (b"BagIt-Version : 1.0\nTag-File-Character-Encoding: UTF-8\n", &["does not begin with its version"]),
            (b"bagit-version: 1.0\nTag-File-Character-Encoding: UTF-8\n", &["does not begin with its version"]),
            (b"BagIt-Version: 1.0\nEncoding: UTF-8\n", &["does not name an encoding"]),
            (b"BagIt-Version: 1.0\nTag-File-Character-Encoding: \n", &["does not name an encoding"]),
            (
                b"\xef\xbb\xbfBagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
                &["begins with a byte order mark"],
            ),
            (b"BagIt-Version: 1.0\nTag-File-Character-Encoding: \xff\n", &["is not UTF-8"]),
        ] {
            let read = Declaration::read(text);
            assert_eq!((&read.faults[..], &read.unsupported[..]), (faults, &[][..]), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn an_unknown_version_or_encoding_is_no_fault() {
        for (version, encoding) in [("2.0", "UTF-8"), ("0.98", "UTF-8"), ("1.0", "UTF-32"), ("1.0", "Klingon")] {
            let text = format!("BagIt-Version: {version}\nTag-File-Character-Encoding: {encoding}\n");
            let read = Declaration::read(text.as_bytes());
            assert!(read.faults.is_empty() && read.unsupported.len() == 1, "{text}");
        }
    }
}

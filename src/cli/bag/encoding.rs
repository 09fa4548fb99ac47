//! The encoding of text tag files (RFC 8493 sections 2.1.1 and 2.3): which ones can be read, how, and what a byte order
//! mark means. Nothing is guessed: bytes that are not of the encoding are none of its letters.

use std::borrow::Cow;

use encoding_rs::{REPLACEMENT, UTF_16BE, UTF_16LE, X_USER_DEFINED};

/// The encoding of the text tag files other than `bagit.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Ascii,
    /// ISO-8859-1, exactly: the encoding standard of the web would read it as Windows-1252.
    Latin1,
    /// UTF-16 in the order that a byte order mark tells.
    Utf16,
    Utf16Le,
    Utf16Be,
    /// Another encoding that has ASCII's line ends.
    Other(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// `None` for an encoding that cannot be read.
    pub(super) fn of_label(label: &str) -> Option<Self> {
        match label.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "us-ascii" | "ascii" | "ansi_x3.4-1968" => Some(Self::Ascii),
            "iso-8859-1" | "iso_8859-1" | "iso8859-1" | "latin1" | "latin-1" | "l1" => Some(Self::Latin1),
            "utf-16" | "utf16" => Some(Self::Utf16),
            "utf-16le" => Some(Self::Utf16Le),
            "utf-16be" => Some(Self::Utf16Be),
            other => {
                let found = encoding_rs::Encoding::for_label(other.as_bytes())?;
                let is_text = ![REPLACEMENT, X_USER_DEFINED, UTF_16LE, UTF_16BE].contains(&found);
                is_text.then_some(Self::Other(found))
            }
        }
    }

    /// `None` if the bytes are not of this encoding.
    pub(super) fn decode(self, line: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(line).ok().map(Cow::Borrowed),
            Self::Ascii => std::str::from_utf8(line).ok().filter(|text| text.is_ascii()).map(Cow::Borrowed),
            Self::Latin1 => Some(encoding_rs::mem::decode_latin1(line)),
            Self::Utf16 | Self::Utf16Le => UTF_16LE.decode_without_bom_handling_and_without_replacement(line),
            Self::Utf16Be => UTF_16BE.decode_without_bom_handling_and_without_replacement(line),
            Self::Other(encoding) => encoding.decode_without_bom_handling_and_without_replacement(line),
        }
    }

    /// The encoding, its byte order known, of a text with these first bytes; how long its mark is; what is odd.
    pub(super) fn begin(self, head: &[u8]) -> Option<(Self, usize, Option<Oddity>)> {
        match (self, head) {
            (Self::Utf8, [0xEF, 0xBB, 0xBF, ..]) => Some((self, 3, Some(Oddity::Mark))),
            (Self::Utf16 | Self::Utf16Le, [0xFF, 0xFE, ..]) => Some((Self::Utf16Le, 2, None)),
            (Self::Utf16 | Self::Utf16Be, [0xFE, 0xFF, ..]) => Some((Self::Utf16Be, 2, None)),
            (Self::Utf16, []) => Some((Self::Utf16Le, 0, None)),
            // The first letter is ASCII: a digit of a digest, or of a label or URL.
            (Self::Utf16, [1..=0x7F, 0, ..]) => Some((Self::Utf16Le, 0, Some(Oddity::NoMark))),
            (Self::Utf16, [0, 1..=0x7F, ..]) => Some((Self::Utf16Be, 0, Some(Oddity::NoMark))),
            (Self::Utf16, _) => None,
            _ => Some((self, 0, None)),
        }
    }
}

/// What is tolerated, with a warning, about a text as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// UTF-8 with a byte order mark.
    Mark,
    /// UTF-16 without one; its order was found by its first letter.
    NoMark,
}

impl Oddity {
    /// A sentence about the file, without its name.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Mark => "begins with a byte order mark, which UTF-8 must not have here: strict tools refuse it",
            Self::NoMark => "has no byte order mark, which UTF-16 needs: its order was told by its first letter",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(label: &str, bytes: &[u8]) -> Option<String> {
        Encoding::of_label(label).unwrap().decode(bytes).map(Cow::into_owned)
    }

    #[test]
    fn letters_are_decoded_from_the_named_encoding() {
        for (label, bytes, letters) in [
            ("UTF-8", &b"\xc3\xa9\xe2\x82\xac"[..], "é€"),
            ("iso-8859-1", b"\xe9\x80", "é\u{80}"),
            ("windows-1252", b"\xe9\x80", "é€"),
            ("Shift_JIS", b"\x93\xfa\x96\x7b", "日本"),
            ("UTF-16LE", b"\xe9\x00", "é"),
            ("UTF-16BE", b"\xd8\x3d\xde\x00", "😀"),
        ] {
            assert_eq!(decoded(label, bytes).as_deref(), Some(letters), "{label}");
        }
        for (label, bytes) in
            [("UTF-8", &b"\xe9"[..]), ("US-ASCII", b"\xe9"), ("UTF-16LE", b"a\0b"), ("UTF-16LE", b"\x00\xd8")]
        {
            assert_eq!(decoded(label, bytes), None, "{label}");
        }
    }

    #[test]
    fn an_encoding_that_cannot_be_read_is_not_taken_for_another() {
        for label in ["UTF-32", "UTF-7", "klingon", "", "x-user-defined", "iso-2022-kr"] {
            assert_eq!(Encoding::of_label(label), None, "{label}");
        }
    }
}

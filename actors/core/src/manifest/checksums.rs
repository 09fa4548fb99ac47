//! Reading checksum files: GNU lines, the tagged and reversed lines of BSD, and the lines of b3sum, in any mixture.
//!
//! The rules are those of `sha256sum --check` of GNU coreutils 9.x: leading blanks are skipped, comments and empty
//! lines are ignored, and every other line is an entry or malformed. One difference: a NUL in a line makes the line
//! malformed instead of ending the name.

use std::io::BufRead;

use super::bsd;
use super::entry::Entry;
use super::error::ReadOptions;
use super::gnu::{self, Style};
use super::lines::{Lines, LinesError};
use super::names::{Escaping, LineEnd, skip_blanks};

/// What a line is that is neither empty nor a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// An entry.
    Entry(Entry<'a>),
    /// A line that cannot be read.
    Malformed,
}

/// The entries of a checksum file, one after the other.
#[derive(Debug)]
pub struct ChecksumLines<R> {
    lines: Lines<R>,
    options: ReadOptions,
    style: Style,
}

impl<R: BufRead> ChecksumLines<R> {
    /// Reads entries from `reader`.
    pub fn new(reader: R, options: ReadOptions) -> Self {
        Self { lines: Lines::new(reader, options.end, options.limits), options, style: Style::default() }
    }

    /// The next entry or malformed line with its number, from 1. `None` at the end.
    ///
    /// # Errors
    /// If the reader fails or a limit is exceeded.
    pub fn next_entry(&mut self) -> Result<Option<(u64, Found<'_>)>, LinesError> {
        let number = loop {
            let Some(number) = self.lines.advance()? else { return Ok(None) };
            if !self.lines.line().is_some_and(|line| is_ignored(line, self.options.end)) {
                break number;
            }
        };
        let entry = self.lines.line().and_then(|line| parse_line(line, &self.options, &mut self.style));
        Ok(Some((number, entry.map_or(Found::Malformed, Found::Entry))))
    }
}

/// Whether a single line is an entry.
pub(super) fn is_entry(line: &[u8], options: &ReadOptions) -> bool {
    parse_line(line, options, &mut Style::default()).is_some()
}

/// Whether the line is a comment or empty.
fn is_ignored(line: &[u8], end: LineEnd) -> bool {
    line.starts_with(b"#") || without_cr(line, end).is_empty()
}

/// The line without one CR before the LF.
fn without_cr(line: &[u8], end: LineEnd) -> &[u8] {
    match end {
        LineEnd::Newline => line.strip_suffix(b"\r").unwrap_or(line),
        LineEnd::Nul => line,
    }
}

fn parse_line<'a>(line: &'a [u8], options: &ReadOptions, style: &mut Style) -> Option<Entry<'a>> {
    let line = skip_blanks(without_cr(line, options.end));
    if line.contains(&0) {
        return None;
    }
    let (escaping, line) = Escaping::strip(line, options.end);
    match bsd::split_tag(line) {
        Some((tag, rest)) if options.asked.is_none_or(|asked| asked == tag) => {
            bsd::parse(tag, rest, escaping, options.digits)
        }
        Some(_) => None,
        None => gnu::parse(line, escaping, options, style),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;
    use crate::manifest::{Digits, Limits};

    const HEX: &str = "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4";

    fn read(text: &str, options: ReadOptions) -> Vec<(u64, Option<String>)> {
        let mut lines = ChecksumLines::new(text.as_bytes(), options);
        let mut all = Vec::new();
        while let Some((number, found)) = lines.next_entry().unwrap() {
            all.push((
                number,
                match found {
                    Found::Entry(entry) => Some(String::from_utf8_lossy(&entry.name).into_owned()),
                    Found::Malformed => None,
                },
            ));
        }
        all
    }

    fn names(text: &str) -> Vec<Option<String>> {
        let options = ReadOptions { asked: Some(Algorithm::Sha256), ..ReadOptions::new(Limits::REQUEST) };
        read(&text.replace("HEX", HEX), options).into_iter().map(|(_, name)| name).collect()
    }

    fn name(text: &str) -> Option<String> {
        names(text).pop().flatten()
    }

    #[test]
    fn comments_and_empty_lines_are_not_entries_but_count_as_lines() {
        let options = ReadOptions::new(Limits::REQUEST);
        let read = read(&format!("# c\n\n\r\n{HEX}  a\nzz\n"), options);
        assert_eq!(read, [(4, Some("a".to_owned())), (5, None)]);
    }

    #[test]
    fn every_form_of_an_entry_is_read() {
        for line in [
            "HEX  a b",
            "HEX *a b",
            "  \t HEX  a b",
            "HEX  a b\r\n",
            "\\HEX  a b",
            "HEX\t a b",
            "HEX\t*a b",
            "SHA256 (a b) = HEX",
            "SHA256(a b)= HEX",
            "\\SHA256 (a b) = HEX",
            "SHA256 (a b)=HEX",
            "SHA256 (a b)\t =\t HEX",
            "HEX a b",
        ] {
            assert_eq!(name(line).as_deref(), Some("a b"), "{line:?}");
        }
        assert_eq!(name(&format!("{}  a", HEX.to_uppercase())).as_deref(), Some("a"));
        assert_eq!(name("SHA256 (a) = b) = HEX").as_deref(), Some("a) = b"));
        assert_eq!(name("\\HEX  a\\nb\\\\").as_deref(), Some("a\nb\\"));
        assert_eq!(name("HEX  a\\nb ").as_deref(), Some("a\\nb "));
        assert_eq!(name("HEX  ").as_deref(), Some(" "), "one blank and a name of one blank");
    }

    #[test]
    fn what_is_nearly_an_entry_is_malformed() {
        for line in [
            "HEX",
            "HEX ",
            "HEX0  a",
            "0HEX  a",
            "xHEX  a",
            "HEXa",
            "\\ HEX  a",
            "\\HEX  a\\",
            "\\HEX  a\\t",
            " # c",
            "HEX  a\0b",
            "SHA256  (a) = HEX",
            "SHA256 (a) HEX",
            "SHA256 (a = HEX",
            "SHA256 a) = HEX",
            "SHA256 (a) = HEX ",
            "SHA256 (a) = 00",
            "BLAKE3 (a) = HEX",
            "SHA512 (a) = HEX",
            "d41d8cd98f00b204e9800998ecf8427e  a",
        ] {
            assert_eq!(names(line), [None], "{line:?}");
        }
    }

    #[test]
    fn the_first_valid_line_decides_between_one_blank_and_two() {
        assert_eq!(names("HEX  a\nHEX b"), [Some("a".to_owned()), None]);
        assert_eq!(names("HEX a\nHEX  b"), [Some("a".to_owned()), Some(" b".to_owned())]);
        assert_eq!(names("junk\nHEX *a\nSHA256 (x) = HEX\nHEX *b")[3].as_deref(), Some("b"));
    }

    #[test]
    fn without_a_requested_algorithm_the_tag_the_name_or_the_length_decides() {
        let options = ReadOptions::new(Limits::REQUEST);
        let text = format!("MD5 (a) = {}\n{HEX}  b\n{}  c\n", &HEX[..32], &HEX[..40]);
        let mut lines = ChecksumLines::new(text.as_bytes(), options);
        let expected: [&[Algorithm]; 3] =
            [&[Algorithm::Md5], &[Algorithm::Sha256, Algorithm::Blake3], &[Algorithm::Sha1]];
        for candidates in expected {
            let Some((_, Found::Entry(entry))) = lines.next_entry().unwrap() else { panic!("no entry") };
            assert_eq!(entry.digest.candidates(), candidates);
        }
        let named = ReadOptions { untagged: Some(Algorithm::Sha256), ..options };
        assert_eq!(read(&text, named).iter().map(|(_, name)| name.is_some()).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn base64_is_read_on_request_in_every_form_of_an_entry() {
        let base64 = "mOpuTyFvL7S2n/+bOkSELDhobKaF8/VdxIxdP7EQe+Q=";
        let form = |digits| ReadOptions { digits, ..ReadOptions::new(Limits::REQUEST) };
        for line in [
            format!("{base64}  a"),
            format!("{base64} *a"),
            format!("SHA256 (a) = {base64}"),
            format!("SHA256(a)= {base64}"),
            format!("{HEX}  a"),
        ] {
            assert_eq!(read(&line, form(Digits::HexOrBase64)), [(1, Some("a".to_owned()))], "{line}");
        }
        assert_eq!(read(&format!("{base64}  a"), form(Digits::Hex)), [(1, None)]);
        assert_eq!(read(&format!("SHA256 (a) = {base64}"), form(Digits::Hex)), [(1, None)]);
        assert_eq!(read(&format!("MD5 (a) = {base64}"), form(Digits::HexOrBase64)), [(1, None)]);
    }

    #[test]
    fn nul_ends_lines_on_request_and_nothing_is_escaped() {
        let options = ReadOptions { end: LineEnd::Nul, ..ReadOptions::new(Limits::REQUEST) };
        let read = read(&format!("{HEX}  a\nb\\\r\0\\{HEX}  a\0"), options);
        assert_eq!(read, [(1, Some("a\nb\\\r".to_owned())), (2, None)]);
    }
}

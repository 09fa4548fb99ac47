//! Reading checksum files: GNU lines, the tagged and reversed lines of BSD, and the lines of b3sum, in any mixture.
//!
//! The rules are those of `sha256sum --check` of GNU coreutils 9.x: leading blanks are skipped, comments and empty
//! lines are ignored, and every other line is an entry or is not read. Differences: a NUL in a line makes the line
//! malformed instead of ending the name, padded tags and the tags of other tools are read, and a word of 8 or 16 digits
//! before a text is a digest only in a file of such digests.

use super::bsd::{self, Head};
use super::entry::Entry;
use super::error::ReadOptions;
use super::forms::{LineForm, LineIs};
use super::gnu::{self, Style};
use super::names::{Escaping, LineEnd, skip_blanks, without_cr};
use super::not_read::NotRead;
use super::record::Record;

/// Whether untagged digests of 4 and 8 bytes are read: a date of 8 digits before a text looks like one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ShortDigests {
    /// They are.
    #[default]
    Read,
    /// They are not: most lines have longer ones.
    NotRead,
}

/// Reads the lines of a checksum file.
#[derive(Debug, Clone)]
pub(super) struct ChecksumLines {
    options: ReadOptions,
    short: ShortDigests,
    style: Style,
    why: NotRead,
}

impl ChecksumLines {
    /// Before the first line.
    pub(super) fn new(options: ReadOptions, short: ShortDigests) -> Self {
        Self { options, short, style: Style::default(), why: NotRead::Malformed }
    }

    /// The entry of a line that is not ignored.
    pub(super) fn entry<'a>(&mut self, line: &'a [u8]) -> Result<Entry<'a>, NotRead> {
        let entry = parse_line(line, &self.options, &mut self.style)?;
        let is_short = self.short == ShortDigests::NotRead && entry.digest.is_short();
        match (is_short, entry.name.is_empty()) {
            (true, _) => Err(NotRead::Malformed),
            (false, true) => Err(NotRead::NoName),
            (false, false) => Ok(entry),
        }
    }
}

impl LineForm for ChecksumLines {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        if is_ignored(line, self.options.end) {
            return LineIs::Ignored;
        }
        match self.entry(line) {
            Ok(entry) => {
                record.name.extend_from_slice(&entry.name);
                record.digests.push(entry.digest);
                LineIs::Entry
            }
            Err(why) => {
                self.why = why;
                LineIs::NotRead
            }
        }
    }

    fn why(&self) -> NotRead {
        self.why
    }
}

/// Whether the line is a comment or empty.
fn is_ignored(line: &[u8], end: LineEnd) -> bool {
    line.starts_with(b"#") || without_end(line, end).is_empty()
}

/// The line without one CR before the LF.
fn without_end(line: &[u8], end: LineEnd) -> &[u8] {
    match end {
        LineEnd::Newline => without_cr(line),
        LineEnd::Nul => line,
    }
}

fn parse_line<'a>(line: &'a [u8], options: &ReadOptions, style: &mut Style) -> Result<Entry<'a>, NotRead> {
    let line = skip_blanks(without_end(line, options.end));
    if line.contains(&0) {
        return Err(NotRead::Malformed);
    }
    let (escaping, line) = Escaping::strip(line, options.end);
    match bsd::split_tag(line) {
        Some(Head::Tag(tag, rest)) => {
            let entry = bsd::parse(tag, rest, escaping, options.digits).ok_or(NotRead::Malformed)?;
            match options.asked {
                Some(asked) if asked != tag.algorithm => Err(NotRead::OtherAlgorithm(tag.algorithm)),
                Some(_) | None => Ok(entry),
            }
        }
        Some(Head::Unsupported(name)) => Err(NotRead::Unsupported(name)),
        None => gnu::parse(line, escaping, options, style),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;
    use crate::manifest::{Claimed, Digits, Hint, Limits, ManifestReader};

    const HEX: &str = "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4";

    type Read = Result<(String, Claimed), NotRead>;

    fn each(text: &str, options: ReadOptions) -> Vec<(u64, Read)> {
        let mut lines = ManifestReader::checksums(text.as_bytes(), options);
        let mut all = Vec::new();
        while let Some((number, found)) = lines.next_record().unwrap() {
            let entry = found.map(|one| (String::from_utf8_lossy(&one.name).into_owned(), one.digests[0]));
            all.push((number, entry));
        }
        all
    }

    fn read(text: &str, options: ReadOptions) -> Vec<(u64, Option<String>)> {
        each(text, options).into_iter().map(|(number, found)| (number, found.ok().map(|(name, _)| name))).collect()
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
            "SHA256  (a b) = HEX",
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
        let lengths: Vec<_> = each(&text, options).into_iter().map(|(_, found)| found.unwrap().1).collect();
        assert_eq!(lengths.iter().map(|one| one.as_bytes().len()).collect::<Vec<_>>(), [16, 32, 20]);
        assert_eq!(lengths.iter().map(Claimed::tag).collect::<Vec<_>>()[..2], [Some(Algorithm::Md5), None]);
        let named = ReadOptions { named: Some(Hint::Algorithm(Algorithm::Sha256)), ..options };
        assert_eq!(read(&text, named).iter().map(|(_, name)| name.is_some()).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn tags_of_other_tools_are_read_and_unsupported_ones_are_told() {
        let why = |text: &str| each(&text.replace("HEX", HEX), ReadOptions::new(Limits::REQUEST)).remove(0).1;
        let tag = |text: &str| why(text).unwrap().1.tag();
        assert_eq!(tag("SHA256   (f) = HEX"), Some(Algorithm::Sha256), "rhash pads its tags");
        assert_eq!(tag("SHA2-256(f)= HEX"), Some(Algorithm::Sha256));
        assert_eq!(why("GOST (f) = HEX"), Err(NotRead::Unsupported("GOST R 34.11-94")));
        assert_eq!(why("FOO (f) = HEX"), Err(NotRead::Malformed));
        let md5 = ReadOptions { asked: Some(Algorithm::Md5), ..ReadOptions::new(Limits::REQUEST) };
        let other = each(&format!("SHA256 (f) = {HEX}"), md5).remove(0).1;
        assert_eq!(other, Err(NotRead::OtherAlgorithm(Algorithm::Sha256)));
        let gost = ReadOptions { named: Hint::of_name(b"x.gost"), ..ReadOptions::new(Limits::REQUEST) };
        let lines = each(&format!("{HEX}  f\nMD5 (f) = {}\nprose\n", &HEX[..32]), gost);
        let why: Vec<_> = lines.iter().map(|(_, found)| found.as_ref().err().copied()).collect();
        assert_eq!(why, [Some(NotRead::Unsupported("GOST R 34.11-94")), None, Some(NotRead::Malformed)]);
    }

    #[test]
    fn base64_with_bits_left_over_is_a_digest_that_no_file_has() {
        let options = ReadOptions { digits: Digits::HexOrBase64, ..ReadOptions::new(Limits::REQUEST) };
        let claimed = each("kAFQmDzST7DWlj99KOF/ch==  a", options).remove(0).1.unwrap().1;
        let good = each("kAFQmDzST7DWlj99KOF/cg==  a", options).remove(0).1.unwrap().1;
        assert_eq!(claimed.as_bytes(), good.as_bytes());
        assert!(good.is(good.as_bytes()) && !claimed.is(good.as_bytes()));
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

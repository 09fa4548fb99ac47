//! Finds the form of a manifest: from what only one form begins with, then from its name, then by a vote of its lines.
//!
//! A head of nothing but checksum lines is that. Else a form of another tool is taken where it is unmistakable, and then
//! the lines vote between checksum lines and SFV; a tie goes to the form that leaves fewer lines unread, then to the name. SFV is taken only if most lines are `NAME CRC32` and do not look tagged, so that one line of prose
//! that ends in 8 digits does not make an SFV file.

use super::checksums::{ChecksumLines, ShortDigests};
use super::documents::DocumentForm;
use super::error::ReadOptions;
use super::form::Form;
use super::forms::loose::{Shape, bare};
use super::forms::pgp::{ClearSigned, Signed};
use super::forms::{ForeignForm, LineForm, LineIs};
use super::input::HEAD_BYTES;
use super::names::LineEnd;
use super::record::Record;
use super::sfv::SfvLines;
use super::{bagit, bsd, csv, hashdeep, json};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detected {
    pub(super) form: Form,
    /// For checksum lines: whether short digests are read.
    pub(super) short: ShortDigests,
}

impl From<Form> for Detected {
    fn from(form: Form) -> Self {
        Self { form, short: ShortDigests::Read }
    }
}

/// The form of a manifest with this name and these first bytes.
pub(super) fn detect(head: &[u8], name: &[u8], options: &ReadOptions) -> Detected {
    if let Some(form) = of_beginning(head, name) {
        return form.into();
    }
    if bagit::is_manifest_name(name) {
        return Form::Bagit.into();
    }
    by_vote(head, name, options)
}

/// Whether lines end with NUL, as `sha256sum -z` writes them: the text up to the first NUL is a checksum line without a
/// line feed, and so is what follows, unless nothing does; a name with a line feed is believed in a text that ends with
/// NUL. No line that ends with a line feed may have a NUL, so such a text is of no other form.
pub(super) fn ends_lines_with_nul(head: &[u8], options: &ReadOptions) -> bool {
    let mut form = ChecksumLines::new(ReadOptions { asked: None, end: LineEnd::Nul, ..*options }, ShortDigests::Read);
    let is_cut = head.len() >= HEAD_BYTES;
    let mut is_entry = |line: &[u8], may_break: bool| {
        let mut record = Record::default();
        (may_break || !line.contains(&b'\n')) && matches!(form.read_line(line, &mut record), LineIs::Entry)
    };
    let mut pieces = head.split(|&byte| byte == 0);
    let (Some(first), Some(second)) = (pieces.next(), pieces.next()) else { return false };
    // The last piece is what follows the last NUL: nothing, or the beginning of a line that the head cuts.
    let is_last = pieces.next().is_none();
    let may_follow = second.is_empty() || is_last && is_cut;
    is_entry(first, false) && (may_follow || is_entry(second, is_cut || head.ends_with(b"\0")))
}

/// The form that only begins in this way.
fn of_beginning(head: &[u8], name: &[u8]) -> Option<Form> {
    let line = lines(head).find(|line| !is_blank_or_comment(line)).unwrap_or_default();
    if line.starts_with(hashdeep::MAGIC) {
        return Some(Form::Hashdeep);
    }
    if let Some(form) = DocumentForm::recognise(name, head) {
        return Some(Form::Document(form));
    }
    if line.trim_ascii_start().starts_with(b"{") {
        let document = json::is_document(head.trim_ascii_start());
        return Some(if document { Form::Json } else { Form::Ndjson });
    }
    csv::is_header(line.trim_ascii()).then_some(Form::Csv)
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|&byte| byte == b'\n')
}

fn is_blank_or_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || line.trim_ascii().is_empty()
}

/// How many lines a form reads, and how many it does not.
#[derive(Debug, Clone, Copy, Default)]
struct Votes {
    entries: usize,
    others: usize,
}

impl Votes {
    fn are_most(self) -> bool {
        self.entries > self.others
    }
}

fn by_vote(head: &[u8], name: &[u8], options: &ReadOptions) -> Detected {
    let any = ReadOptions { asked: None, ..*options };
    let (checksums, short) = checksum_votes(head, &any);
    let checksum_lines = Detected { form: Form::Checksums, short };
    let is_named_sfv = name.to_ascii_lowercase().ends_with(b".sfv");
    if checksums.others == 0 && checksums.entries > 0 && !is_named_sfv && !is_of_fsum(head) {
        return checksum_lines;
    }
    if let Some(form) = ForeignForm::recognise(name, head) {
        return Form::Foreign(form).into();
    }
    if checksums.entries == 0 && bare(head).is_some() {
        return Form::Bare.into();
    }
    let sfv = votes(head, &mut SfvLines, |line| !bsd::looks_tagged(line));
    let is_read_better = sfv.entries == checksums.entries && (is_named_sfv || sfv.others < checksums.others);
    let wins = sfv.entries > checksums.entries || is_read_better;
    if sfv.are_most() && wins { Form::Sfv.into() } else { checksum_lines }
}

/// Whether all lines are `HEX ?ALGORITHM*NAME`, which as a checksum line would be a name that begins with `?`.
fn is_of_fsum(head: &[u8]) -> bool {
    let first = lines(head).find(|line| !is_blank_or_comment(line)).unwrap_or_default();
    let has_mark = first.windows(2).any(|pair| pair == b" ?");
    has_mark && Shape::of(head) == Some(Shape::Fsum)
}

/// The votes for checksum lines. Short digests are read if no fewer lines have them than have longer ones.
fn checksum_votes(head: &[u8], options: &ReadOptions) -> (Votes, ShortDigests) {
    let mut form = ChecksumLines::new(*options, ShortDigests::Read);
    let (mut short, mut record) = (0, Record::default());
    let (mut all, mut signed) = (Votes::default(), ClearSigned::default());
    for line in lines(head) {
        let Signed::Content(line) = signed.line(line) else { continue };
        record.clear();
        match form.read_line(line, &mut record) {
            LineIs::Entry => {
                all.entries += 1;
                short += usize::from(record.digests.iter().any(|digest| digest.is_short()));
            }
            LineIs::Ignored => {}
            LineIs::NotRead => all.others += 1,
        }
    }
    if 2 * short >= all.entries {
        return (all, ShortDigests::Read);
    }
    (Votes { entries: all.entries - short, others: all.others + short }, ShortDigests::NotRead)
}

/// The votes for a form, among the lines that may be of it.
fn votes(head: &[u8], form: &mut dyn LineForm, may_be: impl Fn(&[u8]) -> bool) -> Votes {
    let (mut votes, mut record) = (Votes::default(), Record::default());
    for line in lines(head) {
        record.clear();
        match form.read_line(line, &mut record) {
            LineIs::Entry if may_be(line) => votes.entries += 1,
            LineIs::Ignored => {}
            LineIs::Entry | LineIs::NotRead => votes.others += 1,
        }
    }
    votes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Limits;

    fn form(text: &str, name: &str) -> Form {
        detect(text.as_bytes(), name.as_bytes(), &ReadOptions::new(Limits::REQUEST)).form
    }

    #[test]
    fn what_only_one_form_begins_with_decides() {
        for (text, expected) in [
            ("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n", Form::Hashdeep),
            ("path,size,modified_at,sha256\r\n", Form::Csv),
            ("{\"algorithms\":[\"md5\"],\"items\":[\n", Form::Json),
            ("\n {\n\"items\": []}", Form::Json),
            ("{\"path\":\"a\",\"digests\":{}}\n", Form::Ndjson),
        ] {
            assert_eq!(form(text, ""), expected, "{text:?}");
        }
        assert_eq!(form("x", "bag/manifest-sha256.txt"), Form::Bagit);
        assert_eq!(form("", ""), Form::Checksums);
    }

    #[test]
    fn all_lines_vote_between_checksum_lines_and_sfv() {
        let sha256 = "1".repeat(64);
        let lines = format!("{sha256}  a\n{sha256}  b\n");
        for (head, name) in [
            ("Checksums of release 20251128\n", ""),
            ("; generated by TeraCopy 20251128\n", "x.md5"),
            ("; generated by TeraCopy 20251128\n", ""),
            ("untrusted comment: key deadbeef\n", ""),
            ("XXH32 (f) = 946b5bf9\n", ""),
        ] {
            assert_eq!(form(&format!("{head}{lines}"), name), Form::Checksums, "{head}");
        }
        assert_eq!(form("XXH32 (f) = 946b5bf9\n", ""), Form::Checksums);
        assert_eq!(form("; a comment\na 352441c2\nb c 352441c2\n", ""), Form::Sfv);
        assert_eq!(form("a 352441c2\nprose\nmore prose\n", ""), Form::Checksums);
        assert_eq!(form("00000000 352441c2\n", ""), Form::Checksums, "a tie");
        assert_eq!(form("00000000 352441c2\n", "x.SFV"), Form::Sfv);
        assert_eq!(form(&lines, "x.sfv"), Form::Checksums);
    }

    #[test]
    fn a_date_before_a_text_is_a_digest_only_in_a_file_of_such_digests() {
        let short = |text: &str| detect(text.as_bytes(), b"", &ReadOptions::new(Limits::REQUEST)).short;
        let sha256 = "1".repeat(64);
        assert_eq!(short("20251128 release\n352441c2  a\n"), ShortDigests::Read);
        assert_eq!(short(&format!("20251128 release\n{sha256}  a\n{sha256}  b\n")), ShortDigests::NotRead);
    }

    #[test]
    fn lines_that_end_with_nul_are_recognised_and_a_nul_in_a_line_is_not_taken_for_an_end() {
        let is_nul = |text: &str| ends_lines_with_nul(text.as_bytes(), &ReadOptions::new(Limits::REQUEST));
        let digest = "1".repeat(64);
        let line = format!("{digest}  a");
        assert!(is_nul(&format!("{line}\0")) && is_nul(&format!("{line}\0{line}\0")));
        assert!(is_nul(&format!("SHA256 (a) = {digest}\0")));
        assert!(is_nul(&format!("{line}\0{line}\0{line}\nb\0")), "a name with a line feed, further on");
        assert!(is_nul(&format!("{line}\0{line}\nb\0")), "a name with a line feed at once");
        let mixed = [format!("{line}\n{line}\0"), format!("{line}\0b\n"), format!("{line}\0{line}\n")];
        for text in ["", "\0", "prose\0prose\0", &line].into_iter().chain(mixed.iter().map(String::as_str)) {
            assert!(!is_nul(text), "{text:?}");
        }
    }
}

//! What the tests of the forms share, and tests of what the forms share.

use super::*;

/// Every line of a text and its end, read by a form.
pub(super) fn read_lines(mut form: impl LineForm, text: impl AsRef<[u8]>) -> Vec<(LineIs, Record)> {
    let text = text.as_ref();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut all = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let mut record = Record::default();
        all.push((form.read_line(line, &mut record), record));
    }
    let mut record = Record::default();
    all.push((form.end(&mut record), record));
    all
}

/// The entries of a text.
pub(super) fn read_all(form: impl LineForm, text: impl AsRef<[u8]>) -> Vec<Record> {
    let lines = read_lines(form, text).into_iter();
    lines.filter(|(outcome, _)| *outcome == LineIs::Entry).map(|(_, record)| record).collect()
}

/// How many lines of a text are entries, and how many are not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    pub(super) entries: u64,
    pub(super) not_read: u64,
}

/// How many lines are entries, and how many are not read.
pub(super) fn outcomes(form: impl LineForm, text: impl AsRef<[u8]>) -> Outcomes {
    let lines = read_lines(form, text);
    let count = |wanted| lines.iter().filter(|(outcome, _)| *outcome == wanted).count() as u64;
    Outcomes { entries: count(LineIs::Entry), not_read: count(LineIs::NotRead) }
}

/// `NAME SIZE ALGORITHM:FIRST-DIGITS ...` for each record, `?` for what is not said.
pub(super) fn show(records: &[Record]) -> Vec<String> {
    let show_digest = |digest: &Claimed| {
        let algorithm = digest.tag().map_or("?", Algorithm::name);
        format!(" {algorithm}:{}", &hex::encode(digest.as_bytes())[..8])
    };
    let show_one = |record: &Record| {
        let size = record.size.map_or("?".to_owned(), |size| size.to_string());
        let digests: String = record.digests.iter().map(show_digest).collect();
        format!("{} {size}{digests}", record.name.escape_ascii())
    };
    records.iter().map(|record| show_one(record).replace("\\xc3\\xa9", "é").replace("\\\\", "\\")).collect()
}

#[test]
fn a_head_that_is_cut_counts_without_its_last_line() {
    let lines = |head: &[u8]| lines_of(head).count();
    assert_eq!((lines(b"a\nb\n"), lines(b"a\nb"), lines(b"a\n\nb\n"), lines(b"")), (2, 2, 3, 1));
    let long = b"abc\n".repeat(HEAD_BYTES / 4);
    assert_eq!(lines(&long[..HEAD_BYTES - 1]), HEAD_BYTES / 4, "the whole text, without its last LF");
    assert_eq!(lines_of(&[&long[..HEAD_BYTES - 2], b"d\nabc"].concat()).last(), Some(&b"abd"[..]), "a cut line");
}

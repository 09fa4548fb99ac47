//! Forms of other tools that are read beside the nine of [`Format`](super::Format): packages, systems, other hashers.
//!
//! Here is what the line-based ones share: a [`LineForm`] gets one line after the other and says of each what it is.
//! Each module decides by itself whether a text is of its form (`recognises`), and only where that is unmistakable: an
//! ordinary checksum file is never taken. Nothing here opens a file or decides which form a manifest has.
//!
//! All state is bounded: by one line of the reader, or by [`MAX_BLOCK_BYTES`] where an entry goes over several lines.

use super::entry::Claimed;
use super::filters::RememberedFilters;
use super::input::HEAD_BYTES;
use super::names::{is_blank, without_cr};
use super::not_read::NotRead;
use super::record::Record;
use crate::digest::{Algorithm, Digest};

pub(in crate::manifest) mod aide;
pub(in crate::manifest) mod certutil;
pub(in crate::manifest) mod deb822;
mod foreign;
pub(in crate::manifest) mod gentoo;
pub(in crate::manifest) mod get_file_hash;
pub(in crate::manifest) mod gpg;
pub(in crate::manifest) mod loose;
pub(in crate::manifest) mod mtree;
pub(in crate::manifest) mod pgp;
mod settle;
pub(in crate::manifest) mod wheel_record;

pub use self::foreign::ForeignForm;

/// The longest entry that goes over several lines.
const MAX_BLOCK_BYTES: usize = 1 << 20;

/// What a line turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) enum LineIs {
    /// An entry: it is in the record.
    Entry,
    /// Blank, a comment, a header, or part of a block that goes on.
    Ignored,
    /// Not of this form; [`LineForm::why`] says why.
    NotRead,
}

/// A form that is read line by line. Its state (columns, defaults, an open block) is its own, and bounded.
pub(in crate::manifest) trait LineForm: std::fmt::Debug + Send {
    /// Reads one line without its LF; a CR may be left at its end. The record is empty before, and is of use only if
    /// the line is an entry. Where a block ends only with what follows, its entry comes with a later line.
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs;

    /// Called at the end of the text: the outcome of a block that was still open.
    fn end(&mut self, _record: &mut Record) -> LineIs {
        LineIs::Ignored
    }

    /// Why the last line was not read.
    fn why(&self) -> NotRead {
        NotRead::Malformed
    }

    /// The globs that the manifest was made with, as far as it was read.
    fn filters(&self) -> Option<&RememberedFilters> {
        None
    }

    /// The algorithms that hivesum lacks and that entries have digests of, as the manifest spells them.
    fn left_out(&self) -> &[String] {
        &[]
    }
}

/// Whether the form reads every line of the head, and at least one is an entry. Lines of a PGP signature do not count.
fn reads_all(mut form: impl LineForm, head: &[u8]) -> bool {
    let (mut record, mut signed, mut has_entry) = (Record::default(), pgp::ClearSigned::default(), false);
    for line in lines_of(head) {
        let pgp::Signed::Content(line) = signed.line(line) else { continue };
        record.clear();
        match form.read_line(line, &mut record) {
            LineIs::Entry => has_entry = true,
            LineIs::Ignored => {}
            LineIs::NotRead => return false,
        }
    }
    if head.len() >= HEAD_BYTES {
        return has_entry;
    }
    record.clear();
    match form.end(&mut record) {
        LineIs::Entry => true,
        LineIs::Ignored => has_entry,
        LineIs::NotRead => false,
    }
}

/// The lines of a head, without the last one if the head ends within it.
fn lines_of(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = match head.iter().rposition(|&byte| byte == b'\n') {
        Some(end) if head.len() >= HEAD_BYTES || end + 1 == head.len() => &head[..end],
        Some(_) | None => head,
    };
    whole.split(|&byte| byte == b'\n')
}

/// The words of a line, between spaces and tabs.
fn words(line: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    line.split(|&byte| is_blank(byte)).filter(|word| !word.is_empty())
}

/// The first word, and what follows the one blank after it. `None` if the line begins with a blank.
fn split_word(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|&byte| is_blank(byte)).unwrap_or(line.len());
    (end > 0).then(|| (&line[..end], line.get(end + 1..).unwrap_or_default()))
}

/// A number in decimal digits, without a sign.
fn number(digits: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

/// The algorithm of a word in any spelling; `rmd160` is what gpg, mtree, AIDE and Gentoo call RIPEMD-160.
fn algorithm_of(word: &[u8]) -> Option<Algorithm> {
    let word = std::str::from_utf8(word).ok()?;
    if word.eq_ignore_ascii_case("rmd160") { "ripemd160" } else { word }.parse().ok()
}

/// A claim of these bytes. `None` if they are not as many as the algorithm's digests have.
fn claim(algorithm: Algorithm, bytes: &[u8]) -> Option<Claimed> {
    Digest::new(algorithm, bytes).ok().map(Claimed::of)
}

/// A name as a record may have it. `None` if it is empty or has a NUL.
fn valid_name(name: &[u8]) -> Option<&[u8]> {
    (!name.is_empty() && !name.contains(&0)).then_some(name)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

//! The lines of a manifest that may be signed, read by a [`LineForm`].

use super::documents::DocumentForm;
use super::error::{ManifestError, ReadOptions};
use super::forms::loose::bare;
use super::forms::pgp::{COMMENT, ClearSigned, Signed};
use super::forms::{LineForm, LineIs};
use super::input::{Bytes, Input};
use super::lines::{Limits, Lines, LinesError};
use super::names::LineEnd;
use super::not_read::NotRead;
use super::record::Record;

/// A line with its number, from 1, and why it was not read if it is not an entry.
pub(super) type NumberedLine = (u64, Result<(), NotRead>);

/// Reads lines, of which those of a signature are not read.
pub(super) struct SignedLines<'r> {
    lines: Lines<Bytes<'r>>,
    signed: Option<ClearSigned>,
    pub(super) form: Box<dyn LineForm>,
    has_ended: bool,
}

impl<'r> SignedLines<'r> {
    /// Before the first line.
    pub(super) fn new(input: Input<'r>, options: &ReadOptions, form: Box<dyn LineForm>) -> Self {
        let signed = (options.end == LineEnd::Newline).then(ClearSigned::default);
        Self { lines: Lines::new(input.into_reader(), options.end, options.limits), signed, form, has_ended: false }
    }

    /// The next line that is not ignored. An entry is in the record then.
    pub(super) fn next_entry(&mut self, record: &mut Record) -> Result<Option<NumberedLine>, ManifestError> {
        while !self.has_ended {
            let Some(number) = self.lines.advance()? else { break };
            let Some(line) = self.lines.line() else { return Ok(Some((number, Err(NotRead::TooLong)))) };
            let line = match self.signed.as_mut().map_or(Signed::Content(line), |signed| signed.line(line)) {
                Signed::Content(line) => line,
                Signed::Armor => {
                    let is_signed = self.signed.as_ref().is_some_and(ClearSigned::has_signature);
                    return Ok(Some((number, Err(armor(line, is_signed)))));
                }
            };
            let read = self.form.read_line(line, record);
            if let Some(outcome) = outcome(read, &*self.form, record) {
                return Ok(Some((number, outcome)));
            }
        }
        self.has_ended = true;
        let read = self.form.end(record);
        Ok(outcome(read, &*self.form, record).map(|outcome| (self.lines.number(), outcome)))
    }
}

/// Why a line around a signed text is not read. The comment of signify may stand without a signature.
fn armor(line: &[u8], is_signed: bool) -> NotRead {
    match is_signed || !line.starts_with(COMMENT) {
        true => NotRead::Signature,
        false => NotRead::Malformed,
    }
}

/// What a line comes to; `None` if it is ignored.
fn outcome(read: LineIs, form: &dyn LineForm, record: &mut Record) -> Option<Result<(), NotRead>> {
    match read {
        LineIs::Ignored => {
            record.clear();
            None
        }
        LineIs::Entry => Some(Ok(())),
        LineIs::NotRead => {
            record.clear();
            Some(Err(form.why()))
        }
    }
}

/// A text that is one digest. The reader knows the name of its file.
#[derive(Debug)]
pub(super) struct BareDigest;

impl LineForm for BareDigest {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        if line.trim_ascii().is_empty() {
            return LineIs::Ignored;
        }
        let Some(digest) = bare(line) else { return LineIs::NotRead };
        record.digests.push(digest);
        LineIs::Entry
    }
}

/// The longest document that is read: it is held in memory.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// The records of a document.
///
/// # Errors
/// If it cannot be read, is longer than 64 MiB or the limit, or is not of that form.
pub(super) fn read_document(
    input: Input<'_>,
    form: DocumentForm,
    limits: Limits,
) -> Result<Vec<Record>, ManifestError> {
    use std::io::Read;
    let bound = limits.bytes.min(MAX_DOCUMENT_BYTES);
    let mut text = Vec::new();
    input.into_reader().take(bound + 1).read_to_end(&mut text).map_err(LinesError::Read)?;
    if text.len() as u64 > bound {
        return Err(LinesError::TooManyBytes(bound).into());
    }
    let records = form.read(&text).map_err(|error| ManifestError::Document { line: error.line, why: error.why })?;
    if records.len() as u64 > limits.lines {
        return Err(LinesError::TooManyLines(limits.lines).into());
    }
    Ok(records)
}

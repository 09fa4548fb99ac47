//! [`ManifestReader`] reads records of all forms.
//!
//! It reads entry by entry, within the limits of its [`ReadOptions`]. It reports a line that is not an entry with its
//! number and why, and continues; a [`ManifestError`] ends the reading. A digest whose algorithm only one can be, by the
//! name of the manifest or its length, leaves with it.

use std::io::BufRead;

use super::bagit::{BagitLines, NamesAre};
use super::candidates::Candidates;
use super::checksums::ChecksumLines;
use super::detect::{Detected, detect, ends_lines_with_nul};
use super::error::{ManifestError, ReadOptions};
use super::filters::RememberedFilters;
use super::form::Form;
use super::forms::LineForm;
use super::hashdeep::HashdeepLines;
use super::hint::Hint;
use super::input::{Bytes, Input};
use super::lines::{Limits, LinesError};
use super::names::LineEnd;
use super::not_read::NotRead;
use super::record::Record;
use super::sfv::SfvLines;
use super::signed_lines::{BareDigest, NumberedLine, SignedLines, read_document};
use super::{csv, json, ndjson};

/// JSON values may be this many times as long as the lines of other formats: they have escapes and all digests.
const JSON_FACTOR: usize = 8;

/// A line with its number, from 1: its record, or why it was not read.
pub type NumberedRecord<'a> = (u64, Result<&'a Record, NotRead>);

/// The records of a manifest, one after the other.
///
/// ```
/// use hivesum_core::{Algorithm, Limits, ManifestReader, ReadOptions};
/// use hivesum_core::manifest::NotRead;
///
/// let text = "SHA256 (empty) = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nnonsense\n";
/// let options = ReadOptions::new(Limits::COMMAND_LINE);
/// let mut reader = ManifestReader::detecting(text.as_bytes(), b"SHA256SUMS", options)?;
///
/// let (line, record) = reader.next_record()?.expect("a first line");
/// let record = record.expect("an entry");
/// assert_eq!((line, &record.name[..]), (1, &b"empty"[..]));
/// assert!(record.digest_of(Algorithm::Sha256).is_some());
///
/// assert_eq!(reader.next_record()?, Some((2, Err(NotRead::Malformed))), "a line that is not an entry");
/// assert_eq!(reader.next_record()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ManifestReader<'r> {
    inner: FormReader<'r>,
    /// The file of a bare digest: the path of the manifest without an extension that tells an algorithm. Empty if it
    /// has none.
    own_name: Vec<u8>,
    form: Form,
    options: ReadOptions,
    candidates: Candidates,
    record: Record,
}

enum FormReader<'r> {
    Lines(Box<SignedLines<'r>>),
    Records(std::vec::IntoIter<Record>),
    Csv(Box<csv::Rows<Bytes<'r>>>),
    Json(json::Document<Bytes<'r>>),
    Ndjson(ndjson::Items<Bytes<'r>>),
}

impl<'r> ManifestReader<'r> {
    /// Reads a manifest of unknown form. Its name helps to detect the form, and may tell the algorithm of untagged
    /// lines. Lines that end with NUL, as those of `sha256sum -z`, are recognised.
    ///
    /// # Errors
    /// If the reader fails, or a document cannot be read.
    pub fn detecting(reader: impl BufRead + 'r, name: &[u8], mut options: ReadOptions) -> Result<Self, ManifestError> {
        let input = Input::open(reader).map_err(LinesError::Read)?;
        options.named = options.named.or_else(|| Hint::of_name(name));
        if options.end == LineEnd::Newline && ends_lines_with_nul(&input.head, &options) {
            let options = ReadOptions { end: LineEnd::Nul, ..options };
            return Self::of_detected(input, Form::Checksums.into(), options);
        }
        let detected = detect(&input.head, name, &options);
        Ok(Self { own_name: without_extension(name).to_vec(), ..Self::of_detected(input, detected, options)? })
    }

    /// Reads a manifest of this form.
    ///
    /// # Errors
    /// If the reader fails, or a document of that form cannot be read.
    pub fn new(reader: impl BufRead + 'r, form: Form, options: ReadOptions) -> Result<Self, ManifestError> {
        let input = Input::open(reader).map_err(LinesError::Read)?;
        Self::of_detected(input, form.into(), options)
    }

    /// Reads a manifest of a bag, names as they are written: many tools write `%25` for a file of that name, so only one
    /// who sees the files can tell what a name means.
    ///
    /// # Errors
    /// If the reader fails.
    pub fn of_bag_as_written(reader: impl BufRead + 'r, options: ReadOptions) -> Result<Self, ManifestError> {
        let input = Input::open(reader).map_err(LinesError::Read)?;
        let form = Box::new(BagitLines::new(options.hint(), NamesAre::AsWritten));
        let inner = FormReader::Lines(Box::new(SignedLines::new(input, &options, form)));
        let (candidates, record) = (Candidates::new(options.hint()), Record::default());
        Ok(Self { inner, own_name: Vec::new(), form: Form::Bagit, options, candidates, record })
    }

    /// Reads checksum lines from memory.
    #[cfg(test)]
    pub(super) fn checksums(text: &'r [u8], options: ReadOptions) -> Self {
        Self::new(text, Form::Checksums, options).unwrap()
    }

    fn of_detected(input: Input<'r>, detected: Detected, options: ReadOptions) -> Result<Self, ManifestError> {
        let json = Limits { line_bytes: options.limits.line_bytes.saturating_mul(JSON_FACTOR), ..options.limits };
        let lines = |input: Input<'r>, form: Box<dyn LineForm>| {
            FormReader::Lines(Box::new(SignedLines::new(input, &options, form)))
        };
        let inner = match detected.form {
            Form::Csv => FormReader::Csv(Box::new(csv::Rows::new(input.into_reader(), options.limits))),
            Form::Json => FormReader::Json(json::Document::new(input.into_reader(), json)),
            Form::Ndjson => FormReader::Ndjson(ndjson::Items::new(input.into_reader(), json)),
            Form::Checksums => lines(input, Box::new(ChecksumLines::new(options, detected.short))),
            Form::Sfv => lines(input, Box::new(SfvLines)),
            Form::Bagit => lines(input, Box::new(BagitLines::new(options.hint(), NamesAre::Decoded))),
            Form::Hashdeep => lines(input, Box::<HashdeepLines>::default()),
            Form::Bare => lines(input, Box::new(BareDigest)),
            Form::Foreign(form) => {
                let form = form.reader(&input.head);
                lines(input, form)
            }
            Form::Document(form) => FormReader::Records(read_document(input, form, options.limits)?.into_iter()),
        };
        let candidates = Candidates::new(options.hint());
        let record = Record::default();
        Ok(Self { inner, own_name: Vec::new(), form: detected.form, options, candidates, record })
    }

    /// The form.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// What is known about digests that do not name their algorithm, before any file was read.
    pub const fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// Whether entries have digests of algorithms that hivesum does not have.
    pub fn leaves_digests_out(&self) -> bool {
        !self.left_out().is_empty()
    }

    /// The globs that the manifest was made with, as far as it was read: those of NDJSON stand at its end.
    pub fn filters(&self) -> Option<&RememberedFilters> {
        match &self.inner {
            FormReader::Lines(lines) => lines.form.filters(),
            FormReader::Json(document) => document.filters(),
            FormReader::Ndjson(items) => items.filters(),
            FormReader::Records(_) | FormReader::Csv(_) => None,
        }
    }

    /// The algorithms that hivesum does not have and that entries have digests of, as the manifest spells them.
    pub fn left_out(&self) -> &[String] {
        match &self.inner {
            FormReader::Lines(lines) => lines.form.left_out(),
            FormReader::Records(_) | FormReader::Csv(_) | FormReader::Json(_) | FormReader::Ndjson(_) => &[],
        }
    }

    /// The next line with its number, from 1: its record, or why it was not read. `None` at the end.
    ///
    /// # Errors
    /// If nothing more can be read.
    pub fn next_record(&mut self) -> Result<Option<NumberedRecord<'_>>, ManifestError> {
        self.record.clear();
        let Some((line, read)) = self.read()? else { return Ok(None) };
        let read = read.and_then(|()| self.keep_requested());
        Ok(Some((line, read.map(|()| &self.record))))
    }

    fn read(&mut self) -> Result<Option<NumberedLine>, ManifestError> {
        let Self { inner, record, own_name, .. } = self;
        let read = match inner {
            FormReader::Lines(lines) => {
                let next = lines.next_entry(record)?;
                return Ok(next.map(|(line, read)| (line, read.and_then(|()| name_after(record, own_name)))));
            }
            FormReader::Records(records) => {
                // An entry without a digest is one, of which nothing can be said.
                records.next().map(|next| {
                    *record = next;
                    (0, true)
                })
            }
            FormReader::Csv(rows) => rows.next_row(record)?,
            FormReader::Json(document) => document.next_item(record)?,
            FormReader::Ndjson(items) => items.next_item(record)?,
        };
        Ok(read.map(|(line, is_entry)| (line, if is_entry { Ok(()) } else { Err(NotRead::Malformed) })))
    }

    /// Drops digests of other algorithms than the requested one, and gives digests their algorithm if only one is
    /// possible.
    fn keep_requested(&mut self) -> Result<(), NotRead> {
        let digests = &mut self.record.digests;
        if let Some(asked) = self.options.asked {
            let other = digests.iter().find_map(|digest| digest.tag().filter(|tag| *tag != asked));
            digests.retain(|digest| digest.tag().is_none_or(|tag| tag == asked));
            if let Some(other) = other.filter(|_| digests.is_empty()) {
                return Err(NotRead::OtherAlgorithm(other));
            }
        }
        for digest in digests.iter_mut().filter(|digest| digest.tag().is_none()) {
            *digest = self.candidates.resolved(digest).unwrap_or(*digest);
        }
        Ok(())
    }
}

/// The path of the file that a sidecar such as `d/x.jar.sha1` is named for; empty if it is named for none.
fn without_extension(path: &[u8]) -> &[u8] {
    let start = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    let dot = path[start..].iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0);
    let tells = dot.is_some_and(|dot| Hint::of_name(&path[start + dot..]).is_some());
    dot.filter(|_| tells).map_or(b"", |dot| &path[..start + dot])
}

/// A bare digest is of the file that the manifest is named for.
fn name_after(record: &mut Record, own_name: &[u8]) -> Result<(), NotRead> {
    if record.name.is_empty() {
        record.name.extend_from_slice(own_name);
    }
    if record.name.is_empty() { Err(NotRead::Malformed) } else { Ok(()) }
}

#[cfg(test)]
mod tests;

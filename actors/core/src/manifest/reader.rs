//! [`ManifestReader`] reads records of all formats.
//!
//! It reads entry by entry, within the limits of its [`ReadOptions`]. It reports a line that is not an entry with its
//! number and continues; a [`ManifestError`] ends the reading.

use std::io::{self, BufRead};

use super::checksums::{ChecksumLines, Found};
use super::detect::{Seen, detect};
use super::entry::algorithm_of_manifest_name;
use super::error::{ManifestError, ReadOptions};
use super::filters::{RememberedFilters, filters_of_hashdeep_comment};
use super::hashdeep::{Columns, Line};
use super::lines::{Limits, Lines};
use super::names::LineEnd;
use super::record::Record;
use super::{Format, bagit, csv, json, ndjson, sfv};

/// JSON values may be this many times as long as the lines of other formats: they have escapes and all digests.
const JSON_FACTOR: usize = 8;

/// The records of a manifest, one after the other.
///
/// ```
/// use hivesum_core::{Algorithm, Limits, ManifestReader, ReadOptions};
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
/// assert_eq!(reader.next_record()?, Some((2, None)), "a line that is not an entry");
/// assert_eq!(reader.next_record()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ManifestReader<R> {
    inner: FormatReader<R>,
    options: ReadOptions,
    record: Record,
    /// Of a hashdeep file: the globs of a comment. JSON readers keep their own.
    filters: Option<RememberedFilters>,
}

enum FormatReader<R> {
    Checksums(ChecksumLines<R>),
    Sfv(Lines<R>),
    Bagit(Lines<R>),
    Hashdeep(Lines<R>, Columns),
    Csv(Box<csv::Rows<R>>),
    Json(json::Document<R>),
    Ndjson(ndjson::Items<R>),
}

impl<R: BufRead> ManifestReader<Seen<R>> {
    /// Reads a manifest of unknown format. Its name helps to detect the format, and may tell the algorithm of untagged
    /// lines.
    ///
    /// # Errors
    /// If the reader fails.
    pub fn detecting(reader: R, name: &[u8], mut options: ReadOptions) -> io::Result<Self> {
        let (format, reader) = detect(reader, name)?;
        let named = match format {
            Format::Bagit => bagit::algorithm_of_name(name),
            _ => algorithm_of_manifest_name(name),
        };
        options.untagged = options.untagged.or(named);
        Ok(Self::new(reader, format, options))
    }
}

impl<R: BufRead> ManifestReader<R> {
    /// Reads a manifest of this format. GNU, BSD and b3sum are read as one format, with their lines in any mixture.
    pub fn new(reader: R, format: Format, options: ReadOptions) -> Self {
        let lines = |reader| Lines::new(reader, LineEnd::Newline, options.limits);
        let json = Limits { line_bytes: options.limits.line_bytes.saturating_mul(JSON_FACTOR), ..options.limits };
        let inner = match format {
            Format::Gnu | Format::Bsd | Format::B3sum => FormatReader::Checksums(ChecksumLines::new(reader, options)),
            Format::Sfv => FormatReader::Sfv(lines(reader)),
            Format::Bagit => FormatReader::Bagit(lines(reader)),
            Format::Hashdeep => FormatReader::Hashdeep(lines(reader), Columns::default()),
            Format::Csv => FormatReader::Csv(Box::new(csv::Rows::new(reader, options.limits))),
            Format::Json => FormatReader::Json(json::Document::new(reader, json)),
            Format::Ndjson => FormatReader::Ndjson(ndjson::Items::new(reader, json)),
        };
        Self { inner, options, record: Record::default(), filters: None }
    }

    /// The format; `Gnu` for all three forms of checksum lines.
    pub fn format(&self) -> Format {
        match self.inner {
            FormatReader::Checksums(_) => Format::Gnu,
            FormatReader::Sfv(_) => Format::Sfv,
            FormatReader::Bagit(_) => Format::Bagit,
            FormatReader::Hashdeep(..) => Format::Hashdeep,
            FormatReader::Csv(_) => Format::Csv,
            FormatReader::Json(_) => Format::Json,
            FormatReader::Ndjson(_) => Format::Ndjson,
        }
    }

    /// Whether the manifest has digests of algorithms that hivesum does not have.
    pub fn leaves_digests_out(&self) -> bool {
        matches!(&self.inner, FormatReader::Hashdeep(_, columns) if columns.leave_some_out())
    }

    /// The globs that the manifest was made with, as far as it was read: those of NDJSON stand at its end.
    pub fn filters(&self) -> Option<&RememberedFilters> {
        match &self.inner {
            FormatReader::Json(document) => document.filters(),
            FormatReader::Ndjson(items) => items.filters(),
            FormatReader::Checksums(_)
            | FormatReader::Sfv(_)
            | FormatReader::Bagit(_)
            | FormatReader::Hashdeep(..)
            | FormatReader::Csv(_) => self.filters.as_ref(),
        }
    }

    /// The next line with its number, from 1, and its record. The record is `None` if the line is not an entry. `None`
    /// at the end.
    ///
    /// # Errors
    /// If nothing more can be read.
    pub fn next_record(&mut self) -> Result<Option<(u64, Option<&Record>)>, ManifestError> {
        self.record.clear();
        let Some((line, is_entry)) = self.read()? else { return Ok(None) };
        let is_entry = is_entry && self.keep_requested();
        Ok(Some((line, is_entry.then_some(&self.record))))
    }

    fn read(&mut self) -> Result<Option<(u64, bool)>, ManifestError> {
        let Self { inner, options, record, filters } = self;
        match inner {
            FormatReader::Checksums(lines) => read_checksums(lines, record),
            FormatReader::Sfv(lines) => {
                each_line(lines, sfv::is_ignored, |line| sfv::parse_line(line, record).is_some())
            }
            FormatReader::Bagit(lines) => {
                let algorithm = options.asked.or(options.untagged);
                let is_ignored = |line: &[u8]| line.trim_ascii().is_empty();
                each_line(lines, is_ignored, |line| bagit::parse_line(line, algorithm, record).is_some())
            }
            FormatReader::Hashdeep(lines, columns) => read_hashdeep(lines, columns, record, filters),
            FormatReader::Csv(rows) => rows.next_row(record),
            FormatReader::Json(document) => document.next_item(record),
            FormatReader::Ndjson(items) => items.next_item(record),
        }
    }

    /// Drops digests of other algorithms than the requested one. False if none is left.
    fn keep_requested(&mut self) -> bool {
        let Some(asked) = self.options.asked else { return true };
        let had_some = !self.record.digests.is_empty();
        self.record.digests.retain(|digest| digest.tag().is_none_or(|tag| tag == asked));
        !(had_some && self.record.digests.is_empty())
    }
}

fn read_checksums<R: BufRead>(
    lines: &mut ChecksumLines<R>,
    record: &mut Record,
) -> Result<Option<(u64, bool)>, ManifestError> {
    Ok(lines.next_entry()?.map(|(line, found)| match found {
        Found::Entry(entry) if entry.name.is_empty() => (line, false),
        Found::Entry(entry) => {
            record.name.extend_from_slice(&entry.name);
            record.digests.push(entry.digest);
            (line, true)
        }
        Found::Malformed => (line, false),
    }))
}

fn each_line<R: BufRead>(
    lines: &mut Lines<R>,
    is_ignored: impl Fn(&[u8]) -> bool,
    mut parse: impl FnMut(&[u8]) -> bool,
) -> Result<Option<(u64, bool)>, ManifestError> {
    loop {
        let Some(number) = lines.advance()? else { return Ok(None) };
        match lines.line() {
            Some(line) if is_ignored(line) => {}
            Some(line) => return Ok(Some((number, parse(line)))),
            None => return Ok(Some((number, false))),
        }
    }
}

fn read_hashdeep<R: BufRead>(
    lines: &mut Lines<R>,
    columns: &mut Columns,
    record: &mut Record,
    filters: &mut Option<RememberedFilters>,
) -> Result<Option<(u64, bool)>, ManifestError> {
    loop {
        let Some(number) = lines.advance()? else { return Ok(None) };
        let Some(line) = lines.line() else { return Ok(Some((number, false))) };
        match columns.parse_line(line, record) {
            Line::Ignored => *filters = filters_of_hashdeep_comment(line).or_else(|| filters.take()),
            Line::Header => {}
            Line::Entry => return Ok(Some((number, true))),
            Line::Malformed => return Ok(Some((number, false))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    fn read(text: &str, name: &str, options: ReadOptions) -> Vec<(u64, Option<Record>)> {
        let mut reader = ManifestReader::detecting(text.as_bytes(), name.as_bytes(), options).unwrap();
        let mut all = Vec::new();
        while let Some((line, record)) = reader.next_record().unwrap() {
            all.push((line, record.cloned()));
        }
        all
    }

    #[test]
    fn every_format_is_detected_and_read() {
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        for (text, name, line) in [
            (format!("{md5}  a\n"), "", 1),
            (format!("MD5 (a) = {md5}\n"), "", 1),
            (format!("{md5} a\n"), "", 1),
            (format!("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n## x\n3,{md5},a\n"), "", 4),
            (format!("path,md5\r\na,{md5}\r\n"), "", 2),
            (format!("{{\"items\":[\n{{\"path\":\"a\",\"digests\":{{\"md5\":\"{md5}\"}}}}]}}"), "", 2),
            (format!("{{\"path\":\"a\",\"digests\":{{\"md5\":\"{md5}\"}}}}\n{{\"summary\":{{}}}}\n"), "", 1),
            (format!("{md5}\ta\n"), "manifest-md5.txt", 1),
        ] {
            let records = read(&text, name, ReadOptions::new(Limits::REQUEST));
            let [(number, Some(record))] = &records[..] else { panic!("{text}: {records:?}") };
            assert_eq!((&record.name[..], *number), (&b"a"[..], line), "{text}");
            assert_eq!(hex::encode(record.digests[0].as_bytes()), md5);
        }
    }

    #[test]
    fn digests_of_another_algorithm_than_the_requested_one_are_dropped() {
        let text = "path,crc32,md5\r\na,00000000,900150983cd24fb0d6963f7d28e17f72\r\nb,00000000,\r\n";
        let asked = ReadOptions { asked: Some(Algorithm::Md5), ..ReadOptions::new(Limits::REQUEST) };
        let records = read(text, "", asked);
        assert_eq!(records[0].1.as_ref().unwrap().digests.len(), 1);
        assert_eq!(records[1], (3, None));
    }

    #[test]
    fn a_line_that_is_too_long_is_not_an_entry_and_too_many_lines_end_the_reading() {
        let limits = Limits { line_bytes: 40, lines: 3, bytes: 1 << 20 };
        let text = format!("a 00000000\n{} 00000000\nb 00000000\n", "x".repeat(64));
        let records = read(&text, "", ReadOptions::new(limits));
        assert_eq!(records.iter().map(|(_, record)| record.is_some()).collect::<Vec<_>>(), [true, false, true]);
        let text = "a 00000000\n".repeat(4);
        let mut reader = ManifestReader::detecting(text.as_bytes(), b"", ReadOptions::new(limits)).unwrap();
        let error = loop {
            match reader.next_record() {
                Ok(found) => assert!(found.is_some()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.line(), Some(4));
    }
}

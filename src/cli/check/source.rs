//! Entries of a manifest one by one, whatever its format: a record with several digests is as many entries.

use std::borrow::Cow;
use std::io::{self, BufRead};

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{
    ChecksumLines, Digits, Entry, Format, Found, LineEnd, ManifestError, ManifestReader, ReadOptions, Record, Seen,
    detect,
};

/// Where entries come from.
pub(super) enum Source<R> {
    /// Lines of sha256sum and its like, judged as it judges them.
    Lines(ChecksumLines<Seen<R>>),
    /// Records of another format, and how many digests of the one at hand were given.
    Records { reader: Box<ManifestReader<Seen<R>>>, record: Record, line: u64, given: usize },
}

impl<R: BufRead> Source<R> {
    /// Tells the format by the first bytes, and by the manifest's name. What is asked for as another algorithm
    /// than an SFV's, may be base64, or ends with NUL, is checksum lines.
    ///
    /// # Errors
    /// When the reader fails.
    pub(super) fn open(reader: R, name: &[u8], options: ReadOptions) -> io::Result<Self> {
        let (format, reader) = detect(reader, name)?;
        let as_lines = match format {
            Format::Gnu | Format::Bsd | Format::B3sum | Format::Bagit => true,
            Format::Sfv => {
                options.asked.is_some_and(|asked| asked != Algorithm::Crc32) || options.digits == Digits::HexOrBase64
            }
            Format::Hashdeep | Format::Csv | Format::Json | Format::Ndjson => false,
        };
        if as_lines || options.end == LineEnd::Nul {
            return Ok(Self::Lines(ChecksumLines::new(reader, options)));
        }
        let reader = Box::new(ManifestReader::new(reader, format, options));
        Ok(Self::Records { reader, record: Record::default(), line: 0, given: 0 })
    }

    /// The next entry or malformed line with its number; nothing at the end.
    ///
    /// # Errors
    /// When nothing more can be read.
    pub(super) fn next_entry(&mut self) -> Result<Option<(u64, Found<'_>)>, ManifestError> {
        let (reader, record, line, given) = match self {
            Self::Lines(lines) => return Ok(lines.next_entry()?),
            Self::Records { reader, record, line, given } => (reader, record, line, given),
        };
        while *given >= record.digests.len() {
            let Some((number, next)) = reader.next_record()? else { return Ok(None) };
            let Some(next) = next else { return Ok(Some((number, Found::Malformed))) };
            record.clone_from(next);
            (*line, *given) = (number, 0);
        }
        *given += 1;
        let digest = record.digests[*given - 1];
        Ok(Some((*line, Found::Entry(Entry { name: Cow::Borrowed(&record.name), digest }))))
    }
}

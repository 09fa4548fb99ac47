//! The entries of a manifest of any format. A record with several digests gives one entry for each of them.

use std::borrow::Cow;
use std::io::{self, BufRead};

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{
    ChecksumLines, Digits, Entry, Format, Found, LineEnd, ManifestError, ManifestReader, ReadOptions, Record, Seen,
    detect,
};

/// Where entries come from.
pub(super) enum Source<R> {
    /// Lines of sha256sum and similar tools.
    Lines(ChecksumLines<Seen<R>>),
    /// Records of another format. `given` digests of the current record were returned already.
    Records { reader: Box<ManifestReader<Seen<R>>>, record: Record, line: u64, given: usize },
}

impl<R: BufRead> Source<R> {
    /// Detects the format from the first bytes and the name of the manifest. An apparent SFV file is read as checksum
    /// lines if another algorithm than CRC32 was asked for or digests may be base64, and so is any format if lines end
    /// with NUL.
    ///
    /// # Errors
    /// If the reader fails.
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

    /// The next entry or malformed line, with its line number. `None` is the end of the manifest.
    ///
    /// # Errors
    /// If reading fails.
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

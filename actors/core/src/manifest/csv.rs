//! CSV as in RFC 4180: `path,size,modified_at,ALG...`, lines that end with CRLF, names as raw bytes. A time is RFC 3339,
//! or nanoseconds since 1970 outside of the years 0001 to 9999.
//!
//! Only files with a digest have a row. Fields with a comma, a quote, CR or LF are quoted. A reader requires the
//! header, accepts its columns in any order, and uses `csv-core`, which keeps only one row of bounded length.

use std::io::{BufRead, Write};

use csv_core::ReadRecordResult;

use super::entry::Claimed;
use super::error::ManifestError;
use super::input::begins_like_another;
use super::lines::{Limits, LinesError};
use super::names::write_hex;
use super::record::Record;
use crate::digest::{Algorithm, Algorithms, Digest, MAX_ALGORITHMS};
use crate::result::FileTime;

/// The largest number of columns: three without digests, and every algorithm.
const MAX_COLUMNS: usize = 3 + MAX_ALGORITHMS;

/// Appends the header.
pub fn write_header(out: &mut Vec<u8>, algorithms: &Algorithms) {
    out.extend_from_slice(b"path,size,modified_at");
    for algorithm in algorithms {
        out.push(b',');
        out.extend_from_slice(algorithm.name().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// The content of a row besides digests.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The name.
    pub name: &'a [u8],
    /// Size in bytes, if known.
    pub size: Option<u64>,
    /// Last modification, if known.
    pub modified_at: Option<FileTime>,
}

/// Appends the row of a file. `digests` has one element for every algorithm of the header, `None` for an empty field.
pub fn write_row(out: &mut Vec<u8>, row: Row<'_>, digests: impl IntoIterator<Item = Option<Digest>>) {
    write_field(out, row.name);
    out.push(b',');
    // Writing to a vector never fails.
    if let Some(size) = row.size {
        let _ = write!(out, "{size}");
    }
    out.push(b',');
    if let Some(modified_at) = row.modified_at {
        let _ = write!(out, "{modified_at}");
    }
    for digest in digests {
        out.push(b',');
        if let Some(digest) = digest {
            write_hex(out, digest.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a field, in quotes if it has to be: the first one of a file must not begin as another kind of file does.
pub fn write_field(out: &mut Vec<u8>, field: &[u8]) {
    if !field.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) && !begins_like_another(field) {
        return out.extend_from_slice(field);
    }
    out.push(b'"');
    for &byte in field {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Reads the rows of a CSV file.
pub(super) struct Rows<R> {
    reader: R,
    core: csv_core::Reader,
    limits: Limits,
    line: u64,
    last: u8,
    bytes: u64,
    pub rows: u64,
    columns: Option<Vec<Column>>,
    fields: Vec<u8>,
    ends: [usize; MAX_COLUMNS + 1],
    len: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Path,
    Size,
    ModifiedAt,
    Digest(Algorithm),
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(reader: R, limits: Limits) -> Self {
        Self {
            reader,
            core: csv_core::Reader::new(),
            limits,
            line: 1,
            last: 0,
            bytes: 0,
            rows: 0,
            columns: None,
            fields: vec![0; limits.line_bytes],
            ends: [0; MAX_COLUMNS + 1],
            len: 0,
        }
    }

    /// Reads the next row into the record. Returns the number of the line on which it begins and whether it is an
    /// entry, or `None` at the end.
    pub(super) fn next_row(&mut self, record: &mut Record) -> Result<Option<(u64, bool)>, ManifestError> {
        if self.columns.is_none() {
            if self.read_fields()?.is_none() {
                return Ok(None);
            }
            self.columns = Some(self.header().ok_or(ManifestError::NoHeader)?);
        }
        let Some((line, fits)) = self.read_fields()? else { return Ok(None) };
        Ok(Some((line, fits && self.fill(record).is_some())))
    }

    /// Reads one row. Returns the line on which it begins and whether it was short enough to keep.
    fn read_fields(&mut self) -> Result<Option<(u64, bool)>, ManifestError> {
        let (mut written, mut ended, mut fits) = (0, 0, true);
        // A row ends with its CR; the LF is read with the next one.
        let line = self.line + u64::from(self.last == b'\r');
        loop {
            let input = self.reader.fill_buf().map_err(LinesError::from)?;
            let (outcome, taken, out, ends) =
                self.core.read_record(input, &mut self.fields[written..], &mut self.ends[ended..]);
            self.line += input[..taken].iter().filter(|&&byte| byte == b'\n').count() as u64;
            self.last = input[..taken].last().copied().unwrap_or(self.last);
            self.reader.consume(taken);
            self.bytes += taken as u64;
            if self.bytes > self.limits.bytes {
                return Err(LinesError::TooManyBytes(self.limits.bytes).into());
            }
            (written, ended) = (written + out, ended + ends);
            match outcome {
                ReadRecordResult::InputEmpty => {}
                // The row is too long: it is skipped.
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    (written, ended, fits) = (0, 0, false);
                }
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => {
                    self.rows += 1;
                    if self.rows > self.limits.lines {
                        return Err(LinesError::TooManyLines(self.limits.lines).into());
                    }
                    self.len = if fits { ended } else { 0 };
                    return Ok(Some((line, fits)));
                }
            }
        }
    }

    fn field(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends[..self.len].get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.fields.get(start..end)
    }

    fn header(&self) -> Option<Vec<Column>> {
        let names = (0..self.len).map(|index| std::str::from_utf8(self.field(index)?).ok());
        let columns = names.map(|name| column_of(name?)).collect::<Option<Vec<_>>>()?;
        let digests = columns.iter().any(|column| matches!(column, Column::Digest(_)));
        let once = (0..columns.len()).all(|index| !columns[..index].contains(&columns[index]));
        (columns.contains(&Column::Path) && digests && once).then_some(columns)
    }

    fn fill(&self, record: &mut Record) -> Option<()> {
        let columns = self.columns.as_ref()?;
        if columns.len() != self.len {
            return None;
        }
        for (index, column) in columns.iter().enumerate() {
            let field = self.field(index)?;
            match column {
                Column::Path if field.is_empty() || field.contains(&0) => return None,
                Column::Path => record.name.extend_from_slice(field),
                _ if field.is_empty() => {}
                Column::Size => record.size = Some(std::str::from_utf8(field).ok()?.parse().ok()?),
                Column::ModifiedAt => record.modified_at = Some(FileTime::of_text(std::str::from_utf8(field).ok()?)?),
                Column::Digest(algorithm) => record.digests.push(Claimed::tagged(*algorithm, field)?),
            }
        }
        (!record.digests.is_empty()).then_some(())
    }
}

/// Whether the line is a header: only names of columns, at least two.
pub(super) fn is_header(line: &[u8]) -> bool {
    let is_column = |word: &[u8]| std::str::from_utf8(word).is_ok_and(|word| column_of(word).is_some());
    line.contains(&b',') && line.split(|&byte| byte == b',').all(is_column)
}

fn column_of(name: &str) -> Option<Column> {
    match name {
        "path" => Some(Column::Path),
        "size" => Some(Column::Size),
        "modified_at" => Some(Column::ModifiedAt),
        name => name.parse().ok().map(Column::Digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &[u8], modified_at: Option<&str>) -> String {
        let digest = Digest::new(Algorithm::Crc32, &[0xab; 4]).unwrap();
        let mut out = Vec::new();
        let row = Row { name, size: Some(3), modified_at: modified_at.map(|at| at.parse().unwrap()) };
        write_row(&mut out, row, [Some(digest), None]);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn read(text: &str, limits: Limits) -> Vec<(u64, Option<Record>)> {
        // A buffer of three bytes, so that rows span several fills.
        let mut rows = Rows::new(std::io::BufReader::with_capacity(3, text.as_bytes()), limits);
        let mut all = Vec::new();
        let mut record = Record::default();
        while let Some((line, fits)) = rows.next_row(&mut record).unwrap() {
            all.push((line, fits.then(|| record.clone())));
            record.clear();
        }
        all
    }

    #[test]
    fn a_row_has_a_field_for_every_column_of_the_header() {
        let mut header = Vec::new();
        write_header(&mut header, &"crc32,md5".parse().unwrap());
        assert_eq!(header, b"path,size,modified_at,crc32,md5\r\n");
        assert_eq!(row(b"a b", Some("1970-01-01T00:00:01.5Z")), "a b,3,1970-01-01T00:00:01.5Z,abababab,\r\n");
        assert_eq!(row(b"-", None), "-,3,,abababab,\r\n");
        assert_eq!(FileTime::of_text("253402300800500000000").unwrap().to_string(), "253402300800500000000");
        assert_eq!(FileTime::of_text("1700000000"), None, "a number that may be seconds");
    }

    #[test]
    fn names_with_commas_quotes_and_line_ends_are_quoted() {
        assert!(row(b"a,b", None).starts_with("\"a,b\",3,"));
        assert!(row(b"a\"b", None).starts_with("\"a\"\"b\",3,"));
        assert!(row(b"a\r\nb", None).starts_with("\"a\r\nb\",3,"));
    }

    #[test]
    fn columns_are_found_by_name_and_rows_have_line_numbers() {
        let text = "crc32,path,size\r\nabababab,\"a\n\"\"b\",7\r\n,x,\r\nabababab,y\r\nzz,y,1\r\nabababab,c,\n";
        let rows = read(text, Limits::REQUEST);
        let first = rows[0].1.as_ref().unwrap();
        assert_eq!((&first.name[..], first.size, first.modified_at), (&b"a\n\"b"[..], Some(7), None));
        assert_eq!(first.digests[0].tag(), Some(Algorithm::Crc32));
        let kept: Vec<_> = rows.iter().map(|(line, record)| (*line, record.is_some())).collect();
        assert_eq!(kept, [(2, true), (4, false), (5, false), (6, false), (7, true)]);
    }

    #[test]
    fn an_invalid_header_is_refused() {
        for header in ["a,b\r\n", "path,size\r\n", "size,crc32\r\n", "path,haval\r\n", "path,crc32,crc32\r\n"] {
            let mut rows = Rows::new(header.as_bytes(), Limits::REQUEST);
            assert!(matches!(rows.next_row(&mut Record::default()), Err(ManifestError::NoHeader)), "{header}");
        }
    }

    #[test]
    fn rows_bytes_and_the_length_of_a_row_are_bounded() {
        let limits = Limits { line_bytes: 32, lines: 3, bytes: 200 };
        let long = format!("path,crc32\r\n\"{}\",abababab\r\nb,abababab\r\n", "a".repeat(60));
        let kept: Vec<_> = read(&long, limits).iter().map(|(_, record)| record.is_some()).collect();
        assert_eq!(kept, [false, true]);
        let failure = |text: &str| {
            let mut rows = Rows::new(text.as_bytes(), limits);
            loop {
                if let Err(error) = rows.next_row(&mut Record::default()) {
                    return error;
                }
            }
        };
        let many = format!("path,crc32\r\n{}", "b,abababab\r\n".repeat(3));
        assert!(matches!(failure(&many), ManifestError::Lines(LinesError::TooManyLines(3))));
        let endless = format!("path,crc32\r\n\"{}", "a".repeat(300));
        assert!(matches!(failure(&endless), ManifestError::Lines(LinesError::TooManyBytes(200))));
    }
}

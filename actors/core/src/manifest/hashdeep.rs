//! hashdeep 4.4: a header with the names of the columns, then `size,digest,...,name`.
//!
//! Fields are not quoted: the name is everything after the comma of the last digest, commas included. A name with LF,
//! or with CR at its end, cannot be carried. Columns of algorithms that hivesum does not have
//! are ignored, and the reader reports that.

use std::io::Write;

use super::entry::Claimed;
use super::filters::{RememberedFilters, write_hashdeep_comment};
use super::format::{Format, HASHDEEP_ALGORITHMS};
use super::names::{NotRepresentable, write_hex};
use super::record::Record;
use crate::digest::{Algorithm, Algorithms, Digest};

/// The first line.
pub(super) const MAGIC: &[u8] = b"%%%% HASHDEEP-1.0";

/// The start of the line with the names of the columns.
const COLUMNS: &[u8] = b"%%%% ";

/// Appends the header.
pub fn write_header(out: &mut Vec<u8>, algorithms: &Algorithms, filters: &RememberedFilters) {
    out.extend_from_slice(MAGIC);
    out.push(b'\n');
    out.extend_from_slice(COLUMNS);
    out.extend_from_slice(b"size,");
    for algorithm in ordered(algorithms) {
        out.extend_from_slice(algorithm.name().as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(b"filename\n## made by hivesum\n##\n");
    if !filters.is_empty() {
        write_hashdeep_comment(out, filters);
    }
}

/// The algorithms in the only order of columns that hashdeep knows.
fn ordered(algorithms: &Algorithms) -> impl Iterator<Item = Algorithm> {
    HASHDEEP_ALGORITHMS.into_iter().filter(|&algorithm| algorithms.contains(algorithm))
}

/// Appends one line. `digests` are those of the header's algorithms.
///
/// # Errors
/// [`NotRepresentable`] for a name with a line end. Nothing is written then.
pub fn write_line(out: &mut Vec<u8>, name: &[u8], size: u64, digests: &[Digest]) -> Result<(), NotRepresentable> {
    if name.contains(&b'\n') {
        return Err(NotRepresentable { format: Format::Hashdeep, why: "holds LF" });
    }
    if name.ends_with(b"\r") {
        return Err(NotRepresentable { format: Format::Hashdeep, why: "ends with CR" });
    }
    // Writing to a vector never fails.
    let _ = write!(out, "{size},");
    for algorithm in HASHDEEP_ALGORITHMS {
        if let Some(digest) = digests.iter().find(|digest| digest.algorithm() == algorithm) {
            write_hex(out, digest.as_bytes());
            out.push(b',');
        }
    }
    out.extend_from_slice(name);
    out.push(b'\n');
    Ok(())
}

/// The columns between size and name; `None` for an algorithm that hivesum does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns(Vec<Option<Algorithm>>);

/// What a line of a hashdeep file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The first line, a comment or an empty line.
    Ignored,
    /// The names of the columns.
    Header,
    /// An entry, which is now in the record.
    Entry,
    /// A line that cannot be read.
    Malformed,
}

impl Columns {
    /// Whether there are columns of algorithms that hivesum does not have.
    pub(super) fn leave_some_out(&self) -> bool {
        self.0.contains(&None)
    }

    /// Reads one line without its end.
    pub(super) fn parse_line(&mut self, line: &[u8], record: &mut Record) -> Line {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") || line == MAGIC {
            return Line::Ignored;
        }
        if let Some(names) = line.strip_prefix(COLUMNS) {
            return match Self::parse(names) {
                Some(columns) => {
                    *self = columns;
                    Line::Header
                }
                None => Line::Malformed,
            };
        }
        match self.parse_entry(line, record) {
            Some(()) => Line::Entry,
            None => Line::Malformed,
        }
    }

    fn parse(names: &[u8]) -> Option<Self> {
        let names = std::str::from_utf8(names).ok()?.strip_prefix("size,")?.strip_suffix(",filename")?;
        let columns: Vec<_> = names.split(',').map(|name| name.parse::<Algorithm>().ok()).collect();
        columns.iter().any(Option::is_some).then_some(Self(columns))
    }

    fn parse_entry(&self, line: &[u8], record: &mut Record) -> Option<()> {
        if self.0.is_empty() {
            return None;
        }
        let mut fields = line.splitn(self.0.len() + 2, |&byte| byte == b',');
        record.size = Some(std::str::from_utf8(fields.next()?).ok()?.parse().ok()?);
        for column in &self.0 {
            let digits = fields.next()?;
            if let Some(algorithm) = column {
                record.digests.push(Claimed::tagged(*algorithm, digits)?);
            }
        }
        let name = fields.next().filter(|name| !name.is_empty() && !name.contains(&0))?;
        record.name.extend_from_slice(name);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";
    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn read(header: &str, line: &str) -> Option<Record> {
        let mut columns = Columns::default();
        let mut record = Record::default();
        assert_eq!(columns.parse_line(header.as_bytes(), &mut record), Line::Header);
        (columns.parse_line(line.as_bytes(), &mut record) == Line::Entry).then_some(record)
    }

    #[test]
    fn a_name_is_everything_after_the_last_digest() {
        let record = read("%%%% size,md5,sha256,filename", &format!("3,{MD5},{SHA256},a, \"b\",c")).unwrap();
        assert_eq!((&record.name[..], record.size), (&b"a, \"b\",c"[..], Some(3)));
        assert_eq!(
            record.digests.iter().map(Claimed::tag).collect::<Vec<_>>(),
            [Some(Algorithm::Md5), Some(Algorithm::Sha256)]
        );
    }

    #[test]
    fn a_column_of_an_unknown_algorithm_is_ignored_and_reported() {
        let header = "%%%% size,md5,haval,filename";
        let record = read(header, &format!("3,{MD5},{},x", "0".repeat(48))).unwrap();
        assert_eq!(record.digests.len(), 1);
        let mut columns = Columns::default();
        columns.parse_line(header.as_bytes(), &mut Record::default());
        assert!(columns.leave_some_out());
        assert_eq!(columns.parse_line(b"%%%% size,haval,filename", &mut Record::default()), Line::Malformed);
    }

    #[test]
    fn what_is_nearly_an_entry_is_malformed() {
        for line in ["x,{MD5},a", "3,{MD5}", "3,{MD5},", "3,zz,a", "-3,{MD5},a", "3,{MD5}0,a", "3"] {
            assert_eq!(read("%%%% size,md5,filename", &line.replace("{MD5}", MD5)), None, "{line}");
        }
        let mut record = Record::default();
        assert_eq!(Columns::default().parse_line(b"3,00,a", &mut record), Line::Malformed, "before the header");
    }

    #[test]
    fn columns_are_written_in_the_order_of_hashdeep() {
        let mut out = Vec::new();
        write_header(&mut out, &"sha256,md5".parse().unwrap(), &RememberedFilters::default());
        assert!(out.starts_with(b"%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## "));
        let digests = [Digest::from_hex(Algorithm::Sha256, SHA256), Digest::from_hex(Algorithm::Md5, MD5)];
        out.clear();
        write_line(&mut out, b"a,b", 3, &digests.map(Result::unwrap)).unwrap();
        assert_eq!(out, format!("3,{MD5},{SHA256},a,b\n").as_bytes());
        for name in [&b"a\nb"[..], b"a\r"] {
            assert!(write_line(&mut out, name, 0, &[]).is_err());
        }
    }
}

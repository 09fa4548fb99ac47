//! hashdeep 4.4: a header with the names of the columns, then `size,digest,...,name`.
//!
//! Fields are not quoted: the name is everything after the comma of the last digest, commas included. A name with LF,
//! or with CR at its end, cannot be carried. Columns of algorithms that hivesum lacks are
//! passed over, and the reader reports that.

use std::io::Write;

use super::carried::HASHDEEP_ALGORITHMS;
use super::entry::Claimed;
use super::filters::{RememberedFilters, filters_of_hashdeep_comment, write_hashdeep_comment};
use super::format::Format;
use super::forms::{LineForm, LineIs};
use super::names::{NotRepresentable, without_cr, write_hex};
use super::not_read::NotRead;
use super::record::Record;
use crate::digest::{Algorithm, Algorithms, Digest, unsupported_algorithm};

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

/// The columns between size and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// `None` for an algorithm that hivesum does not have.
    algorithms: Vec<Option<Algorithm>>,
    /// The names of those.
    left_out: Vec<String>,
}

/// Reads the lines of a hashdeep file.
#[derive(Debug, Default)]
pub(super) struct HashdeepLines {
    columns: Columns,
    filters: Option<RememberedFilters>,
}

impl LineForm for HashdeepLines {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let line = without_cr(line);
        if line.is_empty() || line.starts_with(b"#") || line == MAGIC {
            self.filters = filters_of_hashdeep_comment(line).or_else(|| self.filters.take());
            return LineIs::Ignored;
        }
        if let Some(names) = line.strip_prefix(COLUMNS) {
            let Some(columns) = Columns::parse(names) else { return LineIs::NotRead };
            self.columns = columns;
            return LineIs::Ignored;
        }
        match self.columns.parse_entry(line, record) {
            Some(()) => LineIs::Entry,
            None => LineIs::NotRead,
        }
    }

    fn filters(&self) -> Option<&RememberedFilters> {
        self.filters.as_ref()
    }

    fn why(&self) -> NotRead {
        match self.columns.has_none() {
            true => self.columns.left_out.iter().find_map(|name| unsupported_algorithm(name)).map(NotRead::Unsupported),
            false => None,
        }
        .unwrap_or(NotRead::Malformed)
    }

    fn left_out(&self) -> &[String] {
        &self.columns.left_out
    }
}

impl Columns {
    fn parse(names: &[u8]) -> Option<Self> {
        let names = std::str::from_utf8(names).ok()?.strip_prefix("size,")?.strip_suffix(",filename")?;
        let mut columns = Self::default();
        for name in names.split(',') {
            let algorithm = name.parse::<Algorithm>().ok();
            if algorithm.is_none() {
                columns.left_out.push(name.to_owned());
            }
            columns.algorithms.push(algorithm);
        }
        Some(columns)
    }

    /// Whether it has no column of an algorithm that hivesum has.
    fn has_none(&self) -> bool {
        self.algorithms.iter().all(Option::is_none)
    }

    fn parse_entry(&self, line: &[u8], record: &mut Record) -> Option<()> {
        if self.has_none() {
            return None;
        }
        let mut fields = line.splitn(self.algorithms.len() + 2, |&byte| byte == b',');
        record.size = Some(std::str::from_utf8(fields.next()?).ok()?.parse().ok()?);
        for column in &self.algorithms {
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
        let mut lines = HashdeepLines::default();
        let mut record = Record::default();
        assert_eq!(lines.read_line(header.as_bytes(), &mut record), LineIs::Ignored);
        (lines.read_line(line.as_bytes(), &mut record) == LineIs::Entry).then_some(record)
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
        let header = "%%%% size,md5,snefru,filename";
        let record = read(header, &format!("3,{MD5},{},x", "0".repeat(48))).unwrap();
        assert_eq!(record.digests.len(), 1);
        let mut lines = HashdeepLines::default();
        lines.read_line(header.as_bytes(), &mut Record::default());
        assert!(!lines.left_out().is_empty());
        assert_eq!(lines.left_out(), ["snefru"]);
    }

    #[test]
    fn lines_without_a_digest_that_can_be_computed_are_not_read_and_say_why() {
        let mut lines = HashdeepLines::default();
        lines.read_line(b"%%%% size,gost,filename", &mut Record::default());
        assert_eq!(lines.read_line(b"3,00,x", &mut Record::default()), LineIs::NotRead);
        assert_eq!(lines.why(), NotRead::Unsupported("GOST R 34.11-94"));
    }

    #[test]
    fn what_is_nearly_an_entry_is_malformed() {
        for line in ["x,{MD5},a", "3,{MD5}", "3,{MD5},", "3,zz,a", "-3,{MD5},a", "3,{MD5}0,a", "3"] {
            assert_eq!(read("%%%% size,md5,filename", &line.replace("{MD5}", MD5)), None, "{line}");
        }
        let mut record = Record::default();
        let before_the_header = HashdeepLines::default().read_line(b"3,00,a", &mut record);
        assert_eq!(before_the_header, LineIs::NotRead);
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

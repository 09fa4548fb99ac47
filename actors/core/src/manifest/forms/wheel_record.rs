//! `RECORD` of an installed Python package and of a wheel (PEP 376, PEP 627): rows `path,ALGORITHM=digest,size` in CSV.
//!
//! The digest is in the URL-safe alphabet of base64 without padding. Rows without one, as of RECORD itself, are
//! ignored. Paths are in UTF-8 and relative to the directory that holds `NAME.dist-info`, not to that of RECORD.
//! Written are digests that Python's `hashlib` has and that the PEPs allow: SHA-256 or better.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use csv_core::ReadRecordResult;

use super::super::carried::is_of_wheels;
use super::super::csv::write_field;
use super::super::entry::Claimed;
use super::super::record::Record;
use super::{LineForm, LineIs, MAX_BLOCK_BYTES, algorithm_of, claim, number, reads_all, valid_name};
use crate::digest::{Digest, MAX_DIGEST_BYTES};

/// Appends a row.
///
/// # Errors
/// Why the row cannot be written, to follow "a name that". Nothing is written then.
pub(in crate::manifest) fn write_row(
    out: &mut Vec<u8>,
    name: &[u8],
    digest: Digest,
    size: Option<u64>,
) -> Result<(), &'static str> {
    if std::str::from_utf8(name).is_err() {
        return Err("is not UTF-8");
    }
    if !is_of_wheels(digest.algorithm()) {
        return Err("has a digest of an algorithm that RECORD does not have");
    }
    write_field(out, name);
    let encoded = URL_SAFE_NO_PAD.encode(digest.as_bytes());
    // Writing to a vector never fails.
    let _ = write!(out, ",{}={encoded},", digest.algorithm().name());
    if let Some(size) = size {
        let _ = write!(out, "{size}");
    }
    out.push(b'\n');
    Ok(())
}

/// Reads a RECORD. A row with a line end in quotes goes over several lines.
#[derive(Debug, Default)]
pub(in crate::manifest) struct WheelRecord {
    row: Vec<u8>,
    is_open: bool,
    is_too_long: bool,
}

impl LineForm for WheelRecord {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        self.is_too_long |= self.row.len() + line.len() >= MAX_BLOCK_BYTES;
        if !self.is_too_long {
            self.row.extend_from_slice(line);
            self.row.push(b'\n');
        }
        let quotes = line.iter().filter(|&&byte| byte == b'"').count();
        self.is_open ^= quotes % 2 == 1;
        if self.is_open { LineIs::Ignored } else { self.close(record) }
    }

    fn end(&mut self, record: &mut Record) -> LineIs {
        if self.is_open { self.close(record) } else { LineIs::Ignored }
    }
}

impl WheelRecord {
    fn close(&mut self, record: &mut Record) -> LineIs {
        let row = std::mem::take(&mut self.row);
        let is_whole = !std::mem::take(&mut self.is_open) & !std::mem::take(&mut self.is_too_long);
        if !is_whole {
            return LineIs::NotRead;
        }
        if row.trim_ascii().is_empty() {
            return LineIs::Ignored;
        }
        read_row(&row, record).unwrap_or(LineIs::NotRead)
    }
}

/// Reads a row with its end.
fn read_row(row: &[u8], record: &mut Record) -> Option<LineIs> {
    let (mut text, mut ends) = (vec![0; row.len()], [0; 4]);
    let (outcome, _, _, fields) = csv_core::Reader::new().read_record(row, &mut text, &mut ends);
    if outcome != ReadRecordResult::Record || fields != 3 {
        return None;
    }
    let name = valid_name(&text[..ends[0]])?;
    let (digest, size) = (&text[ends[0]..ends[1]], &text[ends[1]..ends[2]]);
    if digest.is_empty() {
        return Some(LineIs::Ignored);
    }
    record.digests.push(read_digest(digest)?);
    record.size = if size.is_empty() { None } else { Some(number(size)?) };
    record.name.extend_from_slice(name);
    Some(LineIs::Entry)
}

fn read_digest(field: &[u8]) -> Option<Claimed> {
    let equals = field.iter().position(|&byte| byte == b'=')?;
    let mut room = [0; MAX_DIGEST_BYTES.next_multiple_of(3)];
    let length = URL_SAFE_NO_PAD.decode_slice(&field[equals + 1..], &mut room).ok()?;
    claim(algorithm_of(&field[..equals])?, &room[..length])
}

/// Whether the file is named as a RECORD is, or all of its rows are such rows.
pub(in crate::manifest) fn recognises(name: &[u8], head: &[u8]) -> bool {
    let is_named = name.ends_with(b".dist-info/RECORD");
    is_named || reads_all(WheelRecord::default(), head)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Outcomes, outcomes, read_all, show};
    use super::*;
    use crate::digest::Algorithm;

    /// Written by pip 23.2.1 at the installation of gemato 20.15, shortened.
    const RECORD: &str = "\
../../bin/gemato,sha256=VpidG7Bs00du8NQS8qUpQ1AcILnvZm1ps-_niEdLYdo,258
gemato-20.15.dist-info/INSTALLER,sha256=zuuue4knoyJ-UwPPXg8fezS7VCrXJQrAP7zeNuwvFQg,4
gemato-20.15.dist-info/RECORD,,
gemato-20.15.dist-info/REQUESTED,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0
gemato/__pycache__/__init__.cpython-311.pyc,,
";

    #[test]
    fn rows_are_read_with_their_sizes_and_rows_without_a_digest_are_ignored() {
        assert_eq!(
            show(&read_all(WheelRecord::default(), RECORD)),
            [
                "../../bin/gemato 258 sha256:56989d1b",
                "gemato-20.15.dist-info/INSTALLER 4 sha256:ceebae7b",
                "gemato-20.15.dist-info/REQUESTED 0 sha256:e3b0c442",
            ]
        );
        assert_eq!(outcomes(WheelRecord::default(), RECORD).not_read, 0);
        assert!(recognises(b"", RECORD.as_bytes()));
        let with_cr = RECORD.replace('\n', "\r\n");
        assert_eq!(show(&read_all(WheelRecord::default(), &with_cr)), show(&read_all(WheelRecord::default(), RECORD)));
    }

    const A: &str = "sha256=WJG1tSLV3whtD_CxEPvZ0hu0_HFjrzTQgoai6Eb2vgM";

    #[test]
    fn quoted_names_may_hold_commas_quotes_and_line_ends() {
        let text = format!("\"a,\"\"b\"\"\",{A},6\n\"c\r\nd\",{A},6\n");
        let names: Vec<_> = read_all(WheelRecord::default(), &text).into_iter().map(|record| record.name).collect();
        assert_eq!(names, [&b"a,\"b\""[..], b"c\r\nd"]);
    }

    #[test]
    fn what_is_nearly_a_row_is_not_read() {
        let short = &A[..A.len() - 1];
        let left_over = A.replace("vgM", "vgN");
        for row in [
            "a".to_owned(),
            format!("a,{A}"),
            format!("a,{A},6,x"),
            format!("a,{A},six"),
            format!(",{A},6"),
            format!("a,{A}=,6"),
            format!("a,{short},6"),
            format!("a,{left_over},6"),
            format!("a,foo={A},6"),
            format!("\"a,{A},6"),
        ] {
            assert_eq!(outcomes(WheelRecord::default(), &row), Outcomes { entries: 0, not_read: 1 }, "{row}");
            assert!(!recognises(b"RECORD", row.as_bytes()));
        }
        assert!(recognises(b"x-1.dist-info/RECORD", b""));
    }

    #[test]
    fn a_quoted_name_without_end_is_kept_only_up_to_a_bound() {
        let mut form = WheelRecord::default();
        for _ in 0..3 {
            assert_eq!(form.read_line(&vec![b'a'; MAX_BLOCK_BYTES / 2], &mut Record::default()), LineIs::NotRead);
        }
        let mut most = 0;
        form.read_line(b"\"", &mut Record::default());
        for _ in 0..5000 {
            assert_eq!(form.read_line(&[b'a'; 1000], &mut Record::default()), LineIs::Ignored);
            most = most.max(form.row.capacity());
        }
        assert!(most <= 2 * MAX_BLOCK_BYTES);
        assert_eq!(form.read_line(b"\"", &mut Record::default()), LineIs::NotRead);
        assert_eq!(form.read_line(format!("a,{A},6").as_bytes(), &mut Record::default()), LineIs::Entry);
    }

    #[test]
    fn a_written_row_is_as_pip_writes_it_and_what_record_lacks_is_refused() {
        let mut out = Vec::new();
        let digest =
            Digest::from_hex(Algorithm::Sha256, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
        write_row(&mut out, b"a,b", digest.unwrap(), Some(6)).unwrap();
        assert_eq!(out, format!("\"a,b\",{A},6\n").as_bytes());
        let md5 = Digest::new(Algorithm::Md5, &[0; 16]).unwrap();
        assert!(write_row(&mut out, b"a", md5, None).unwrap_err().contains("algorithm"));
        assert_eq!(write_row(&mut out, b"caf\xe9", digest.unwrap(), None), Err("is not UTF-8"));
        assert_eq!(out.len(), format!("\"a,b\",{A},6\n").len());
    }
}

//! CSV after RFC 4180: `path,size,modified_at,ALG...`, lines that end with CRLF, names as raw bytes.
//!
//! Only files with a digest have a row. Fields with a comma, a quote, CR or LF are quoted.

use std::io::Write;

use super::names::write_hex;
use crate::digest::Algorithms;
use crate::job::item::ItemRef;
use crate::job::rows::split_digests;

/// Appends the header.
pub fn write_header(out: &mut Vec<u8>, algorithms: &Algorithms) {
    out.extend_from_slice(b"path,size,modified_at");
    for algorithm in algorithms {
        out.push(b',');
        out.extend_from_slice(algorithm.name().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the row of a file with digests.
pub fn write_row(out: &mut Vec<u8>, item: &ItemRef<'_>) {
    write_field(out, item.path);
    // Writing into a vector never fails.
    let _ = write!(out, ",{},", item.meta.size);
    if let Some(modified_at) = modified_at(item) {
        let _ = write!(out, "{modified_at}");
    }
    for digest in split_digests(item.digests, item.algorithms) {
        out.push(b',');
        write_hex(out, digest.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Nothing for what was never a file, such as standard input: its times are all zero.
fn modified_at(item: &ItemRef<'_>) -> Option<jiff::Timestamp> {
    let known = (item.meta.mtime_ns, item.meta.ctime_ns) != (0, 0);
    let timestamp = jiff::Timestamp::from_nanosecond(i128::from(item.meta.mtime_ns)).ok();
    timestamp.filter(|_| known)
}

fn write_field(out: &mut Vec<u8>, field: &[u8]) {
    if !field.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::rows::{FileMeta, Stability, Status};

    fn row(path: &[u8], mtime_ns: i64) -> String {
        let algorithms = "crc32,md5".parse().unwrap();
        let meta = FileMeta { size: 3, mtime_ns, ctime_ns: mtime_ns, ..FileMeta::default() };
        let status = Status::Hashed(Stability::Stable);
        let mut out = Vec::new();
        write_row(&mut out, &ItemRef { path, meta, status, digests: &[0xab; 20], algorithms: &algorithms });
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_row_has_a_field_for_every_column_of_the_header() {
        let mut header = Vec::new();
        write_header(&mut header, &"crc32,md5".parse().unwrap());
        assert_eq!(header, b"path,size,modified_at,crc32,md5\r\n");
        let md5 = "ab".repeat(16);
        assert_eq!(row(b"a b", 1_500_000_000), format!("a b,3,1970-01-01T00:00:01.5Z,abababab,{md5}\r\n"));
        assert_eq!(row(b"-", 0), format!("-,3,,abababab,{md5}\r\n"));
    }

    #[test]
    fn names_with_commas_quotes_and_line_ends_are_quoted() {
        assert!(row(b"a,b", 1).starts_with("\"a,b\",3,"));
        assert!(row(b"a\"b", 1).starts_with("\"a\"\"b\",3,"));
        assert!(row(b"a\r\nb", 1).starts_with("\"a\r\nb\",3,"));
    }
}

//! SFV: `NAME CRC32`. The checksum is the last word of the line; lines that begin with `;` are comments.
//!
//! One blank before the checksum belongs to the format, all others to the name. Names with CR or LF, names that begin
//! with `;`, and names that begin as a byte order mark or gzip does cannot be carried: a line begins with its name, and
//! at the head of a file such a name would decide how the whole file is read.

use super::Format;
use super::entry::Claimed;
use super::forms::{LineForm, LineIs};
use super::input::begins_like_another;
use super::names::{NotRepresentable, is_blank, without_cr, write_hex};
use super::record::Record;
use crate::digest::Algorithm;

/// Hexadecimal digits of a CRC-32.
const DIGITS: usize = 8;

/// Appends one line.
///
/// # Errors
/// [`NotRepresentable`] for a name that a reader would read differently. Nothing is written then.
pub fn write_line(out: &mut Vec<u8>, name: &[u8], digest: &[u8]) -> Result<(), NotRepresentable> {
    let refuse = |why| Err(NotRepresentable { format: Format::Sfv, why });
    if name.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return refuse("holds CR or LF");
    }
    if name.starts_with(b";") {
        return refuse("begins with a semicolon");
    }
    if begins_like_another(name) {
        return refuse("begins with a byte order mark or as gzip does");
    }
    out.extend_from_slice(name);
    out.push(b' ');
    let from = out.len();
    write_hex(out, digest);
    // Upper case, as in the programs from which the format comes.
    out[from..].make_ascii_uppercase();
    out.push(b'\n');
    Ok(())
}

/// Reads the lines of an SFV file.
#[derive(Debug, Default)]
pub(super) struct SfvLines;

impl LineForm for SfvLines {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        if is_ignored(line) {
            return LineIs::Ignored;
        }
        match parse_line(line, record) {
            Some(()) => LineIs::Entry,
            None => LineIs::NotRead,
        }
    }
}

/// Whether the line, without its end, is a comment or blank.
fn is_ignored(line: &[u8]) -> bool {
    line.starts_with(b";") || without_cr(line).iter().all(|&byte| is_blank(byte))
}

/// Reads one line without its end. `None` if it is not an entry.
fn parse_line(line: &[u8], record: &mut Record) -> Option<()> {
    let line = without_cr(line).trim_ascii_end();
    let (rest, digits) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    let (&blank, name) = rest.split_last()?;
    if !is_blank(blank) || name.is_empty() || name.contains(&0) {
        return None;
    }
    record.digests.push(Claimed::tagged(Algorithm::Crc32, digits)?);
    record.name.extend_from_slice(name);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Vec<u8>> {
        let mut record = Record::default();
        parse_line(line.as_bytes(), &mut record).map(|()| record.name)
    }

    #[test]
    fn the_last_word_is_the_checksum_and_the_rest_is_the_name() {
        assert_eq!(read("a 352441C2").as_deref(), Some(&b"a"[..]));
        assert_eq!(read("a b\tc 352441c2\r").as_deref(), Some(&b"a b\tc"[..]));
        assert_eq!(read("a  352441c2  ").as_deref(), Some(&b"a "[..]));
        assert_eq!(read("00000000 352441c2").as_deref(), Some(&b"00000000"[..]));
        for line in ["", "a", "352441c2", " 352441c2", "a352441c2", "a 352441c", "a 352441cg", "a\0 352441c2"] {
            assert_eq!(read(line), None, "{line:?}");
        }
        assert!(is_ignored(b"; a 352441c2") && is_ignored(b" \t\r") && !is_ignored(b"a"));
    }

    #[test]
    fn what_a_line_cannot_carry_is_refused() {
        let mut out = Vec::new();
        for name in [&b"a\nb"[..], b"a\r", b";a", b"\xfe\xff", b"\xef\xbb\xbfa", b"\x1f\x8b"] {
            assert_eq!(write_line(&mut out, name, &[0; 4]).unwrap_err().format, Format::Sfv);
        }
        assert!(out.is_empty());
        write_line(&mut out, b"a b;", &[0x35, 0x24, 0x41, 0xc2]).unwrap();
        assert_eq!(out, b"a b; 352441C2\n");
    }
}

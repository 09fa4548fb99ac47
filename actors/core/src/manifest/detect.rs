//! Detects the format of a manifest from its first bytes, and from its name if these are not conclusive.

use std::io::{self, BufRead, Chain, Cursor, Read};

use super::checksums::is_entry;
use super::error::ReadOptions;
use super::lines::Limits;
use super::record::Record;
use super::{Format, bagit, hashdeep, json, sfv};

/// How many bytes are inspected.
const HEAD_BYTES: usize = 8 << 10;

/// The byte order mark of UTF-8. Only CSV, JSON and NDJSON may begin with one; in checksum lines it is content.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A reader whose first bytes were inspected and are read again.
pub type Seen<R> = Chain<Cursor<Vec<u8>>, R>;

/// Detects the format. It reads no further than the first line that is neither empty nor a comment.
///
/// # Errors
/// If the reader fails.
pub fn detect<R: BufRead>(mut reader: R, name: &[u8]) -> io::Result<(Format, Seen<R>)> {
    let mut head = Vec::new();
    while head.len() < HEAD_BYTES && first_content_line(&head).is_none() {
        let room = (HEAD_BYTES - head.len()) as u64;
        if reader.by_ref().take(room).read_until(b'\n', &mut head)? == 0 {
            break;
        }
    }
    let format = format_of(&head, name);
    if matches!(format, Format::Csv | Format::Json | Format::Ndjson) && head.starts_with(BOM) {
        head.drain(..BOM.len());
    }
    Ok((format, Cursor::new(head).chain(reader)))
}

/// The first complete line that is neither empty nor a comment, without its end.
fn first_content_line(head: &[u8]) -> Option<&[u8]> {
    let whole = &head[..head.iter().rposition(|&byte| byte == b'\n')?];
    whole.split(|&byte| byte == b'\n').find(|line| !is_blank_or_comment(line))
}

fn is_blank_or_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || line.trim_ascii().is_empty()
}

/// The format of a manifest with these first bytes and this name.
#[must_use]
pub fn format_of(head: &[u8], name: &[u8]) -> Format {
    let line =
        first_content_line(head).or_else(|| head.split(|&byte| byte == b'\n').rfind(|line| !is_blank_or_comment(line)));
    let line = line.unwrap_or_default();
    let bare = line.strip_prefix(BOM).unwrap_or(line).trim_ascii();
    if line.starts_with(hashdeep::MAGIC) {
        return Format::Hashdeep;
    }
    if bare.starts_with(b"{") {
        let head = head.strip_prefix(BOM).unwrap_or(head).trim_ascii_start();
        return if json::is_document(head) { Format::Json } else { Format::Ndjson };
    }
    if has_csv_header(bare) {
        return Format::Csv;
    }
    if bagit::algorithm_of_name(name).is_some() {
        return Format::Bagit;
    }
    let named_sfv = name.to_ascii_lowercase().ends_with(b".sfv");
    let is_checksum_line = is_entry(line, &ReadOptions::new(Limits::COMMAND_LINE));
    let is_sfv_line = sfv::is_ignored(line) || sfv::parse_line(line, &mut Record::default()).is_some();
    if !line.is_empty() && is_sfv_line && (named_sfv || !is_checksum_line) {
        return Format::Sfv;
    }
    Format::Gnu
}

fn has_csv_header(line: &[u8]) -> bool {
    let known = |word: &[u8]| {
        let word = std::str::from_utf8(word).unwrap_or_default();
        matches!(word, "path" | "size" | "modified_at") || word.parse::<crate::digest::Algorithm>().is_ok()
    };
    line.contains(&b',') && line.split(|&byte| byte == b',').all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_is_neither_empty_nor_a_comment_decides_the_format() {
        let sha256 = "0".repeat(64);
        for (text, name, format) in [
            ("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n", "", Format::Hashdeep),
            ("\u{feff}path,size,modified_at,sha256\r\n", "", Format::Csv),
            ("{\"algorithms\":[\"md5\"],\"items\":[\n", "", Format::Json),
            ("\n {\n\"items\": []}", "", Format::Json),
            ("{\"path\":\"a\",\"digests\":{}}\n", "", Format::Ndjson),
            ("; made by a program\na 00000000\n", "", Format::Sfv),
            ("a 352441C2\n", "", Format::Sfv),
            ("352441c2 352441c2\n", "", Format::Gnu),
            ("352441c2 352441c2\n", "x.SFV", Format::Sfv),
            ("352441c2  a\n", "", Format::Gnu),
            ("# comment\n\nSHA256 (a) = 00\n", "", Format::Gnu),
            ("", "", Format::Gnu),
            ("junk", "x.sfv", Format::Gnu),
        ] {
            assert_eq!(format_of(text.as_bytes(), name.as_bytes()), format, "{text:?} {name}");
        }
        let line = format!("{sha256}  data/a\n");
        assert_eq!(format_of(line.as_bytes(), b"bag/manifest-sha256.txt"), Format::Bagit);
        assert_eq!(format_of(line.as_bytes(), b"SHA256SUMS"), Format::Gnu);
    }

    #[test]
    fn inspected_bytes_are_read_again_and_their_number_is_bounded() {
        let text = format!("# c\n\n{}\nrest", "x".repeat(3 * HEAD_BYTES));
        let (format, mut seen) = detect(text.as_bytes(), b"").unwrap();
        assert_eq!(format, Format::Gnu);
        assert_eq!(seen.get_ref().0.get_ref().len(), HEAD_BYTES);
        let mut all = String::new();
        seen.read_to_string(&mut all).unwrap();
        assert_eq!(all, text);
        let (_, mut seen) = detect("\u{feff}path,md5\r\n".as_bytes(), b"").unwrap();
        all.clear();
        seen.read_to_string(&mut all).unwrap();
        assert_eq!(all, "path,md5\r\n");
    }
}

//! AIDE's database (AIDE 0.16 to 0.18): `@@db_spec` names the columns, then one file per line, digests in base64.
//!
//! Names are absolute, with `%HH` for bytes that are not plain; times are decimal seconds in base64; `0` is "not kept".
//! Only columns whose bytes are the same in every build of AIDE are read. CRC-32 and Tiger are not among them: the
//! mhash and libgcrypt libraries order their bytes differently from everyone else. Entries of directories and links are
//! ignored; one of a file without any digest that can be compared is not read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::entry::Claimed;
use super::super::record::Record;
use super::{LineForm, LineIs, algorithm_of, claim, lines_of, number, valid_name, without_cr, words};
use crate::digest::{Algorithm, MAX_DIGEST_BYTES};

/// The columns that are digests, other than those of the module's comment.
const DIGESTS: [&[u8]; 9] =
    [b"md5", b"sha1", b"sha256", b"sha512", b"rmd160", b"whirlpool", b"sha512_256", b"sha3_256", b"sha3_512"];

/// AIDE has some forty attributes.
const MAX_COLUMNS: usize = 64;

/// The bits of a mode that tell the type of a file, and those of a regular one (inode(7)).
const TYPE_BITS: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Perm,
    Size,
    Mtime,
    Digest(Algorithm),
    Other,
}

impl Column {
    fn of(word: &[u8]) -> Self {
        match word {
            b"name" => Self::Name,
            b"perm" => Self::Perm,
            b"size" => Self::Size,
            b"mtime" => Self::Mtime,
            word if DIGESTS.contains(&word) => algorithm_of(word).map_or(Self::Other, Self::Digest),
            _ => Self::Other,
        }
    }
}

/// Reads a database that is not packed.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Aide {
    columns: Vec<Column>,
}

impl LineForm for Aide {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let line = without_cr(line);
        if line.trim_ascii().is_empty() || line.starts_with(b"#") || is_bound(line) {
            return LineIs::Ignored;
        }
        if let Some(names) = line.strip_prefix(SPEC) {
            self.columns = words(names).take(MAX_COLUMNS).map(Column::of).collect();
            let is_usable = self.columns.contains(&Column::Name) && words(names).count() <= MAX_COLUMNS;
            return if is_usable { LineIs::Ignored } else { LineIs::NotRead };
        }
        self.read_entry(line, record).unwrap_or(LineIs::NotRead)
    }
}

/// The start of the line with the names of the columns.
const SPEC: &[u8] = b"@@db_spec ";

fn is_bound(line: &[u8]) -> bool {
    matches!(line.trim_ascii_end(), b"@@begin_db" | b"@@end_db")
}

impl Aide {
    fn read_entry(&self, line: &[u8], record: &mut Record) -> Option<LineIs> {
        if words(line).take(MAX_COLUMNS + 1).count() != self.columns.len() {
            return None;
        }
        let mut is_regular = None;
        for (column, field) in self.columns.iter().zip(words(line)) {
            match column {
                Column::Name => record.name.extend_from_slice(valid_name(&unescape(field)?)?),
                Column::Perm => is_regular = Some(mode_of(field)? & TYPE_BITS == REGULAR),
                Column::Size => record.size = Some(number(field)?),
                Column::Mtime if field != b"0" => record.modified_at = Some(time_of(field)?.into()),
                Column::Digest(algorithm) if field != b"0" => record.digests.push(digest_of(*algorithm, field)?),
                Column::Mtime | Column::Digest(_) | Column::Other => {}
            }
        }
        match (record.digests.is_empty() || record.name.is_empty(), is_regular) {
            (false, _) => Some(LineIs::Entry),
            (true, Some(true)) => None,
            (true, Some(false) | None) => Some(LineIs::Ignored),
        }
    }
}

fn mode_of(field: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(field).ok()?, 8).ok()
}

fn time_of(field: &[u8]) -> Option<jiff::Timestamp> {
    // Nineteen digits and a sign are the longest time.
    let mut room = [0; 21];
    let length = STANDARD.decode_slice(field, &mut room).ok()?;
    jiff::Timestamp::from_second(std::str::from_utf8(&room[..length]).ok()?.parse().ok()?).ok()
}

fn digest_of(algorithm: Algorithm, field: &[u8]) -> Option<Claimed> {
    let mut room = [0; MAX_DIGEST_BYTES.next_multiple_of(3)];
    let length = STANDARD.decode_slice(field, &mut room).ok()?;
    claim(algorithm, &room[..length])
}

fn unescape(field: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        name.extend_from_slice(&rest[..at]);
        let (digits, after) = rest[at + 1..].split_at_checked(2)?;
        let mut byte = [0];
        hex::decode_to_slice(digits, &mut byte).ok()?;
        name.extend_from_slice(&byte);
        rest = after;
    }
    name.extend_from_slice(rest);
    Some(name)
}

/// Whether the text is a database: it begins one and names columns.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    let mut lines = lines_of(head).map(without_cr).filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    lines.next().is_some_and(|line| line.starts_with(b"@@begin_db")) && lines.any(|line| line.starts_with(SPEC))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{outcomes, read_all, show};
    use super::*;

    /// Made by `aide --init` of AIDE 0.18.3 with the groups `R+sha256` and, for `/t/b`, `R+tiger+crc32`, shortened.
    const DATABASE: &str = "@@begin_db
# This file was generated by Aide, version 0.18.3
# Time of generation was 2026-11-28 21:28:17
@@db_spec name lname perm uid gid size ctime mtime inode lcount md5 tiger crc32 attr acl sha256
/t 0 40755 0 0 4096 MTc5NTkwMTE2Mg== MTcwMDAwMDAwMA== 10093110 3 0 0 0 111671249853 POSIX,dXNlcg==,0 0
/t/a 0 100644 0 0 6 MTc5NTkwMTE2Mg== MTcwMDAwMDAwMA== 10093117 1 sZRqySSS0jR8YjW00mERhA== 0 0 114892479421 POSIX,dXNlcg==,0 WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=
/t/dir/sub/caf%C3%A9 0 100644 0 0 1 MTc5NTkwMTE2Mg== MTcwMDAwMDAwMA== 10134562 1 +63p42o/NtPWdsG4CEUd1w== 0 0 114892479421 POSIX,dXNlcg==,0 0
/t/del%7F%1B%80%FFz 0 100644 0 0 1 MTc5NTkwMTE2Mg== MTcwMDAwMDAwMA== 10093124 1 qH/2eaLz5x2RgaZ7dUISLA== 0 0 114892479421 POSIX,dXNlcg==,0 0
/t/link a 120777 0 0 1 MTc5NTkwMTE2Mg== MTcwMDAwMDAwMA== 10093125 1 0 0 0 42949675967 0 0
/t/b 0 100644 0 0 6 MTc5NTkwMTE2Mg== MTcwMDAwMDAwMA== 10093117 1 0 eLk3U350KbWmmWcm3QHEGKxsFM4TUBaT 4oDAwQ== 132072864701 POSIX,dXNlcg==,0 0
@@end_db
";

    #[test]
    fn files_are_read_with_size_time_and_digests() {
        let records = read_all(Aide::default(), DATABASE);
        assert_eq!(
            show(&records),
            [
                "/t/a 6 md5:b1946ac9 sha256:5891b5b5",
                "/t/dir/sub/café 1 md5:fbade9e3",
                "/t/del\\x7f\\x1b\\x80\\xffz 1 md5:a87ff679",
            ]
        );
        assert!(records.iter().all(|record| record.modified_at == Some("2023-11-14T22:13:20Z".parse().unwrap())));
        assert!(recognises(b"", DATABASE.as_bytes()));
    }

    #[test]
    fn a_file_with_digests_that_differ_between_builds_of_aide_alone_is_not_read() {
        assert_eq!(outcomes(Aide::default(), DATABASE).not_read, 1, "/t/b has CRC-32 and Tiger alone");
    }

    #[test]
    fn an_entry_with_bad_fields_is_not_read() {
        let spec = "@@db_spec name perm size mtime md5\n";
        let good = "/a 100644 6 MTcwMDAwMDAwMA== sZRqySSS0jR8YjW00mERhA==";
        assert_eq!(outcomes(Aide::default(), format!("{spec}{good}")).entries, 1);
        for (from, to) in [("/a", "/a%4"), ("/a", "/a%zz"), ("/a", "/%00"), ("100644", "9"), (" 6 ", " six ")]
            .into_iter()
            .chain([("MTcw", "MTc"), ("sZRq", "sZRqsZRq"), ("sZRq", "s*Rq"), ("/a", "/a b"), ("/a ", "")])
        {
            let text = format!("{spec}{}", good.replacen(from, to, 1));
            assert_eq!(outcomes(Aide::default(), &text).not_read, 1, "{text}");
        }
        assert_eq!(outcomes(Aide::default(), good).not_read, 1, "before the names of the columns");
        let many = format!("@@db_spec name {}\n", "x ".repeat(100));
        assert_eq!(outcomes(Aide::default(), &many).not_read, 1);
    }

    #[test]
    fn other_texts_are_not_taken() {
        for text in ["", "@@begin_db\n", "@@db_spec name md5\n", "d41d8cd98f00b204e9800998ecf8427e  @@begin_db\n"] {
            assert!(!recognises(b"aide.db", text.as_bytes()), "{text}");
        }
    }
}

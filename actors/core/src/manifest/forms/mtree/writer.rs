//! Writing mtree specifications: full paths, as NetBSD's mtree and libarchive's bsdtar read them.
//!
//! A directory has a line before its first entry, because mtree knows no entry in a directory that it was not told of.
//! Digests have the words that both programs read. mtree takes `*`, `?` and `[` in a name for a pattern even if they
//! are escaped; bsdtar does not.

use std::io::Write as _;

use super::super::super::names::write_hex;
use super::super::super::record::Record;
use super::super::valid_name;
use super::vis;
use crate::digest::Algorithm;

/// The words of digests, by the names of their algorithms.
const WORDS: [(&str, &str); 6] = [
    ("md5", "md5digest"),
    ("sha1", "sha1digest"),
    ("sha256", "sha256digest"),
    ("sha384", "sha384digest"),
    ("sha512", "sha512digest"),
    ("ripemd160", "rmd160digest"),
];

fn word_of(algorithm: Algorithm) -> Option<&'static str> {
    WORDS.iter().find(|(name, _)| *name == algorithm.name()).map(|(_, word)| *word)
}

/// Writes a specification. It remembers the directory of the last entry, and nothing else.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Writer {
    directory: Vec<u8>,
}

impl Writer {
    /// Appends the first lines: the signature, and the root.
    pub(in crate::manifest) fn write_header(out: &mut Vec<u8>) {
        out.extend_from_slice(b"#mtree\n. type=dir\n");
    }

    /// Appends the line of a file, and those of the directories that it is in. A leading `./` is not kept.
    ///
    /// # Errors
    /// Why the record cannot be written, to follow "a name that". Nothing is written then.
    pub(in crate::manifest) fn write_line(&mut self, out: &mut Vec<u8>, record: &Record) -> Result<(), &'static str> {
        let name = record.name.strip_prefix(b"./").unwrap_or(&record.name);
        check_name(name)?;
        let digests = words_of(record)?;
        self.write_directories(out, name);
        out.extend_from_slice(b"./");
        vis::encode(out, name);
        out.extend_from_slice(b" type=file");
        // Writing to a vector never fails.
        if let Some(size) = record.size {
            let _ = write!(out, " size={size}");
        }
        if let Some(at) = record.modified_at {
            let (second, part) = (at.as_ns().div_euclid(1_000_000_000), at.as_ns().rem_euclid(1_000_000_000));
            let _ = write!(out, " time={second}.{part:09}");
        }
        for (word, bytes) in digests {
            let _ = write!(out, " {word}=");
            write_hex(out, bytes);
        }
        out.push(b'\n');
        Ok(())
    }

    /// Appends the directories of a name that the last one was not in.
    fn write_directories(&mut self, out: &mut Vec<u8>, name: &[u8]) {
        for at in (0..name.len()).filter(|&at| name[at] == b'/') {
            let directory = &name[..at];
            let known = self.directory.strip_prefix(directory).is_some_and(|rest| matches!(rest, [] | [b'/', ..]));
            if !known {
                out.extend_from_slice(b"./");
                vis::encode(out, directory);
                out.extend_from_slice(b" type=dir\n");
            }
        }
        let end = name.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        self.directory.clear();
        self.directory.extend_from_slice(&name[..end]);
    }
}

fn check_name(name: &[u8]) -> Result<(), &'static str> {
    if valid_name(name).is_none() {
        return Err("is empty or has a NUL");
    }
    if name.starts_with(b"/") {
        return Err("is absolute");
    }
    let is_plain = |part: &[u8]| !matches!(part, b"" | b"." | b"..");
    if name.split(|&byte| byte == b'/').all(is_plain) { Ok(()) } else { Err("has an empty part, `.` or `..`") }
}

/// The words and the bytes of the digests.
fn words_of(record: &Record) -> Result<Vec<(&'static str, &[u8])>, &'static str> {
    let word = |tag: Option<Algorithm>| tag.and_then(word_of);
    let words: Option<Vec<_>> =
        record.digests.iter().map(|digest| Some((word(digest.tag())?, digest.as_bytes()))).collect();
    words.filter(|words| !words.is_empty()).ok_or("has no digest, or one of an algorithm that mtree does not have")
}

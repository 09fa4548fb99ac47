//! mtree specifications (mtree(5) of NetBSD, FreeBSD and libarchive; Arch's `.MTREE` is one, in gzip).
//!
//! Entries are nested (`dir type=dir`, its entries, `..`), full paths, or paths at the end of the line (`mtree -D`).
//! `/set` and `/unset` are followed for the type alone. Only files are entries; directories, links and devices are
//! ignored, and a file without a digest that hivesum has is not read. Names are relative to the root of the
//! specification, without a leading `./`. What stands below a directory whose name cannot be read is not read either.

use self::keywords::{Facts, Kind};
use super::super::record::Record;
use super::{LineForm, LineIs, MAX_BLOCK_BYTES, lines_of, valid_name, without_cr, words};

mod keywords;
mod vis;
mod writer;

pub(in crate::manifest) use writer::Writer;

/// The longest path of a directory; paths of Linux have at most 4096 bytes.
const MAX_DIRECTORY_BYTES: usize = 1 << 16;

/// Reads a specification.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Mtree {
    /// An entry whose lines go on, without the backslashes.
    entry: Vec<u8>,
    goes_on: bool,
    is_too_long: bool,
    /// The directory that nested entries are in: empty, or a path that begins with the name of the root, `.`.
    directory: Vec<u8>,
    /// How many directories further down it is, of which no path can be told.
    unnamed: u64,
    default_kind: Option<Kind>,
}

impl LineForm for Mtree {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let line = without_cr(line);
        if !self.goes_on && (line.trim_ascii().is_empty() || line.trim_ascii_start().starts_with(b"#")) {
            return LineIs::Ignored;
        }
        let line = without_comment(line);
        self.goes_on = vis::ends_with_backslash(line);
        let part = &line[..line.len() - usize::from(self.goes_on)];
        let room = MAX_BLOCK_BYTES - self.entry.len();
        self.is_too_long |= part.len() > room;
        self.entry.extend_from_slice(&part[..part.len().min(room)]);
        if self.goes_on { LineIs::Ignored } else { self.close(record) }
    }

    fn end(&mut self, record: &mut Record) -> LineIs {
        if self.goes_on { self.close(record) } else { LineIs::Ignored }
    }
}

/// The line without a comment, which begins at a `#` after a blank. A `#` in a name is escaped.
fn without_comment(line: &[u8]) -> &[u8] {
    let at = line.windows(2).position(|pair| matches!(pair, b" #" | b"\t#"));
    at.map_or(line, |at| &line[..at])
}

impl Mtree {
    /// Reads the entry whose last line was read.
    fn close(&mut self, record: &mut Record) -> LineIs {
        let entry = std::mem::take(&mut self.entry);
        self.goes_on = false;
        let is_whole = !std::mem::take(&mut self.is_too_long);
        let parts: Vec<&[u8]> = words(&entry).collect();
        match parts[..] {
            [] => LineIs::Ignored,
            [b"/set", ref keywords @ ..] => self.set(keywords),
            [b"/unset", ref keywords @ ..] => self.unset(keywords),
            [b".."] => self.leave(),
            [ref keywords @ .., name] if is_path(name) && !keywords.is_empty() && !is_path(keywords[0]) => {
                self.read_entry(name, Facts::of(keywords, is_whole), record)
            }
            [name, ref keywords @ ..] => self.read_entry(name, Facts::of(keywords, is_whole), record),
        }
    }

    fn set(&mut self, keywords: &[&[u8]]) -> LineIs {
        let facts = Facts::of(keywords, true);
        self.default_kind = facts.kind.or(self.default_kind);
        if facts.is_valid { LineIs::Ignored } else { LineIs::NotRead }
    }

    fn unset(&mut self, keywords: &[&[u8]]) -> LineIs {
        if keywords.iter().any(|keyword| matches!(*keyword, b"type" | b"all")) {
            self.default_kind = None;
        }
        LineIs::Ignored
    }

    /// Goes up to the directory above.
    fn leave(&mut self) -> LineIs {
        if self.unnamed > 0 {
            self.unnamed -= 1;
            return LineIs::Ignored;
        }
        if self.directory.is_empty() {
            return LineIs::NotRead;
        }
        self.directory.truncate(self.directory.iter().rposition(|&byte| byte == b'/').unwrap_or(0));
        LineIs::Ignored
    }

    fn read_entry(&mut self, written: &[u8], facts: Facts, record: &mut Record) -> LineIs {
        let is_nested = !written.contains(&b'/');
        // A slash in a nested name would be another directory.
        let name = vis::decode(written).filter(|name| !is_nested || !name.contains(&b'/'));
        match facts.kind.or(self.default_kind) {
            Some(Kind::Directory) if is_nested => return self.enter(name.as_deref()),
            Some(Kind::Directory | Kind::Other) => return LineIs::Ignored,
            None if facts.says_nothing() => return LineIs::Ignored,
            Some(Kind::File) | None => {}
        }
        let is_lost = is_nested && self.unnamed > 0;
        match name {
            Some(name) if !is_lost && facts.is_valid && !facts.digests.is_empty() => {
                self.put_name(&name, is_nested, record);
                (record.size, record.modified_at, record.digests) = (facts.size, facts.modified_at, facts.digests);
                valid_name(&record.name).map_or(LineIs::NotRead, |_| LineIs::Entry)
            }
            Some(_) | None => LineIs::NotRead,
        }
    }

    fn put_name(&self, name: &[u8], is_nested: bool, record: &mut Record) {
        if is_nested && !self.directory.is_empty() {
            record.name.extend_from_slice(&self.directory);
            record.name.push(b'/');
        }
        record.name.extend_from_slice(name);
        if record.name.starts_with(b"./") {
            record.name.drain(..2);
        }
    }

    /// Goes down into a directory. It is not read if its path cannot be told.
    fn enter(&mut self, name: Option<&[u8]>) -> LineIs {
        let fits = |name: &&[u8]| self.directory.len() + name.len() < MAX_DIRECTORY_BYTES;
        let Some(name) = name.and_then(valid_name).filter(fits).filter(|_| self.unnamed == 0) else {
            self.unnamed = self.unnamed.saturating_add(1);
            return LineIs::NotRead;
        };
        if !self.directory.is_empty() {
            self.directory.push(b'/');
        }
        self.directory.extend_from_slice(name);
        LineIs::Ignored
    }
}

/// Whether a word can only be a path: the root, or below it.
fn is_path(word: &[u8]) -> bool {
    word == b"." || word.starts_with(b"./")
}

/// Whether the text is a specification: it says so in its first line, or begins with defaults or with paths.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    const SIGNATURE: &[u8] = b"#mtree";
    let is_comment = |line: &&[u8]| !line.starts_with(b"#") && !line.trim_ascii().is_empty();
    let first = lines_of(head).find(is_comment).unwrap_or_default();
    let parts: Vec<&[u8]> = words(without_cr(first)).take(64).collect();
    let begins_as_one = match parts[..] {
        [b"/set", ..] => true,
        [ref keywords @ .., name] if is_path(name) => keywords.iter().any(|word| keywords::is_attribute(word)),
        [name, ref keywords @ ..] => is_path(name) && keywords.iter().any(|word| keywords::is_attribute(word)),
        [] => false,
    };
    head.starts_with(SIGNATURE) || begins_as_one
}

#[cfg(test)]
mod tests;

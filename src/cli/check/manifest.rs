//! Reads one manifest into pages: entries with the names of their files and the algorithms to compute.
//!
//! Pages are small as long as the algorithm of an entry is undecided. An entry with several digests stays one entry.

use std::borrow::Cow;

use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::{Candidates, Form, ManifestError, ManifestReader, NotRead, ReadOptions, Record};

use super::backslashes::Backslashes;
use super::page::{End, PAGE_ENTRIES, Page, PageEntry};
use super::source::{Text, expected, read_again, read_error, reader};
use crate::cli::naming::Naming;
use crate::cli::skipped_rows::SkippedRows;

/// Undecided entries of the first page that has some.
const FIRST_UNDECIDED: usize = 32;

/// Where a manifest comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A file: its entry `-` stands for standard input.
    File,
    /// Standard input: it cannot contain an entry for itself.
    Stdin,
}

/// How far a manifest was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// The page is full.
    Full,
    /// The results of the page decide which algorithms the following entries need.
    Undecided,
    /// To its end.
    Ended,
}

/// A manifest that is being read.
pub(super) struct Manifest {
    reader: ManifestReader<'static>,
    expected: Algorithm,
    /// How many undecided entries the page may get.
    undecided_entries: usize,
    entries: Entries,
}

/// How the entries of a manifest become those of a page.
struct Entries {
    origin: Origin,
    /// The algorithms that untagged lines may be of.
    candidates: Candidates,
    naming: Naming,
    names_without_prefix: u64,
    backslashes: Backslashes,
    without_digest: u64,
    skipped: SkippedRows,
}

impl Manifest {
    /// Detects the form from the text and the name of the manifest. Lines that end with NUL are checksum lines.
    ///
    /// # Errors
    /// Why its beginning cannot be read, as it is told.
    pub(super) fn open(
        text: Text,
        name: &[u8],
        origin: Origin,
        options: ReadOptions,
        naming: Naming,
    ) -> Result<Self, String> {
        let reader = reader(text, name, options).map_err(|error| read_error(&error))?;
        let backslashes = Backslashes::new(match origin {
            Origin::File => read_again(name, options),
            Origin::Stdin => None,
        });
        let candidates = reader.candidates().clone();
        // The file of a bare digest lies beside its manifest already.
        let naming = if reader.form() == Form::Bare { Naming::default() } else { naming };
        let skipped = SkippedRows::default();
        let entries =
            Entries { origin, candidates, naming, names_without_prefix: 0, backslashes, without_digest: 0, skipped };
        Ok(Self { reader, expected: expected(options.hint()), undecided_entries: FIRST_UNDECIDED, entries })
    }

    /// The algorithm that a malformed line is assumed to be of.
    pub(super) const fn expected(&self) -> Algorithm {
        self.expected
    }

    /// The algorithms that untagged digests may be of.
    pub(super) const fn candidates(&self) -> &Candidates {
        &self.entries.candidates
    }

    /// Replaces the candidates by those that matches have left.
    pub(super) fn narrow(&mut self, candidates: &Candidates) {
        if self.entries.candidates != *candidates {
            self.entries.candidates.clone_from(candidates);
        }
    }

    /// Reads until the page is full, the next entries depend on its results, or the manifest ends.
    pub(super) fn read_into(&mut self, page: &mut Page) -> Reading {
        let mut undecided = 0;
        let read = loop {
            if page.is_full() || undecided >= self.undecided_entries {
                return self.interrupt(undecided);
            }
            match self.reader.next_record() {
                Ok(Some((line, Err(why)))) => page.entries.push(PageEntry::NotRead(line, why)),
                Ok(Some((line, Ok(record)))) => undecided += usize::from(self.entries.add(page, line, record)),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        page.entries.push(PageEntry::End(self.end(read)));
        Reading::Ended
    }

    fn interrupt(&mut self, undecided: usize) -> Reading {
        if undecided == 0 {
            return Reading::Full;
        }
        self.undecided_entries = PAGE_ENTRIES.min(self.undecided_entries * 4);
        Reading::Undecided
    }

    fn end(&self, read: Result<(), ManifestError>) -> End {
        End {
            read: read.map_err(|error| read_error(&error)),
            leaves_digests_out: self.reader.leaves_digests_out(),
            without_digest: self.entries.without_digest,
            skipped: self.entries.skipped,
            names_told: self.entries.naming.told_of(self.entries.names_without_prefix),
        }
    }
}

impl Entries {
    /// Adds an entry. Returns whether some of its digests may be of several algorithms.
    fn add(&mut self, page: &mut Page, line: u64, record: &Record) -> bool {
        let claims = &record.digests[..];
        if claims.is_empty() {
            self.without_digest += u64::from(!self.skipped.add(record.status));
            return false;
        }
        if record.name == b"-" {
            match self.origin {
                Origin::File => page.push_stdin(claims),
                Origin::Stdin => page.entries.push(PageEntry::NotRead(line, NotRead::Malformed)),
            }
            return false;
        }
        let opened = self.opened(&record.name, line, page);
        let shown = (*opened != record.name).then_some(&record.name[..]);
        let sets: Vec<_> = claims.iter().map(|claimed| self.candidates.of(claimed).unwrap_or_default()).collect();
        match Algorithms::new(sets.iter().flatten()) {
            Ok(all) => page.push_file(&opened, shown, claims, all),
            // More algorithms than one set holds: one entry for each digest.
            Err(_) => claims.iter().zip(&sets).for_each(|(claimed, set)| {
                page.push_file(&opened, shown, std::slice::from_ref(claimed), *set);
            }),
        }
        sets.iter().any(|set| set.len() > 1)
    }

    /// The name under which the file is opened.
    fn opened<'n>(&mut self, name: &'n [u8], line: u64, page: &mut Page) -> Cow<'n, [u8]> {
        self.names_without_prefix += u64::from(self.naming.lacks_prefix(name));
        let opened = self.naming.map(name);
        let translated = self.backslashes.translate(name, &opened, || self.naming.map_backslashes(name));
        if let Some(told) = self.backslashes.take_told(line) {
            page.entries.push(PageEntry::Told(told));
        }
        translated.map_or(opened, Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use hivesum_core::manifest::Limits;

    use super::*;
    use crate::cli::check::page::{Listed, Next};

    fn manifest(text: String) -> Manifest {
        let options = ReadOptions::new(Limits::COMMAND_LINE);
        let text = Box::new(std::io::Cursor::new(text.into_bytes()));
        Manifest::open(text, b"", Origin::File, options, Naming::default()).unwrap()
    }

    fn page(manifest: &mut Manifest) -> (Page, Reading) {
        let mut page = Page::default();
        let reading = manifest.read_into(&mut page);
        (page, reading)
    }

    #[test]
    fn a_page_groups_names_by_algorithms() {
        let (md5, sha) = ("0".repeat(32), "1".repeat(64));
        let text = format!("{md5}  a\n{sha}  b\nSHA256 (c) = {sha}\n{md5}  d\njunk\n{sha}  -\n");
        let (page, reading) = page(&mut manifest(text));
        assert_eq!((reading, page.next), (Reading::Ended, Next::Anytime));
        let lists: Vec<_> = page.lists.iter().map(|list| (list.algorithms, list.names.len())).collect();
        assert!(lists[0].0.contains(Algorithm::Md5) && lists[1].0.contains(Algorithm::Blake3), "{lists:?}");
        assert_eq!((lists[0].1, lists[1].1, lists[2]), (2, 1, (Algorithms::single(Algorithm::Sha256), 1)));
        assert!(matches!(page.entries[4], PageEntry::NotRead(5, NotRead::Malformed)));
        assert!(matches!(page.entries[5], PageEntry::Stdin(_)));
        assert!(matches!(page.entries[6], PageEntry::End(_)));
    }

    #[test]
    fn a_record_with_several_digests_is_one_entry() {
        let text = format!("path,md5,crc32\r\na,{},{}\r\nb,,\r\n", "0".repeat(32), "1".repeat(8));
        let (page, _) = page(&mut manifest(text));
        let [PageEntry::File(Listed { claims, list: 0, .. }), rest @ ..] = &page.entries[..] else {
            panic!("{:?}", page.entries)
        };
        assert_eq!((claims.clone(), page.lists[0].algorithms.to_string()), (0..2, "md5,crc32".to_owned()));
        assert!(!rest.is_empty());
    }

    #[test]
    fn pages_are_small_until_the_algorithm_is_decided() {
        let mut manifest = manifest(format!("{}  a\n", "1".repeat(64)).repeat(20_000));
        for entries in [FIRST_UNDECIDED, 4 * FIRST_UNDECIDED] {
            let (page, reading) = page(&mut manifest);
            assert_eq!((page.entries.len(), reading), (entries, Reading::Undecided));
        }
        let options = ReadOptions { asked: Some(Algorithm::Blake3), ..ReadOptions::new(Limits::COMMAND_LINE) };
        manifest.narrow(&Candidates::new(options.hint()));
        let (page, reading) = page(&mut manifest);
        assert_eq!((page.entries.len(), reading), (PAGE_ENTRIES, Reading::Full), "the page after the decision");
    }
}

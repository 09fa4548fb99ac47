//! Splits a manifest into pages. A page holds entries in order, and one list of file names for each set of algorithms.
//!
//! Pages bound the memory that is used, and their lists are the scans that the engine runs in parallel. As long as the
//! algorithm of a manifest is undecided, pages are small, because every file is hashed with two algorithms until one of
//! them matches.

use std::io::BufRead;

use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::{Claimed, Entry, Found, ManifestError};
use hivesum_core::result::NameList;

use super::source::Source;

/// Entries of a page: enough to keep every hasher busy, about 1 MiB.
const PAGE_ENTRIES: usize = 8192;

/// Entries of the first page while the algorithm is undecided.
const FIRST_PAGE_ENTRIES: usize = 32;

/// One entry of a manifest, or a line that is neither an entry nor a comment.
#[derive(Debug)]
pub(super) enum PageEntry {
    /// A malformed line; its number.
    Malformed(u64),
    /// The next file of the list with this index.
    File { digest: Claimed, list: usize },
    /// Standard input, which a manifest in a file may name `-`.
    Stdin(Claimed),
}

/// Files that are hashed with the same algorithms.
#[derive(Debug)]
pub(super) struct FileList {
    pub(super) algorithms: Algorithms,
    pub(super) names: NameList,
}

/// Consecutive entries of a manifest.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<PageEntry>,
    pub(super) lists: Vec<FileList>,
    /// Some digests may be SHA-256 or BLAKE3: read the next page only after this one was checked.
    pub(super) undecided: bool,
}

/// Where a manifest comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A file: its entry `-` stands for standard input.
    File,
    /// Standard input: it cannot contain an entry for itself.
    Stdin,
}

/// Reads a manifest page by page.
pub(super) struct Pages<R> {
    source: Source<R>,
    origin: Origin,
    /// The algorithm of untagged lines, once it is known.
    untagged: Option<Algorithm>,
    entries: usize,
}

impl<R: BufRead> Pages<R> {
    /// `untagged` is the algorithm given by `-a` or by the name of the manifest.
    pub(super) fn new(source: Source<R>, origin: Origin, untagged: Option<Algorithm>) -> Self {
        let entries = if untagged.is_some() { PAGE_ENTRIES } else { FIRST_PAGE_ENTRIES };
        Self { source, origin, untagged, entries }
    }

    /// Sets the algorithm of untagged lines, after a match has decided it.
    pub(super) fn decide(&mut self, algorithm: Algorithm) {
        self.untagged = Some(algorithm);
        self.entries = PAGE_ENTRIES;
    }

    /// The next page, and the error that ends it. An empty page is the end of the manifest.
    pub(super) fn next_page(&mut self) -> (Page, Option<ManifestError>) {
        let mut page = Page::default();
        while page.entries.len() < self.entries {
            match self.source.next_entry() {
                Ok(Some((line, Found::Malformed))) => page.entries.push(PageEntry::Malformed(line)),
                Ok(Some((line, Found::Entry(entry)))) => page.add(line, &entry, self.origin, self.untagged),
                Ok(None) => return (page, None),
                Err(error) => return (page, Some(error)),
            }
        }
        self.entries = PAGE_ENTRIES.min(self.entries * 4);
        (page, None)
    }
}

impl Page {
    fn add(&mut self, line: u64, entry: &Entry<'_>, origin: Origin, untagged: Option<Algorithm>) {
        let is_dash = &*entry.name == b"-";
        let listed = match origin {
            Origin::Stdin if is_dash => PageEntry::Malformed(line),
            Origin::File if is_dash => PageEntry::Stdin(entry.digest),
            Origin::File | Origin::Stdin => {
                let algorithms = entry.digest.possible(untagged);
                self.undecided |= algorithms.len() > 1;
                let list = self.list(algorithms);
                self.lists[list].names.push(&entry.name);
                PageEntry::File { digest: entry.digest, list }
            }
        };
        self.entries.push(listed);
    }

    fn list(&mut self, algorithms: Algorithms) -> usize {
        self.lists.iter().position(|list| list.algorithms == algorithms).unwrap_or_else(|| {
            self.lists.push(FileList { algorithms, names: NameList::new() });
            self.lists.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_core::manifest::{Limits, ReadOptions};

    fn pages(text: &str) -> Pages<&[u8]> {
        let source = Source::open(text.as_bytes(), b"", ReadOptions::new(Limits::COMMAND_LINE)).unwrap();
        Pages::new(source, Origin::File, None)
    }

    #[test]
    fn a_page_groups_names_by_algorithms() {
        let (md5, sha) = ("0".repeat(32), "1".repeat(64));
        let text = format!("{md5}  a\n{sha}  b\nSHA256 (c) = {sha}\n{md5}  d\njunk\n{sha}  -\n");
        let (page, error) = pages(&text).next_page();
        assert!(error.is_none() && page.undecided);
        let lists: Vec<_> = page.lists.iter().map(|list| (list.algorithms.to_string(), list.names.len())).collect();
        assert_eq!(lists, [("md5".to_owned(), 2), ("sha256,blake3".to_owned(), 1), ("sha256".to_owned(), 1)]);
        assert!(matches!(page.entries[4], PageEntry::Malformed(5)));
        assert!(matches!(page.entries[5], PageEntry::Stdin(_)));
    }

    #[test]
    fn pages_are_small_until_the_algorithm_is_decided() {
        let line = format!("{}  a\n", "1".repeat(64));
        let text = line.repeat(20_000);
        let mut pages = pages(&text);
        assert_eq!(pages.next_page().0.entries.len(), FIRST_PAGE_ENTRIES);
        pages.decide(Algorithm::Blake3);
        let (page, _) = pages.next_page();
        assert_eq!(page.entries.len(), PAGE_ENTRIES);
        assert!(!page.undecided);
    }
}

//! A manifest in pages: entries in order, their names sorted into one list for each set of algorithms.
//!
//! A page bounds what is held in memory, and its lists are the scans that the engine runs side by side. Where
//! the manifest leaves open which algorithm it means, pages begin small, because every file is digested twice
//! until one matches.

use std::io::BufRead;

use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::{Claimed, Entry, Found, ManifestError};
use hivesum_core::result::NameList;

use super::source::Source;

/// Entries of a page: enough to keep every hasher busy, some 1 MiB.
const PAGE_ENTRIES: usize = 8192;

/// Entries of the first page of a manifest whose algorithm is open.
const FIRST_PAGE_ENTRIES: usize = 32;

/// One line of a manifest that is no comment.
#[derive(Debug)]
pub(super) enum Listed {
    /// Nothing that can be read; its number.
    Malformed(u64),
    /// A file, next in the lane of this number.
    File { digest: Claimed, lane: usize },
    /// Standard input, which a manifest in a file may name `-`.
    Stdin(Claimed),
}

/// Names whose digests are computed alike.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) algorithms: Algorithms,
    pub(super) names: NameList,
}

/// Some lines of a manifest.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) listed: Vec<Listed>,
    pub(super) lanes: Vec<Lane>,
    /// Digests of 64 digits wait for the first match: the next page is to be read after it.
    pub(super) undecided: bool,
}

/// Where a manifest comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A file: its entry `-` stands for standard input.
    File,
    /// Standard input: it cannot name itself.
    Stdin,
}

/// Cuts a manifest into pages.
pub(super) struct Pages<R> {
    source: Source<R>,
    origin: Origin,
    /// The algorithm of untagged lines, once it is known.
    untagged: Option<Algorithm>,
    entries: usize,
}

impl<R: BufRead> Pages<R> {
    /// `untagged` is the algorithm that was asked for or that the manifest's name tells.
    pub(super) fn new(source: Source<R>, origin: Origin, untagged: Option<Algorithm>) -> Self {
        let entries = if untagged.is_some() { PAGE_ENTRIES } else { FIRST_PAGE_ENTRIES };
        Self { source, origin, untagged, entries }
    }

    /// A line has matched: all lines that could be of either algorithm are of this one.
    pub(super) fn decide(&mut self, algorithm: Algorithm) {
        self.untagged = Some(algorithm);
        self.entries = PAGE_ENTRIES;
    }

    /// The next page, and why it is the last one; an empty page is the end.
    pub(super) fn next_page(&mut self) -> (Page, Option<ManifestError>) {
        let mut page = Page::default();
        while page.listed.len() < self.entries {
            match self.source.next_entry() {
                Ok(Some((line, Found::Malformed))) => page.listed.push(Listed::Malformed(line)),
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
            Origin::Stdin if is_dash => Listed::Malformed(line),
            Origin::File if is_dash => Listed::Stdin(entry.digest),
            Origin::File | Origin::Stdin => {
                let algorithms = entry.digest.possible(untagged);
                self.undecided |= algorithms.len() > 1;
                let lane = self.lane(algorithms);
                self.lanes[lane].names.push(&entry.name);
                Listed::File { digest: entry.digest, lane }
            }
        };
        self.listed.push(listed);
    }

    fn lane(&mut self, algorithms: Algorithms) -> usize {
        self.lanes.iter().position(|lane| lane.algorithms == algorithms).unwrap_or_else(|| {
            self.lanes.push(Lane { algorithms, names: NameList::new() });
            self.lanes.len() - 1
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
    fn a_page_sorts_names_by_what_must_be_computed() {
        let (md5, sha) = ("0".repeat(32), "1".repeat(64));
        let text = format!("{md5}  a\n{sha}  b\nSHA256 (c) = {sha}\n{md5}  d\njunk\n{sha}  -\n");
        let (page, error) = pages(&text).next_page();
        assert!(error.is_none() && page.undecided);
        let lanes: Vec<_> = page.lanes.iter().map(|lane| (lane.algorithms.to_string(), lane.names.len())).collect();
        assert_eq!(lanes, [("md5".to_owned(), 2), ("sha256,blake3".to_owned(), 1), ("sha256".to_owned(), 1)]);
        assert!(matches!(page.listed[4], Listed::Malformed(5)));
        assert!(matches!(page.listed[5], Listed::Stdin(_)));
    }

    #[test]
    fn an_open_manifest_begins_with_a_small_page_until_it_is_decided() {
        let line = format!("{}  a\n", "1".repeat(64));
        let text = line.repeat(20_000);
        let mut pages = pages(&text);
        assert_eq!(pages.next_page().0.listed.len(), FIRST_PAGE_ENTRIES);
        pages.decide(Algorithm::Blake3);
        let (page, _) = pages.next_page();
        assert_eq!(page.listed.len(), PAGE_ENTRIES);
        assert!(!page.undecided);
    }
}

//! A page: consecutive entries of one manifest or of several, and one list of file names for each set of algorithms.
//!
//! Pages bound the memory that is used, and their lists are the scans that the engine runs in parallel. Many small
//! manifests share a page, so that all hashers have work.

use std::ops::Range;

use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::{Candidates, Claimed, NotRead};
use hivesum_core::result::NameList;

use crate::cli::skipped_rows::SkippedRows;

/// Entries of a page: enough to keep every hasher busy, about 1 MiB.
pub(super) const PAGE_ENTRIES: usize = 8192;

/// The names and digests of a page are read until they have this many bytes. The last name may be 1 MiB longer.
const PAGE_BYTES: usize = 4 << 20;

/// Lists of a page, as long as one more set of algorithms can join one of them. Each list is a scan with a walker.
const PAGE_LISTS: usize = 8;

/// A part of a manifest.
#[derive(Debug)]
pub(super) enum PageEntry {
    /// A manifest begins.
    Begin(Box<Begin>),
    /// A manifest cannot be opened: its name, and why.
    Unopened(Vec<u8>, String),
    /// Something to say about the manifest.
    Told(String),
    /// A line that is not an entry: its number, and why.
    NotRead(u64, NotRead),
    /// The next file of a list.
    File(Listed),
    /// Standard input, which a manifest in a file may name `-`: its digests.
    Stdin(Range<usize>),
    /// The manifest ends.
    End(End),
}

/// The beginning of a manifest.
#[derive(Debug)]
pub(super) struct Begin {
    /// The number of the manifest on the command line, from 0.
    pub(super) number: usize,
    /// Its name in messages.
    pub(super) name: Vec<u8>,
    /// The algorithms that untagged lines may be of, before any file was read.
    pub(super) candidates: Candidates,
    /// The algorithm that a malformed line is assumed to be of, before any entry was compared.
    pub(super) expected: Algorithm,
}

/// The end of a manifest.
#[derive(Debug)]
pub(super) struct End {
    /// Whether it was read to its end, or why not, as it is told.
    pub(super) read: Result<(), String>,
    /// Whether entries have digests that are not checked, because hivesum lacks their algorithms.
    pub(super) leaves_digests_out: bool,
    /// Entries that have no digest, and were not skipped.
    pub(super) without_digest: u64,
    /// Rows that were skipped when the manifest was made.
    pub(super) skipped: SkippedRows,
    /// What is to be said about the names.
    pub(super) names_told: Option<String>,
}

impl End {
    /// What is to be said of it as a whole, before the counts.
    pub(super) fn told(&self) -> impl Iterator<Item = String> {
        let left_out = self
            .leaves_digests_out
            .then(|| "it has digests of algorithms that hivesum does not support: they are not checked".to_owned());
        let without_digest = match self.without_digest {
            0 => None,
            1 => Some("1 entry has no digest: it is not checked".to_owned()),
            many => Some(format!("{many} entries have no digest: they are not checked")),
        };
        let told = [self.names_told.clone(), left_out, without_digest];
        told.into_iter().flatten()
    }
}

/// One file of a list.
#[derive(Debug)]
pub(super) struct Listed {
    /// Its digests, among those of the page.
    pub(super) claims: Range<usize>,
    /// The index of the list.
    pub(super) list: usize,
    /// Its name in the manifest, if the file is opened under another one.
    pub(super) shown: Option<Box<[u8]>>,
}

/// Files that are hashed with the same algorithms.
#[derive(Debug)]
pub(super) struct FileList {
    pub(super) algorithms: Algorithms,
    pub(super) names: NameList,
}

/// Whether the page after this one may be read before this one was reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Next {
    /// It may.
    #[default]
    Anytime,
    /// It may not: it depends on the results of this one, or reading it may block.
    AfterReport,
    /// There is none.
    Nothing,
}

/// Consecutive entries.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<PageEntry>,
    /// The digests of all entries.
    pub(super) claims: Vec<Claimed>,
    pub(super) lists: Vec<FileList>,
    pub(super) next: Next,
    name_bytes: usize,
}

impl Page {
    pub(super) fn is_full(&self) -> bool {
        let bytes = self.name_bytes + size_of_val(&*self.claims);
        self.entries.len() >= PAGE_ENTRIES || bytes >= PAGE_BYTES
    }

    /// Adds a file with its digests. `shown` is its name in the manifest, if that is another one than `opened`.
    pub(super) fn push_file(
        &mut self,
        opened: &[u8],
        shown: Option<&[u8]>,
        claims: &[Claimed],
        algorithms: Algorithms,
    ) {
        self.name_bytes += opened.len() + shown.map_or(0, <[u8]>::len);
        let list = self.list(algorithms);
        self.lists[list].names.push(opened);
        let claims = self.add_claims(claims);
        self.entries.push(PageEntry::File(Listed { claims, list, shown: shown.map(Into::into) }));
    }

    /// Adds standard input with its digests.
    pub(super) fn push_stdin(&mut self, claims: &[Claimed]) {
        let claims = self.add_claims(claims);
        self.entries.push(PageEntry::Stdin(claims));
    }

    fn add_claims(&mut self, claims: &[Claimed]) -> Range<usize> {
        let start = self.claims.len();
        self.claims.extend_from_slice(claims);
        start..self.claims.len()
    }

    /// The list for these algorithms. Where there are many lists, the files of one may be hashed with more algorithms
    /// than they need.
    fn list(&mut self, algorithms: Algorithms) -> usize {
        if let Some(list) = self.lists.iter().position(|list| list.algorithms == algorithms) {
            return list;
        }
        if self.lists.len() >= PAGE_LISTS {
            for (index, list) in self.lists.iter_mut().enumerate() {
                if let Ok(union) = Algorithms::new(list.algorithms.iter().chain(&algorithms)) {
                    list.algorithms = union;
                    return index;
                }
            }
        }
        self.lists.push(FileList { algorithms, names: NameList::new() });
        self.lists.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_full_after_many_entries_or_bytes() {
        let mut page = Page::default();
        for _ in 0..PAGE_ENTRIES {
            assert!(!page.is_full());
            page.push_file(b"a", None, &[], Algorithms::default());
        }
        assert!(page.is_full());
        let mut page = Page::default();
        page.push_file(&vec![b'a'; PAGE_BYTES / 2], Some(&vec![b'b'; PAGE_BYTES / 2]), &[], Algorithms::default());
        assert!(page.is_full());
    }

    #[test]
    fn files_with_the_same_algorithms_share_a_list_and_there_are_few_lists() {
        let mut page = Page::default();
        let sets = Algorithm::ALL.into_iter().flat_map(|one| Algorithm::ALL.map(|other| [one, other]));
        for set in sets {
            let algorithms = Algorithms::new(set).unwrap();
            page.push_file(b"a", None, &[], algorithms);
            let Some(PageEntry::File(Listed { list, .. })) = page.entries.last() else { panic!("it is a file") };
            assert!(set.iter().all(|one| page.lists[*list].algorithms.contains(*one)));
        }
        assert_eq!(page.lists.len(), PAGE_LISTS);
        assert_eq!(page.lists.iter().map(|list| list.names.len()).sum::<usize>(), page.entries.len());
    }
}

//! What a coordinator asks one node for, and the answers: looks, directories, and walks, whose plans come by themselves.

use hivesum_core::file::RelPath;
use hivesum_core::result::FileTime;
use serde::{Deserialize, Serialize};

use super::entries::Identity;
use super::names::RootId;
use super::walk::WalkRequest;
use super::wire::{Blob, Malformed, Message};
use super::work::path_of;
use crate::listing::{Entry, EntryKind, EntryPage};

/// Names that one call asks about, at most.
pub(crate) const MAX_ASKED_NAMES: usize = 256;

/// Bytes of such names, at most, so that the call fits into a message.
pub(crate) const MAX_ASKED_BYTES: usize = 256 << 10;

/// Entries of a directory in one answer, at most.
pub(crate) const MAX_LISTED: usize = 1000;

/// A request of a coordinator to one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Call {
    /// What is at this path beneath the root?
    Look { root: RootId, path: Blob },
    /// Walk, and send plans.
    Walk(WalkRequest),
    /// Which of these names are there, beneath the directory at this path?
    See(See),
    /// What is in the directory at this path, after this name?
    List { root: RootId, path: Blob, after: Option<Blob>, limit: u16 },
    /// What does the file at this path have from this byte on? For manifests.
    Read { root: RootId, path: Blob, offset: u64 },
    /// Take no more work, or take some again.
    Drain { on: bool },
}

/// Names beneath a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct See {
    pub(crate) root: RootId,
    pub(crate) path: Blob,
    pub(crate) cross_filesystems: bool,
    pub(crate) names: Vec<Blob>,
}

impl Call {
    /// A look at a path.
    pub(crate) fn look(root: RootId, path: &RelPath) -> Self {
        Self::Look { root, path: Blob(path.as_bytes().to_vec()) }
    }

    /// A question about names beneath a path.
    pub(crate) fn see<'n>(
        root: RootId,
        path: &RelPath,
        cross_filesystems: bool,
        names: impl IntoIterator<Item = &'n [u8]>,
    ) -> Self {
        let names = names.into_iter().map(|name| Blob(name.to_vec())).collect();
        Self::See(See { root, path: Blob(path.as_bytes().to_vec()), cross_filesystems, names })
    }

    /// A page of a directory.
    pub(crate) fn list(root: RootId, path: &RelPath, after: Option<&[u8]>, limit: usize) -> Self {
        let after = after.map(|name| Blob(name.to_vec()));
        Self::List { root, path: Blob(path.as_bytes().to_vec()), after, limit: limit.min(MAX_LISTED) as u16 }
    }

    /// Some bytes of a file.
    pub(crate) fn read(root: RootId, path: &RelPath, offset: u64) -> Self {
        Self::Read { root, path: Blob(path.as_bytes().to_vec()), offset }
    }
}

impl Message for Call {
    fn check(&self) -> Result<(), Malformed> {
        match self {
            Self::Look { path, .. } | Self::List { path, .. } | Self::Read { path, .. } => path_of(path).map(|_| ()),
            Self::Walk(walk) => walk.check(),
            Self::Drain { .. } => Ok(()),
            Self::See(See { path, names, .. }) => {
                path_of(path)?;
                match names.len() <= MAX_ASKED_NAMES {
                    true => Ok(()),
                    false => Err(Malformed::Rule("it asks about too many names")),
                }
            }
        }
    }
}

/// Why a node does not do what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// Nothing to hash is at the path.
    NotFound,
    /// Another directory is at the path of the root.
    RootChanged,
    /// The root does not answer, or fails.
    RootUnavailable,
    /// The node has no such root.
    NoSuchRoot,
    /// It has as much to do as it may have, or stops.
    Busy,
    /// The request is not valid.
    Invalid,
    /// What is at the path is no directory.
    NotADirectory,
    /// The node's user may not read what is at the path.
    Permission,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CallAnswer {
    /// Something that can be hashed is there, or: the walk has begun.
    Yes,
    No(Refusal),
    Seen(Seen),
    Listed(ListedPage),
    Text(Text),
}

/// Bytes of a file in one answer, at most.
pub(crate) const MAX_TEXT_BYTES: usize = 256 << 10;

/// Some bytes of a file, from the offset on that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Text {
    /// Of the file when they were read.
    pub(crate) identity: Identity,
    /// None at the end of the file.
    pub(crate) bytes: Blob,
}

/// What is at a path, and which names are beneath it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Without it a file is there, and nothing beneath it.
    pub(crate) is_directory: bool,
    /// For each name that was asked about; `None` if neither a file nor a directory of this name can be opened.
    pub(crate) found: Vec<Option<Identity>>,
}

/// Some entries of a directory, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListedPage {
    pub(crate) entries: Vec<ListedEntry>,
    /// Whether there are more after the last one.
    pub(crate) has_more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListedEntry {
    pub(crate) name: Blob,
    pub(crate) kind: EntryKind,
    pub(crate) size: u64,
    pub(crate) modified_ns: Option<i128>,
}

impl ListedPage {
    /// The entries, as a directory of this machine would be listed.
    pub(crate) fn into_entries(self) -> EntryPage {
        let next_cursor = self.entries.last().filter(|_| self.has_more).map(|last| last.name.0.clone());
        let entry = |entry: ListedEntry| Entry {
            name: entry.name.0,
            kind: entry.kind,
            size: entry.size,
            modified_at: entry.modified_ns.and_then(FileTime::from_ns),
        };
        EntryPage { items: self.entries.into_iter().map(entry).collect(), next_cursor }
    }
}

impl Message for CallAnswer {
    fn check(&self) -> Result<(), Malformed> {
        match self {
            Self::Yes | Self::No(_) => Ok(()),
            Self::Seen(seen) if seen.found.len() <= MAX_ASKED_NAMES => Ok(()),
            Self::Seen(_) => Err(Malformed::Rule("it tells of too many names")),
            Self::Text(text) if text.bytes.0.len() <= MAX_TEXT_BYTES => Ok(()),
            Self::Text(_) => Err(Malformed::Rule("it has too many bytes of a file")),
            Self::Listed(page) => {
                let mut names = page.entries.iter().map(|entry| &entry.name.0[..]);
                let are_names = names.clone().all(|name| !name.is_empty() && !name.contains(&b'/'));
                let in_order = names.clone().is_sorted_by(|one, next| one < next);
                match are_names && in_order && names.by_ref().count() <= MAX_LISTED {
                    true => Ok(()),
                    false => Err(Malformed::Rule("its entries are not those of a directory")),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::root_id;
    use super::super::{decode, encode};
    use super::*;

    fn entry(name: &[u8]) -> ListedEntry {
        ListedEntry { name: Blob(name.to_vec()), kind: EntryKind::File, size: 1, modified_ns: Some(-1) }
    }

    #[test]
    fn names_and_entries_have_a_bound_and_come_back_as_they_were() {
        let see = |names| {
            let (root, path) = (root_id("photos", None), Blob(b"2026".to_vec()));
            Call::See(See { root, path, cross_filesystems: false, names: vec![Blob(b"a".to_vec()); names] })
        };
        let most = see(MAX_ASKED_NAMES);
        assert_eq!(decode(&encode(&most).unwrap()), Ok(most));
        assert!(decode::<Call>(&encode(&see(MAX_ASKED_NAMES + 1)).unwrap()).is_err());
        let seen = |found| CallAnswer::Seen(Seen { is_directory: true, found: vec![None; found] });
        assert!(decode::<CallAnswer>(&encode(&seen(MAX_ASKED_NAMES)).unwrap()).is_ok());
        assert!(decode::<CallAnswer>(&encode(&seen(MAX_ASKED_NAMES + 1)).unwrap()).is_err());
        let identity = Identity { size: 1, mtime_ns: 2, inode: 3 };
        let text = |bytes| CallAnswer::Text(Text { identity, bytes: Blob(vec![b'x'; bytes]) });
        assert_eq!(decode(&encode(&text(MAX_TEXT_BYTES)).unwrap()), Ok(text(MAX_TEXT_BYTES)));
        assert!(decode::<CallAnswer>(&encode(&text(MAX_TEXT_BYTES + 1)).unwrap()).is_err());
    }

    #[test]
    fn a_page_that_no_directory_has_is_refused() {
        let page = |names: &[&[u8]]| {
            let entries = names.iter().map(|name| entry(name)).collect();
            CallAnswer::Listed(ListedPage { entries, has_more: true })
        };
        let good = page(&[b"a", b"b\xff"]);
        assert_eq!(decode(&encode(&good).unwrap()), Ok(good));
        for names in [&[&b"b"[..], b"a"][..], &[b"a", b"a"], &[b""], &[b"a/b"]] {
            assert!(decode::<CallAnswer>(&encode(&page(names)).unwrap()).is_err(), "{names:?}");
        }
        let many: Vec<_> = (0..=MAX_LISTED).map(|number| format!("{number:05}").into_bytes()).collect();
        let many: Vec<_> = many.iter().map(|name| &name[..]).collect();
        assert!(decode::<CallAnswer>(&encode(&page(&many)).unwrap()).is_err());
        assert!(decode::<CallAnswer>(&encode(&page(&many[1..])).unwrap()).is_ok());
    }
}

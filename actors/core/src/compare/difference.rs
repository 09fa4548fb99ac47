//! One file at two times: what was known of it, how it changed, and where its content was before.
//!
//! Plain data; [`compare`](super::compare) finds it. As JSON, the path that a content was recorded at is `moved_from` of
//! a moved file, `copied_from` of an added one and `content_from` of any other, see [`Change::source_members`].

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::change::{Change, Counts};
use crate::Item;
use crate::manifest::Claimed;
use crate::result::{ErrorCode, Evidence, FileTime, Known, Status, serialize_name, serialize_time, split_digests};

/// What is known of one file at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fact {
    /// The exact bytes of its path.
    pub path: Vec<u8>,
    /// What was recorded besides its digests.
    pub known: Known,
    /// Its digests; none if it could not be read.
    pub digests: Vec<Claimed>,
}

impl Fact {
    /// The facts in a result. `None` for an entry that is not a file or does not exist.
    #[must_use]
    pub fn of_item(item: Item) -> Option<Self> {
        if matches!(item.status, Status::Skipped(_) | Status::Error { code: ErrorCode::NotFound, .. }) {
            return None;
        }
        let digests = split_digests(&item.digests, &item.algorithms).map(Claimed::of).collect();
        Some(Self { path: item.path, known: Known::of_result(&item.meta, item.status), digests })
    }
}

/// What was known of a file at one of the two times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glimpse {
    /// What was recorded besides its digests.
    pub known: Known,
    /// Its digests.
    pub digests: Vec<Claimed>,
}

/// One file that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How it changed.
    pub change: Change,
    /// Its path; of a moved file, the new one.
    pub path: Vec<u8>,
    /// Where the content that it has now was recorded, if that is another path: the old path of a moved file, the first
    /// unchanged file that an added one is a copy of, or the file that a changed one has its content from. Two files
    /// that name each other were swapped. Files that are empty now have none.
    pub content_from: Option<Vec<u8>>,
    /// The evidence, if the digest changed.
    pub evidence: Option<Evidence>,
    /// What was known of it at the first time.
    pub old: Option<Glimpse>,
    /// What was known of it at the second time.
    pub new: Option<Glimpse>,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// How many files changed in which way.
    pub counts: Counts,
    /// The files that changed, in walk order.
    pub items: Vec<Difference>,
    /// Added and changed files of which it is not known whether they are copies: more different contents than are told
    /// apart have their digest, which a short checksum allows.
    pub untraced: u64,
}

impl Difference {
    /// A file that changed, of which no more is known yet.
    pub(super) fn new(change: Change, path: Vec<u8>) -> Self {
        Self { change, path, content_from: None, evidence: None, old: None, new: None }
    }
}

impl Glimpse {
    pub(super) fn of(fact: &Fact) -> Self {
        Self { known: fact.known, digests: fact.digests.clone() }
    }
}

impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", &self.path)?;
        map.serialize_entry("verdict", &self.change)?;
        if let Some(from) = &self.content_from {
            let [member, exact_member] = self.change.source_members();
            serialize_name(&mut map, member, exact_member, from)?;
        }
        if let Some(evidence) = &self.evidence {
            map.serialize_entry("evidence", evidence)?;
        }
        map.serialize_entry("old", &self.old)?;
        map.serialize_entry("new", &self.new)?;
        map.end()
    }
}

impl Serialize for Glimpse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = |ns: Option<i128>| ns.and_then(FileTime::from_ns);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("size", &self.known.size)?;
        serialize_time(&mut map, "modified_at", "modified_at_ns", time(self.known.mtime_ns))?;
        serialize_time(&mut map, "changed_at", "changed_at_ns", time(self.known.ctime_ns))?;
        map.serialize_entry("inode", &self.known.inode)?;
        map.serialize_entry("digests", &crate::manifest::NamedDigests(&self.digests))?;
        map.end()
    }
}

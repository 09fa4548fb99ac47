//! A result as the API and NDJSON contain it: one JSON object per file.
//!
//! File names are bytes. `path` is the readable form. If the name is not valid UTF-8, `path_b64` (RFC 4648, padded)
//! contains the exact bytes. `changed_at` (ctime) and `inode` are there if the file was opened: with them a later audit
//! tells rot from a write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::batch::{RowRef, Rows, split_digests};
use super::evidence::{Fixity, fixity_of};
use super::status::{FileMeta, Origin, Status};
use super::time::{FileTime, serialize_time};
use crate::digest::{Algorithm, Algorithms};

/// One result, owned: what the store returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The exact bytes of its path.
    pub path: Vec<u8>,
    /// What `fstat` returned.
    pub meta: FileMeta,
    /// Whether it has digests, or why not.
    pub status: Status,
    /// The digests end to end; empty unless it was hashed.
    pub digests: Vec<u8>,
    /// Their algorithms.
    pub algorithms: Algorithms,
    /// Whether the file was read for it, or the digests are those of an earlier job.
    pub origin: Origin,
    /// The verdict of an audit.
    pub fixity: Option<Fixity>,
}

/// One result, borrowed, to be written as JSON.
#[derive(Debug, Clone, Copy)]
pub struct ItemRef<'a> {
    /// The exact bytes of its path.
    pub path: &'a [u8],
    /// What `fstat` returned.
    pub meta: FileMeta,
    /// Whether it has digests, or why not.
    pub status: Status,
    /// The digests end to end; empty unless it was hashed.
    pub digests: &'a [u8],
    /// Their algorithms.
    pub algorithms: &'a Algorithms,
    /// Whether the file was read for it, or the digests are those of an earlier job.
    pub origin: Origin,
    /// The verdict of an audit.
    pub fixity: Option<&'a Fixity>,
}

impl Item {
    /// The same, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> ItemRef<'_> {
        ItemRef {
            path: &self.path,
            meta: self.meta,
            status: self.status,
            digests: &self.digests,
            algorithms: &self.algorithms,
            origin: self.origin,
            fixity: self.fixity.as_ref(),
        }
    }

    /// The same, owned.
    #[must_use]
    pub fn of(item: &ItemRef<'_>) -> Self {
        Self {
            path: item.path.to_vec(),
            meta: item.meta,
            status: item.status,
            digests: item.digests.to_vec(),
            algorithms: *item.algorithms,
            origin: item.origin,
            fixity: item.fixity.cloned(),
        }
    }
}

impl Rows {
    /// The results, owned, with their whole paths and the verdicts of an audit. [`iter`](Self::iter) returns them
    /// without allocations.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        (0..self.len()).filter_map(|index| self.item(index))
    }

    /// One result, owned, by its index in the batch.
    #[must_use]
    pub fn item(&self, index: usize) -> Option<Item> {
        let row = self.get(index)?;
        let mut path = Vec::new();
        row.path_into(&mut path);
        let fixity = fixity_of(self.judged.get(index));
        Some(Item::of(&ItemRef { fixity: fixity.as_ref(), ..ItemRef::of_row(row, &path, &self.algorithms) }))
    }
}

impl<'a> ItemRef<'a> {
    /// A row of a batch. The caller provides the whole path, see [`RowRef::path_into`].
    #[must_use]
    pub fn of_row(row: RowRef<'a>, path: &'a [u8], algorithms: &'a Algorithms) -> Self {
        let RowRef { meta, status, digests, origin, .. } = row;
        Self { path, meta, status, digests, algorithms, origin, fixity: None }
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

impl Serialize for ItemRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", self.path)?;
        map.serialize_entry("size", &self.meta.known_size())?;
        serialize_time(&mut map, "modified_at", "modified_at_ns", self.modified_at())?;
        if self.meta.has_times() {
            serialize_time(&mut map, "changed_at", "changed_at_ns", self.meta.changed_at())?;
            map.serialize_entry("inode", &self.meta.inode)?;
        }
        map.serialize_entry("status", status_name(self.status))?;
        match self.status {
            Status::Hashed(stability) => {
                map.serialize_entry("digests", &DigestMap { bytes: self.digests, algorithms: self.algorithms })?;
                map.serialize_entry("stability", &stability)?;
                match self.origin {
                    Origin::Reused => map.serialize_entry("reused", &true)?,
                    Origin::ReadFrom(from) => map.serialize_entry("read_from", &from)?,
                    Origin::Read | Origin::Kept => {}
                }
            }
            Status::Error { code, .. } => map.serialize_entry("code", code.name())?,
            Status::Skipped(reason) => map.serialize_entry("code", reason.name())?,
        }
        if let Some(fixity) = self.fixity {
            map.serialize_entry("verdict", &fixity.verdict)?;
            if let Some(from) = &fixity.content_from {
                let [member, exact_member] = fixity.verdict.source_members();
                serialize_name(&mut map, member, exact_member, from)?;
            }
            if let Some(evidence) = &fixity.evidence {
                map.serialize_entry("evidence", evidence)?;
            }
        }
        map.end()
    }
}

impl<'a> ItemRef<'a> {
    /// Its digest of this algorithm, if it has one.
    #[must_use]
    pub fn digest(&self, algorithm: Algorithm) -> Option<&'a [u8]> {
        let at = self.algorithms.position(algorithm)?;
        self.digests.get(at..at + algorithm.digest_bytes())
    }

    /// The modification time. `None` if the file was never opened.
    #[must_use]
    pub fn modified_at(&self) -> Option<FileTime> {
        self.meta.modified_at()
    }
}

/// Writes a name as the two members that the API has for it: readable text, and the exact bytes if they differ.
///
/// # Errors
/// The error of the serializer.
pub fn serialize_name<M: SerializeMap>(
    map: &mut M,
    member: &'static str,
    exact_member: &'static str,
    name: &[u8],
) -> Result<(), M::Error> {
    match std::str::from_utf8(name) {
        Ok(name) => map.serialize_entry(member, name),
        Err(_) => {
            map.serialize_entry(member, &String::from_utf8_lossy(name))?;
            map.serialize_entry(exact_member, &STANDARD.encode(name))
        }
    }
}

/// The value of an item's `status` member.
#[must_use]
pub const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Hashed(_) => "hashed",
        Status::Error { .. } => "error",
        Status::Skipped(_) => "skipped",
    }
}

/// `{blake3: "...", sha256: "..."}`, in the requested order.
#[derive(Debug, Clone, Copy)]
pub struct DigestMap<'a> {
    /// The digests end to end.
    pub bytes: &'a [u8],
    /// Their algorithms.
    pub algorithms: &'a Algorithms,
}

impl Serialize for DigestMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            split_digests(self.bytes, self.algorithms).map(|digest| (digest.algorithm().name(), digest.to_string())),
        )
    }
}

//! Entries of a walk as they travel: directories, names end to end, and one small record for each entry.

use std::sync::Arc;

use hivesum_core::result::{ErrorCode, FileMeta, SkipReason, Stability, Status};
use hivesum_core::walk::{Fate, Plan};
use serde::{Deserialize, Serialize};

use super::wire::{Blob, Malformed};

/// The longest name in a directory. Linux has 255 bytes, and file systems that store UTF-16 may show up to 765.
const MAX_NAME_BYTES: usize = 1024;

/// Some entries of a walk, in walk order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entries {
    /// The directories of the entries, as results show them.
    directories: Vec<Blob>,
    /// All names, end to end.
    names: Blob,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    directory: u32,
    name_bytes: u16,
    fate: EntryFate,
    identity: Option<Identity>,
}

/// What a walk says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum EntryFate {
    Hash,
    Error { code: ErrorCode, errno: i32 },
    Skipped(SkipReason),
}

/// What a walk has seen of a file, by which another machine recognises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) size: u64,
    pub(crate) mtime_ns: i128,
    pub(crate) inode: u64,
}

impl Identity {
    pub(crate) const fn of(meta: &FileMeta) -> Self {
        Self { size: meta.size, mtime_ns: meta.mtime_ns, inode: meta.inode }
    }

    /// What a plan notes of it. The device and the time of the last change are other ones on each machine.
    pub(crate) fn meta(&self) -> FileMeta {
        let Self { size, mtime_ns, inode } = *self;
        FileMeta { size, mtime_ns, inode, ..FileMeta::default() }
    }
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryRef<'a> {
    pub(crate) directory: &'a [u8],
    /// Empty if its result is about the directory itself.
    pub(crate) name: &'a [u8],
    pub(crate) fate: Fate,
    pub(crate) identity: Option<Identity>,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes that these entries take in a message, at most.
    pub(crate) fn encoded_bytes(&self) -> usize {
        let directories: usize = self.directories.iter().map(|directory| directory.0.len() + 3).sum();
        // Indices, lengths and fates take at most 15 bytes of an entry, an identity 40 more.
        let entries: usize = self.entries.iter().map(|entry| if entry.identity.is_some() { 56 } else { 16 }).sum();
        directories + self.names.0.len() + entries + 32
    }

    pub(crate) fn push(&mut self, entry: EntryRef<'_>) {
        if self.directories.last().is_none_or(|last| last.0 != entry.directory) {
            self.directories.push(Blob(entry.directory.to_vec()));
        }
        let (directory, name_bytes) = (self.directories.len() as u32 - 1, entry.name.len() as u16);
        self.names.0.extend_from_slice(entry.name);
        let fate = match entry.fate {
            Fate::Hash | Fate::Settled(Status::Hashed(_)) => EntryFate::Hash,
            Fate::Settled(Status::Error { code, errno }) => EntryFate::Error { code, errno },
            Fate::Settled(Status::Skipped(reason)) => EntryFate::Skipped(reason),
        };
        self.entries.push(Entry { directory, name_bytes, fate, identity: entry.identity });
    }

    /// Adds a file to hash. Returns the bytes that it takes in a message, at most.
    pub(crate) fn push_path(&mut self, directory: &[u8], name: &[u8]) -> usize {
        let before = self.directories.len();
        self.push(EntryRef { directory, name, fate: Fate::Hash, identity: None });
        let of_directory = if self.directories.len() > before { directory.len() + 3 } else { 0 };
        of_directory + name.len() + 16
    }

    /// The entries in walk order. Only of entries that were [checked](Self::check).
    pub(crate) fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> {
        let mut name_at = 0;
        self.entries.iter().map(move |entry| {
            let name = &self.names.0[name_at..][..usize::from(entry.name_bytes)];
            name_at += name.len();
            let fate = match entry.fate {
                EntryFate::Hash => Fate::Hash,
                EntryFate::Error { code, errno } => Fate::Settled(Status::Error { code, errno }),
                EntryFate::Skipped(reason) => Fate::Settled(Status::Skipped(reason)),
            };
            EntryRef { directory: &self.directories[entry.directory as usize].0, name, fate, identity: entry.identity }
        })
    }

    /// Lengths, indices and names.
    pub(crate) fn check(&self, most: usize) -> Result<(), Malformed> {
        if self.entries.len() > most || self.directories.len() > self.entries.len() {
            return Err(Malformed::Rule("it has too many entries or directories"));
        }
        if !self.directories.iter().all(|directory| is_directory(&directory.0)) {
            return Err(Malformed::Rule("a directory in it is not a path beneath a root"));
        }
        let mut at = 0;
        for entry in &self.entries {
            let end = at + usize::from(entry.name_bytes);
            let name = self.names.0.get(at..end).ok_or(Malformed::Rule("its names end too early"))?;
            at = end;
            let may_be_empty = entry.fate != EntryFate::Hash;
            if !(is_component(name) || (name.is_empty() && may_be_empty)) {
                return Err(Malformed::Rule("a name in it is none"));
            }
            if self.directories.get(entry.directory as usize).is_none() {
                return Err(Malformed::Rule("an entry is in no directory"));
            }
        }
        if at == self.names.0.len() { Ok(()) } else { Err(Malformed::Rule("it has names without entries")) }
    }

    /// The entries as a plan of a walk that happens elsewhere.
    pub(crate) fn to_plan(&self) -> Plan {
        let mut plan = Plan::elsewhere(self.directories.iter().map(|directory| Arc::from(&directory.0[..])));
        for (index, (entry, shown)) in self.entries.iter().zip(self.iter()).enumerate() {
            plan.push(entry.directory, shown.name, shown.fate);
            if let Some(identity) = shown.identity {
                plan.note_seen(index, identity.meta());
            }
        }
        plan
    }
}

/// Whether the bytes are one name in a directory.
fn is_component(name: &[u8]) -> bool {
    let is_named = !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, 0 | b'/'));
    is_named && name.len() <= MAX_NAME_BYTES
}

/// Whether a file in this directory can be named in a message. No tree has others.
pub(crate) fn may_travel(directory: &[u8], name: &[u8]) -> bool {
    is_directory(directory) && is_component(name)
}

/// Whether the bytes are a path beneath something, or empty. Trees may be deeper than a path in a request.
fn is_directory(path: &[u8]) -> bool {
    path.is_empty() || path.split(|&byte| byte == b'/').all(is_component)
}

/// How far the digests of a result can be trusted, or why there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ResultStatus {
    Hashed(Stability),
    Error { code: ErrorCode, errno: i32 },
    Skipped(SkipReason),
}

impl From<Status> for ResultStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Hashed(stability) => Self::Hashed(stability),
            Status::Error { code, errno } => Self::Error { code, errno },
            Status::Skipped(reason) => Self::Skipped(reason),
        }
    }
}

impl From<ResultStatus> for Status {
    fn from(status: ResultStatus) -> Self {
        match status {
            ResultStatus::Hashed(stability) => Self::Hashed(stability),
            ResultStatus::Error { code, errno } => Self::Error { code, errno },
            ResultStatus::Skipped(reason) => Self::Skipped(reason),
        }
    }
}

/// What `fstat` returned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    size: u64,
    mtime_ns: i128,
    ctime_ns: i128,
    inode: u64,
    device: u64,
}

impl From<FileMeta> for Meta {
    fn from(meta: FileMeta) -> Self {
        let FileMeta { size, mtime_ns, ctime_ns, inode, device } = meta;
        Self { size, mtime_ns, ctime_ns, inode, device }
    }
}

impl From<Meta> for FileMeta {
    fn from(meta: Meta) -> Self {
        let Meta { size, mtime_ns, ctime_ns, inode, device } = meta;
        Self { size, mtime_ns, ctime_ns, inode, device }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(directory: &'a str, name: &'a str, fate: Fate) -> EntryRef<'a> {
        EntryRef { directory: directory.as_bytes(), name: name.as_bytes(), fate, identity: None }
    }

    #[test]
    fn entries_become_a_plan_of_the_same_paths_and_fates() {
        let link = Fate::Settled(Status::Skipped(SkipReason::Symlink));
        let gone = Fate::Settled(Status::error(ErrorCode::NotFound));
        let all =
            [entry("", "a", Fate::Hash), entry("b", "c", link), entry("b", "d", Fate::Hash), entry("e", "", gone)];
        let mut entries = Entries::default();
        all.into_iter().for_each(|entry| entries.push(entry));
        assert_eq!(entries.check(4), Ok(()));
        assert_eq!(entries.iter().collect::<Vec<_>>(), all);
        let plan = entries.to_plan();
        let paths = plan.entries.iter().map(|entry| {
            let mut path = Vec::new();
            plan.path_into(entry, &mut path);
            (String::from_utf8(path).unwrap(), entry.fate)
        });
        let expected = [("a", Fate::Hash), ("b/c", link), ("b/d", Fate::Hash), ("e", gone)];
        assert_eq!(paths.collect::<Vec<_>>(), expected.map(|(path, fate)| (path.to_owned(), fate)));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for (directory, name) in
            [("", ".."), ("", "a/b"), ("", ""), ("..", "a"), ("/etc", "a"), ("a//b", "c"), ("a", "\0"), ("a/", "b")]
        {
            let mut entries = Entries::default();
            entries.push(entry(directory, name, Fate::Hash));
            assert!(entries.check(1).is_err(), "{directory:?} {name:?}");
        }
    }

    #[test]
    fn counts_and_indices_that_do_not_agree_are_refused() {
        let mut good = Entries::default();
        good.push(entry("d", "name", Fate::Hash));
        assert_eq!((good.check(1), good.check(0).is_err()), (Ok(()), true));
        let changes: [fn(&mut Entries); 4] = [
            |entries| entries.entries[0].directory = 1,
            |entries| entries.entries[0].name_bytes = 5,
            |entries| entries.names.0.push(b'x'),
            |entries| entries.directories.push(Blob::default()),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut bad = good.clone();
            change(&mut bad);
            assert!(bad.check(1).is_err(), "change {at}");
        }
    }
}

//! What is stored of collections, as plain values: a collection with its settings, a step and its event, counts of files.
//!
//! Decides nothing of how they are kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hivesum_core::digest::Algorithms;
use hivesum_core::digest::pieces::Pieces;
use hivesum_core::file::RootIdentity;
use hivesum_core::fixity::{
    AcceptRefused, CollectionKind, Condition, Content, Event, FileState, Mount, PassStopped, Past, Schedule,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What somebody has decided about a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionSettings {
    /// What is computed of each file. It cannot be changed later: everything would have to be taken as it is again.
    pub algorithms: Algorithms,
    /// What changes are expected.
    pub kind: CollectionKind,
    /// Only files that match one of these globs belong to it; none means all. It cannot be changed later, nor can
    /// `exclude`: files that a glob leaves out would look like missing ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Files and directories that do not belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// What people call it. `None`: as its directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The sinks of the configuration that are told of alerts, by their names; at most
    /// [`MAX_NOTIFY`](super::MAX_NOTIFY).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
    /// When a service reads it by itself. One that a command has made is read by nobody else until somebody says so.
    #[serde(flatten)]
    pub schedule: Schedule,
}

impl CollectionSettings {
    /// All files of a directory, read by nobody by itself.
    #[must_use]
    pub fn new(algorithms: Algorithms, kind: CollectionKind) -> Self {
        let [include, exclude, notify] = [const { Vec::new() }; 3];
        Self { algorithms, kind, include, exclude, name: None, notify, schedule: Schedule::default() }
    }

    /// A short text that is another one for other settings: 16 hexadecimal digits of their BLAKE3.
    #[must_use]
    pub fn tag(&self) -> String {
        let json = serde_json::to_vec(self).expect("settings have strings for keys");
        blake3::hash(&json).to_hex()[..16].to_owned()
    }
}

/// A new collection as a client has asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCollection {
    /// Its directory: an absolute path without links.
    pub directory: PathBuf,
    /// Its settings.
    pub settings: CollectionSettings,
    /// The client's name for the request, so that a repeated one makes no second collection.
    pub request: Option<NamedRequest>,
}

/// A request that its client has named, as it is kept with the collection that it made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRequest {
    /// Whose name it is; empty without an owner.
    pub owner: String,
    /// The name.
    pub key: String,
    /// Tells the request from another one of the same name.
    pub fingerprint: String,
}

/// What came of making a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is made.
    New(StoredCollection),
    /// The same request has made it before, within a day.
    Before(StoredCollection),
    /// Another request had this name within a day.
    KeyUsed,
    /// The directory has a collection already.
    Exists(StoredCollection),
    /// There are as many as there may be.
    TooMany,
}

/// What came of changing settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Updated {
    /// They are changed.
    Done(Box<StoredCollection>),
    /// They were others than those that the change was made from.
    Changed,
    /// There is no such collection.
    Unknown,
}

/// A stored collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCollection {
    /// What others name it by.
    pub id: String,
    /// Its directory: an absolute path without links.
    pub directory: PathBuf,
    /// Its settings.
    pub settings: CollectionSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its directory as the last run has found it; none before the first.
    pub place: Option<RootIdentity>,
    /// How many times everything that was due was read. As long as there is none, files are taken as they are.
    pub passes: u64,
    /// When the pass began that is under way, perhaps interrupted.
    pub pass_began: Option<Timestamp>,
    /// When the last run began that came to its end; a survey counts if it was the first one.
    pub last_run: Option<Timestamp>,
    /// When the last run began that looked at every file and read all that was new or changed.
    pub last_survey: Option<Timestamp>,
    /// Why the last pass could not begin, or did not look at all files; `None` if it did.
    pub stopped: Option<PassStopped>,
    /// Whether it is told that files were not looked at for longer than the schedule allows.
    pub is_late: bool,
    /// Disks beneath the directory, as the last run has found them; at most
    /// [`MAX_MOUNTS`](hivesum_core::fixity::MAX_MOUNTS).
    pub mounts: Vec<Mount>,
    pub(super) number: i64,
}

impl StoredCollection {
    /// A collection that no run has looked at, as tests of other modules need one.
    #[cfg(test)]
    pub(crate) fn for_tests(directory: &std::path::Path, settings: CollectionSettings) -> Self {
        Self {
            id: "one".to_owned(),
            directory: directory.to_owned(),
            settings,
            created_at: Timestamp::UNIX_EPOCH,
            place: None,
            passes: 0,
            pass_began: None,
            last_run: None,
            last_survey: None,
            stopped: None,
            is_late: false,
            mounts: Vec::new(),
            number: 1,
        }
    }

    /// What its schedule needs to know of its runs.
    #[must_use]
    pub fn past(&self) -> Past {
        let (last_survey, last_scrub) = (self.last_survey, self.last_run);
        Past { has_baseline: self.passes > 0, last_survey, last_scrub }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        let of_directory = || self.directory.file_name().map_or(&b"/"[..], std::os::unix::ffi::OsStrExt::as_bytes);
        self.settings.name.as_ref().map_or_else(of_directory, |name| name.as_bytes())
    }

    /// How many of the files that were counted are not what they should be, and nobody has acknowledged that.
    #[must_use]
    pub fn alerts(&self, counts: &BTreeMap<Condition, Count>) -> u64 {
        self.deviating(counts).map(|count| count.files.saturating_sub(count.acknowledged)).sum()
    }

    /// How many of the files that were counted are not what they should be, and somebody knows of it.
    #[must_use]
    pub fn acknowledged(&self, counts: &BTreeMap<Condition, Count>) -> u64 {
        self.deviating(counts).map(|count| count.acknowledged).sum()
    }

    fn deviating<'a>(&self, counts: &'a BTreeMap<Condition, Count>) -> impl Iterator<Item = &'a Count> {
        let kind = self.settings.kind;
        counts.iter().filter(move |(condition, _)| condition.is_alert(kind)).map(|(_, count)| count)
    }
}

/// What a run begins with.
#[derive(Debug, Clone)]
pub struct RunBegin {
    /// Its directory.
    pub place: RootIdentity,
    /// What changes are expected from now on.
    pub kind: CollectionKind,
    /// The sinks that are told from now on. `None`: those that were.
    pub notify: Option<Vec<String>>,
    /// Whether a pass is under way from now on. A survey is part of none, unless it is the first reading.
    pub is_of_pass: bool,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Everything that was due was looked at.
    Complete,
    /// A limit was reached: the next run goes on with the same pass.
    Limited,
    /// Every file was looked at, and what was new or changed was read.
    Surveyed,
}

/// What is recorded at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassEnd {
    /// How it ended.
    pub how: RunEnd,
    /// The disks beneath the directory that are remembered.
    pub mounts: Vec<Mount>,
    /// Why some of the files were not looked at, if so.
    pub stopped: Option<PassStopped>,
}

#[cfg(test)]
impl From<RunEnd> for PassEnd {
    /// Nothing is mounted beneath the directory.
    fn from(how: RunEnd) -> Self {
        Self { how, mounts: Vec::new(), stopped: None }
    }
}

/// What was found out about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The path that was looked at.
    pub path: Vec<u8>,
    /// What was known of it when it was decided.
    pub before: Option<FileState>,
    /// What is known from now on. `None`: nothing is kept.
    pub after: Option<FileState>,
    /// What happened.
    pub event: Option<Event>,
    /// The pieces of the content that it should have, if it was read and has it.
    pub pieces: Option<Pieces>,
    /// The seal of the row that `before` was read from. A row that still has it was not changed since, and is not read again.
    pub(crate) seal: Option<i64>,
}

impl Step {
    /// The pieces that were read, if they are those of the content that the file should have from now on.
    #[must_use]
    pub fn with_pieces(self, pieces: Option<&Pieces>, read: &Content) -> Self {
        let expected = self.after.as_ref().and_then(|after| after.expected.as_ref());
        let is_its = expected.is_some_and(|expected| expected.digests == read.digests);
        Self { pieces: pieces.filter(|_| is_its).cloned(), ..self }
    }
}

/// The files in a condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many there are.
    pub files: u64,
    /// Of how many of them somebody has said that they know.
    pub acknowledged: u64,
    /// How many bytes they should have.
    pub bytes: u64,
    /// How many were never read from their device, as far as it can be told.
    pub never_verified: u64,
    /// When the one was verified that waits longest since.
    pub oldest_verified_at: Option<Timestamp>,
}

/// An event with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number in the collection, from 1 on.
    pub n: u64,
    /// What happened.
    pub event: Event,
}

/// What came of accepting or acknowledging a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accepted {
    /// It is done, or was before.
    Done,
    /// It is not.
    Refused(AcceptRefused),
    /// No such file is known.
    Unknown,
}

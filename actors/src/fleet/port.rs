//! What the jobs of a service know of a fleet: names of roots, looks, scans. Built without the feature `fleet`, too.
//!
//! A scan beneath a root of a fleet has the same handle as one of the engine, so nothing above it knows where files
//! are.

#![cfg_attr(not(feature = "fleet"), allow(dead_code, reason = "nothing makes a fleet without the feature"))]

use std::fmt::Debug;
use std::future::Future;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::time::Duration;

use hivesum_core::digest::Algorithms;
use hivesum_core::file::{Reach, RelPath};
use hivesum_core::result::NameList;
use tokio::sync::broadcast;

use crate::error::Refused;
use crate::listing::{EntryPage, ListError};
use crate::scan::{Past, Priority, Scan};

/// A root of a fleet, by the name that means it alone: `photos` of a pool, or `photos@node1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarRoot {
    /// Its name.
    pub name: String,
    /// The kind of its file system, as its node says.
    pub filesystem: String,
    /// The nodes that offer it.
    pub nodes: Vec<FarRootNode>,
}

/// A node that offers a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarRootNode {
    /// Its name.
    pub name: String,
    /// Whether it is there at present.
    pub is_there: bool,
}

/// What a name of a root means to a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FarName {
    /// Nothing.
    Unknown,
    /// Several roots: their full names.
    Ambiguous(Vec<String>),
    /// A root, of which no node is there at present; or the broker is not there, so nobody knows.
    Unreachable,
    /// This root.
    Root(FarRoot),
}

/// A fleet as its coordinator sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetView {
    /// Whether the broker is there and can be used. Without it no node is heard.
    pub is_connected: bool,
    /// Every node, by name.
    pub nodes: Vec<NodeView>,
    /// How often a node has come that was not there, since the start.
    pub joined: u64,
    /// How often a node was lost, since the start.
    pub lost: u64,
}

/// A node as the coordinator sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeView {
    /// Its name.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// Whether it has said something within the life of an announcement.
    pub is_there: bool,
    /// Whether it takes no more work.
    pub draining: bool,
    /// The names of the roots that it offers, as jobs name them.
    pub roots: Vec<String>,
    /// Hasher threads.
    pub hashers: u32,
    /// Hasher threads that are at work.
    pub hashers_busy: u32,
    /// Bytes hashed since its start.
    pub bytes_hashed: u64,
    /// Files hashed since its start.
    pub files_hashed: u64,
    /// Bytes per second between its last two announcements.
    pub bytes_per_second: u64,
    /// How long ago it said something.
    pub seen_before: Duration,
    /// How far its clock is ahead of the coordinator's, in milliseconds.
    pub clock_ahead_ms: i64,
    /// What it read when it last said something.
    pub reading: Vec<NodeReading>,
}

/// What a node reads for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReading {
    /// The bytes of the job's id.
    pub job: [u8; 16],
    /// The name of the root, as jobs name it.
    pub root: String,
    /// The directory of the next file, beneath the root.
    pub directory: RelPath,
}

/// A node has come, or is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEvent {
    /// The name of the node.
    pub node: String,
    /// What it is.
    pub change: NodeChange,
}

/// What has become of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeChange {
    /// It is there, and was not before.
    Joined,
    /// It has said nothing for as long as an announcement lasts.
    Lost,
}

/// Nodes that come and are lost, from now on. A reader that is far behind misses the oldest of them.
#[derive(Debug)]
pub struct NodeEvents(broadcast::Receiver<NodeEvent>);

impl NodeEvents {
    pub(super) const fn new(told: broadcast::Receiver<NodeEvent>) -> Self {
        Self(told)
    }

    /// The next one. `None` once the fleet has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

/// Why a node is not drained, or does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainFailed {
    /// No node of this name has come since the service started.
    Unknown,
    /// It is lost, or does not answer.
    Away,
    /// Its program is older than this request.
    TooOld,
}

/// Why something on a node cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarFailure {
    /// Nothing to hash is at the path.
    NotFound,
    /// Another directory is at the path of the root.
    RootChanged,
    /// No node answers.
    Unreachable,
}

/// Why the bytes of a file on a node cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoText {
    Failed(FarFailure),
    /// The node's user may not read it, or it is no regular file.
    Permission,
    /// The node's program is older than this question.
    TooOld,
    /// It has changed each time that it was read.
    Changes,
}

/// A scan beneath a root of a fleet.
#[derive(Debug, Clone)]
pub(crate) struct FarScan {
    pub(crate) path: RelPath,
    pub(crate) algorithms: Algorithms,
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    /// What was taken off the names that the globs are for.
    pub(crate) within: Vec<u8>,
    /// The files, if they are named; else all that a walk finds.
    pub(crate) named: Option<NameList>,
    pub(crate) cross_filesystems: bool,
    pub(crate) from_device: bool,
    pub(crate) priority: Priority,
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_bytes_per_second: Option<NonZeroU64>,
}

/// What is at a path beneath a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FarSeen {
    pub(crate) is_directory: bool,
    /// For each name that was asked about: whether a file or a directory of this name is beneath it.
    pub(crate) there: Vec<bool>,
}

/// Names that may be asked about at a time.
pub(crate) const MAX_NAMES_SEEN: usize = 64;

/// The answer of a node, later.
pub(crate) type FarAnswer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Roots on other machines.
pub(crate) trait FarRoots: Debug + Send + Sync {
    /// What the name means.
    fn resolve(&self, name: &str) -> FarName;

    /// Every root.
    fn roots(&self) -> Vec<FarRoot>;

    /// Every node, and how the fleet is.
    fn view(&self) -> FleetView;

    /// What becomes of nodes from now on.
    fn node_events(&self) -> NodeEvents;

    /// Lets a node take no more work, or take some again.
    fn drain(&self, node: &str, on: bool) -> FarAnswer<Result<(), DrainFailed>>;

    /// Asks a node whether something to hash is at a path beneath a root, which is named in full.
    fn look(&self, root: &str, path: &RelPath) -> FarAnswer<Result<(), FarFailure>>;

    /// Asks a node which of at most [`MAX_NAMES_SEEN`] names are beneath a path of a root, which is named in full.
    fn see(
        &self,
        root: &str,
        path: &RelPath,
        reach: Reach,
        names: &[Vec<u8>],
    ) -> FarAnswer<Result<FarSeen, FarFailure>>;

    /// Asks a node for the entries of a directory after a name.
    fn list(
        &self,
        root: &str,
        path: &RelPath,
        after: Option<&[u8]>,
        limit: usize,
    ) -> FarAnswer<Result<EntryPage, ListError>>;

    /// Asks a node for the bytes of a file, one more than `limit` at most.
    fn read(&self, root: &str, path: &RelPath, limit: u64) -> FarAnswer<Result<Vec<u8>, NoText>>;

    /// Begins a scan beneath a root, which is named in full. It waits while no node is there.
    fn scan(&self, root: &str, scan: FarScan, past: Past) -> Result<Scan, Refused>;
}

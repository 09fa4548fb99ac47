//! What is said of jobs on the control socket: the order for one, and how it stands.
//!
//! Names are bytes, so paths are Base64 of them. Globs, algorithms and figures are written as in the API. Where a job
//! happens is decided by the service alone, which knows its roots.

use hivesum_actors::job::{Deletion, Job, JobError, JobId, JobState, WaitsFor};
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{Progress, Summary};
use serde::{Deserialize, Serialize};

/// A job to hash a tree. Its place is `named`, if the service has a root of that name, and else `directory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobOrder {
    /// A UUID that the sender has made up. A second order with it is the same job.
    pub key: JobId,
    /// What was asked for, read as `ROOT[:PATH]`; none if it can only be a path.
    pub named: Option<NamedPlace>,
    /// What was asked for, read as a path on this machine; none if nothing is there.
    pub directory: Option<DirectoryPlace>,
    /// The digests to compute.
    pub algorithms: Algorithms,
    /// Only files that match one of these globs; none means all.
    pub include: Vec<String>,
    /// Files and directories to leave out.
    pub exclude: Vec<String>,
    /// Read files from their devices and not from the page cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_device: bool,
}

/// A place beneath a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPlace {
    /// The name of the root.
    pub root: String,
    /// The path beneath it, Base64 of its bytes; empty for the root itself.
    pub path_b64: String,
}

/// A directory or a file of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryPlace {
    /// Its absolute path without symbolic links, Base64 of its bytes.
    pub path_b64: String,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobReport {
    /// Its id.
    pub id: JobId,
    /// The name of the root below which it happens.
    pub root: String,
    /// The path beneath the root, Base64 of its bytes.
    pub path_b64: String,
    /// Its state.
    pub state: JobState,
    /// What a queued job waits for besides its turn.
    pub waits_for: Option<WaitsFor>,
    /// How far it has come.
    pub progress: Progress,
    /// Set when it has ended.
    pub summary: Option<Summary>,
    /// Set when it has failed.
    pub error: Option<JobError>,
}

impl From<Job> for JobReport {
    fn from(job: Job) -> Self {
        use base64::Engine as _;
        Self {
            id: job.id,
            path_b64: base64::engine::general_purpose::STANDARD.encode(job.spec.path.as_bytes()),
            root: job.spec.root,
            state: job.state,
            waits_for: job.waits_for,
            progress: job.progress,
            summary: job.summary,
            error: job.error,
        }
    }
}

/// What became of a job that was to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was deleted.
    Deleted,
    /// It has not ended.
    StillRunning,
    /// There is no such job.
    NotFound,
}

impl From<Deletion> for Outcome {
    fn from(deletion: Deletion) -> Self {
        match deletion {
            Deletion::Deleted => Self::Deleted,
            Deletion::StillRunning => Self::StillRunning,
            Deletion::NotFound => Self::NotFound,
        }
    }
}

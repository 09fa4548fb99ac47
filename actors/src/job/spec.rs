//! What a job does and how far it has come: plain data that the store keeps and the API returns.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::scan::{Priority, ScanSpec};
use hivesum_core::compare::Spelling;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::file::{Reach, RelPath};
use hivesum_core::manifest::UnreadLines;
use hivesum_core::result::{Progress, Summary};
use hivesum_core::walk::{Filters, GlobInvalid};

/// The name of a job: a version 7 UUID, so ids sort by creation time.
pub type JobId = Uuid;

/// A job as a client asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// What is done.
    #[serde(default)]
    pub kind: JobKind,
    /// The name of the root below which it happens.
    pub root: String,
    /// A directory or a file beneath the root; empty for the root itself.
    #[serde(flatten)]
    pub path: RelPath,
    /// The digests to compute, in this order.
    #[serde(default)]
    pub algorithms: Algorithms,
    /// Only files that match one of these globs; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Files and whole directories to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Whether the walk enters other file systems mounted below.
    #[serde(default)]
    pub cross_filesystems: bool,
    /// Its priority among other jobs.
    #[serde(default)]
    pub priority: Priority,
    /// Limits the job to this many bytes per second; `None` means no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes_per_second: Option<std::num::NonZeroU64>,
    /// Whether files are read from their devices and not from the page cache, and each result says if that was so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_device: bool,
    /// Files that have not changed since this ended job of the same tree are not read: its digests are reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse_unchanged_from: Option<JobId>,
    /// For verify jobs: where the entries come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<VerifyMode>,
    /// For verify jobs: the algorithm of untagged digests, if one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// For verify jobs: the file name of the manifest, which may tell its form and its algorithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_name: Option<String>,
    /// For verify jobs: the job whose results are the manifest, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<ComparedWith>,
    /// For verify jobs: how the names in the manifest are read, if not as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Spelling>,
    /// The job fails when it is not done this many seconds after it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<std::num::NonZeroU32>,
}

/// A completed job whose results others are compared with. It may have been deleted since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedWith {
    /// Its id.
    pub job: JobId,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<jiff::Timestamp>,
    /// Its directory, if that is above the one that is compared: only its results below that one count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<RelPath>,
}

impl JobSpec {
    /// The same scan, with this job's globs and file systems.
    ///
    /// # Errors
    /// The first glob that does not parse, and why.
    pub fn walk(&self, scan: ScanSpec) -> Result<ScanSpec, GlobInvalid> {
        Ok(ScanSpec { filters: Filters::new(&self.include, &self.exclude)?, reach: self.reach(), ..scan })
    }

    /// Which file systems it enters.
    pub(crate) const fn reach(&self) -> Reach {
        if self.cross_filesystems { Reach::Everywhere } else { Reach::OneFilesystem }
    }
}

/// A request as the store keeps it: the job that was asked for, and what was found when it was accepted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredRequest<S> {
    #[serde(flatten)]
    pub(crate) spec: S,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lines_not_read: Option<UnreadLines>,
}

/// What a job does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Digests of every file.
    #[default]
    Hash,
    /// Digests compared with a manifest.
    Verify,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Hash, Self::Verify];

    /// Its name in the API and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Verify => "verify",
        }
    }

    /// The kind of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Where the entries of a verify job come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyMode {
    /// From a walk, compared with the manifest; new files are reported, too.
    #[default]
    Audit,
    /// From the manifest alone.
    Check,
}

impl VerifyMode {
    /// The mode of this name in the API, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let modes = [("audit", Self::Audit), ("check", Self::Check)];
        modes.into_iter().find(|(known, _)| *known == name).map(|(_, mode)| mode)
    }
}

/// The state of a job: `queued -> running -> completed | failed | cancelled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a permit to run.
    Queued,
    /// Running.
    Running,
    /// Done; files that could not be hashed are counted inside.
    Completed,
    /// Ended early; `error` says why.
    Failed,
    /// Cancelled by a client.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// Its name in the API and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the job has ended.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// Why a job failed: a stable code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// `deadline`, `not_found`, `store_full`, `internal`, ...
    pub code: String,
    /// What happened, in words fit for any client.
    pub detail: String,
}

/// What a queued job waits for besides its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// Another directory is in the place of its root: that it is accepted, or that the former one is back.
    RootChanged,
    /// The service has no root of this name: that it is started with one.
    RootUnavailable,
}

/// A job as the store keeps it and the API returns it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// What was asked for.
    pub spec: JobSpec,
    /// Its state.
    pub state: JobState,
    /// When it was accepted.
    pub created_at: jiff::Timestamp,
    /// When it started to run.
    pub started_at: Option<jiff::Timestamp>,
    /// When it ended.
    pub finished_at: Option<jiff::Timestamp>,
    /// How far it has come.
    pub progress: Progress,
    /// Set when it ended.
    pub summary: Option<Summary>,
    /// Set when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// For verify jobs: the lines of the manifest that were not read, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines_not_read: Option<UnreadLines>,
    /// Of a queued job: what it waits for besides its turn, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsFor>,
    /// The token that submitted it. Only its owner and admins see the job. Never part of the JSON.
    #[serde(skip)]
    pub owner: Option<String>,
}

impl Job {
    /// A new job, submitted now.
    pub(crate) fn queued(spec: JobSpec, owner: Option<String>) -> Self {
        Self {
            id: Uuid::now_v7(),
            kind: spec.kind,
            spec,
            state: JobState::Queued,
            created_at: jiff::Timestamp::now(),
            started_at: None,
            finished_at: None,
            progress: Progress::default(),
            summary: None,
            error: None,
            lines_not_read: None,
            waits_for: None,
            owner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_shows_its_path_as_the_api_names_it_and_comes_back_whole() {
        for (path, shown) in [(&b"a/b"[..], r#""path":"a/b","#), (b"caf\xe9", r#""path_b64":"Y2Fm6Q==","#)] {
            let mut spec: JobSpec = serde_json::from_str(r#"{"root":"r","algorithms":["sha256"]}"#).unwrap();
            spec.path = RelPath::new(path).unwrap();
            let json = serde_json::to_string(&spec).unwrap();
            assert!(json.contains(shown), "{json}");
            assert_eq!(serde_json::from_str::<JobSpec>(&json).unwrap(), spec);
            let lines_not_read = Some(UnreadLines { count: 1, ..UnreadLines::default() });
            let stored = StoredRequest { spec: &spec, lines_not_read: lines_not_read.clone() };
            let stored: StoredRequest<JobSpec> =
                serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
            assert_eq!((stored.spec, stored.lines_not_read), (spec, lines_not_read));
        }
    }
}

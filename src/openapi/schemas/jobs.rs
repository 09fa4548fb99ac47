//! Jobs: what was asked for, how far it has come, what came of it.

use utoipa::{IntoParams, ToSchema};

use super::results::VerdictCounts;

/// What the path of everything about one job says.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct JobPath {
    /// The job's id.
    #[param(format = "uuid", example = "0197a2b4-6d3c-7000-8000-000000000001")]
    id: String,
}

/// Where a job stands: `queued -> running -> completed | failed | cancelled`.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum JobState {
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// What a job does.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum JobKind {
    Hash,
    Verify,
}

/// Where the entries of a verify job come from: a walk held against the manifest, or the manifest alone.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum VerifyMode {
    Audit,
    Check,
}

/// A job's place among other jobs.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Priority {
    Normal,
    Low,
}

/// What was asked for.
#[derive(ToSchema)]
pub(crate) struct JobSpec {
    kind: JobKind,
    root: String,
    /// Relative to the root; empty for the root itself.
    path: String,
    /// The exact bytes in base64, where `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    algorithms: Vec<String>,
    #[schema(nullable = false)]
    include: Option<Vec<String>>,
    #[schema(nullable = false)]
    exclude: Option<Vec<String>>,
    cross_filesystems: bool,
    priority: Priority,
    #[schema(nullable = false, minimum = 1)]
    max_bytes_per_second: Option<u64>,
    #[schema(nullable = false, minimum = 1)]
    deadline_seconds: Option<u32>,
    #[schema(nullable = false, format = "uuid")]
    reuse_unchanged_from: Option<String>,
    /// Of a verify job.
    #[schema(nullable = false)]
    mode: Option<VerifyMode>,
    /// Of a verify job: the algorithm of digests that do not say theirs, where it was asked for.
    #[schema(nullable = false)]
    algorithm: Option<String>,
}

/// How far a job has come: committed results, and in `bytes_done` what is digested of large files under way.
#[derive(ToSchema)]
pub(crate) struct Progress {
    /// Known once the walk has ended.
    #[schema(nullable = false)]
    files_total: Option<u64>,
    files_done: u64,
    files_failed: u64,
    files_skipped: u64,
    #[schema(nullable = false)]
    bytes_total: Option<u64>,
    bytes_done: u64,
    bytes_per_second: u64,
    #[schema(nullable = false)]
    eta_seconds: Option<u64>,
}

/// What a job came to.
#[derive(ToSchema)]
pub(crate) struct Summary {
    files: u64,
    hashed: u64,
    errors: u64,
    skipped: u64,
    bytes: u64,
    elapsed_ms: u64,
    /// Whether the walk reached its end.
    complete: bool,
    /// Of a verify job.
    #[schema(nullable = false)]
    verdicts: Option<VerdictCounts>,
    /// Of a verify job: what digests that do not say their algorithm turned out to be.
    #[schema(nullable = false)]
    algorithm: Option<String>,
}

/// Why a job failed.
#[derive(ToSchema)]
pub(crate) struct JobError {
    /// Stable: `deadline`, `not_found`, `store_full`, `internal`, ...
    code: String,
    detail: String,
}

/// A job.
#[derive(ToSchema)]
pub(crate) struct Job {
    #[schema(format = "uuid")]
    id: String,
    kind: JobKind,
    spec: JobSpec,
    state: JobState,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(required, format = DateTime)]
    started_at: Option<String>,
    #[schema(required, format = DateTime)]
    finished_at: Option<String>,
    progress: Progress,
    /// Set when the job ended.
    #[schema(required)]
    summary: Option<Summary>,
    /// Set when it failed.
    #[schema(nullable = false)]
    error: Option<JobError>,
}

/// One event of a stream. `data` is JSON: the progress, `{state}`, the item, or the job; in the stream of all jobs the
/// first three with a member `job`, the job's id.
#[derive(ToSchema)]
pub(crate) struct ServerSentEvent {
    /// `progress`, `state`, `item_error`, `snapshot` or `end`.
    event: String,
    /// Where to go on: of one job the count of its committed rows, of all jobs how many have ended.
    id: String,
    data: String,
    /// Milliseconds before a browser comes back.
    #[schema(nullable = false)]
    retry: Option<u64>,
}

//! Jobs: the request, the progress and the outcome.

use utoipa::{IntoParams, ToSchema};

use super::results::{LinesNotRead, VerdictCounts};

/// The path parameter of requests about one job.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct JobPath {
    /// The job's id.
    #[param(format = "uuid", example = "0197a2b4-6d3c-7000-8000-000000000001")]
    id: String,
}

/// The state of a job: `queued -> running -> completed | failed | cancelled`.
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

/// Which files a verify job looks at: `audit` compares a walk with the manifest, `check` looks only at the entries of
/// the manifest.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum VerifyMode {
    Audit,
    Check,
}

/// The priority of a job among other jobs.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Priority {
    Normal,
    Low,
}

/// What was requested.
#[derive(ToSchema)]
pub(crate) struct JobSpec {
    kind: JobKind,
    root: String,
    /// Relative to the root; empty for the root itself.
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
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
    /// Left out unless files are read from their devices and not from the page cache.
    #[schema(nullable = false)]
    from_device: Option<bool>,
    #[schema(nullable = false, format = "uuid")]
    reuse_unchanged_from: Option<String>,
    /// Only for verify jobs.
    #[schema(nullable = false)]
    mode: Option<VerifyMode>,
    /// Only for verify jobs: the requested algorithm of the manifest's digests.
    #[schema(nullable = false)]
    algorithm: Option<String>,
    /// Only for verify jobs: the file name of the manifest.
    #[schema(nullable = false)]
    manifest_name: Option<String>,
    /// Only for verify jobs: the job whose results are the manifest, if it is one.
    #[schema(nullable = false)]
    against: Option<ComparedWith>,
    /// Only for verify jobs: how the names in the manifest are read, if not as they are.
    #[schema(nullable = false)]
    names: Option<ManifestNames>,
}

/// A job that others are compared with. It may have been deleted since.
#[derive(ToSchema)]
pub(crate) struct ComparedWith {
    #[schema(format = "uuid")]
    job: String,
    /// When it ended.
    #[schema(nullable = false, format = DateTime)]
    finished_at: Option<String>,
    /// Its directory, if that is above the one that is compared: only its results below that one count.
    #[schema(nullable = false)]
    directory: Option<Directory>,
}

/// The path of a directory beneath a root.
#[derive(ToSchema)]
pub(crate) struct Directory {
    /// Empty for the root itself.
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
}

/// How the names in a manifest are read.
#[derive(ToSchema)]
pub(crate) struct ManifestNames {
    separator: Separator,
    /// What all names begin with and is taken off.
    taken_off: String,
    /// The exact bytes in base64, if `taken_off` is not UTF-8.
    #[schema(nullable = false)]
    taken_off_b64: Option<String>,
}

/// What is between the directories of a name. A backslash is read as a slash.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Separator {
    Slash,
    Backslash,
}

/// The progress of a job: committed results, and in `bytes_done` also the hashed part of large files in progress.
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

/// The summary of a job that has ended.
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
    /// Only for verify jobs. Absent if it is not known: of a job that was cancelled or failed under a release that did
    /// not keep it.
    #[schema(nullable = false)]
    verdict: Option<JobVerdict>,
    /// Only for verify jobs; of one that did not run to its end, as far as it came.
    #[schema(nullable = false)]
    verdicts: Option<VerdictCounts>,
    /// Only for verify jobs: the algorithm that was detected for digests that do not name theirs.
    #[schema(nullable = false)]
    algorithm: Option<String>,
    /// Only for verify jobs: new and changed files with a recorded content of which it is not known whether they are moved
    /// files or copies, because there are too many. Left out if there are none.
    #[schema(nullable = false)]
    untraced: Option<u64>,
    /// What is odd about the directory of the job's root, which may explain missing files.
    #[schema(nullable = false)]
    root_warning: Option<RootWarning>,
}

/// What a verify job found. `ok`: everything that was looked for was found and matched. `failed`: a file is modified,
/// missing, moved, new or suspected of rot, whatever else was not looked at. `incomplete`: nothing is known to differ, but
/// a file could not be read, a line of the manifest was not read, nothing was there to look for, or the job did not run
/// to its end.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum JobVerdict {
    Ok,
    Failed,
    Incomplete,
}

/// `root_changed`: it is another directory than the service remembers. `root_empty`: it is empty, and there are results
/// of files in it.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum RootWarning {
    RootChanged,
    RootEmpty,
}

/// What a queued job waits for besides its turn. `root_changed`: another directory is in the place of its root.
/// `root_unavailable`: the service was started without a root of this name.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum WaitsFor {
    RootChanged,
    RootUnavailable,
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
    /// Set when the job has ended.
    #[schema(required)]
    summary: Option<Summary>,
    /// Set if the job has failed.
    #[schema(nullable = false)]
    error: Option<JobError>,
    /// Only for verify jobs: the lines of the manifest that were not read, if there are any.
    #[schema(nullable = false)]
    lines_not_read: Option<LinesNotRead>,
    /// Of a queued job: what it waits for besides its turn, if anything.
    #[schema(nullable = false)]
    waits_for: Option<WaitsFor>,
}

/// One event of a stream. `data` is JSON: the progress, `{state}`, the item, or the job. In the stream of all jobs, the
/// first three also have a member `job` with the job's id.
#[derive(ToSchema)]
pub(crate) struct ServerSentEvent {
    /// `progress`, `state`, `item_error`, `snapshot` or `end`.
    event: String,
    /// Where to resume: for one job the number of its committed rows; for all jobs the number of ended jobs, and the
    /// rows of running jobs with errors.
    id: String,
    data: String,
    /// Milliseconds before a browser reconnects.
    #[schema(nullable = false)]
    retry: Option<u64>,
}

/// The newest job on a directory, in short.
#[derive(ToSchema)]
pub(crate) struct LastRun {
    /// Its id.
    #[schema(format = "uuid")]
    job: String,
    kind: JobKind,
    state: JobState,
    /// Of an ended job that compared files.
    #[schema(nullable = false)]
    verdict: Option<JobVerdict>,
    /// Files that it could not read.
    errors: u64,
    /// Files that it has read.
    files: u64,
    /// Bytes that it has read.
    bytes: u64,
    /// Absent before it has ended.
    #[schema(nullable = false, format = DateTime)]
    finished_at: Option<String>,
    /// Of a `baseline`: the directory of the job, if that is one above the listed one.
    #[schema(nullable = false)]
    directory: Option<Directory>,
}

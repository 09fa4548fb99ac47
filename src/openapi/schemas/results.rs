//! Results: what came of each file, and what changed from one job to another.

use utoipa::ToSchema;

use super::values::Digests;

/// What an audit says of a file.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Matched,
    Modified,
    Moved,
    Missing,
    New,
    Unreadable,
    SuspectedRot,
}

/// How many files came to which verdict; suspected rot counts as modified.
#[derive(ToSchema)]
pub(crate) struct VerdictCounts {
    matched: u64,
    modified: u64,
    moved: u64,
    missing: u64,
    new: u64,
    unreadable: u64,
}

/// What came of a file.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ItemStatus {
    Hashed,
    Error,
    Skipped,
}

/// How far a digest can be trusted: `unverified` where a writer could not be ruled out.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Stability {
    Stable,
    Unverified,
}

/// One result.
#[derive(ToSchema)]
pub(crate) struct Item {
    /// Relative to the job's path; of a single file its name.
    path: String,
    /// The exact bytes in base64, where `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    size: u64,
    #[schema(required, format = DateTime)]
    modified_at: Option<String>,
    status: ItemStatus,
    /// Of hashed files.
    #[schema(nullable = false)]
    digests: Option<Digests>,
    /// Of hashed files.
    #[schema(nullable = false)]
    stability: Option<Stability>,
    /// `true` where the digests were taken over from an earlier job, and the file not read.
    #[schema(nullable = false)]
    reused: Option<bool>,
    /// Why, unless hashed: `not_found`, `permission`, `file_changed`, `symlink`, ...
    #[schema(nullable = false)]
    code: Option<String>,
    /// Of verify jobs.
    #[schema(nullable = false)]
    verdict: Option<Verdict>,
    /// Of a moved file: the path it had.
    #[schema(nullable = false)]
    moved_from: Option<String>,
    /// The exact bytes in base64, where `moved_from` is not UTF-8.
    #[schema(nullable = false)]
    moved_from_b64: Option<String>,
    /// What a verdict on a changed digest rests on.
    #[schema(nullable = false)]
    evidence: Option<Evidence>,
}

/// What became of a file from one job to another.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Change {
    Added,
    Removed,
    Modified,
    Moved,
    SuspectedRot,
    Unreadable,
}

/// How many files changed in which way.
#[derive(ToSchema)]
pub(crate) struct ChangeCounts {
    added: u64,
    removed: u64,
    modified: u64,
    moved: u64,
    suspected_rot: u64,
    unchanged: u64,
    /// Of files that could not be read at one of the two times.
    #[schema(nullable = false)]
    unreadable: Option<u64>,
}

/// What became of one recorded value.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trace {
    Same,
    Changed,
    Unknown,
}

/// What a verdict on a changed digest rests on; the word `none` where nothing was recorded.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Evidence {
    Traces { size: Trace, mtime: Trace, ctime: Trace, inode: Trace },
    None(String),
}

/// What was known of a file at one of the two times.
#[derive(ToSchema)]
pub(crate) struct Glimpse {
    #[schema(required)]
    size: Option<u64>,
    #[schema(required, format = DateTime)]
    modified_at: Option<String>,
    #[schema(required, format = DateTime)]
    changed_at: Option<String>,
    #[schema(required)]
    inode: Option<u64>,
    digests: Digests,
}

/// One file that is not what it was.
#[derive(ToSchema)]
pub(crate) struct Difference {
    /// Of a moved file the new one.
    path: String,
    /// The exact bytes in base64, where `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    verdict: Change,
    /// Of a moved file: the path it had.
    #[schema(nullable = false)]
    moved_from: Option<String>,
    /// The exact bytes in base64, where `moved_from` is not UTF-8.
    #[schema(nullable = false)]
    moved_from_b64: Option<String>,
    /// Of modified files and suspected rot.
    #[schema(nullable = false)]
    evidence: Option<Evidence>,
    #[schema(required)]
    old: Option<Glimpse>,
    #[schema(required)]
    new: Option<Glimpse>,
}

//! Results: the outcome for each file, and the differences between two jobs.

use utoipa::ToSchema;

use super::values::Digests;

/// The verdict of an audit on a file.
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

/// The number of files by verdict.
#[derive(ToSchema)]
pub(crate) struct VerdictCounts {
    matched: u64,
    modified: u64,
    moved: u64,
    missing: u64,
    new: u64,
    unreadable: u64,
    /// Left out if there are none.
    #[schema(nullable = false)]
    suspected_rot: Option<u64>,
}

/// The status of a file.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ItemStatus {
    Hashed,
    Error,
    Skipped,
}

/// How far a digest can be trusted: `unverified` if a concurrent writer could not be ruled out.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Stability {
    Stable,
    Unverified,
}

/// Where the bytes of a file came from: `device`; `cache` if at least some may have come from the page cache, where damage
/// on the device stays unseen; `unknown` if it cannot be told, as on tmpfs, FUSE and network file systems.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ReadFrom {
    Device,
    Cache,
    Unknown,
}

/// One result.
#[derive(ToSchema)]
pub(crate) struct Item {
    /// Relative to the job's path; for a single file its name.
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    size: u64,
    /// For the years 0001 to 9999. Null if it is not known: for files that were not opened, and for times before 1677 or
    /// after 2262 in results that an older hivesum stored.
    #[schema(format = DateTime)]
    modified_at: Option<String>,
    /// For all other years: nanoseconds since 1970.
    #[schema(nullable = false, pattern = "^-?[0-9]+$")]
    modified_at_ns: Option<String>,
    /// When the inode last changed (ctime); null as `modified_at` is. Only for files that were opened.
    #[schema(format = DateTime)]
    changed_at: Option<String>,
    /// For years beyond 0001 to 9999: nanoseconds since 1970.
    #[schema(nullable = false, pattern = "^-?[0-9]+$")]
    changed_at_ns: Option<String>,
    /// The inode's number. Only for files that were opened. A manifest with it and with `changed_at` shows rot later.
    #[schema(nullable = false)]
    inode: Option<u64>,
    status: ItemStatus,
    /// Only for hashed files.
    #[schema(nullable = false)]
    digests: Option<Digests>,
    /// Only for hashed files.
    #[schema(nullable = false)]
    stability: Option<Stability>,
    /// `true` if the digests were reused from an earlier job and the file was not read.
    #[schema(nullable = false)]
    reused: Option<bool>,
    /// Only for hashed files of jobs with `from_device`.
    #[schema(nullable = false)]
    read_from: Option<ReadFrom>,
    /// Why the file was not hashed: `not_found`, `permission`, `file_changed`, `symlink`, ...
    #[schema(nullable = false)]
    code: Option<String>,
    /// Only for verify jobs.
    #[schema(nullable = false)]
    verdict: Option<Verdict>,
    /// For a moved file: its old path.
    #[schema(nullable = false)]
    moved_from: Option<String>,
    /// The exact bytes in base64, if `moved_from` is not UTF-8.
    #[schema(nullable = false)]
    moved_from_b64: Option<String>,
    /// For a new file that is a copy: the first unchanged file with its content, in byte order of the paths.
    #[schema(nullable = false)]
    copied_from: Option<String>,
    /// The exact bytes in base64, if `copied_from` is not UTF-8.
    #[schema(nullable = false)]
    copied_from_b64: Option<String>,
    /// For a file whose content changed: the file whose recorded content it has now. Two files that name each other were
    /// swapped. Files whose content left its path are paired one to one, in byte order; else it is the first of all.
    #[schema(nullable = false)]
    content_from: Option<String>,
    /// The exact bytes in base64, if `content_from` is not UTF-8.
    #[schema(nullable = false)]
    content_from_b64: Option<String>,
    /// The evidence for a verdict on a changed digest.
    #[schema(nullable = false)]
    evidence: Option<Evidence>,
}

/// How a file changed from one job to another.
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

/// The number of files by change.
#[derive(ToSchema)]
pub(crate) struct ChangeCounts {
    added: u64,
    removed: u64,
    modified: u64,
    moved: u64,
    suspected_rot: u64,
    unchanged: u64,
    /// Files that could not be read in one of the two jobs.
    #[schema(nullable = false)]
    unreadable: Option<u64>,
}

/// Whether one recorded value changed.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trace {
    Same,
    Changed,
    Unknown,
}

/// The evidence for a verdict on a changed digest; the word `none` if nothing was recorded.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Evidence {
    Traces {
        size: Trace,
        mtime: Trace,
        ctime: Trace,
        inode: Trace,
        /// Only if the file has the content of one secure digest of its entry, but not of another: the entry is damaged.
        #[schema(nullable = false)]
        digests: Option<EntryDigests>,
    },
    None(String),
}

/// What the digests of an entry of a manifest say about it.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntryDigests {
    Contradict,
}

/// What one of the two jobs recorded about a file.
#[derive(ToSchema)]
pub(crate) struct Glimpse {
    #[schema(required)]
    size: Option<u64>,
    /// For the years 0001 to 9999. Null if it was not recorded.
    #[schema(format = DateTime)]
    modified_at: Option<String>,
    /// For all other years: nanoseconds since 1970.
    #[schema(nullable = false, pattern = "^-?[0-9]+$")]
    modified_at_ns: Option<String>,
    /// For the years 0001 to 9999. Null if it was not recorded.
    #[schema(format = DateTime)]
    changed_at: Option<String>,
    /// For all other years: nanoseconds since 1970.
    #[schema(nullable = false, pattern = "^-?[0-9]+$")]
    changed_at_ns: Option<String>,
    #[schema(required)]
    inode: Option<u64>,
    digests: Digests,
}

/// One file that differs.
#[derive(ToSchema)]
pub(crate) struct Difference {
    /// For a moved file: its new path.
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    verdict: Change,
    /// For a moved file: its old path.
    #[schema(nullable = false)]
    moved_from: Option<String>,
    /// The exact bytes in base64, if `moved_from` is not UTF-8.
    #[schema(nullable = false)]
    moved_from_b64: Option<String>,
    /// For an added file that is a copy: the first unchanged file with its content, in byte order of the paths.
    #[schema(nullable = false)]
    copied_from: Option<String>,
    /// The exact bytes in base64, if `copied_from` is not UTF-8.
    #[schema(nullable = false)]
    copied_from_b64: Option<String>,
    /// For a file whose content changed: the file whose recorded content it has now. Two files that name each other were
    /// swapped. Files whose content left its path are paired one to one, in byte order; else it is the first of all.
    #[schema(nullable = false)]
    content_from: Option<String>,
    /// The exact bytes in base64, if `content_from` is not UTF-8.
    #[schema(nullable = false)]
    content_from_b64: Option<String>,
    /// Only for modified files and suspected rot.
    #[schema(nullable = false)]
    evidence: Option<Evidence>,
    #[schema(required)]
    old: Option<Glimpse>,
    #[schema(required)]
    new: Option<Glimpse>,
}

/// The lines of a checksum file that are not entries.
#[derive(ToSchema)]
pub(crate) struct LinesNotRead {
    count: u64,
    /// The first of them, at most 100.
    first: Vec<LineNotRead>,
    /// Algorithms that they name and that are not supported.
    unsupported: Vec<String>,
    /// Whether some of them are a signature, which is not verified.
    signed: bool,
    /// How many of them are of that signature.
    #[schema(nullable = false)]
    signature_lines: Option<u64>,
}

/// Why a line was not read.
#[derive(ToSchema)]
pub(crate) struct LineNotRead {
    /// Counted from 1.
    line: u64,
    why: String,
}

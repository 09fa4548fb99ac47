//! The files of collections, and what happened to them.

use utoipa::ToSchema;

use super::collections::Condition;
use super::results::{Evidence, ReadFrom, Stability};
use super::values::Digests;

/// What is known of a file of a collection.
#[derive(ToSchema)]
pub(crate) struct CollectionFile {
    /// Relative to the collection's directory.
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    condition: Condition,
    /// Whether it is not what it should be, which depends on the collection's kind. An alert is open until somebody has
    /// acknowledged it.
    alert: bool,
    /// The size that it had when it was last read; null if it never could be read.
    #[schema(required)]
    size: Option<u64>,
    /// The digests that it had when it was last read: what `/accept` asks for. Null if it never could be read.
    #[schema(required)]
    digests: Option<Digests>,
    /// What it should be; null if it never could be read.
    #[schema(required)]
    expected: Option<FileContent>,
    /// What it is instead, if that is known.
    #[schema(nullable = false)]
    found: Option<FileContent>,
    /// When a pass saw it first.
    #[schema(format = DateTime)]
    first_seen: String,
    /// When the expected content was first seen.
    #[schema(format = DateTime)]
    content_since: String,
    /// The last full read from the device that found the expected content.
    #[schema(required, format = DateTime)]
    verified_at: Option<String>,
    /// Who knows that it is not what it should be; null if nobody has said so.
    #[schema(required)]
    acknowledged: Option<Acknowledged>,
    /// In `/alerts`: the event that has made it what it is; null if there was none.
    last_event: Option<CollectionEvent>,
}

/// That somebody knows of a file.
#[derive(ToSchema)]
pub(crate) struct Acknowledged {
    #[schema(format = DateTime)]
    at: String,
    /// Who it was: the name of a token, or of the user of a command.
    by: String,
    /// What they wrote; null if they wrote nothing.
    #[schema(required)]
    note: Option<String>,
}

/// A content of a file, with the metadata that it had then.
#[derive(ToSchema)]
pub(crate) struct FileContent {
    /// Null if it is not known: the baseline is a manifest that does not tell it, and the file was not read since.
    #[schema(required)]
    size: Option<u64>,
    /// For the years 0001 to 9999. Null if it is not known.
    #[schema(format = DateTime)]
    modified_at: Option<String>,
    /// For all other years: nanoseconds since 1970.
    #[schema(nullable = false, pattern = "^-?[0-9]+$")]
    modified_at_ns: Option<String>,
    /// When the inode last changed (ctime).
    #[schema(format = DateTime)]
    changed_at: Option<String>,
    /// For years beyond 0001 to 9999: nanoseconds since 1970.
    #[schema(nullable = false, pattern = "^-?[0-9]+$")]
    changed_at_ns: Option<String>,
    /// Null if it is not known.
    #[schema(required)]
    inode: Option<u64>,
    stability: Stability,
    digests: Digests,
}

/// What happened to a file.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum CollectionEventKind {
    New,
    Modified,
    Moved,
    Missing,
    Touched,
    SuspectedRot,
    Unreadable,
    ReadsDisagree,
    Restored,
    Accepted,
    Acknowledged,
    Stopped,
    Resumed,
}

/// Why files of a collection are not looked at, so that none is called missing: no file (`unreachable`, `empty`,
/// `another`), those of a disk that was mounted beneath the directory and is not, or another is (`unmounted`), or not as often
/// as its schedule asks for (`late`).
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum PassStop {
    Unreachable,
    Empty,
    Another,
    Unmounted,
    Late,
}

/// One change of what is known of a file, or with an empty path of the collection itself: `stopped` and `resumed`. Events
/// are numbered from 1 on without gaps, and never change.
#[derive(ToSchema)]
pub(crate) struct CollectionEvent {
    n: u64,
    #[schema(format = DateTime)]
    at: String,
    /// Where the file is, or was if it is gone.
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    kind: CollectionEventKind,
    /// The condition before; null if nothing was known of the file.
    #[schema(required)]
    was: Option<Condition>,
    /// The condition from then on; null if nothing is kept of the file.
    #[schema(required)]
    is: Option<Condition>,
    /// The path that a moved file had before.
    #[schema(nullable = false)]
    moved_from: Option<String>,
    /// The exact bytes in base64, if `moved_from` is not UTF-8.
    #[schema(nullable = false)]
    moved_from_b64: Option<String>,
    /// The digests that it had before; null if it had never been read.
    #[schema(required)]
    digests_before: Option<Digests>,
    /// The digests that it has from then on; null if none are known.
    #[schema(required)]
    digests: Option<Digests>,
    /// Who knows of it, if somebody has acknowledged it.
    #[schema(nullable = false)]
    acknowledged: Option<Acknowledged>,
    #[schema(nullable = false)]
    evidence: Option<Evidence>,
    #[schema(nullable = false)]
    read_from: Option<ReadFrom>,
    /// What each read found, if reads disagree.
    #[schema(nullable = false)]
    reads: Option<Vec<ReadsAgreeing>>,
    /// Why it could not be read.
    #[schema(nullable = false)]
    failure: Option<ReadFailure>,
    /// Where its content differs from the one that it should have, in order, if that is known: of files from 4 MiB on with
    /// a BLAKE3 digest. Of a file that cannot be read, where that is. Whole pieces of 1 MiB (8 MiB in files over 128 GiB), joined where they touch. The last one of 256
    /// covers all further ones.
    #[schema(nullable = false)]
    damaged: Option<Vec<ByteRange>>,
    /// Why files are not looked at, in an event of the kind `stopped`.
    #[schema(nullable = false)]
    stopped: Option<PassStop>,
}

/// How many reads found the same digests.
#[derive(ToSchema)]
pub(crate) struct ReadsAgreeing {
    digests: Digests,
    reads: u32,
}

/// Why a file could not be read.
#[derive(ToSchema)]
pub(crate) struct ReadFailure {
    /// As in results: `permission`, `io_error`, ...
    code: String,
    /// The number of the system's error; 0 if there was none.
    errno: i32,
    /// The range that could not be read, if the file could be opened.
    #[schema(nullable = false)]
    range: Option<ByteRange>,
}

/// A range of a file.
#[derive(ToSchema)]
pub(crate) struct ByteRange {
    offset: u64,
    bytes: u64,
}

//! What is accepted or acknowledged of a collection, and what came of it.

use utoipa::ToSchema;

use super::collections::Condition;
use super::values::{Cursor, Digests, Glob, PathBeneath, PathInBase64};

/// What came of accepting or acknowledging a file.
#[derive(ToSchema)]
pub(crate) struct AcceptOutcome {
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    outcome: AcceptOutcomeKind,
    /// Why it was refused.
    #[schema(nullable = false)]
    reason: Option<AcceptRefusal>,
    /// The same, for people to read.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// Whether a file is accepted or acknowledged, as was asked: `unknown` if the collection has no such file.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum AcceptOutcomeKind {
    Accepted,
    Acknowledged,
    Refused,
    Unknown,
}

/// Why a file is not accepted or acknowledged: it is not as it was shown any more, it is as it should be, no content is
/// known that could be accepted, or it is no alert that could be acknowledged.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum AcceptRefusal {
    Changed,
    NothingToAccept,
    Unreadable,
    ReadsDisagree,
    NothingToAcknowledge,
}

/// A file as it was shown: in `/files` or `/alerts` it has these members.
#[derive(ToSchema)]
pub(crate) struct ShownFile {
    /// Relative to the collection's directory.
    #[schema(value_type = Option<PathBeneath>, inline)]
    path: Option<String>,
    /// The exact bytes in base64, instead of `path`.
    #[schema(value_type = Option<PathInBase64>, inline)]
    path_b64: Option<String>,
    condition: Condition,
    /// Null if the file had never been read.
    digests: Option<Digests>,
}

/// The files to accept: `files`, or those that are not what they should be and match, as of the event `upto`.
#[derive(ToSchema)]
#[schema(example = json!({ "path": ["2026/**"], "kind": ["new", "moved"], "upto": 4711 }))]
pub(crate) struct AcceptRequest {
    /// Just these files.
    #[schema(min_items = 1, max_items = 1000, nullable = false)]
    files: Option<Vec<ShownFile>>,
    /// Files that match one of these globs, as `include` of a collection.
    #[schema(value_type = Option<Vec<Glob>>, inline, max_items = 100, nullable = false)]
    path: Option<Vec<String>>,
    /// Files in one of these conditions; with `path` a file has to match both.
    #[schema(nullable = false)]
    kind: Option<Vec<AcceptableCondition>>,
    /// Every file that is not what it should be.
    #[schema(required = false)]
    all: bool,
    /// The number of the last event that you have seen; needed without `files`. What something has happened to since is
    /// refused.
    #[schema(nullable = false)]
    upto: Option<u64>,
    /// The `next_cursor` of the previous answer.
    #[schema(value_type = Option<Cursor>, inline)]
    cursor: Option<String>,
}

/// The condition of a file with something to accept.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum AcceptableCondition {
    New,
    Modified,
    Moved,
    Missing,
    SuspectedRot,
}

/// The condition of a file that is not what it should be.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum AlertingCondition {
    New,
    Modified,
    Moved,
    Missing,
    SuspectedRot,
    Unreadable,
    ReadsDisagree,
}

/// The files that somebody knows of: `files`, or those that are not what they should be, that nobody has acknowledged,
/// and that match, as of the event `upto`.
#[derive(ToSchema)]
#[schema(example = json!({ "kind": ["unreadable"], "upto": 4711, "note": "disk replaced" }))]
pub(crate) struct AcknowledgeRequest {
    /// Just these files.
    #[schema(min_items = 1, max_items = 1000, nullable = false)]
    files: Option<Vec<ShownFile>>,
    /// Files that match one of these globs, as `include` of a collection.
    #[schema(value_type = Option<Vec<Glob>>, inline, max_items = 100, nullable = false)]
    path: Option<Vec<String>>,
    /// Files in one of these conditions; with `path` a file has to match both.
    #[schema(nullable = false)]
    kind: Option<Vec<AlertingCondition>>,
    /// Every file that is not what it should be.
    #[schema(required = false)]
    all: bool,
    /// The number of the last event that you have seen; needed without `files`. What something has happened to since is
    /// refused.
    #[schema(nullable = false)]
    upto: Option<u64>,
    /// The `next_cursor` of the previous answer.
    #[schema(value_type = Option<Cursor>, inline)]
    cursor: Option<String>,
    /// What they know, in one line of at most 500 bytes without control characters.
    #[schema(min_length = 1, max_length = 500, pattern = "^[^\\p{Cc}]*$")]
    note: Option<String>,
}

//! Where a file of a collection is damaged.

use utoipa::ToSchema;

use super::collection_files::ByteRange;
use super::results::ReadFrom;
use super::values::{PathBeneath, PathInBase64};

/// A file of a collection, and where another copy of it is.
#[derive(ToSchema)]
#[schema(example = json!({ "path": "2026/film.mkv", "replica": { "root": "backup", "path": "photos/2026/film.mkv" } }))]
pub(crate) struct LocateRequest {
    /// Relative to the collection's directory.
    #[schema(value_type = Option<PathBeneath>, inline)]
    path: Option<String>,
    /// The exact bytes in base64, instead of `path`.
    #[schema(value_type = Option<PathInBase64>, inline)]
    path_b64: Option<String>,
    /// Another copy, which may be damaged, too. Needed if no BLAKE3 digest of the file is known.
    replica: Option<Replica>,
}

/// A file beneath a root.
#[derive(ToSchema)]
pub(crate) struct Replica {
    /// The name of a root.
    root: String,
    /// Relative to the root.
    #[schema(value_type = Option<PathBeneath>, inline)]
    path: Option<String>,
    /// The exact bytes in base64, instead of `path`.
    #[schema(value_type = Option<PathInBase64>, inline)]
    path_b64: Option<String>,
}

/// `good`: the file is what it should be. `damaged`: it is not. Where that is not known, `same` or `different`: whether
/// both copies are the same.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum LocateVerdict {
    Good,
    Same,
    Damaged,
    Different,
}

/// Where a file is damaged, and what to copy from the other copy.
#[derive(ToSchema)]
pub(crate) struct Located {
    verdict: LocateVerdict,
    /// What the file should be. Null if no BLAKE3 digest of that is known.
    #[schema(required)]
    expected: Option<LocatedContent>,
    file: LocatedCopy,
    #[schema(required)]
    replica: Option<LocatedCopy>,
    /// Whether the other copy is what the file should be. Null without one, and where that is not known.
    #[schema(required)]
    replica_is_good: Option<bool>,
    /// Where the file differs from what it should be, or from the other copy: whole pieces, of 1 MiB mostly. Null if it
    /// is not known where.
    #[schema(required)]
    ranges: Option<Vec<ByteRange>>,
    /// What to copy from the other copy, at the same offsets.
    copy: Vec<ByteRange>,
    /// Damaged ranges that the other copy does not have either.
    lacking: Vec<ByteRange>,
}

/// What a file should be.
#[derive(ToSchema)]
pub(crate) struct LocatedContent {
    blake3: String,
    /// Null if it is not known.
    #[schema(required)]
    size: Option<u64>,
}

/// A copy that was read.
#[derive(ToSchema)]
pub(crate) struct LocatedCopy {
    /// The root of the other copy.
    #[schema(nullable = false)]
    root: Option<String>,
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    size: u64,
    /// Null if a part of it cannot be read.
    #[schema(required)]
    blake3: Option<String>,
    /// Where it cannot be read.
    unreadable: Vec<ByteRange>,
    /// Null if no part of it can be read.
    #[schema(required)]
    read_from: Option<ReadFrom>,
}

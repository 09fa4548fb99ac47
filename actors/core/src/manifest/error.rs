//! Why a manifest cannot be read to its end.

use super::lines::LinesError;

/// Why a manifest is read no further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The reader failed, or a bound is exceeded.
    #[error(transparent)]
    Lines(#[from] LinesError),
    /// The first row does not name columns, `path` and an algorithm among them.
    #[error("the first row is no header with path and an algorithm")]
    NoHeader,
    /// The end is missing: JSON and NDJSON tell it by their summary.
    #[error("the manifest ends before its end")]
    Cut,
    /// It is not the JSON of a manifest.
    #[error("line {line} is not the JSON of a manifest")]
    NotJson {
        /// The line, from 1.
        line: u64,
    },
    /// One JSON value is longer than any item.
    #[error("a value on line {line} is too long")]
    ValueTooLong {
        /// The line, from 1.
        line: u64,
    },
}

impl ManifestError {
    /// The line on which it came up, where one can be told.
    #[must_use]
    pub const fn line(&self) -> Option<u64> {
        match self {
            Self::NoHeader => Some(1),
            Self::NotJson { line } | Self::ValueTooLong { line } => Some(*line),
            Self::Lines(LinesError::TooManyLines(lines)) => Some(lines.saturating_add(1)),
            Self::Lines(LinesError::Read(_) | LinesError::TooManyBytes(_)) | Self::Cut => None,
        }
    }
}

//! How a manifest is to be read, and why it cannot be read to its end.

use super::entry::Digits;
use super::hint::Hint;
use super::lines::{Limits, LinesError};
use super::names::LineEnd;
use crate::digest::Algorithm;

/// Why the reading of a manifest ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The reader failed, or a limit was exceeded.
    #[error(transparent)]
    Lines(#[from] LinesError),
    /// The first row is not a list of columns with `path` and an algorithm.
    #[error("the first row is not a header with path and an algorithm")]
    NoHeader,
    /// It is truncated: a JSON or NDJSON manifest ends with its summary.
    #[error("the manifest is truncated")]
    Cut,
    /// It is not the JSON of a manifest.
    #[error("line {line} is not the JSON of a manifest")]
    NotJson {
        /// The line, from 1.
        line: u64,
    },
    /// A document of another tool cannot be read.
    #[error("{why}")]
    Document {
        /// The line, from 1, if it is known.
        line: Option<u64>,
        /// What is wrong.
        why: String,
    },
    /// One JSON value is longer than any item.
    #[error("a value on line {line} is too long")]
    ValueTooLong {
        /// The line, from 1.
        line: u64,
    },
}

impl ManifestError {
    /// The line with the error, if there is one.
    #[must_use]
    pub const fn line(&self) -> Option<u64> {
        match self {
            Self::NoHeader => Some(1),
            Self::NotJson { line } | Self::ValueTooLong { line } => Some(*line),
            Self::Document { line, .. } => *line,
            Self::Lines(LinesError::TooManyLines(lines)) => Some(lines.saturating_add(1)),
            Self::Lines(LinesError::Read(_) | LinesError::TooManyBytes(_)) | Self::Cut => None,
        }
    }
}

/// How a manifest is read.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions {
    /// The requested algorithm: digests of another length, and tags of another algorithm, are not read.
    pub asked: Option<Algorithm>,
    /// What the manifest's name tells about untagged lines, if no algorithm was requested.
    pub named: Option<Hint>,
    /// How digests are encoded.
    pub digits: Digits,
    /// What ends a line.
    pub end: LineEnd,
    /// How much is read.
    pub limits: Limits,
}

impl ReadOptions {
    /// Any algorithm, hexadecimal digits, lines that end with LF, these limits.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { asked: None, named: None, digits: Digits::Hex, end: LineEnd::Newline, limits }
    }

    /// What is known about untagged digests: the requested algorithm, else what the name tells.
    #[must_use]
    pub fn hint(&self) -> Option<Hint> {
        self.asked.map(Hint::Algorithm).or(self.named)
    }
}

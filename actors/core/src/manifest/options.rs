//! How a checksum file is to be read.

use super::entry::Digits;
use super::lines::Limits;
use super::names::LineEnd;
use crate::digest::Algorithm;

/// How a checksum file is to be read.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions {
    /// The algorithm asked for: digests of another length and tags of another algorithm are malformed.
    pub asked: Option<Algorithm>,
    /// The algorithm of untagged lines where none was asked for, as the manifest's name tells it.
    pub untagged: Option<Algorithm>,
    /// How digests are spelled.
    pub digits: Digits,
    /// What ends a line.
    pub end: LineEnd,
    /// How much is read.
    pub limits: Limits,
}

impl ReadOptions {
    /// Any algorithm, hexadecimal digits, lines that end with LF, these bounds.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { asked: None, untagged: None, digits: Digits::Hex, end: LineEnd::Newline, limits }
    }
}

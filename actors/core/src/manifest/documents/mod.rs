//! Manifests that are one document, JSON or XML: what each names, as records.
//!
//! One module per form, with `recognises` (by name and first bytes, only where it is unmistakable) and `read`. A record
//! without digests is a file that the document names and of which it says nothing that hivesum can check: the caller
//! counts and tells them. Entries that are no files (directories, links) are left out. What contradicts itself is
//! refused with a [`DocumentError`].
//!
//! Readers take the whole text, whose size the caller bounds, and at most [`MAX_ENTRIES`] entries of a list.
#![allow(dead_code)]

pub mod ascmhl;
pub mod c4;
mod cargo_checksum;
mod claims;
pub mod found;
pub mod go_sum;
mod json;
mod mhl;
pub mod ocfl;
mod package_lock;
mod rclone;
pub mod s3_listing;
pub(in crate::manifest) mod sri;
mod xml;

use std::fmt;

use strum::{IntoStaticStr, VariantArray};

use super::record::Record;

/// The entries of one list or map that are read: as many as lines of a request.
pub const MAX_ENTRIES: usize = 1_000_000;

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{why}", Line(*.line))]
pub struct DocumentError {
    /// The line, from 1, if it is known.
    pub line: Option<u64>,
    /// What is wrong, in words.
    pub why: String,
}

/// `line 3: `, or nothing.
struct Line(Option<u64>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, "line {line}: "))
    }
}

impl DocumentError {
    /// An error of no known line.
    fn new(why: impl Into<String>) -> Self {
        Self { line: None, why: why.into() }
    }

    /// The same, with its line if it had none.
    fn or_at(self, line: u64) -> Self {
        Self { line: self.line.or(Some(line)), ..self }
    }
}

/// A form of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum DocumentForm {
    /// `.cargo-checksum.json` of `cargo vendor`.
    CargoChecksum,
    /// `package-lock.json` of npm.
    PackageLock,
    /// `inventory.json` of an OCFL object.
    Ocfl,
    /// A generation or the chain of an ASC Media Hash List 2.0.
    AscMhl,
    /// A Media Hash List 1.x.
    Mhl,
    /// `rclone lsjson --hash`.
    Rclone,
    /// `aws s3api list-objects-v2`.
    S3Listing,
    /// `go.sum`, which names no files.
    GoSum,
}

impl DocumentForm {
    /// Every form, in the order in which they are tried.
    pub const ALL: [Self; 8] = crate::variants();

    /// Its name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The form of a document. `name` is its path, which may be empty; `head` its first bytes, at most 1 MiB. `None` if
    /// it is not unmistakably one of them.
    #[must_use]
    pub fn recognise(name: &[u8], head: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.recognises(name, head))
    }

    fn recognises(self, name: &[u8], head: &[u8]) -> bool {
        match self {
            Self::CargoChecksum => cargo_checksum::recognises(name, head),
            Self::PackageLock => package_lock::recognises(name, head),
            Self::Ocfl => ocfl::recognises(name, head),
            Self::AscMhl => ascmhl::recognises(name, head),
            Self::Mhl => mhl::recognises(name, head),
            Self::Rclone => rclone::recognises(name, head),
            Self::S3Listing => s3_listing::recognises(name, head),
            Self::GoSum => go_sum::recognises(name, head),
        }
    }

    /// The records of a document of this form.
    ///
    /// # Errors
    /// If it is not of this form, contradicts itself, or exceeds [`MAX_ENTRIES`].
    pub fn read(self, text: &[u8]) -> Result<Vec<Record>, DocumentError> {
        match self {
            Self::CargoChecksum => cargo_checksum::read(text),
            Self::PackageLock => package_lock::read(text),
            Self::Ocfl => ocfl::read(text),
            Self::AscMhl => ascmhl::read(text),
            Self::Mhl => mhl::read(text),
            Self::Rclone => rclone::read(text),
            Self::S3Listing => s3_listing::read(text),
            Self::GoSum => Err(DocumentError::new("a go.sum has digests of whole modules, and none of a file")),
        }
    }
}

/// The last component of a path.
fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;

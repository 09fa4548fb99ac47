//! What a node says of the works that it is at: for people who look at the fleet. Nothing is decided by it.
//!
//! An announcement has room for 256 roots and for these, so a directory has at most 512 bytes; of a longer one the
//! directory above it is said that fits.

use hivesum_core::file::RelPath;
use serde::{Deserialize, Serialize};

use super::names::RootId;

/// Works that a node says it is at, at most.
pub(super) const MAX_READING: usize = 16;

/// The longest directory that a node says.
const MAX_DIRECTORY_BYTES: usize = 512;

/// A work that a node is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// The job.
    pub(crate) job: [u8; 16],
    pub(crate) root: RootId,
    /// Where its next file is, beneath the root.
    #[serde(flatten)]
    pub(crate) directory: RelPath,
}

impl Reading {
    /// Says that a job reads in this directory beneath a root, or in one beneath it.
    pub(crate) fn new(job: [u8; 16], root: RootId, mut directory: Vec<u8>) -> Self {
        while directory.len() > MAX_DIRECTORY_BYTES {
            let above = directory.iter().rposition(|&byte| byte == b'/');
            directory.truncate(above.unwrap_or(0));
        }
        Self { job, root, directory: RelPath::new(directory).unwrap_or_default() }
    }

    /// Whether a node of this program could have said so.
    pub(super) fn is_short(&self) -> bool {
        self.directory.as_bytes().len() <= MAX_DIRECTORY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::root_id;
    use super::*;

    #[test]
    fn of_a_directory_that_is_too_long_to_be_said_one_above_it_is() {
        let said = |directory: &str| Reading::new([1; 16], root_id("photos", None), directory.into()).directory;
        let long = vec!["x".repeat(200); 4].join("/");
        assert_eq!(said("2026/summer").as_bytes(), b"2026/summer");
        assert_eq!(said(&long).as_bytes(), &long.as_bytes()[..401]);
        assert_eq!(said(&format!("{}/y", "x".repeat(511))), RelPath::default(), "no name is cut in two");
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_said_exactly() {
        let said = Reading::new([1; 16], root_id("photos", None), b"caf\xe9".to_vec());
        let json = serde_json::to_string(&said).unwrap();
        assert_eq!(serde_json::from_str::<Reading>(&json).unwrap(), said, "{json}");
    }
}

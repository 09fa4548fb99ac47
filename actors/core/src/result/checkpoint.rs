//! How far the digests of a large file have come: kept now and then, gone on with after a restart.
//!
//! Each digest of a file has its own checkpoint, for each goes its own way through the file. It holds for
//! the file that it was made of and no other: inode, size and times are compared, as for whole results.

use std::time::Duration;

use super::status::FileMeta;
use crate::digest::Algorithm;

/// How often the state of one digest is kept: what a restart loses of it at most.
pub const KEEP_EVERY: Duration = Duration::from_millis(250);

/// Checkpoints that wait for the store; one that finds no room is left out.
pub const CHECKPOINTS_AHEAD: usize = 64;

/// The state of one digest after the first bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// As results show it.
    pub path: Vec<u8>,
    /// Whose state it is.
    pub algorithm: Algorithm,
    /// The file that it was made of.
    pub meta: FileMeta,
    /// Bytes digested so far.
    pub bytes: u64,
    /// The serialised state.
    pub state: Vec<u8>,
}

//! One quantum of a large file: one piece for one digest's state, or one BLAKE3 subtree.
//!
//! A file whose size is reported as 0 cannot be cut into pieces ahead: one quantum after the other reads on by the
//! length of a piece, for all digests at once. Before a changed file is read again, a quantum without bytes calls
//! `fstat` and probes for writers.

use std::sync::Arc;

use super::heartbeat::Heartbeat;
use crate::digest::subtree::SubtreeHasher;
use crate::digest::{Chain, MultiHasher};
use crate::file::{Now, OpenFile, Piece, ReadBuffers, UnsizedRead};
use crate::result::{FileMeta, Stability, Status};
use crate::sys::slots::JobTag;
use crate::walk::Plan;

/// A piece to digest.
#[derive(Debug)]
pub struct SegmentTask {
    /// The open file.
    pub file: Arc<OpenFile>,
    /// The file's metadata when this read of it began.
    pub meta: FileMeta,
    /// Which bytes of it.
    pub piece: Piece,
    /// What to do with them.
    pub work: SegmentWork,
    /// The file's name, to record what is being read.
    pub named: Named,
}

/// A file's job and its entry in a plan.
#[derive(Debug, Clone)]
pub struct Named {
    /// The job, if what is read is to be recorded.
    pub job_tag: Option<JobTag>,
    /// The plan with the file.
    pub plan: Arc<Plan>,
    /// Which of its entries.
    pub index: usize,
}

/// What is done with the bytes.
#[derive(Debug)]
pub enum SegmentWork {
    /// They are a BLAKE3 subtree that begins at the piece's offset.
    Subtree,
    /// They are added to one digest's running state, which is returned.
    Chain(Chain),
    /// All bytes from the piece's offset on are added to the states of all digests.
    Unsized(Box<MultiHasher>),
    /// Nothing is read: what are the file's metadata now, and may it have a writer?
    Look,
}

/// The result of a segment.
#[derive(Debug)]
pub enum SegmentDone {
    /// The chaining value of a BLAKE3 subtree.
    Subtree([u8; 32]),
    /// The state of a serial digest after the segment.
    Chain(Chain),
    /// The states of all digests of a file without a known size.
    Unsized(Box<MultiHasher>, UnsizedRead),
    /// The file's metadata now, and whether a writer can be ruled out.
    Looked(FileMeta, Stability),
    /// The file changed; these are its metadata now.
    Changed(FileMeta),
    /// The file has no digest.
    Failed(Status),
}

impl SegmentDone {
    /// How many bytes were digested of a piece of this many bytes.
    pub const fn bytes(&self, piece_bytes: u64) -> u64 {
        match self {
            Self::Unsized(_, read) => read.bytes,
            Self::Looked(..) => 0,
            Self::Subtree(_) | Self::Chain(_) | Self::Changed(_) | Self::Failed(_) => piece_bytes,
        }
    }
}

/// Digests the piece, then calls `fstat` again.
pub fn digest_segment(buffers: &mut ReadBuffers, task: SegmentTask, heartbeat: &Heartbeat) -> SegmentDone {
    if let Named { job_tag: Some(job_tag), plan, index } = &task.named {
        heartbeat.note(*job_tag, plan, &plan.entries[*index], task.piece.offset);
    }
    fail::fail_point!("digest_segment");
    let (file, piece) = (&task.file, task.piece);
    let read = match task.work {
        SegmentWork::Look => return look(file, piece.mapped),
        SegmentWork::Subtree => {
            let mut subtree = SubtreeHasher::new(piece.offset);
            let read = buffers.read_piece(file, piece, |bytes| {
                subtree.update(bytes);
            });
            read.map(|()| SegmentDone::Subtree(subtree.chaining_value()))
        }
        SegmentWork::Chain(mut chain) => {
            let read = buffers.read_piece(file, piece, |bytes| chain.update(bytes));
            read.map(|()| SegmentDone::Chain(chain))
        }
        SegmentWork::Unsized(mut digests) => {
            let read = buffers.read_unsized(file.fd(), piece.offset, |bytes| digests.update(bytes));
            read.map(|read| SegmentDone::Unsized(digests, read))
        }
    };
    fail::fail_point!("after_piece");
    let later = match task.file.meta_now() {
        Ok(later) => later,
        Err(errno) => return failed(errno),
    };
    if !task.meta.same_content(&later) {
        return SegmentDone::Changed(later);
    }
    match read {
        Ok(done) => done,
        Err(failure) => failed(failure.errno()),
    }
}

fn look(file: &OpenFile, mapped: bool) -> SegmentDone {
    match file.meta_now() {
        Ok(meta) => SegmentDone::Looked(meta, file.stability(&meta, Now::read(), mapped)),
        Err(errno) => failed(errno),
    }
}

fn failed(errno: rustix::io::Errno) -> SegmentDone {
    SegmentDone::Failed(Status::of_errno(errno))
}

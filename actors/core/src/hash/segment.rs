//! One quantum of a large file: a piece of it into one digest's state, or a BLAKE3 subtree of its own.
//!
//! A file whose size says 0 has no pieces to be cut ahead: all its digests go over it together, a piece's
//! worth of bytes at a time. Before a file is read once more, a quantum of no bytes looks at it anew.

use std::sync::Arc;

use super::heartbeat::Heartbeat;
use crate::digest::subtree::SubtreeHasher;
use crate::digest::{Chain, MultiHasher};
use crate::file::{Now, OpenFile, Piece, ReadBuffers, UnsizedRead};
use crate::result::{FileMeta, Stability, Status};
use crate::sys::slots::JobTag;
use crate::walk::Plan;

/// A piece to be digested.
#[derive(Debug)]
pub struct SegmentTask {
    /// The open file.
    pub file: Arc<OpenFile>,
    /// What the file was when this pass over it began.
    pub meta: FileMeta,
    /// Which bytes of it.
    pub piece: Piece,
    /// What to do with them.
    pub work: SegmentWork,
    /// The file's name, for the note of what is being read.
    pub named: Named,
}

/// Who asked for a file, and which one it is.
#[derive(Debug, Clone)]
pub struct Named {
    /// The job that reads it, if it is to be noted.
    pub job_tag: Option<JobTag>,
    /// The plan that names the file.
    pub plan: Arc<Plan>,
    /// Which of its entries.
    pub index: usize,
}

/// What is done with the bytes.
#[derive(Debug)]
pub enum SegmentWork {
    /// A BLAKE3 subtree that starts at the piece's offset.
    Subtree,
    /// One digest's running state; it comes back with the answer.
    Chain(Chain),
    /// The states of all digests, over whatever comes from the piece's offset on.
    Unsized(Box<MultiHasher>),
    /// Nothing is read: what is the file now, and who may be writing to it?
    Look,
}

/// What came of a segment.
#[derive(Debug)]
pub enum SegmentDone {
    /// The chaining value of a BLAKE3 subtree.
    Subtree([u8; 32]),
    /// The state of a serial digest after the segment.
    Chain(Chain),
    /// The states of all digests of a file without a known size.
    Unsized(Box<MultiHasher>, UnsizedRead),
    /// What the second look at the file says.
    Looked(FileMeta, Stability),
    /// The file is no longer what it was; this is what it is now.
    Changed(FileMeta),
    /// The file has no digest.
    Failed(Status),
}

impl SegmentDone {
    /// How many bytes were digested, where the piece had so many.
    pub const fn bytes(&self, piece_bytes: u64) -> u64 {
        match self {
            Self::Unsized(_, read) => read.bytes,
            Self::Looked(..) => 0,
            Self::Subtree(_) | Self::Chain(_) | Self::Changed(_) | Self::Failed(_) => piece_bytes,
        }
    }
}

/// Digests the piece, then looks at the file again.
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

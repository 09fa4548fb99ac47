//! One quantum of a large file: one piece for one digest's state, or one BLAKE3 subtree.
//!
//! A file whose size is reported as 0 cannot be cut into pieces ahead: one quantum after the other reads on by the
//! length of a piece, for all digests at once. So does a file that is read from its device, which is to deliver every
//! byte once. Before a changed file is read again, a quantum without bytes calls
//! `fstat` and probes for writers.

use std::sync::Arc;

use super::heartbeat::Heartbeat;
use crate::digest::pieces::PieceHasher;
use crate::digest::subtree::{ChainingValue, SubtreeHasher, SubtreeMerger};
use crate::digest::{Chain, MultiHasher};
use crate::file::{Now, OpenFile, Piece, ReadBuffers, ReadFailure, UnsizedRead};
use crate::result::{FileMeta, ReadFrom, Stability, Status};
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
    /// The length of the file's pieces, if their values are told.
    pub piece_bytes: Option<u64>,
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
    /// The bytes are added to the states of all digests. Of a file without a known size they are all bytes from the
    /// piece's offset on.
    Together(Box<MultiHasher>),
    /// Nothing is read: what are the file's metadata now, and may it have a writer?
    Look,
}

/// The result of a segment.
#[derive(Debug)]
pub enum SegmentDone {
    /// The chaining value of a BLAKE3 subtree, and where the bytes came from, if that was asked for.
    Subtree(ChainingValue, Option<ReadFrom>, PieceValues),
    /// The state of a serial digest after the segment, and where the bytes came from.
    Chain(Chain, Option<ReadFrom>),
    /// The states of all digests after the segment.
    Together(Box<MultiHasher>, UnsizedRead, PieceValues),
    /// The file's metadata now, and whether a writer can be ruled out.
    Looked(FileMeta, Stability),
    /// The file changed; these are its metadata now.
    Changed(FileMeta),
    /// The file has no digest.
    Failed(Status),
}

/// The chaining values of the file's pieces in a segment, if they are told.
pub type PieceValues = Vec<ChainingValue>;

impl SegmentDone {
    /// How many bytes were digested of a piece of this many bytes.
    pub const fn bytes(&self, piece_bytes: u64) -> u64 {
        match self {
            Self::Together(_, read, _) => read.bytes,
            Self::Looked(..) => 0,
            Self::Subtree(..) | Self::Chain(..) | Self::Changed(_) | Self::Failed(_) => piece_bytes,
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
        SegmentWork::Subtree => read_subtree(buffers, file, piece, task.piece_bytes),
        SegmentWork::Chain(mut chain) => {
            let read = buffers.read_piece(file, piece, |bytes| chain.update(bytes));
            read.map(|from| SegmentDone::Chain(chain, from))
        }
        SegmentWork::Together(mut digests) => {
            let mut pieces = task.piece_bytes.map(|length| PieceHasher::new(piece.offset, length));
            let read = read_on(buffers, (file, task.meta.size), piece, |bytes| {
                digests.update(bytes);
                pieces.iter_mut().for_each(|pieces| pieces.update(bytes));
            });
            let values = pieces.map(PieceHasher::finish).unwrap_or_default();
            read.map(|read| SegmentDone::Together(digests, read, values))
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

/// Digests one subtree, whole or by the pieces that it has.
fn read_subtree(
    buffers: &mut ReadBuffers,
    file: &OpenFile,
    piece: Piece,
    piece_bytes: Option<u64>,
) -> Result<SegmentDone, ReadFailure> {
    let Some(piece_bytes) = piece_bytes else {
        let mut subtree = SubtreeHasher::new(piece.offset);
        let from = buffers.read_piece(file, piece, |bytes| subtree.update(bytes))?;
        return Ok(SegmentDone::Subtree(subtree.chaining_value(), from, Vec::new()));
    };
    let mut pieces = PieceHasher::new(piece.offset, piece_bytes);
    let from = buffers.read_piece(file, piece, |bytes| pieces.update(bytes))?;
    let values = pieces.finish();
    let value = SubtreeMerger::subtree(&values).expect("a segment has bytes");
    Ok(SegmentDone::Subtree(value, from, values))
}

/// Passes on the next bytes of a file: those of the piece, or of a file without a known size what follows.
pub(super) fn read_on(
    buffers: &mut ReadBuffers,
    (file, size): (&OpenFile, u64),
    piece: Piece,
    take: impl FnMut(&[u8]),
) -> Result<UnsizedRead, ReadFailure> {
    if size == 0 {
        return buffers.read_unsized(file, piece.offset, take);
    }
    let read_from = buffers.read_piece(file, piece, take)?;
    let bytes = piece.bytes as u64;
    Ok(UnsizedRead { bytes, is_end: piece.offset + bytes == size, read_from })
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

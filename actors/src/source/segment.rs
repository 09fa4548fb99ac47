//! One quantum of a large file: a piece of it into one digest's state, or a BLAKE3 subtree of its own.

use std::sync::Arc;

use super::read::{Desk, Piece, ReadFailure};
use super::stability::OpenFile;
use crate::digest::Chain;
use crate::digest::subtree::SubtreeHasher;
use crate::error::ErrorCode;
use crate::job::rows::{FileMeta, Status};

/// A piece to be digested.
#[derive(Debug)]
pub(crate) struct SegmentTask {
    pub(crate) file: Arc<OpenFile>,
    /// What the file was when this pass over it began.
    pub(crate) meta: FileMeta,
    pub(crate) piece: Piece,
    pub(crate) work: SegmentWork,
}

/// What is done with the bytes.
#[derive(Debug)]
pub(crate) enum SegmentWork {
    /// A BLAKE3 subtree that starts at the piece's offset.
    Subtree,
    /// One digest's running state; it comes back with the answer.
    Chain(Chain),
}

#[derive(Debug)]
pub(crate) enum SegmentDone {
    Subtree([u8; 32]),
    Chain(Chain),
    /// The file is no longer what it was; this is what it is now.
    Changed(FileMeta),
    Failed(Status),
}

/// Digests the piece, then looks at the file again.
pub(crate) fn digest_segment(desk: &mut Desk, task: SegmentTask) -> SegmentDone {
    fail::fail_point!("digest_segment");
    let read = match task.work {
        SegmentWork::Subtree => {
            let mut subtree = SubtreeHasher::new(task.piece.offset);
            let read = desk.read_piece(&task.file, task.piece, |bytes| {
                subtree.update(bytes);
            });
            read.map(|()| SegmentDone::Subtree(subtree.chaining_value()))
        }
        SegmentWork::Chain(mut chain) => {
            let read = desk.read_piece(&task.file, task.piece, |bytes| chain.update(bytes));
            read.map(|()| SegmentDone::Chain(chain))
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
        Err(ReadFailure::System(errno)) => failed(errno),
        // Pages are gone and the file says it did not change: the device failed.
        Err(ReadFailure::Gone) => failed(rustix::io::Errno::IO),
    }
}

fn failed(errno: rustix::io::Errno) -> SegmentDone {
    SegmentDone::Failed(Status::Error { code: ErrorCode::from_errno(errno), errno: errno.raw_os_error() })
}

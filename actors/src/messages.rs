//! The messages of the hashing actors: who sends what to whom.
//!
//! ```text
//! Upload, Driver --Submit--> Supervisor --Work--> Hasher
//!                                ^------Finished-----'   Hasher (its thread ends) --Died--> Supervisor
//! Upload, Driver <--Reply (their own channel)-- Supervisor
//! Driver --Withdraw--> Supervisor        Engine --Drain--> Supervisor
//! Scan   --Walk, Survey--> Walker        Store  --Ask--> StoreWorker   (defined with their actors)
//! ```
//!
//! The mailboxes of actix are not bounded in a way that holds, so every sender bounds itself: an upload has one quantum
//! in flight, a driver a fixed credit, and the Supervisor gives each Hasher at most two.

use std::time::Instant;

use actix::Message;
use tokio::sync::{mpsc, oneshot};

use crate::error::Refused;
use crate::upload_memory::Block;
use hivesum_core::digest::MultiHasher;
use hivesum_core::hash::{BatchDone, BatchTask, SegmentDone, SegmentTask};

/// One bounded piece of work.
#[derive(Debug)]
pub(crate) enum Quantum {
    /// Small files of a scan.
    HashBatch(BatchTask),
    /// A segment of one large file.
    HashSegment(SegmentTask),
    /// A part of an upload and the digest states that absorb it.
    AbsorbChunk(ChunkTask),
}

#[derive(Debug)]
pub(crate) struct ChunkTask {
    pub(crate) digests: Box<MultiHasher>,
    pub(crate) block: Block,
}

/// The outcome of a quantum.
#[derive(Debug)]
pub(crate) enum Answer {
    BatchHashed(BatchDone),
    SegmentHashed(SegmentDone),
    /// The states after the bytes of the block, and the block, to be filled anew.
    ChunkAbsorbed(ChunkTask),
}

/// Why a quantum has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It was refused.
    Refused(Refused),
    /// Its hasher panicked outside of a file, or its thread died. `at` is the entry of a batch it was on.
    HasherDied { at: usize },
    /// It made no progress within the deadline and the hasher was replaced.
    HasherStuck { at: usize },
    /// It waited behind a quantum that ended its hasher; it never began and may be sent again.
    NeverBegan,
    /// The job was withdrawn before it began.
    Withdrawn,
}

pub(crate) type Reply = Result<Answer, Lost>;

/// A job's lane in the Supervisor. Never used twice in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct JobKey(pub(crate) u64);

/// Which queue a quantum waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Uploads: ahead of every job.
    Interactive,
    /// Jobs share round robin by bytes; low ones run only while no normal one waits.
    Job { key: JobKey, low: bool },
}

/// Where the answer goes.
#[derive(Debug)]
pub(crate) enum ReplyTo {
    Upload(oneshot::Sender<Reply>),
    /// The ticket is the driver's own number for the quantum.
    Driver {
        ticket: u64,
        answers: mpsc::UnboundedSender<(u64, Reply)>,
    },
}

impl ReplyTo {
    /// Whether the sender no longer waits for the answer.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Upload(sender) => sender.is_closed(),
            Self::Driver { answers, .. } => answers.is_closed(),
        }
    }

    pub(crate) fn send(self, reply: Reply) {
        match self {
            Self::Upload(sender) => drop(sender.send(reply)),
            Self::Driver { ticket, answers } => drop(answers.send((ticket, reply))),
        }
    }
}

/// Uploads and drivers submit work. Bounded by the interactive queue's limit and the drivers' credit.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Submit {
    pub(crate) lane: Lane,
    /// Estimated bytes; corrected by the answer.
    pub(crate) cost: u64,
    pub(crate) quantum: Quantum,
    pub(crate) reply_to: ReplyTo,
    /// When it was submitted.
    pub(crate) since: Instant,
}

/// A driver withdraws its waiting quanta.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Withdraw(pub(crate) JobKey);

/// No new work; answered once nothing is queued or running.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Drain(pub(crate) oneshot::Sender<()>);

/// The Supervisor gives a quantum to a Hasher.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Work(pub(crate) Quantum);

/// A Hasher has finished a quantum. Dropped where the generation is not the slot's: a replaced hasher's.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Finished {
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    pub(crate) reply: Reply,
}

/// A Hasher's thread has ended.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Died {
    pub(crate) slot: usize,
    pub(crate) generation: u64,
}

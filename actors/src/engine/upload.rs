//! One upload, hashed while it arrives: nothing is stored, and a slow client occupies no thread.
//!
//! Chunks are collected until a hop pays off, then sent to a hasher with the digest states. One such quantum
//! is in flight while the next one is collected. Small bodies are hashed on the caller's thread.

use actix::Addr;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::{Refused, UploadError};
use crate::gauges::{Gauges, Operation};
use crate::messages::{Answer, ChunkTask, Lane, Lost, Quantum, Reply, ReplyTo, Submit};
use crate::supervisor::Supervisor;
use hivesum_core::digest::{Algorithms, MultiHasher};

/// Bodies up to here are digested on the caller's thread: a hop costs some 40 us of two wake-ups, as much
/// as SHA-256 of this many bytes.
const INLINE_BYTES: usize = 32 << 10;

/// Chunks are gathered to this before they travel: some 600 us of SHA-256, so that the two hops there and back
/// cost a tenth of it (at 256 KiB they cost a third).
const GATHER_BYTES: usize = 1 << 20;

/// Gathered bytes at which the body has to wait for the quantum under way.
const AHEAD_BYTES: usize = 2 << 20;

/// An upload in progress. Dropping it cancels the upload.
#[derive(Debug)]
pub struct Upload {
    algorithms: Algorithms,
    supervisor: Addr<Supervisor>,
    gauges: Arc<Gauges>,
    size: u64,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    states: States,
    began: Instant,
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum States {
    Here(Box<MultiHasher>),
    Away(oneshot::Receiver<Reply>),
    Lost,
}

/// The digests of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadDigests {
    /// Bytes of the body.
    pub size: u64,
    /// The algorithms of the digests, in order.
    pub algorithms: Algorithms,
    /// The digests end to end; see [`hivesum_core::result::split_digests`].
    pub digests: Vec<u8>,
}

impl Upload {
    pub(crate) fn new(
        algorithms: Algorithms,
        supervisor: Addr<Supervisor>,
        gauges: Arc<Gauges>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let states = States::Here(Box::new(MultiHasher::new(&algorithms)));
        let (gathered, gathered_bytes) = (Vec::new(), 0);
        Self {
            algorithms,
            supervisor,
            gauges,
            size: 0,
            gathered,
            gathered_bytes,
            states,
            began: Instant::now(),
            _permit: permit,
        }
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the next bytes of the body. Waits only while the hashers are behind.
    ///
    /// # Errors
    /// When the hasher failed, or the engine refuses further work.
    pub async fn absorb(&mut self, chunk: Bytes) -> Result<(), UploadError> {
        self.size += chunk.len() as u64;
        self.gathered_bytes += chunk.len();
        self.gathered.push(chunk);
        if self.gathered_bytes < GATHER_BYTES {
            return Ok(());
        }
        if self.gathered_bytes >= AHEAD_BYTES {
            self.states_are_here().await?;
        } else {
            self.look_for_states()?;
        }
        self.send_gathered();
        Ok(())
    }

    /// Finishes the upload and returns its digests.
    ///
    /// # Errors
    /// As [`absorb`](Self::absorb).
    pub async fn finish(mut self) -> Result<UploadDigests, UploadError> {
        self.states_are_here().await?;
        if self.gathered_bytes > INLINE_BYTES {
            self.send_gathered();
            self.states_are_here().await?;
        }
        let States::Here(mut states) = std::mem::replace(&mut self.states, States::Lost) else {
            return Err(UploadError::HasherFailed);
        };
        for chunk in &self.gathered {
            states.update(chunk);
        }
        self.gauges.count_inline(self.gathered_bytes as u64);
        self.gauges.count_files(1);
        self.gauges.durations.worked(Operation::Upload, self.began.elapsed());
        let mut digests = Vec::with_capacity(self.algorithms.digest_bytes());
        states.finalize_reset_into(&mut digests);
        Ok(UploadDigests { size: self.size, algorithms: self.algorithms, digests })
    }

    /// Sends the collected chunks if the digest states are here.
    fn send_gathered(&mut self) {
        let States::Here(_) = self.states else { return };
        let (reply_to, reply) = oneshot::channel();
        let States::Here(digests) = std::mem::replace(&mut self.states, States::Away(reply)) else { return };
        let chunks = std::mem::take(&mut self.gathered);
        let cost = std::mem::take(&mut self.gathered_bytes) as u64;
        let quantum = Quantum::AbsorbChunk(ChunkTask { digests, chunks });
        let reply_to = ReplyTo::Upload(reply_to);
        self.supervisor.do_send(Submit { lane: Lane::Interactive, cost, quantum, reply_to, since: Instant::now() });
    }

    /// Takes the digest states back if they have arrived.
    fn look_for_states(&mut self) -> Result<(), UploadError> {
        let States::Away(reply) = &mut self.states else { return Ok(()) };
        match reply.try_recv() {
            Ok(reply) => self.take_back(reply),
            Err(oneshot::error::TryRecvError::Empty) => Ok(()),
            Err(oneshot::error::TryRecvError::Closed) => Err(self.lost()),
        }
    }

    async fn states_are_here(&mut self) -> Result<(), UploadError> {
        let States::Away(reply) = &mut self.states else { return Ok(()) };
        match reply.await {
            Ok(reply) => self.take_back(reply),
            Err(_) => Err(self.lost()),
        }
    }

    fn take_back(&mut self, reply: Reply) -> Result<(), UploadError> {
        match reply {
            Ok(Answer::ChunkAbsorbed(states)) => {
                self.states = States::Here(states);
                Ok(())
            }
            Err(Lost::Refused(refused)) => {
                self.states = States::Lost;
                Err(refused.into())
            }
            Ok(_) | Err(_) => Err(self.lost()),
        }
    }

    fn lost(&mut self) -> UploadError {
        self.states = States::Lost;
        UploadError::HasherFailed
    }
}

impl From<tokio::sync::TryAcquireError> for Refused {
    fn from(error: tokio::sync::TryAcquireError) -> Self {
        match error {
            tokio::sync::TryAcquireError::NoPermits => Self::QueueFull,
            tokio::sync::TryAcquireError::Closed => Self::Draining,
        }
    }
}

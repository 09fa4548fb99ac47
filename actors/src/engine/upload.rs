//! One upload, hashed while it arrives: nothing is stored, and a slow client occupies no thread.
//!
//! The body is gathered in blocks, so that a hop to a hasher pays off; a full block travels with the digest states. While
//! one is away another is filled, and then the body has to wait. Small bodies are hashed on the caller's thread.

use actix::Addr;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::{Refused, UploadError};
use crate::gauges::{Gauges, Operation};
use crate::messages::{Answer, ChunkTask, Lane, Lost, Quantum, Reply, ReplyTo, Submit};
use crate::supervisor::Supervisor;
use crate::upload_memory::Block;
use hivesum_core::digest::{Algorithms, MultiHasher};

/// Bodies up to here are digested on the caller's thread: a hop costs some 40 us of two wake-ups, as much
/// as SHA-256 of this many bytes.
const INLINE_BYTES: usize = 32 << 10;

/// An upload in progress. Dropping it cancels the upload.
#[derive(Debug)]
pub struct Upload {
    algorithms: Algorithms,
    supervisor: Addr<Supervisor>,
    gauges: Arc<Gauges>,
    size: u64,
    /// The bytes of a small body.
    small: Vec<u8>,
    /// The block that is being filled, once the body is not small.
    block: Option<Block>,
    /// A block that came back.
    spare: Option<Block>,
    block_bytes: usize,
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
        block_bytes: usize,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let states = States::Here(Box::new(MultiHasher::new(&algorithms)));
        Self {
            algorithms,
            supervisor,
            gauges,
            size: 0,
            small: Vec::new(),
            block: None,
            spare: None,
            block_bytes,
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
        if self.block.is_none() && self.small.len() + chunk.len() <= INLINE_BYTES {
            self.small.extend_from_slice(&chunk);
            return Ok(());
        }
        let small = std::mem::take(&mut self.small);
        self.gather(&small).await?;
        self.gather(&chunk).await
    }

    /// Fills blocks, and sends those that are full. Only the last one may have room.
    async fn gather(&mut self, mut bytes: &[u8]) -> Result<(), UploadError> {
        while !bytes.is_empty() {
            let mut block = match self.block.take().or_else(|| self.spare.take()) {
                Some(block) => block,
                None => self.new_block()?,
            };
            bytes = block.fill(bytes);
            if block.is_full() {
                self.states_are_here().await?;
                self.send(block);
            } else {
                self.block = Some(block);
            }
        }
        Ok(())
    }

    fn new_block(&self) -> Result<Block, UploadError> {
        Block::new(self.block_bytes).map_err(|error| {
            tracing::warn!(%error, "an upload is refused: there is no memory for it");
            UploadError::Refused(Refused::QueueFull)
        })
    }

    /// Finishes the upload and returns its digests.
    ///
    /// # Errors
    /// As [`absorb`](Self::absorb).
    pub async fn finish(mut self) -> Result<UploadDigests, UploadError> {
        self.states_are_here().await?;
        if let Some(block) = self.block.take_if(|block| block.bytes().len() > INLINE_BYTES) {
            self.send(block);
            self.states_are_here().await?;
        }
        let States::Here(mut states) = std::mem::replace(&mut self.states, States::Lost) else {
            return Err(UploadError::HasherFailed);
        };
        let rest = self.block.as_ref().map_or(&self.small[..], Block::bytes);
        states.update(rest);
        // Otherwise a call of `absorb` failed, or was not awaited to its end.
        if states.absorbed() != self.size {
            return Err(UploadError::HasherFailed);
        }
        self.gauges.count_inline(rest.len() as u64);
        self.gauges.count_files(1);
        self.gauges.durations.worked(Operation::Upload, self.began.elapsed());
        let mut digests = Vec::with_capacity(self.algorithms.digest_bytes());
        states.finalize_reset_into(&mut digests);
        Ok(UploadDigests { size: self.size, algorithms: self.algorithms, digests })
    }

    /// Sends a block to a hasher, with the digest states, which are here.
    fn send(&mut self, block: Block) {
        let (reply_to, reply) = oneshot::channel();
        let States::Here(digests) = std::mem::replace(&mut self.states, States::Away(reply)) else { return };
        let cost = block.bytes().len() as u64;
        let quantum = Quantum::AbsorbChunk(ChunkTask { digests, block });
        let reply_to = ReplyTo::Upload(reply_to);
        self.supervisor.do_send(Submit { lane: Lane::Interactive, cost, quantum, reply_to, since: Instant::now() });
    }

    /// Waits for the digest states, and the block that went with them.
    async fn states_are_here(&mut self) -> Result<(), UploadError> {
        let States::Away(reply) = &mut self.states else { return Ok(()) };
        match reply.await {
            Ok(reply) => self.take_back(reply),
            Err(_) => Err(self.lost()),
        }
    }

    fn take_back(&mut self, reply: Reply) -> Result<(), UploadError> {
        match reply {
            Ok(Answer::ChunkAbsorbed(ChunkTask { digests, block })) => {
                self.states = States::Here(digests);
                self.spare = Some(block.emptied());
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

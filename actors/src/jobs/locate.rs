//! Where a file of a collection is damaged: it is read as a whole beside the engine, and another copy of it, if one is
//! named.
//!
//! Both are opened beneath roots, as jobs open what they read, and are read on a thread of its own at the rate of the
//! collection. At most [`MAX_LOCATING`](super::MAX_LOCATING) are read at a time, and a further one is refused. When the
//! caller goes away or the service stops, reading ends within a piece. Nothing is written.

use std::ops::ControlFlow;
use std::os::fd::{AsFd as _, OwnedFd};

use hivesum_core::file::{DEFAULT_READ_TIMEOUT, Opened, ReadBuffers, RelPath, Root};
use hivesum_core::fixity::{Good, Located, NamedCopy, Plan};
use hivesum_core::hash::{CopyFailure, CopyRead, read_copy_beneath};
use hivesum_core::result::Status;
use tokio::sync::oneshot;

use super::collections::innermost;
use super::service::Jobs;
use super::submit::open_beneath;
use crate::engine::throttle::{ByteBudget, Throttle};
use crate::error::{Refused, StoreError, SubmitError};
use crate::scan::Canceller;
use crate::store::collections::{KnownFile, StoredCollection};

/// A file of a collection, and where another copy of it is.
#[derive(Debug, Clone)]
pub struct LocateRequest {
    /// The path beneath the collection's directory.
    pub path: RelPath,
    /// The name of a root and a path beneath it.
    pub replica: Option<(String, RelPath)>,
}

/// What was found.
#[derive(Debug)]
pub struct LocatedFile {
    request: LocateRequest,
    good: Option<Good>,
    copies: Copies,
    plan: Plan,
}

impl LocatedFile {
    /// As it is told.
    #[must_use]
    pub fn told(&self) -> Located<'_> {
        let replica = self.request.replica.as_ref().zip(self.copies.replica.as_ref());
        Located {
            good: self.good.as_ref(),
            file: NamedCopy { root: None, path: self.request.path.as_bytes(), read: &self.copies.file },
            replica: replica.map(|((root, path), read)| NamedCopy { root: Some(root), path: path.as_bytes(), read }),
            plan: &self.plan,
        }
    }
}

/// Which of the two copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichCopy {
    /// That of the collection.
    File,
    /// The other one.
    Replica,
}

/// Why nothing is located.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// A file cannot be opened, or the service takes no further request.
    #[error(transparent)]
    Refused(#[from] SubmitError),
    /// What the file should be is not known, and there is nothing to compare it with.
    #[error("no BLAKE3 digest of this file is known: name another copy of it")]
    NothingKnown,
    /// A file has no digest for this reason, as in results.
    #[error("a copy could not be read")]
    Unread {
        /// Which one.
        which: WhichCopy,
        /// Why.
        status: Status,
    },
    /// The thread ended without an answer: a defect of hivesum.
    #[error("the read was aborted")]
    Aborted,
}

impl From<StoreError> for LocateError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Refused> for LocateError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.into())
    }
}

#[derive(Debug)]
struct Copies {
    file: CopyRead,
    replica: Option<CopyRead>,
}

/// Cancels the reads when nobody waits for them any more.
struct Waiting(Canceller);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Jobs {
    /// Reads a file of a collection and tells where it is damaged, and what another copy has of that.
    ///
    /// # Errors
    /// [`LocateError`]. A file that is damaged is none, nor is one of which a part cannot be read.
    pub async fn locate(
        &self,
        collection: &StoredCollection,
        request: LocateRequest,
    ) -> Result<LocatedFile, LocateError> {
        if self.shared.stop.is_cancelled() {
            return Err(Refused::Draining.into());
        }
        let permit = self.shared.locating.clone().try_acquire_owned().map_err(|_| Refused::QueueFull)?;
        let path = request.path.as_bytes().to_vec();
        let good = match self.collections().good(collection.id.clone(), path).await? {
            KnownFile::Unknown => return Err(SubmitError::NotFound("the collection has no file at this path").into()),
            KnownFile::Known(None) if request.replica.is_none() => return Err(LocateError::NothingKnown),
            KnownFile::Known(good) => good,
        };
        let to_read = self.open_copies(collection, &request).await?;
        let waiting = Waiting(Canceller::default());
        let (cancel, priority) = (waiting.0.clone(), self.shared.engine.shared.config.priority);
        let budget = collection.settings.schedule.max_bytes_per_second.map(ByteBudget::new);
        let (done_in, done) = oneshot::channel();
        let work = move || {
            let _permit = permit;
            crate::hasher::take_priority(priority);
            let _ = done_in.send(to_read.read(budget.map(Throttle::of), &cancel));
        };
        let started = std::thread::Builder::new().name("hivesum-locate".to_owned()).spawn(work);
        started.map_err(|error| StoreError::Failed(Box::new(error)))?;
        let copies = tokio::select! {
            biased;
            copies = done => copies.map_err(|_| LocateError::Aborted)??,
            () = self.shared.stop.cancelled() => return Err(Refused::Draining.into()),
        };
        let plan = Plan::of(good.as_ref(), &copies.file, copies.replica.as_ref());
        Ok(LocatedFile { request, good, copies, plan })
    }

    async fn open_copies(&self, of: &StoredCollection, request: &LocateRequest) -> Result<ToRead, LocateError> {
        if self.roots().is_empty() {
            return Err(SubmitError::NoRoots.into());
        }
        let nowhere =
            SubmitError::NotFound("the collection lies beneath no root of this service: hivesum locate reads it");
        let (at, directory) = innermost(self.roots(), of).ok_or(nowhere)?;
        let path = match directory.as_bytes() {
            b"" => request.path.clone(),
            beneath => RelPath::new([beneath, request.path.as_bytes()].join(&b'/')).map_err(SubmitError::from)?,
        };
        let file = self.file_at(&self.roots()[at], path).await?;
        let replica = match &request.replica {
            None => None,
            Some((root, path)) => {
                let named = self.shared.roots.find(root).ok_or(SubmitError::NotFound("no root has this name"))?;
                Some(self.file_at(named, path.clone()).await?)
            }
        };
        Ok(ToRead { file, replica })
    }

    async fn file_at(&self, root: &Root, path: RelPath) -> Result<FileAt, LocateError> {
        self.shared.settle_root(root).await?;
        match open_beneath(root, path).await.map_err(SubmitError::from)?.0 {
            Opened::File { parent, name } => Ok(FileAt { parent, name }),
            Opened::Directory(_) => Err(SubmitError::NotFound("the path is a directory: one file is located").into()),
        }
    }
}

/// A file by its directory, which is open.
#[derive(Debug)]
struct FileAt {
    parent: OwnedFd,
    name: Vec<u8>,
}

#[derive(Debug)]
struct ToRead {
    file: FileAt,
    replica: Option<FileAt>,
}

impl ToRead {
    /// Blocks until both are read, or the reads are cancelled.
    fn read(self, mut throttle: Option<Throttle>, cancel: &Canceller) -> Result<Copies, LocateError> {
        let mut buffers = ReadBuffers::new(DEFAULT_READ_TIMEOUT);
        let mut read = |which, at: &FileAt| {
            let told = |bytes| {
                throttle.iter_mut().for_each(|throttle| throttle.pay(bytes, || cancel.is_cancelled()));
                if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let copy = read_copy_beneath(&mut buffers, (at.parent.as_fd(), &at.name), None, told);
            copy.map_err(|failure| match failure {
                CopyFailure::Failed(status) => LocateError::Unread { which, status },
                CopyFailure::Stopped => Refused::Draining.into(),
            })
        };
        let file = read(WhichCopy::File, &self.file)?;
        let replica = self.replica.as_ref().map(|replica| read(WhichCopy::Replica, replica)).transpose()?;
        Ok(Copies { file, replica })
    }
}

//! Accepts jobs: a job is checked, gets a reservation, is stored, and only then acknowledged.
//!
//! A path is opened beneath its root off the event loop, on a thread that may be left behind.

use std::sync::Arc;

use hivesum_core::file::{EnterFailure, OpenFailure, Opened, RelPath, Root, RootIdentity};
use hivesum_core::manifest::UnreadLines;
use hivesum_core::walk::Filters;

use super::active::ActiveJob;
use super::far::NamedRoot;
use super::queue::Reservation;
use super::resume::lacks;
use super::service::Jobs;
use super::shared::JobsShared;
use crate::error::{StoreError, SubmitError};
use crate::job::{Job, JobId, JobSpec};
use crate::listing::ask::{NoAnswer, ask};
use crate::store::{IdempotencyKey, IdempotencyOutcome};

impl Jobs {
    /// Checks that the queue has room for a job of this owner, before a long request is read.
    ///
    /// # Errors
    /// When there is no room.
    pub fn room_for(&self, owner: Option<&str>) -> Result<(), SubmitError> {
        self.shared.queue.room_for(owner)
    }

    /// Accepts a job. When this returns, the job is in the store.
    ///
    /// # Errors
    /// When the job is invalid, the queue is full, or the store fails.
    pub async fn submit(&self, spec: JobSpec, owner: Option<String>) -> Result<Job, SubmitError> {
        self.submit_once(spec, owner, None).await
    }

    /// Accepts a job under an idempotency key: a repeated request with the same key returns the job of the first
    /// with its current progress.
    ///
    /// # Errors
    /// As [`submit`](Self::submit), and when the key was used for a different request before.
    pub async fn submit_once(
        &self,
        spec: JobSpec,
        owner: Option<String>,
        key: Option<String>,
    ) -> Result<Job, SubmitError> {
        self.submit_with(spec, None, owner, key).await
    }

    /// Accepts a job with the manifest of a verify job.
    pub(super) async fn submit_with(
        &self,
        spec: JobSpec,
        manifest: Option<Submitted>,
        owner: Option<String>,
        key: Option<String>,
    ) -> Result<Job, SubmitError> {
        let known = manifest.as_ref().and_then(|manifest| manifest.fingerprint);
        let (manifest, lines_not_read) = manifest.map(|manifest| (manifest.body, manifest.lines_not_read)).unzip();
        let asked = || known.unwrap_or_else(|| fingerprint(&spec, manifest.as_deref()));
        let request = key.map(|key| IdempotencyKey { key, fingerprint: asked() });
        if let Some(request) = &request
            && let Some(job) = self.find_repeated(owner.clone(), request.clone()).await?
        {
            return Ok(job);
        }
        Filters::new(&spec.include, &spec.exclude)?;
        let root = self.shared.named_root(&spec.root)?;
        self.shared.check_writable()?;
        let reservation = self.shared.queue.reserve(owner.as_deref())?;
        let spec = self.with_target(root, spec).await?;
        if let Some(earlier) = spec.reuse_unchanged_from {
            self.check_earlier(earlier, &spec).await?;
        }
        let job = Job { lines_not_read: lines_not_read.flatten(), ..Job::queued(spec, owner) };
        let taken = Taken { job: job.clone(), manifest, request, reservation };
        match self.shared.owned(take(self.shared.clone(), taken)).await? {
            IdempotencyOutcome::New => Ok(job),
            IdempotencyOutcome::Repeated(id) => {
                self.job(id).await?.ok_or(SubmitError::NotFound("the job of this key is deleted"))
            }
            IdempotencyOutcome::Conflict => Err(SubmitError::KeyConflict),
        }
    }

    /// The job, if something to hash is at its path. It names its root so that no other one can be meant.
    async fn with_target(&self, root: NamedRoot<'_>, spec: JobSpec) -> Result<JobSpec, SubmitError> {
        match root {
            NamedRoot::Own(root) => {
                self.shared.settle_root(root).await?;
                open_beneath(root, spec.path.clone()).await?;
                Ok(spec)
            }
            NamedRoot::Far(root) => {
                self.shared.look_far(&root, &spec).await?;
                Ok(JobSpec { root, ..spec })
            }
        }
    }

    pub(super) async fn find_repeated(
        &self,
        owner: Option<String>,
        request: IdempotencyKey,
    ) -> Result<Option<Job>, SubmitError> {
        match self.shared.store.find_repeated(owner, request).await? {
            IdempotencyOutcome::New => Ok(None),
            IdempotencyOutcome::Repeated(id) => Ok(self.job(id).await?),
            IdempotencyOutcome::Conflict => Err(SubmitError::KeyConflict),
        }
    }

    /// Checks that this job's results can be reused.
    async fn check_earlier(&self, id: JobId, spec: &JobSpec) -> Result<(), SubmitError> {
        let earlier = self.job(id).await?.ok_or(SubmitError::NotFound("the job to build on is not there"))?;
        if !earlier.state.is_final() {
            return Err(SubmitError::EarlierNotFinished);
        }
        if (&earlier.spec.root, &earlier.spec.path) != (&spec.root, &spec.path) {
            return Err(SubmitError::EarlierHasAnotherTree);
        }
        lacks(&earlier.spec.algorithms, &spec.algorithms)
            .map_or(Ok(()), |algorithm| Err(SubmitError::EarlierLacks(algorithm)))
    }
}

/// Adds a new job to the store, then to the queue.
async fn take(shared: Arc<JobsShared>, taken: Taken) -> Result<IdempotencyOutcome, StoreError> {
    let Taken { job, manifest, request, reservation } = taken;
    let before = shared.store.insert(job.clone(), manifest, request).await?;
    if before == IdempotencyOutcome::New {
        shared.queue.admit(ActiveJob::new(job, 0));
    }
    drop(reservation);
    Ok(before)
}

/// The manifest of a verify job that is submitted.
#[derive(Debug)]
pub(super) struct Submitted {
    pub(super) body: Vec<u8>,
    /// Those of its lines that were not read, if there are any.
    pub(super) lines_not_read: Option<UnreadLines>,
    /// Of the request, if the manifest was not in it.
    pub(super) fingerprint: Option<[u8; 32]>,
}

/// A job that is being stored.
struct Taken {
    job: Job,
    manifest: Option<Vec<u8>>,
    request: Option<IdempotencyKey>,
    reservation: Reservation,
}

/// A hash of the request, to recognise a repeated one. How names meet the tree is not part of the request.
pub(super) fn fingerprint(spec: &JobSpec, manifest: Option<&[u8]>) -> [u8; 32] {
    let asked = JobSpec { names: None, ..spec.clone() };
    let json = serde_json::to_vec(&asked).expect("a spec has strings for keys");
    let mut hasher = blake3::Hasher::new();
    hasher.update(&json);
    hasher.update(manifest.unwrap_or_default());
    *hasher.finalize().as_bytes()
}

impl From<Missing> for SubmitError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::NotFound(why) => Self::NotFound(why),
            Missing::RootUnavailable => Self::RootUnavailable,
            Missing::RootChanged => Self::RootChanged,
        }
    }
}

/// Why a job's path cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// There is nothing to hash; the sentence says why.
    NotFound(&'static str),
    /// The file system fails or does not answer.
    RootUnavailable,
    /// The root's path names another directory by now.
    RootChanged,
}

impl From<EnterFailure> for Missing {
    fn from(failure: EnterFailure) -> Self {
        match failure {
            EnterFailure::Changed => Self::RootChanged,
            EnterFailure::Open(failure) => failure.into(),
        }
    }
}

/// Opens a job's path, off the event loop. Returns which directory the root stands for, too.
pub(super) async fn open_beneath(root: &Root, path: RelPath) -> Result<(Opened, RootIdentity), Missing> {
    match ask(root, move |root, _| root.enter(&path)).await {
        Ok(opened) => opened.map_err(Missing::from),
        Err(NoAnswer::Busy | NoAnswer::TimedOut) => Err(Missing::RootUnavailable),
    }
}

impl From<OpenFailure> for Missing {
    fn from(failure: OpenFailure) -> Self {
        use rustix::io::Errno;
        match failure {
            OpenFailure::Symlink => Self::NotFound("a symbolic link is on this path: links are never followed"),
            OpenFailure::System(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => {
                Self::NotFound("nothing is at this path beneath the root")
            }
            OpenFailure::NotRegular => Self::NotFound("the path is neither a directory nor a regular file"),
            OpenFailure::OtherFilesystem | OpenFailure::PseudoFilesystem => {
                Self::NotFound("the path is on a file system that is not hashed")
            }
            OpenFailure::System(Errno::ACCESS | Errno::PERM) => {
                Self::NotFound("the user that the service runs as may not open the path")
            }
            OpenFailure::System(_) => Self::RootUnavailable,
        }
    }
}

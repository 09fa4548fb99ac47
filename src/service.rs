//! What all handlers share: one service, built once, behind one pointer for every worker.

pub(crate) mod job;

use std::sync::Arc;
use std::time::Instant;

use actix_web::web::Data;
use hivesum_actors::Engine;
use hivesum_actors::job::{Job, JobId};
use hivesum_actors::jobs::Jobs;
use hivesum_actors::limits::{NoShare, Share, Shares};
use hivesum_core::compare::{Comparison, Group};
use tokio_util::sync::CancellationToken;

use crate::auth::{Auth, Caller};
use crate::cache::Cache;
use crate::config::Limits;
use crate::error::ApiError;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::request::Bandwidth;
use crate::request::body::BodyRules;

/// The shared state of the service.
pub(crate) struct Service {
    pub(crate) engine: Engine,
    pub(crate) jobs: Jobs,
    pub(crate) auth: Arc<Auth>,
    pub(crate) gate: Data<Gate>,
    /// What uploads may cost.
    pub(crate) bandwidth: Arc<Bandwidth>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) connections: Arc<Shares>,
    /// Event streams.
    pub(crate) streams: Arc<Shares>,
    /// Whether cookies are for TLS alone.
    pub(crate) over_tls: bool,
    /// Cancelled when the service begins to stop: nothing new is taken, and event streams end.
    pub(crate) stopping: CancellationToken,
    pub(crate) started: Instant,
    /// Uploads under way.
    pub(crate) uploads: Arc<Shares>,
    /// Manifests on their way in; each is held whole.
    pub(crate) manifests: Arc<Shares>,
    /// The latest comparisons: of which jobs, the older one first.
    pub(crate) comparisons: Cache<(JobId, JobId), Comparison>,
    /// The latest sets of duplicates: of which job, from which size on.
    pub(crate) duplicates: Cache<(JobId, u64), Vec<Group>>,
}

impl Service {
    /// Refuses new work while the service stops.
    pub(crate) fn admit_work(&self) -> Result<(), ApiError> {
        if self.stopping.is_cancelled() { Err(ApiError::Draining) } else { Ok(()) }
    }

    /// The job, if it is there and the caller may know of it. An id that is none is no job.
    pub(crate) async fn job(&self, caller: &Caller, id: &str) -> Result<Job, ApiError> {
        let id: JobId = id.parse().map_err(|_| NO_SUCH_JOB)?;
        let job = self.jobs.job(id).await?;
        job.filter(|job| caller.may_see(job)).ok_or(NO_SUCH_JOB)
    }

    /// Refuses a job for which there is no place, before its request is read. One that comes again under its key may
    /// have its place already.
    pub(crate) fn admit_job(&self, caller: &Caller, key: Option<&str>) -> Result<(), ApiError> {
        self.admit_work()?;
        if key.is_none() {
            self.jobs.room_for(caller.owner.as_deref())?;
        }
        Ok(())
    }

    /// A place for an event stream of the caller; it goes with the stream.
    pub(crate) fn stream_for(&self, caller: &Caller) -> Result<Share, ApiError> {
        take_share(&self.streams, caller, "streams", ApiError::TooManyStreams)
    }

    /// A place for an upload of the caller, until it has its digests.
    pub(crate) fn upload_for(&self, caller: &Caller) -> Result<Share, ApiError> {
        take_share(&self.uploads, caller, "uploads", ApiError::QueueFull)
    }

    /// A place for a manifest of the caller, while it is on its way in.
    pub(crate) fn manifest_for(&self, caller: &Caller) -> Result<Share, ApiError> {
        take_share(&self.manifests, caller, "manifests", ApiError::QueueFull)
    }

    /// Rules for JSON bodies.
    pub(crate) fn json_rules(&self) -> BodyRules {
        BodyRules { max_bytes: self.limits.max_json_bytes as u64, pace: self.limits.body_pace }
    }

    /// Rules for manifests to verify against.
    pub(crate) fn manifest_rules(&self) -> BodyRules {
        BodyRules { max_bytes: self.limits.max_manifest_bytes as u64, pace: self.limits.body_pace }
    }

    /// Rules for uploads.
    pub(crate) fn upload_rules(&self) -> BodyRules {
        BodyRules { max_bytes: self.limits.max_upload_bytes, pace: self.limits.body_pace }
    }
}

/// A place of the caller's among those of all: `full` where there is none for anybody.
fn take_share(shares: &Arc<Shares>, caller: &Caller, of: &'static str, full: ApiError) -> Result<Share, ApiError> {
    shares.take(Some(caller.key)).map_err(|none| match none {
        NoShare::Full => full,
        NoShare::OwnFull => ApiError::QuotaReached { of, quota: shares.max_of_one() },
    })
}

/// The answer for a job that is not there, or is another token's.
pub(crate) const NO_SUCH_JOB: ApiError = ApiError::NotFound("there is no such job");

/// Manifests that are taken at a time.
pub(crate) const MANIFESTS_AT_A_TIME: usize = 8;

/// Of them, one client's: they may take long, and others have some, too.
pub(crate) const MANIFESTS_OF_ONE: usize = 6;

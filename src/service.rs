//! The state that all handlers share: built once, behind one pointer for all workers.

pub(crate) mod collection;
pub(crate) mod fleet;
pub(crate) mod job;
pub(crate) mod sign_in;

use std::sync::Arc;
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::web::{Data, ReqData};
use actix_web::{FromRequest, HttpRequest};
use hivesum_actors::Engine;
use hivesum_actors::job::{DuplicateQuery, Job, JobId};
use hivesum_actors::jobs::Jobs;
use hivesum_actors::limits::{NoPermit, Permit, Permits};
use hivesum_core::compare::{Comparison, Group};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::auth::{Auth, Caller};
use crate::cache::Cache;
use crate::config::{BasePath, Limits};
use crate::error::ApiError;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::notify::{Heartbeat, Sink, serve_heartbeat, serve_sink};
use crate::request::Bandwidth;
use crate::request::body::BodyRules;
use crate::service::fleet::OwnFleet;

/// The shared state of the service.
pub(crate) struct Service {
    pub(crate) engine: Engine,
    pub(crate) jobs: Jobs,
    pub(crate) auth: Arc<Auth>,
    pub(crate) gate: Data<Gate>,
    /// The bandwidth of uploads.
    pub(crate) bandwidth: Arc<Bandwidth>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    /// Open connections.
    pub(crate) connections: Arc<Permits>,
    /// Open event streams.
    pub(crate) streams: Arc<Permits>,
    pub(crate) base_path: BasePath,
    /// Whether cookies are sent over TLS only.
    pub(crate) over_tls: bool,
    /// Cancelled when the service begins to stop: no new work is accepted, and event streams end.
    pub(crate) stopping: CancellationToken,
    /// Cancelled when the service has almost stopped: bodies that have not arrived whole are answered.
    pub(crate) cut_off: CancellationToken,
    pub(crate) started: Instant,
    /// Uploads in progress.
    pub(crate) uploads: Arc<Permits>,
    /// Manifests being received; each is held in memory as a whole.
    pub(crate) manifests: Arc<Permits>,
    /// The latest comparisons, by the two jobs, the older one first.
    pub(crate) comparisons: Cache<(JobId, JobId), Comparison>,
    /// The latest sets of duplicates, by job and query.
    pub(crate) duplicates: Cache<(JobId, DuplicateQuery), Vec<Group>>,
    /// Sets of duplicates and comparisons being sent as lines; each is held in memory as a whole.
    pub(crate) exports: Arc<Permits>,
    /// Who can be told of alerts.
    pub(crate) sinks: Vec<Arc<Sink>>,
    /// Who waits for the end of runs.
    pub(crate) heartbeat: Option<Arc<Heartbeat>>,
    /// The machines that hash for it.
    pub(crate) fleet: OwnFleet,
}

impl Service {
    /// Looks after each sink, and sends heartbeats, until the service stops.
    pub(crate) fn tell(&self) -> Vec<JoinHandle<()>> {
        let one = |sink: &Arc<Sink>| {
            actix_web::rt::spawn(serve_sink(self.jobs.collections(), sink.clone(), self.stopping.clone()))
        };
        let beating = self.heartbeat.iter().map(|heartbeat| {
            let completed = self.jobs.scrubs().completed();
            actix_web::rt::spawn(serve_heartbeat(completed, heartbeat.clone(), self.stopping.clone()))
        });
        self.sinks.iter().map(one).chain(beating).collect()
    }

    /// Refuses new work while the service stops.
    pub(crate) fn admit_work(&self) -> Result<(), ApiError> {
        if self.stopping.is_cancelled() { Err(ApiError::Draining) } else { Ok(()) }
    }

    /// The job, if it exists and the caller may see it. An invalid id matches no job.
    pub(crate) async fn job(&self, caller: &Caller, id: &str) -> Result<Job, ApiError> {
        let id: JobId = id.parse().map_err(|_| NO_SUCH_JOB)?;
        let job = self.jobs.job(id).await?;
        job.filter(|job| caller.may_see(job)).ok_or(NO_SUCH_JOB)
    }

    /// Refuses a job before its request is read if the queue is full. A request with an idempotency key is not refused
    /// here: its job may be in the queue already.
    pub(crate) fn admit_job(&self, caller: &Caller, key: Option<&str>) -> Result<(), ApiError> {
        self.admit_work()?;
        if key.is_none() {
            self.jobs.room_for(caller.owner.as_deref())?;
        }
        Ok(())
    }

    /// The permit that one event stream of the caller holds.
    pub(crate) fn stream_for(&self, caller: &Caller) -> Result<Permit, ApiError> {
        take_permit(&self.streams, caller, "streams", ApiError::TooManyStreams)
    }

    /// The permit that one upload of the caller holds until its digests are computed.
    pub(crate) fn upload_for(&self, caller: &Caller) -> Result<Permit, ApiError> {
        take_permit(&self.uploads, caller, "uploads", ApiError::QueueFull)
    }

    /// The permit that one manifest of the caller holds while it is received.
    pub(crate) fn manifest_for(&self, caller: &Caller) -> Result<Permit, ApiError> {
        take_permit(&self.manifests, caller, "manifests", ApiError::QueueFull)
    }

    /// The permit that one set of duplicates or one comparison of the caller holds while it is sent as lines.
    pub(crate) fn export_for(&self, caller: &Caller) -> Result<Permit, ApiError> {
        take_permit(&self.exports, caller, "exports", ApiError::QueueFull)
    }

    /// Rules for JSON bodies.
    pub(crate) fn json_rules(&self) -> BodyRules {
        BodyRules {
            max_bytes: self.limits.max_json_bytes as u64,
            pace: self.limits.body_pace,
            cut_off: self.cut_off.clone(),
        }
    }

    /// Rules for manifests to verify against.
    pub(crate) fn manifest_rules(&self) -> BodyRules {
        BodyRules {
            max_bytes: self.limits.max_manifest_bytes as u64,
            pace: self.limits.body_pace,
            cut_off: self.cut_off.clone(),
        }
    }

    /// Rules for uploads.
    pub(crate) fn upload_rules(&self) -> BodyRules {
        BodyRules {
            max_bytes: self.limits.max_upload_bytes,
            pace: self.limits.body_pace,
            cut_off: self.cut_off.clone(),
        }
    }
}

/// Takes one permit for the caller; `full` is the error if no permit is left for any client.
fn take_permit(permits: &Arc<Permits>, caller: &Caller, of: &'static str, full: ApiError) -> Result<Permit, ApiError> {
    permits.take(Some(caller.key)).map_err(|none| match none {
        NoPermit::Full => full,
        NoPermit::ClientFull => ApiError::QuotaReached { of, quota: permits.max_of_one() },
    })
}

/// The answer for a job that does not exist or belongs to another token.
pub(crate) const NO_SUCH_JOB: ApiError = ApiError::NotFound("there is no such job");

/// Who asks, and the service, for what a path names. Fails if the gate or the app lacks them.
fn asked(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<(ReqData<Caller>, Data<Service>), ApiError>> + use<> {
    let caller = ReqData::<Caller>::from_request(request, payload);
    let service = Data::<Service>::from_request(request, payload);
    async move {
        let caller = caller.await.map_err(|_| ApiError::internal("the gate set no caller"))?;
        let service = service.await.map_err(|_| ApiError::internal("the app has no service"))?;
        Ok((caller, service))
    }
}

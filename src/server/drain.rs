//! How the service stops, within the drain timeout: no new work is accepted and event streams end at once; jobs are
//! checkpointed while uploads go on, and answers to what people are being told are waited for; bodies that have not
//! arrived whole by the end are answered with 503, so that their clients know; last, the engine drains.

use std::time::{Duration, Instant};

use actix_server::ServerHandle;
use tokio::task::JoinHandle;
use tokio::time::{timeout, timeout_at};

use crate::service::Service;

/// The part of the drain timeout for running jobs: they stop within a quantum, and commit.
const JOBS_STOP_WITHIN: Duration = Duration::from_secs(3);

/// For the answers of sinks, from the beginning of the stop: what was not answered by then is told again.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

/// What is left of the drain timeout when bodies that have not arrived whole are answered.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// For the engine, after jobs and requests: nothing asks it any more.
const ENGINE_DRAINS_WITHIN: Duration = Duration::from_secs(2);

/// Whether requests in progress have ended by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drained {
    /// All of them.
    InTime,
    /// Some were still written when the drain timeout was over.
    CutOff,
}

/// Stops the service, and the tasks that tell people. While jobs are checkpointed, the port still answers, and new work is
/// refused.
pub(super) async fn drain(service: &Service, http: &ServerHandle, telling: Vec<JoinHandle<()>>) -> Drained {
    let began = Instant::now();
    let told_by = tokio::time::Instant::now() + TOLD_WITHIN;
    let whole = service.limits.drain_timeout;
    tracing::info!("stopping: no new work is accepted");
    service.stopping.cancel();
    let cut_off = service.cut_off.clone();
    let bodies = actix_web::rt::spawn(async move {
        tokio::time::sleep(whole.saturating_sub(ANSWERS_WITHIN)).await;
        cut_off.cancel();
    });
    let checkpointed = timeout(JOBS_STOP_WITHIN, service.jobs.drain()).await.is_ok();
    service.fleet.stop().await;
    let answered = match timeout(whole.saturating_sub(began.elapsed()), http.stop(true)).await {
        Ok(()) => Drained::InTime,
        Err(_) => Drained::CutOff,
    };
    bodies.abort();
    for mut one in telling {
        if timeout_at(told_by, &mut one).await.is_err() {
            one.abort();
        }
    }
    let drained = service.engine.drain(ENGINE_DRAINS_WITHIN).await;
    tracing::info!(checkpointed, ?answered, drained, took = ?began.elapsed(), "stopped");
    answered
}

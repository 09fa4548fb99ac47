//! Runs of a collection as the API shows them: those that the service remembers, and those that the store keeps.
//!
//! While a run goes on only the service knows how far it has come; after that the store says how it ended. A run that
//! the store keeps without an end, and that the service does not carry out, was interrupted.

use hivesum_actors::scrub::{RunOf, ScrubPhase, ScrubTold};
use hivesum_actors::store::collections::{RunCounts, RunEnded, RunOutcome, RunRecord};
use hivesum_core::fixity::Starter;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::error::ApiError;
use crate::service::Service;
use crate::service::collection::NO_SUCH_COLLECTION;

/// A run of a collection.
#[derive(Debug, Serialize)]
pub(super) struct RunJson {
    pub(super) id: Uuid,
    kind: &'static str,
    scheduled: bool,
    started_by: &'static str,
    started_at: Timestamp,
    #[serde(flatten)]
    told: ToldJson,
    #[serde(flatten)]
    end: Option<EndJson>,
}

#[derive(Debug, Serialize)]
struct ToldJson {
    state: &'static str,
    files_done: Option<u64>,
    bytes_done: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// How a run ended.
#[derive(Debug, Serialize)]
struct EndJson {
    outcome: &'static str,
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    read: Option<ReadJson>,
    events: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ReadJson {
    files: u64,
    bytes: u64,
    from_device: u64,
    from_cache: u64,
    from_unknown: u64,
}

impl RunJson {
    /// As the service remembers it. `None` if it does not any more.
    pub(super) fn of(service: &Service, id: Uuid, of: &RunOf) -> Option<Self> {
        let told = service.jobs.scrubs().show(id, ToldJson::of)?;
        let RunOf { kind, starter, started_at, .. } = *of;
        let (kind, scheduled) = (kind.name(), of.is_scheduled());
        Some(Self { id, kind, scheduled, started_by: starter.name(), started_at, told, end: None })
    }

    /// As the store keeps it, if it has an end.
    fn of_record(record: &RunRecord) -> Option<Self> {
        let RunRecord { id, kind, starter, started_at, end } = record;
        let told = ToldJson::of_ended(end.as_ref()?);
        let (kind, scheduled) = (kind.name(), *starter == Starter::Schedule);
        let end = end.as_ref().map(EndJson::of);
        Some(Self { id: *id, kind, scheduled, started_by: starter.name(), started_at: *started_at, told, end })
    }

    fn is_unfinished(&self) -> bool {
        ["waiting", "running"].contains(&self.told.state)
    }
}

/// The runs of a collection, the latest first.
pub(super) async fn all(service: &Service, collection: &str) -> Result<Vec<RunJson>, ApiError> {
    // Before the store: what ends meanwhile is in one of the two.
    let remembered = service.jobs.scrubs().all_of(collection);
    let mut runs: Vec<_> = remembered.iter().filter_map(|(id, of)| RunJson::of(service, *id, of)).collect();
    let kept = service.jobs.collections().runs(collection.to_owned()).await?.ok_or(NO_SUCH_COLLECTION)?;
    for record in kept {
        let known = runs.iter_mut().find(|run| run.id == record.id);
        match known {
            // It goes on, or has ended just now.
            Some(run) if run.is_unfinished() || record.end.is_none() => {}
            Some(run) => run.end = record.end.as_ref().map(EndJson::of),
            None if record.end.is_some() => runs.extend(RunJson::of_record(&record)),
            None => {
                // Of a command, which names the directory and not the collection.
                let of = service.jobs.scrubs().run_of(record.id);
                let known = of.and_then(|of| RunJson::of(service, record.id, &of));
                runs.extend(known.or_else(|| RunJson::of_record(&record.interrupted())));
            }
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.id));
    Ok(runs)
}

impl ToldJson {
    fn of(told: &ScrubTold) -> Self {
        let progress = told.progress();
        let (state, detail) = match &told.phase {
            ScrubPhase::Waiting => ("waiting", None),
            ScrubPhase::Running => ("running", None),
            ScrubPhase::Ended(_) => ("ended", None),
            ScrubPhase::Failed(error) => ("failed", Some(error.in_public())),
        };
        Self { state, files_done: Some(progress.files_done), bytes_done: Some(progress.bytes_done), detail }
    }

    fn of_ended(end: &RunEnded) -> Self {
        let state = match end.outcome {
            RunOutcome::Complete | RunOutcome::Limited => "ended",
            RunOutcome::Cancelled | RunOutcome::Failed | RunOutcome::Interrupted => "failed",
        };
        let (files_done, bytes_done) = end.counts.map(|counts| (counts.files, counts.bytes)).unzip();
        Self { state, files_done, bytes_done, detail: end.error.as_ref().map(|error| error.detail.clone()) }
    }
}

impl EndJson {
    fn of(end: &RunEnded) -> Self {
        let read = |counts: RunCounts| {
            let RunCounts { files, bytes, from_device, from_cache, from_unknown, .. } = counts;
            ReadJson { files, bytes, from_device, from_cache, from_unknown }
        };
        Self {
            outcome: end.outcome.name(),
            ended_at: end.at,
            code: end.error.as_ref().map(|error| error.code.clone()),
            read: end.counts.map(read),
            events: end.counts.map(|counts| counts.events),
        }
    }
}

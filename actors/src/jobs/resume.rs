//! What a run knows from earlier ones: stored results, read as the walk needs them.

use std::sync::{Arc, OnceLock};

use super::shared::JobsShared;
use crate::error::StoreError;
use crate::job::{JobId, JobSpec};
use crate::scan::{KnownBatch, KnownKind, KnownSource, Past};
use crate::store::{PriorRowsQuery, ResumePoint, Store};
use hivesum_core::digest::Algorithms;

/// Why earlier results could not be read, if reading them failed.
pub(super) type Unreadable = Arc<OnceLock<StoreError>>;

/// Collects everything known before the run, except its state. The readers run on the current arbiter.
pub(super) async fn gather(
    shared: &JobsShared,
    id: JobId,
    spec: &JobSpec,
    beginning: ResumePoint,
) -> Result<(Past, Unreadable), StoreError> {
    let ResumePoint { run_state, former_run, deaths, checkpoints, .. } = beginning;
    let unreadable = Unreadable::default();
    let own = |run| PriorRowsQuery { run, stored: spec.algorithms, wanted: spec.algorithms };
    let mut known = Vec::new();
    if run_state.counts.rows > 0 {
        known.push(feed(&shared.store, KnownKind::Resumed, own(run_state.run), unreadable.clone()));
    }
    if let Some(run) = former_run {
        known.push(feed(&shared.store, KnownKind::Former, own(run), Unreadable::default()));
    }
    if let Some(query) = earlier_job(shared, spec).await? {
        known.push(feed(&shared.store, KnownKind::EarlierJob, query, Unreadable::default()));
    }
    Ok((Past { job_tag: id.into_bytes(), known, deaths, checkpoints }, unreadable))
}

/// The results of the job to reuse. If it was deleted meanwhile, every file is read.
async fn earlier_job(shared: &JobsShared, spec: &JobSpec) -> Result<Option<PriorRowsQuery>, StoreError> {
    let Some(earlier) = spec.reuse_unchanged_from else { return Ok(None) };
    let Some(earlier) = shared.store.job(earlier).await? else { return Ok(None) };
    let (stored, wanted) = (earlier.job.spec.algorithms, spec.algorithms);
    Ok(lacks(&stored, &wanted).is_none().then_some(PriorRowsQuery { run: earlier.run, stored, wanted }))
}

/// The first wanted algorithm without stored digests.
pub(super) fn lacks(stored: &Algorithms, wanted: &Algorithms) -> Option<hivesum_core::digest::Algorithm> {
    wanted.iter().find(|&algorithm| !stored.contains(algorithm))
}

fn feed(store: &Store, kind: KnownKind, query: PriorRowsQuery, unreadable: Unreadable) -> KnownSource {
    let (batches, source) = KnownSource::new(kind);
    let store = store.clone();
    actix_rt::spawn(async move {
        let mut from = 0;
        loop {
            let batch = match store.prior_rows(query, from).await {
                Ok(Some((rows, next))) => {
                    from = next;
                    KnownBatch::Rows(rows)
                }
                Ok(None) => KnownBatch::End,
                Err(error) => {
                    tracing::warn!(?kind, %error, "earlier results cannot be read");
                    let _ = unreadable.set(error);
                    return;
                }
            };
            let is_last = matches!(batch, KnownBatch::End);
            if batches.send(batch).await.is_err() || is_last {
                return;
            }
        }
    });
    source
}

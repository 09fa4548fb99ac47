//! Runs a job whose files are on nodes of the fleet. Its rows, progress, events and end are those of any job.

use std::time::Duration;

use super::active::ActiveJob;
use super::commit::CommitLoop;
use super::outcome::{Finish, JobOutcome, job_error};
use super::resume;
use super::shared::JobsShared;
use crate::error::{Refused, StoreError};
use crate::fleet::port::FarScan;
use crate::job::{JobKind, JobSpec};
use crate::store::ResumePoint;

/// Runs a job beneath a root of the fleet, which is named in full. `since_start` counts towards its deadline.
pub(super) async fn run_far(
    shared: &JobsShared,
    live: &ActiveJob,
    root: &str,
    (beginning, since_start): (ResumePoint, Duration),
) -> Result<Finish, StoreError> {
    let spec = live.job().spec;
    let failed = |code: &str, detail: &str| {
        let outcome = JobOutcome::failed(job_error(code, detail));
        Ok(Finish::Ended(outcome.ending(live.counts(), live.elapsed_before(), None)))
    };
    if spec.kind != JobKind::Hash {
        return failed("unsupported", "files on nodes cannot be compared with a manifest yet");
    }
    let Some(fleet) = shared.fleet.get() else { return failed("root_unavailable", "the service coordinates no fleet") };
    let run_state = beginning.run_state;
    let (past, unreadable) = resume::gather(shared, live.id, &spec, beginning).await?;
    match fleet.scan(root, far_scan(&spec, since_start), past) {
        Ok(scan) => CommitLoop::new(shared, live, scan, (run_state, unreadable)).carry_out().await,
        Err(Refused::Draining) => Ok(Finish::Left),
        Err(refused @ (Refused::QueueFull | Refused::SelfTest(_))) => failed("internal", &refused.to_string()),
    }
}

fn far_scan(spec: &JobSpec, since_start: Duration) -> FarScan {
    let deadline = spec.deadline_seconds.map(|seconds| Duration::from_secs(seconds.get().into()));
    FarScan {
        path: spec.path.clone(),
        algorithms: spec.algorithms,
        include: spec.include.clone(),
        exclude: spec.exclude.clone(),
        cross_filesystems: spec.cross_filesystems,
        from_device: spec.from_device,
        priority: spec.priority,
        deadline: deadline.map(|deadline| deadline.saturating_sub(since_start)),
        max_bytes_per_second: spec.max_bytes_per_second,
    }
}

//! Runs a job whose files are on nodes of the fleet. Its rows, progress, events, verdicts and end are those of any job.

use std::time::Duration;

use super::active::ActiveJob;
use super::commit::CommitLoop;
use super::far::NOTHING_THERE;
use super::outcome::{Finish, JobOutcome, job_error};
use super::resume;
use super::shared::JobsShared;
use super::verify::{BAGIT_TXT, Expected, RunningAudit, expected_of};
use crate::error::{Refused, StoreError};
use crate::fleet::port::{FarFailure, FarScan, FarSeen};
use crate::job::{JobError, JobKind, JobSpec, VerifyMode, WaitsFor};
use crate::store::ResumePoint;

/// What has to be known of a job's path before it is compared with a manifest. `None` for other jobs.
///
/// # Errors
/// What the job waits for, or why it fails.
pub(super) async fn look(
    shared: &JobsShared,
    root: &str,
    spec: &JobSpec,
) -> Result<Option<FarSeen>, Result<WaitsFor, JobError>> {
    match spec.kind {
        JobKind::Hash => return Ok(None),
        JobKind::Verify => {}
    }
    let Some(fleet) = shared.fleet.get() else { return Err(Ok(WaitsFor::RootUnavailable)) };
    let seen = fleet.see(root, &spec.path, spec.reach(), &[BAGIT_TXT.to_vec()]).await;
    seen.map(Some).map_err(|failure| match failure {
        FarFailure::Unreachable => Ok(WaitsFor::RootUnavailable),
        FarFailure::RootChanged => Ok(WaitsFor::RootChanged),
        FarFailure::NotFound => Err(job_error("not_found", NOTHING_THERE)),
    })
}

/// Runs a job beneath a root of the fleet, which is named in full. `since_start` counts towards its deadline.
pub(super) async fn run_far(
    shared: &JobsShared,
    live: &ActiveJob,
    (root, seen): (&str, Option<FarSeen>),
    (beginning, since_start): (ResumePoint, Duration),
) -> Result<Finish, StoreError> {
    let spec = live.job().spec;
    let failed = |error: JobError| {
        let outcome = JobOutcome::failed(error);
        Ok(Finish::Ended(outcome.ending(live.counts(), live.elapsed_before(), None)))
    };
    let Some(fleet) = shared.fleet.get() else {
        return failed(job_error("root_unavailable", "the service coordinates no fleet"));
    };
    let mut scan = far_scan(&spec, since_start);
    let mut audit = None;
    if let Some(FarSeen { is_directory, there }) = seen {
        let expected = match expected_of(shared, live.id, &spec, move || there.contains(&true)).await? {
            Ok(expected) => expected,
            Err(error) => return failed(error),
        };
        compare(&mut scan, &spec, &expected, is_directory);
        audit = Some(RunningAudit::new(expected));
    }
    let run_state = beginning.run_state;
    let (past, unreadable) = resume::gather(shared, live.id, &spec, beginning).await?;
    match fleet.scan(root, scan, past) {
        Ok(scan) => CommitLoop::new(shared, live, scan, (run_state, unreadable)).auditing(audit).carry_out().await,
        Err(Refused::Draining) => Ok(Finish::Left),
        Err(refused @ (Refused::QueueFull | Refused::SelfTest(_))) => {
            failed(job_error("internal", &refused.to_string()))
        }
    }
}

/// What is scanned to compare it with a manifest: what the manifest names, or what it was made of.
fn compare(scan: &mut FarScan, spec: &JobSpec, expected: &Expected, is_directory: bool) {
    if is_directory && spec.mode.unwrap_or_default() == VerifyMode::Check {
        scan.named = Some(expected.baseline.names().collect());
    }
    if spec.include.is_empty() && spec.exclude.is_empty() {
        (scan.include, scan.exclude) = (expected.globs.include.clone(), expected.globs.exclude.clone());
        scan.within.clone_from(&expected.taken_off);
    }
}

fn far_scan(spec: &JobSpec, since_start: Duration) -> FarScan {
    let deadline = spec.deadline_seconds.map(|seconds| Duration::from_secs(seconds.get().into()));
    FarScan {
        path: spec.path.clone(),
        algorithms: spec.algorithms,
        include: spec.include.clone(),
        exclude: spec.exclude.clone(),
        within: Vec::new(),
        named: None,
        cross_filesystems: spec.cross_filesystems,
        from_device: spec.from_device,
        priority: spec.priority,
        deadline: deadline.map(|deadline| deadline.saturating_sub(since_start)),
        max_bytes_per_second: spec.max_bytes_per_second,
    }
}

//! Runs one job from its permit to its end.
//!
//! The service owns the run, never a request. Any failure ends this job with a code and a
//! sentence; the process, the store and other jobs continue. A job that is interrupted by a shutdown
//! stays unfinished in the store and is resumed at the next start.

use std::os::fd::OwnedFd;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::active::ActiveJob;
use super::commit::CommitLoop;
use super::outcome::{Finish, JobOutcome, job_error};
use super::queue::RunPermit;
use super::retry::{waits, with_room};
use super::run_far::{look, run_far};
use super::shared::JobsShared;
use super::verify::{BAGIT_TXT, Expected, RunningAudit, expected_of};
use super::{resume, verify};
use crate::error::{Refused, StoreError};
use crate::job::{JobError, JobId, JobKind, JobSpec};
use crate::jobs::target::{TargetOpened, open_target, wait};
use crate::scan::ScanSpec;
use crate::store::{Ending, ResumePoint};
use hivesum_core::file::{Dir, IoMode, RootIdentity};
use hivesum_core::result::{AuditCounts, JobVerdict, Summary};
use hivesum_core::walk::Target;

/// The first wait before the end of a job is written again after a failure.
const FIRST_WAIT: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1000 });

/// The longest wait between retries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Runs a job. A job that was cancelled while it waited needs no permit.
pub(super) async fn run(shared: Arc<JobsShared>, live: Arc<ActiveJob>, permit: Option<RunPermit>) {
    let started = Instant::now();
    let attempt = AssertUnwindSafe(attempt(&shared, &live)).catch_unwind().await;
    let outcome = match attempt {
        Ok(Ok(Finish::Kept(ending))) => return close(&shared, &live, ending, permit),
        Ok(Ok(Finish::Left | Finish::Diverged)) => return,
        Ok(Ok(Finish::Waits(what))) => return wait(shared, live, permit, what).await,
        Ok(Ok(Finish::Ended(ending))) => return keep_and_close(&shared, &live, ending, permit).await,
        // The next start reads from the disk what was really written.
        Ok(Err(StoreError::SyncFailed)) => return,
        Ok(Err(_)) if live.cancel.is_cancelled() => JobOutcome::cancelled(),
        Ok(Err(error)) => JobOutcome::failed(error.into()),
        Err(_) => JobOutcome::failed(job_error("internal", "the job's driver failed")),
    };
    let elapsed = live.elapsed_before() + started.elapsed();
    let ending = outcome.ending(live.counts(), elapsed, live.job().progress.files_total);
    keep_and_close(&shared, &live, ending, permit).await;
}

async fn attempt(shared: &JobsShared, live: &ActiveJob) -> Result<Finish, StoreError> {
    loop {
        match run_once(shared, live).await {
            Ok(Finish::Diverged) => {
                tracing::info!(job = %live.id, "the tree has changed since the last start: unchanged files are taken over");
                with_room(shared, live, || shared.store.start_over(live.id)).await?;
            }
            // Nothing is lost: uncommitted results are computed again at the next start.
            Err(error) if error.passes() && shared.stop.is_cancelled() && !live.cancel.is_cancelled() => {
                return Ok(Finish::Left);
            }
            finish => return finish,
        }
    }
}

/// One scan of the job's tree.
async fn run_once(shared: &JobsShared, live: &ActiveJob) -> Result<Finish, StoreError> {
    let spec = live.job().spec;
    if live.cancel.is_cancelled() {
        return Ok(ended(shared, live, JobOutcome::cancelled()));
    }
    let opened = tokio::select! {
        biased;
        () = live.cancel.cancelled() => return Ok(ended(shared, live, JobOutcome::cancelled())),
        () = shared.stop.cancelled() => return Ok(Finish::Left),
        opened = open_target(shared, live, &spec) => opened?,
    };
    match opened {
        TargetOpened::Waits(what) => Ok(Finish::Waits(what)),
        TargetOpened::Target(target, root) => {
            run_here(shared, live, Ok(target), begin(shared, live, Some(root)).await?).await
        }
        TargetOpened::Failed(error) => run_here(shared, live, Err(error), begin(shared, live, None).await?).await,
        TargetOpened::Far(root) => match look(shared, &root, &spec).await {
            Ok(seen) => run_far(shared, live, (&root, seen), begin(shared, live, None).await?).await,
            Err(Ok(waits_for)) => Ok(Finish::Waits(waits_for)),
            Err(Err(error)) => Ok(ended(shared, live, JobOutcome::failed(error))),
        },
    }
}

/// Stores that the job runs. Returns where it goes on, and how long ago it has begun.
async fn begin(
    shared: &JobsShared,
    live: &ActiveJob,
    root: Option<RootIdentity>,
) -> Result<(ResumePoint, Duration), StoreError> {
    let at = Timestamp::now();
    let beginning = with_room(shared, live, || shared.store.begin(live.id, at, root)).await?;
    let started_at = beginning.started_at.unwrap_or(at);
    live.begin(beginning.run_state, started_at);
    shared.queue.tell_start();
    Ok((beginning, since(started_at, at)))
}

/// The end of a job that does not run, or not on.
fn ended(shared: &JobsShared, live: &ActiveJob, outcome: JobOutcome) -> Finish {
    let mut ending = outcome.ending(live.counts(), live.elapsed_before(), None);
    ending.summary.root_warning = shared.roots.warning(&live.job().spec.root);
    Finish::Ended(ending)
}

/// Runs a job on files of this machine.
async fn run_here(
    shared: &JobsShared,
    live: &ActiveJob,
    opened: Result<Target, JobError>,
    (beginning, since_start): (ResumePoint, Duration),
) -> Result<Finish, StoreError> {
    let spec = live.job().spec;
    let run_state = beginning.run_state;
    let ended = |outcome: JobOutcome| ended(shared, live, outcome);
    let expected = match expected_here(shared, live.id, &spec, opened.as_ref().ok()).await? {
        Ok(expected) => expected,
        Err(error) => return Ok(ended(JobOutcome::failed(error))),
    };
    let target = opened.map(|target| match &expected {
        Some(expected) => verify::target_of(target, &spec, &expected.baseline),
        None => target,
    });
    let mut scan_spec = match target.and_then(|target| scan_spec(target, &spec)) {
        Ok(scan_spec) => ScanSpec { leave_out: shared.store.own_files()?, ..scan_spec },
        Err(error) => return Ok(ended(JobOutcome::failed(error))),
    };
    if let Some(expected) = expected.as_ref().filter(|_| spec.include.is_empty() && spec.exclude.is_empty()) {
        scan_spec.filters = expected.recorded_with.clone();
    }
    scan_spec.deadline = scan_spec.deadline.map(|deadline| deadline.saturating_sub(since_start));
    let (past, unreadable) = resume::gather(shared, live.id, &spec, beginning).await?;
    match shared.engine.scan_on(scan_spec, Some(past)) {
        Ok(scan) => {
            CommitLoop::new(shared, live, scan, (run_state, unreadable))
                .auditing(expected.map(RunningAudit::new))
                .carry_out()
                .await
        }
        Err(Refused::Draining) => Ok(Finish::Left),
        Err(Refused::QueueFull) => Ok(ended(JobOutcome::failed(job_error("internal", "the engine took no scan")))),
        Err(failed @ Refused::SelfTest(_)) => Ok(ended(JobOutcome::failed(job_error("internal", &failed.to_string())))),
    }
}

/// What the tree of a verify job should contain; `None` for other kinds.
async fn expected_here(
    shared: &JobsShared,
    id: JobId,
    spec: &JobSpec,
    target: Option<&Target>,
) -> Result<Result<Option<Expected>, JobError>, StoreError> {
    match spec.kind {
        JobKind::Hash => return Ok(Ok(None)),
        JobKind::Verify => {}
    }
    let Ok(directory) = target.and_then(directory_of).transpose() else {
        return Ok(Err(job_error("internal", "the directory could not be opened a second time")));
    };
    let reach = spec.reach();
    let is_bag = move || {
        directory.is_some_and(|directory| Dir::Beneath(Arc::new(directory), reach).open_file(BAGIT_TXT).is_ok())
    };
    Ok(expected_of(shared, id, spec, is_bag).await?.map(Some))
}

/// The directory that a scan walks, open once more. `None` for other targets.
fn directory_of(target: &Target) -> Option<std::io::Result<OwnedFd>> {
    match target {
        Target::Directory { dir, .. } => Some(dir.try_clone()),
        Target::Names { .. } | Target::Listed { .. } | Target::File { .. } => None,
    }
}

/// The time between two timestamps; zero if the clock was set back.
fn since(start: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(start)).unwrap_or_default()
}

/// A survey starts only after this long, so that short jobs do not pay for it.
const SURVEY_AFTER: Duration = Duration::from_secs(1);

fn scan_spec(target: Target, spec: &JobSpec) -> Result<ScanSpec, JobError> {
    let invalid = |error: hivesum_core::walk::GlobInvalid| job_error("invalid_request", &error.to_string());
    let scan = spec.walk(ScanSpec::new(vec![target], spec.algorithms)).map_err(invalid)?;
    Ok(ScanSpec {
        io: IoMode::Auto,
        from_device: spec.from_device,
        priority: spec.priority,
        deadline: spec.deadline_seconds.map(|seconds| Duration::from_secs(seconds.get().into())),
        max_bytes_per_second: spec.max_bytes_per_second,
        survey_after: Some(SURVEY_AFTER),
        ..scan
    })
}

/// Publishes the end, which is stored, and returns the permit.
fn close(shared: &JobsShared, live: &ActiveJob, ending: Ending, permit: Option<RunPermit>) {
    let Summary { hashed, errors, skipped, .. } = ending.summary;
    tracing::info!(job = %live.id, state = ending.state.name(), verdict = ending.summary.verdict.map(JobVerdict::name), hashed, errors, skipped, "job ended");
    if let Some(warning) = ending.summary.root_warning {
        tracing::warn!(job = %live.id, warning = warning.name(), "the job's root is not as it was: files may be missing");
    }
    // Removed first: a client that sees the end may delete the job.
    shared.queue.forget(live.id);
    shared.queue.count_end(live.job().kind, &ending);
    live.end(ending);
    drop(permit);
    shared.to_index.notify_one();
    shared.to_sweep.notify_one();
}

/// Gives a job that broke off the verdict on what it has stored. If that cannot be read, the verdict is not known.
async fn judge_stored(shared: &JobsShared, live: &ActiveJob, ending: &mut Ending) {
    let job = live.job();
    if !job.kind.has_verdict() {
        return;
    }
    let counts = match live.counts().rows {
        0 => Ok(Some(AuditCounts::default())),
        _ => shared.store.verdict_counts(live.id).await,
    };
    match counts {
        Ok(counts) => {
            ending.summary.verdicts = counts;
            ending.summary.verdict = job.verdict(&ending.summary);
        }
        Err(error) => tracing::warn!(job = %live.id, %error, "the verdict of a job that broke off is not known"),
    }
}

/// Stores the end and retries if that fails, for example while the disk is full.
async fn keep_and_close(shared: &Arc<JobsShared>, live: &ActiveJob, mut ending: Ending, permit: Option<RunPermit>) {
    judge_stored(shared, live, &mut ending).await;
    let Err(error) = shared.store.end(live.id, ending.clone()).await else {
        return close(shared, live, ending, permit);
    };
    tracing::error!(job = %live.id, %error, "the end of a job could not be written; trying again");
    shared.queue.count_end(live.job().kind, &ending);
    live.end(ending.clone());
    drop(permit);
    for wait in waits(FIRST_WAIT, LONGEST_WAIT) {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        if shared.store.end(live.id, ending.clone()).await.is_ok() {
            return shared.queue.forget(live.id);
        }
    }
}

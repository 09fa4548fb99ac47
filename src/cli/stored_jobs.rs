//! The jobs that a service has stored, read whether the service is running or not.
//!
//! An argument that may be a path or a job id is a path if such a file exists. Only jobs that have ended are compared:
//! files that another job has not reached yet would appear to be missing.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, bail};
use hivesum_actors::job::{Job, JobId, ResultQuery, StatusFilter};
use hivesum_actors::store::history::History;
use hivesum_core::compare::Fact;
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::NoSuchDigest;
use hivesum_core::result::{ErrorCode, Status};

use super::state::StateArgs;

/// Opens the jobs in the state directory.
pub(super) fn open(state: &StateArgs) -> anyhow::Result<History> {
    open_in(&state.directory()?)
}

/// Opens the jobs in this state directory.
pub(super) fn open_in(directory: &Path) -> anyhow::Result<History> {
    let shown = || directory.display().to_string();
    History::open(directory)
        .with_context(shown)?
        .with_context(|| format!("no service has stored jobs in {}: --state names another state directory", shown()))
}

/// The job with this id.
pub(super) fn job(history: &mut History, id: JobId) -> anyhow::Result<Job> {
    history.job(id)?.with_context(|| no_such_job(id))
}

/// The error text if no job has this id.
pub(super) fn no_such_job(id: JobId) -> String {
    format!("no job has the id {id}: see hivesum jobs list")
}

/// The job with this id; an error if it has not ended.
pub(super) fn ended(history: &mut History, id: JobId) -> anyhow::Result<Job> {
    let job = job(history, id)?;
    if !job.state.is_final() {
        bail!("the job {id} is {}: its results are complete only after it has ended", job.state.name());
    }
    Ok(job)
}

/// The job id in an argument, unless the argument is the path of something that exists.
pub(super) fn id_unless_path(word: &OsStr) -> Option<JobId> {
    let id = word.to_str()?.parse().ok()?;
    Path::new(word).symlink_metadata().is_err().then_some(id)
}

/// The files and directories that a job could not read, of those beneath `prefix`, with names relative to it. What was
/// gone when it was to be read is not among them.
pub(super) fn unread(history: &mut History, job: &Job, prefix: &[u8]) -> anyhow::Result<HashSet<Vec<u8>>> {
    let (id, mut unread) = (job.id, HashSet::new());
    // Its rows are read only if there is something to find.
    if job.summary.is_some_and(|summary| summary.errors == 0) {
        return Ok(unread);
    }
    let query = ResultQuery { status: Some(StatusFilter::Error), ..ResultQuery::default() };
    let is_there = history.export(id, &query, |_, items| {
        let of_content =
            items.into_iter().filter(|item| !matches!(item.status, Status::Error { code: ErrorCode::NotFound, .. }));
        unread.extend(of_content.filter_map(|item| item.path.strip_prefix(prefix).map(<[u8]>::to_vec)));
        anyhow::Ok(())
    })?;
    if is_there.is_none() {
        bail!(no_such_job(id))
    }
    Ok(unread)
}

/// Passes what an ended job has stored of each file to `take`, in walk order, and returns the job. If an algorithm is
/// `asked` for, only its digests are passed.
pub(super) fn each_fact(
    history: &mut History,
    id: JobId,
    asked: Option<Algorithm>,
    mut take: impl FnMut(Fact),
) -> anyhow::Result<Job> {
    let job = ended(history, id)?;
    let available = job.spec.algorithms;
    if let Some(missing) = asked.filter(|&asked| !available.contains(asked)) {
        bail!(NoSuchDigest::NotComputed { missing, available: Box::new(available) });
    }
    let is_there = history.each_fact(id, |mut fact| {
        fact.digests.retain(|digest| asked.is_none() || digest.tag() == asked);
        take(fact);
    })?;
    if is_there { Ok(job) } else { bail!(no_such_job(id)) }
}

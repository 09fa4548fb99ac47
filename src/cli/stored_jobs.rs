//! Jobs that a service has kept, as commands read them: beside the running service or without it.
//!
//! Where a command takes a path or a job, what exists is a path. Only a job that has ended is read: what another
//! has not reached yet would be told as gone.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, bail};
use hivesum_actors::job::{Job, JobId};
use hivesum_actors::store::history::History;
use hivesum_core::compare::Fact;
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::NoSuchDigest;

use super::state::StateArgs;

/// What the state directory holds.
pub(super) fn open(state: &StateArgs) -> anyhow::Result<History> {
    let directory = state.directory()?;
    let shown = || directory.display().to_string();
    History::open(&directory).with_context(shown)?.with_context(|| format!("no service has kept jobs in {}", shown()))
}

/// The job of this id.
pub(super) fn job(history: &mut History, id: JobId) -> anyhow::Result<Job> {
    history.job(id)?.with_context(|| no_such_job(id))
}

/// What is said where no job has this id.
pub(super) fn no_such_job(id: JobId) -> String {
    format!("no job has the id {id}: see hivesum jobs list")
}

/// The job of this id, which has ended.
pub(super) fn ended(history: &mut History, id: JobId) -> anyhow::Result<Job> {
    let job = job(history, id)?;
    if !job.state.is_final() {
        bail!("the job {id} is {}: what it says would not be whole before its end", job.state.name());
    }
    Ok(job)
}

/// The id of a job that a word names, unless there is something of that name in the file system.
pub(super) fn id_unless_path(word: &OsStr) -> Option<JobId> {
    let id = word.to_str()?.parse().ok()?;
    Path::new(word).symlink_metadata().is_err().then_some(id)
}

/// Hands what an ended job knows of its files to `take`, in walk order; of one algorithm's digests alone, if one is
/// asked for. Gives the job.
pub(super) fn each_fact(
    history: &mut History,
    id: JobId,
    asked: Option<Algorithm>,
    mut take: impl FnMut(Fact),
) -> anyhow::Result<Job> {
    let job = ended(history, id)?;
    let available = job.spec.algorithms;
    if let Some(missing) = asked.filter(|&asked| !available.contains(asked)) {
        bail!(NoSuchDigest::NotComputed { missing, available });
    }
    let is_there = history.each_fact(id, |mut fact| {
        fact.digests.retain(|digest| asked.is_none() || digest.tag() == asked);
        take(fact);
    })?;
    if is_there { Ok(job) } else { bail!(no_such_job(id)) }
}

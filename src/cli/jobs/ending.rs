//! `hivesum jobs cancel` and `jobs delete`: several jobs at once, each with an outcome of its own.
//!
//! One that cannot be cancelled or deleted does not keep the others from it; the exit status tells that there was one.
//! `--in` chooses all jobs of a state that there are when the command begins.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use hivesum::control::job_messages::Outcome;
use hivesum::control::protocol::{Answer, Command};
use hivesum_actors::job::{JobId, JobQuery, JobState};

use super::{PAGE, state_of};
use crate::cli::control::{StateAccess, unexpected};
use crate::cli::error::{IN_USE, NOT_RUNNING, StatusError, UsageError};
use crate::cli::state::{ServiceArgs, require_state};
use crate::cli::stored_jobs;
use crate::cli::terminal::{Terminal, counted};

/// How many jobs one command cancels or deletes.
const MOST_JOBS: usize = 10_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct JobsArgs {
    /// The ids of the jobs, as `hivesum jobs list` prints them.
    #[arg(value_name = "ID", required_unless_present = "only", conflicts_with = "only")]
    ids: Vec<JobId>,

    /// All jobs in this state: queued or running to cancel; completed, failed or cancelled to delete.
    #[arg(long = "in", value_name = "STATE", value_parser = state_of)]
    only: Option<JobState>,

    #[command(flatten)]
    service: ServiceArgs,
}

/// What came of one job.
enum Ended {
    Done,
    /// It goes on for a moment.
    Soon,
    Refused(String),
}

/// Only a running service can stop a job: others have ended, or begin again with the service.
pub(super) fn cancel(args: &JobsArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    if let Some(state) = args.only.filter(|state| state.is_final()) {
        let message = format!("jobs that are {} have ended: --in takes queued or running here", state.name());
        return Err(UsageError::of("jobs", message).into());
    }
    let access = StateAccess::of(&directory);
    each(args, &directory, "cancelled", |id| {
        let answer = access.ask_running(&Command::JobCancel { id })?;
        let Answer::Job { job } = answer else { return Err(unexpected(&answer)) };
        Ok(match job.state {
            JobState::Cancelled => Ended::Done,
            JobState::Completed | JobState::Failed => {
                Ended::Refused(format!("the job {id} had {} before", job.state.name()))
            }
            JobState::Queued | JobState::Running => Ended::Soon,
        })
    })
}

pub(super) fn delete(args: &JobsArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    require_state(&directory, "")?;
    if let Some(state) = args.only.filter(|state| !state.is_final()) {
        let message = format!("a job that is {} cannot be deleted: hivesum jobs cancel --in {0}", state.name());
        return Err(UsageError::of("jobs", message).into());
    }
    let access = StateAccess::of(&directory);
    each(args, &directory, "deleted", |id| {
        let done = access.change(&Command::JobDelete { id }, || {
            Ok(Answer::JobDeletion { outcome: stored_jobs::open_in(&directory)?.delete(id)?.into() })
        })?;
        let Answer::JobDeletion { outcome } = done.answer else { return Err(unexpected(&done.answer)) };
        Ok(match outcome {
            Outcome::Deleted => Ended::Done,
            Outcome::StillRunning => {
                Ended::Refused(format!("the job {id} has not ended: cancel it first with hivesum jobs cancel {id}"))
            }
            // The first attempt may have deleted it.
            Outcome::NotFound if done.is_repeated => Ended::Done,
            Outcome::NotFound => Ended::Refused(stored_jobs::no_such_job(id)),
        })
    })
}

/// Ends each job in turn. Of one job only what is wrong is said; of several, how many there were.
fn each(
    args: &JobsArgs,
    directory: &Path,
    what: &str,
    mut end: impl FnMut(JobId) -> anyhow::Result<Ended>,
) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::plain();
    let ids = chosen(args, directory)?;
    let (mut done, mut refused) = (0_u64, 0_u64);
    for &id in &ids {
        match end(id) {
            Ok(Ended::Done) => done += 1,
            Ok(Ended::Soon) => {
                done += 1;
                terminal.message(&format!("the job {id} is being {what}"));
            }
            Ok(Ended::Refused(why)) => {
                refused += 1;
                terminal.message(&why);
            }
            // The next one would fail, too.
            Err(error) if concerns_all(&error) => return Err(error),
            Err(error) => {
                refused += 1;
                terminal.message(&format!("the job {id}: {error:#}"));
            }
        }
    }
    if args.only.is_some() || ids.len() > 1 {
        let more = if refused > 0 { format!(", {refused} not") } else { String::new() };
        terminal.message(&format!("{} {what}{more}", counted(done, "job")));
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether nothing can be done for any job: no service runs, or another process has the state.
fn concerns_all(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StatusError>().is_some_and(|error| [NOT_RUNNING, IN_USE].contains(&error.status))
}

/// The jobs to end, each once.
fn chosen(args: &JobsArgs, directory: &Path) -> anyhow::Result<Vec<JobId>> {
    let mut ids = Vec::new();
    match args.only {
        None => ids.extend_from_slice(&args.ids),
        Some(state) => {
            let mut history = stored_jobs::open_in(directory)?;
            let mut cursor = None;
            loop {
                let query = JobQuery { state: Some(state), cursor, limit: PAGE, ..JobQuery::default() };
                let page = history.list(&query)?;
                ids.extend(page.items.iter().map(|job| job.id));
                cursor = page.next_cursor;
                if cursor.is_none() || ids.len() > MOST_JOBS {
                    break;
                }
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    ids.retain(|&id| seen.insert(id));
    anyhow::ensure!(ids.len() <= MOST_JOBS, "these are more than {MOST_JOBS} jobs, the most of one command");
    Ok(ids)
}

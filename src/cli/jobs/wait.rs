//! `hivesum jobs wait`: waits for the end of a job that somebody else has started, and tells how it ended.
//!
//! A job that has ended is told at once, also without a service.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use hivesum::control::protocol::{Answer, Command};
use hivesum_actors::error::StoreError;
use hivesum_actors::job::{Job, JobId};

use super::follow::Following;
use crate::cli::control::{Asked, StateAccess};
use crate::cli::error::{USAGE, with_status};
use crate::cli::state::ServiceArgs;
use crate::cli::stored_jobs;
use crate::cli::terminal::{ScreenArgs, Terminal};

#[derive(Debug, Args)]
#[command(after_help = "\
For a script that has started a job by the API, such as POST /api/v1/verify. A line with the state and the verdict of the \
job goes to stderr at its end.

Exit status: 0 completed without errors, and with the verdict ok if there is one; 1 failed, cancelled, completed with \
errors or with another verdict; 2 there is no such job; 69 no service is running and the job has not ended; 130 the \
waiting was interrupted.")]
pub(in crate::cli) struct WaitArgs {
    /// The id of the job, as `hivesum jobs list` and the API tell it.
    id: JobId,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Waits for the end of the job.
pub(super) fn run(args: &WaitArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    let (access, terminal) = (StateAccess::of(&directory), Terminal::of(args.screen));
    let job = match access.ask(&Command::JobShow { id: args.id }) {
        Ok(Asked::Answered(Answer::Job { job })) => *job,
        // Without a service, and where the service refuses, what is stored decides.
        Ok(Asked::Answered(_) | Asked::NobodyListens | Asked::Lost) | Err(_) => stored(&directory, args.id)?.into(),
    };
    let flag = args.service.repeated(&directory);
    Following { access, terminal, id: args.id, flag, of_nothing: None }.wait_for_end(job)
}

/// The job as it is stored. That there is none is no verdict on files, so it has another exit status.
fn stored(directory: &Path, id: JobId) -> anyhow::Result<Job> {
    let job = stored_jobs::open_in(directory).and_then(|mut history| stored_jobs::job(&mut history, id));
    job.map_err(|error| match error.is::<StoreError>() {
        true => error,
        false => with_status(USAGE, error),
    })
}

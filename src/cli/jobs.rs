//! `hivesum jobs`: the jobs in the state directory of a service.
//!
//! `list`, `show`, `export` and, for ended jobs, `wait` work whether the service is running or not, and read what is
//! committed. `delete` is done by a running service; without one it takes the server's lock. `run` and `cancel` need a
//! running service. `compact` needs a state directory that no service uses; otherwise it exits with 75.

mod ending;
mod follow;
mod run;
mod wait;

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hivesum::control::protocol::{Answer, Command};
use hivesum_actors::job::{Job, JobId, JobKind, JobQuery, JobState, ResultQuery, StatusFilter};
use hivesum_core::digest::Algorithm;
use hivesum_core::file::{PathInvalid, RelPath};
use hivesum_core::manifest::{Format, LineEnd, ManifestWriter};
use hivesum_core::result::{JobVerdict, Progress};

use super::control::{Asked, StateAccess};
use super::error::UsageError;
use super::output::write_stdout;
use super::state::{ServiceArgs, StateArgs};
use super::stored_jobs;
use super::terminal::{Terminal, counted};

/// Jobs or results that are read at a time.
const PAGE: usize = 1000;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum JobsCommand {
    /// Hash a directory as a job of the running service, and wait for its end.
    Run(Box<run::RunArgs>),
    /// Wait for the end of a job, and tell by the exit status how it ended.
    Wait(wait::WaitArgs),
    /// Stop jobs of the running service.
    Cancel(ending::JobsArgs),
    /// List jobs, newest first: id, state, creation time, files, bytes, root, path, verdict, errors and skipped files,
    /// separated by tabs.
    ///
    /// Files are those with a digest, as on the page; of a running job they are asked of the service.
    /// The verdict is that of a job that compares files with a manifest: ok, failed or incomplete. It is `-` for other
    /// jobs, for jobs that have not ended, and if it is not known. Errors are files that could not be hashed, missing
    /// ones too; skipped are those that are no regular files. Neither are among the files.
    List(ListArgs),
    /// Print one job as JSON.
    Show(OneArgs),
    /// Print the digests of an ended job as a manifest.
    Export(ExportArgs),
    /// Delete ended jobs and their results.
    Delete(ending::JobsArgs),
    /// Shrink the database after jobs were deleted.
    Compact(CompactArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// List only jobs in this state: queued, running, completed, failed or cancelled.
    #[arg(long = "in", value_name = "STATE", value_parser = state_of)]
    only: Option<JobState>,

    /// List only jobs with this verdict: ok, failed or incomplete.
    #[arg(long, value_name = "VERDICT", value_parser = verdict_of)]
    verdict: Option<JobVerdict>,

    /// List only jobs of this kind: hash or verify.
    #[arg(long, value_name = "KIND", value_parser = kind_of)]
    kind: Option<JobKind>,

    /// List only jobs on directories beneath the root of this name.
    #[arg(long, value_name = "NAME")]
    root: Option<String>,

    /// List only jobs on exactly this directory or file, as the list prints it.
    #[arg(long, value_name = "PATH", value_parser = path_of)]
    path: Option<RelPath>,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// The id of the job, as `hivesum jobs list` prints it.
    id: JobId,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum jobs export 0197a2b4-6d3c-7000-8000-000000000001 > B3SUMS
  hivesum jobs export --format csv 0197a2b4-6d3c-7000-8000-000000000001")]
pub(super) struct ExportArgs {
    /// The id of the job, as `hivesum jobs list` prints it.
    id: JobId,

    /// Output format: gnu, bsd, b3sum, hashdeep, sfv, bagit, csv, json, ndjson, mtree, wheel_record or ocfl_sidecar
    /// [default: gnu, or bsd for several algorithms and for one that the length of a digest does not tell].
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// Print the digests of this algorithm only, if the job has several.
    #[arg(short, long, value_name = "ALGORITHM")]
    algorithm: Option<Algorithm>,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Args)]
pub(super) struct CompactArgs {
    #[command(flatten)]
    state: StateArgs,
}

fn state_of(word: &str) -> Result<JobState, String> {
    JobState::from_name(word).ok_or_else(|| format!("must be one of {}", JobState::ALL.map(JobState::name).join(", ")))
}

fn verdict_of(word: &str) -> Result<JobVerdict, String> {
    let names = JobVerdict::ALL.map(JobVerdict::name).join(", ");
    JobVerdict::from_name(word).ok_or_else(|| format!("must be one of {names}"))
}

fn kind_of(word: &str) -> Result<JobKind, String> {
    let names = JobKind::ALL.map(JobKind::name).join(", ");
    JobKind::from_name(word).ok_or_else(|| format!("must be one of {names}"))
}

fn path_of(path: &str) -> Result<RelPath, PathInvalid> {
    RelPath::new(path)
}

/// Runs the command.
pub(super) fn run(command: JobsCommand) -> anyhow::Result<ExitCode> {
    match command {
        JobsCommand::Run(args) => run::run(&args),
        JobsCommand::Wait(args) => wait::run(&args),
        JobsCommand::Cancel(args) => ending::cancel(&args),
        JobsCommand::List(args) => list(&args),
        JobsCommand::Show(args) => show(&args),
        JobsCommand::Export(args) => export(&args),
        JobsCommand::Delete(args) => ending::delete(&args),
        JobsCommand::Compact(args) => compact(&args.state),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    let mut history = stored_jobs::open_in(&directory)?;
    let mut cursor = None;
    loop {
        let query = JobQuery {
            state: args.only,
            verdict: args.verdict,
            kind: args.kind,
            root: args.root.clone(),
            path: args.path.clone(),
            owner: None,
            cursor,
            limit: PAGE,
        };
        let mut page = history.list(&query)?;
        for job in page.items.iter_mut().filter(|job| job.state == JobState::Running) {
            job.progress = live_progress(&directory, job);
        }
        let lines: String = page.items.iter().map(line_of).collect();
        write_stdout(lines.as_bytes())?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// How far the running service says that a job is; what is stored if none answers.
fn live_progress(directory: &Path, job: &Job) -> Progress {
    match StateAccess::of(directory).ask(&Command::JobShow { id: job.id }) {
        Ok(Asked::Answered(Answer::Job { job })) => job.progress,
        Ok(_) | Err(_) => job.progress,
    }
}

fn line_of(job: &Job) -> String {
    let progress = &job.progress;
    format!(
        "{}\t{}\t{:.0}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
        job.id,
        job.state.name(),
        job.created_at,
        progress.files_done,
        progress.bytes_done,
        job.spec.root.escape_debug(),
        String::from_utf8_lossy(job.spec.path.as_bytes()).escape_debug(),
        job.summary.and_then(|summary| summary.verdict).map_or("-", JobVerdict::name),
        progress.files_failed,
        progress.files_skipped,
    )
}

fn show(args: &OneArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    let mut job = stored_jobs::job(&mut stored_jobs::open_in(&directory)?, args.id)?;
    if job.state == JobState::Running {
        job.progress = live_progress(&directory, &job);
    }
    let mut text = serde_json::to_vec_pretty(&job)?;
    text.push(b'\n');
    write_stdout(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    let mut history = stored_jobs::open_in(&directory)?;
    let job = stored_jobs::ended(&mut history, args.id)?;
    let summary = job.summary.unwrap_or_default();
    let format = args.format.unwrap_or_else(|| Format::default_for(&job.spec.algorithms));
    let algorithms = format.choose(args.algorithm, &job.spec.algorithms)?;
    let writer = ManifestWriter::new(format, algorithms, LineEnd::Newline);
    let mut writer = writer.map_err(|mismatch| UsageError::of("jobs", mismatch))?;
    let status = (!format.lists_failures()).then_some(StatusFilter::Hashed);
    let query = ResultQuery { status, ..ResultQuery::default() };
    let mut out = Vec::new();
    writer.begin(&mut out);
    let exported = history.export(args.id, &query, |_, items| {
        for item in &items {
            writer.item(&mut out, &item.as_ref())?;
        }
        write_stdout(&out)?;
        out.clear();
        anyhow::Ok(())
    })?;
    if exported.is_none() {
        anyhow::bail!(stored_jobs::no_such_job(args.id));
    }
    writer.end(&mut out, &summary);
    write_stdout(&out)?;
    if summary.errors > 0 && !format.lists_failures() {
        let (errors, id) = (counted(summary.errors, "error"), args.id);
        let flag = args.service.repeated(&directory);
        let lists = format!("see them with hivesum jobs export{flag} --format ndjson");
        Terminal::plain()
            .message(&format!("the job had {errors}, and this manifest has no line of them: {lists} {id}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn compact(state: &StateArgs) -> anyhow::Result<ExitCode> {
    let access = StateAccess::of(&state.directory()?);
    let (before, after) = access.without_service(|| Ok(stored_jobs::open(state)?.compact()?))?;
    Terminal::plain().message(&format!("size of the database: {before} bytes before, {after} bytes after"));
    Ok(ExitCode::SUCCESS)
}

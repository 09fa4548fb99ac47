//! `hivesum duplicates`: finds files with the same content. It only reports them; nothing is ever deleted.
//!
//! Files in directories are compared in stages, so that few are read completely: by size, then by their first and last
//! block, then by digest. Files of a job are compared by the digests that it has stored. Hard links are one copy.

mod report;
mod stages;
mod trees;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use hivesum_actors::job::{JobId, JobState};
use hivesum_core::compare::{Group, key_algorithm};
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::file::Reach;
use hivesum_core::result::Item;
use hivesum_core::walk::{Inventory, WalkSpec};

use self::report::{Duplicates, Found};
use self::trees::Trees;
use super::engine::{EngineArgs, RunningEngine};
use super::error::UsageError;
use super::filter_args::FilterArgs;
use super::output::write_stdout;
use super::own_output::OwnOutputs;
use super::scrub::amounts::bytes;
use super::state::StateArgs;
use super::stored_jobs;
use super::terminal::{ScreenArgs, Terminal};
use crate::cli::output::ReportFormat;

#[derive(Debug, Args)]
#[command(after_help = "\
Groups are sorted by reclaimable bytes: what deleting all copies but one would free. Hard links to a file count \
as one copy and are marked, and symbolic links are not followed. Nothing is ever deleted. For a job, no file is read: its stored \
digests are compared. A GLOB is relative to DIR, and read as hash --help says. A file in DIR that the output goes to is \
left out.

Examples:
  hivesum duplicates ~/photos
  hivesum duplicates ~/photos /media/card/DCIM
  hivesum duplicates /srv --min-size 1MB --format json
  hivesum duplicates 0197a2b4-6d3c-7000-8000-000000000001

Exit status: 0 the report is complete; 1 something could not be read; 2 wrong command line.")]
pub(super) struct DuplicatesArgs {
    /// Directories, whose files are compared with each other, or the id of one job of a service.
    #[arg(value_name = "DIR|JOB", required = true)]
    of: Vec<OsString>,

    /// Ignore files smaller than this: a number of bytes, or one with a unit such as 500kB or 1MiB.
    #[arg(long, value_name = "SIZE", default_value = "1", value_parser = size, help_heading = "Selection")]
    min_size: u64,

    /// Do not enter directories on other file systems.
    #[arg(long, help_heading = "Selection")]
    one_file_system: bool,

    #[command(flatten)]
    filters: FilterArgs,

    /// Output format: human or json.
    #[arg(short, long, default_value_t)]
    format: ReportFormat,

    #[command(flatten)]
    state: StateArgs,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    engine: EngineArgs,
}

/// A least size: an amount of bytes, or 0 for empty files, too.
fn size(word: &str) -> Result<u64, &'static str> {
    if word == "0" { Ok(0) } else { bytes(word) }
}

/// Runs the command.
pub(super) fn run(args: DuplicatesArgs) -> anyhow::Result<ExitCode> {
    let job = args.of.iter().find_map(|word| stored_jobs::id_unless_path(word));
    let whole = match job {
        Some(_) if args.of.len() > 1 => {
            let message = "give directories, or the id of one job alone";
            return Err(UsageError::of("duplicates", message).into());
        }
        Some(_) if args.one_file_system || !args.filters.is_empty() => {
            let message = "--one-file-system, --include and --exclude apply to directories only, not to jobs";
            return Err(UsageError::of("duplicates", message).into());
        }
        Some(id) => of_job(&args, id)?,
        None => of_directories(&args)?,
    };
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether everything was read.
fn of_directories(args: &DuplicatesArgs) -> anyhow::Result<bool> {
    let terminal = Terminal::of(args.screen);
    let filters = args.filters.filters_of_each("duplicates", &args.of)?;
    let mut outputs = OwnOutputs::of_streams();
    let mut whole = true;
    let trees = Trees::of(&args.of, |dir, prefix, target| {
        let found = Inventory::of_walk(WalkSpec {
            filters: filters.below(dir.as_bytes()).clone(),
            reach: if args.one_file_system { Reach::OneFilesystem } else { Reach::Everywhere },
            leave_out: outputs.identities().to_vec(),
            timeout: args.engine.read_timeout(),
            ..WalkSpec::new(vec![target])
        });
        whole &= found.unreadable.is_empty();
        for path in found.unreadable.iter() {
            terminal.message_about(&[prefix, path].concat(), "cannot be looked at");
        }
        for path in found.left_out.iter() {
            let shown = [prefix, path].concat();
            outputs.say_left_out(&terminal, &shown, &Path::new(dir).join(OsStr::from_bytes(path)));
        }
        Ok(found)
    })?;
    if trees.names.is_empty() && whole {
        filters.told_of_nothing().iter().for_each(|told| terminal.message(told));
    }
    let engine = RunningEngine::start(args.engine, Some(Algorithms::single(stages::COMPARED_BY)))?;
    let mut stages = stages::Stages { trees: &trees, engine: &engine, terminal: &terminal, failed: false };
    let groups = stages.groups(args.min_size)?;
    whole &= !stages.failed;
    engine.join();
    terminal.finish_progress();
    let found: Vec<_> = groups.iter().map(|one| one.found(&trees.names)).collect();
    write(args, &Duplicates { groups: &found, algorithm: stages::COMPARED_BY }, &terminal)?;
    Ok(whole)
}

/// Whether the job has read everything.
fn of_job(args: &DuplicatesArgs, id: JobId) -> anyhow::Result<bool> {
    let terminal = Terminal::plain();
    let mut history = stored_jobs::open(&args.state)?;
    let job = stored_jobs::ended(&mut history, id)?;
    let algorithm = key_algorithm(&job.spec.algorithms)?;
    let groups = history.duplicates(id, algorithm, args.min_size)?.with_context(|| stored_jobs::no_such_job(id))?;
    let items = groups.iter().map(|group| history.results_at(id, &group.places)).collect::<Result<Vec<_>, _>>()?;
    let found: Vec<_> = groups.iter().zip(&items).map(|(group, items)| of_items(group, items, algorithm)).collect();
    write(args, &Duplicates { groups: &found, algorithm }, &terminal)?;
    let failed = job.progress.files_failed;
    if failed > 0 {
        terminal.message(&format!("files that the job could not read: {failed}"));
    }
    if job.state != JobState::Completed {
        terminal.message(&format!("the job is {}: it has not read everything", job.state.name()));
    }
    Ok(failed == 0 && job.state == JobState::Completed)
}

fn of_items<'a>(group: &'a Group, items: &'a [Item], algorithm: Algorithm) -> Found<'a> {
    let digest = items.first().and_then(|item| item.as_ref().digest(algorithm)).unwrap_or_default();
    Found { group, digest, names: items.iter().map(|item| &item.path[..]).collect() }
}

fn write(args: &DuplicatesArgs, duplicates: &Duplicates<'_>, terminal: &Terminal) -> anyhow::Result<()> {
    let mut out = Vec::new();
    report::write(&mut out, duplicates, args.format, terminal);
    Ok(write_stdout(&out)?)
}

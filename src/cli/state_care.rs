//! `hivesum state`: care of the state directory of a service: check, back up, restore, recover.
//!
//! `check` and `backup` only read the state, so they work whether the service is running or not. `restore` and `recover`
//! need a state directory that no service uses; otherwise they exit with 75. What was checked goes to stdout, everything else to stderr.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use hivesum_actors::store::care::{self, CareError, CheckReport};

use super::control::StateAccess;
use super::output::write_stdout;
use super::quote::quoted;
use super::state::StateArgs;
use super::terminal::Terminal;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum StateCommand {
    /// Check everything that is stored: pages, checksums, gaps and the journal.
    Check(CheckArgs),
    /// Copy the state into a new file, while the service runs or while it does not.
    Backup(BackupArgs),
    /// Replace the state with a backup. The former state is kept beside it.
    Restore(RestoreArgs),
    /// Go on with what is left after commits were lost.
    Recover(RecoverArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum state check
  hivesum state check --state /var/lib/hivesum

Prints the rows of every table and what is wrong. Nothing is changed.
Exit status: 0 nothing is wrong; 1 something is damaged or missing, or cannot be read.")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum state backup /backup/hivesum-2027-01-31.db
  hivesum state backup --state /var/lib/hivesum /backup/hivesum.db

The copy is checked before it is said to be done; if it is not whole, it is removed.
It holds the digests of tokens, so only its owner may read it.")]
pub(super) struct BackupArgs {
    /// The file to create. It must not exist.
    file: PathBuf,

    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum state restore /backup/hivesum-2027-01-31.db

The backup is checked first. The former database is kept as hivesum.db.before-restore in the state directory.
Sessions of the page are dropped. Tokens that were revoked after the backup are valid again: they are named,
so that they can be revoked again.")]
pub(super) struct RestoreArgs {
    /// A file that `hivesum state backup` made.
    file: PathBuf,

    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum state check      what is missing, and whether the rest is whole
  hivesum state recover    go on with the rest

For a service that does not start because its write-ahead log or its journal was damaged or removed.
What is missing is lost: a backup may be the better way. Nothing is done if what is left is damaged itself.")]
pub(super) struct RecoverArgs {
    #[command(flatten)]
    state: StateArgs,
}

/// Runs the command.
pub(super) fn run(command: StateCommand) -> anyhow::Result<ExitCode> {
    match command {
        StateCommand::Check(args) => check(&args),
        StateCommand::Backup(args) => backup(&args),
        StateCommand::Restore(args) => restore(&args),
        StateCommand::Recover(args) => recover(&args),
    }
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let directory = args.state.directory()?;
    anyhow::ensure!(
        !directory.is_file(),
        "{}: --state names the state directory, and this is a file. A backup was checked when it was made, and hivesum \
         state restore checks it again before it replaces anything",
        quoted(directory.as_os_str())
    );
    let report = care::check(&directory).map_err(flat).with_context(|| directory.display().to_string())?;
    write_stdout(text_of(&report).as_bytes())?;
    if report.is_whole() {
        return Ok(ExitCode::SUCCESS);
    }
    tell_faults(&report);
    Ok(ExitCode::FAILURE)
}

fn backup(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let report =
        told(care::backup(&args.state.directory()?, &args.file)).with_context(|| quoted(args.file.as_os_str()))?;
    say(&format!("{} is a whole copy of the state at {}", quoted(args.file.as_os_str()), commit_of(&report)));
    Ok(ExitCode::SUCCESS)
}

fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let directory = args.state.directory()?;
    let report = StateAccess::of(&directory).without_service(|| {
        told(care::restore(&directory, &args.file)).with_context(|| quoted(args.file.as_os_str()))
    })?;
    if let Some(name) = report.kept_as {
        say(&format!("the former database is kept as {name}"));
    }
    for token in &report.revived {
        say(&format!(
            "the token {} ({}) is valid again: hivesum token revoke {} ends it",
            token.id,
            token.name.escape_debug(),
            token.id
        ));
    }
    if report.dropped_sessions > 0 {
        say(&format!("{} sessions were dropped", report.dropped_sessions));
    }
    say(&format!("restored the state at {}", commit_of(&report.checked)));
    Ok(ExitCode::SUCCESS)
}

fn recover(args: &RecoverArgs) -> anyhow::Result<ExitCode> {
    let directory = args.state.directory()?;
    let report = StateAccess::of(&directory).without_service(|| told(care::recover(&directory)))?;
    if let Some(name) = report.log_kept_as {
        say(&format!("the damaged write-ahead log is kept as {name}"));
    }
    match report.incomplete {
        Some(incomplete) => say(&format!("the job store goes on without what is missing: {incomplete}")),
        None => say("no commit is known to be missing"),
    }
    say(&format!("the state is at {}", commit_of(&report.checked)));
    Ok(ExitCode::SUCCESS)
}

/// The result; of damage, all that is known is told.
fn told<T>(done: Result<T, CareError>) -> anyhow::Result<T> {
    done.map_err(|error| {
        if let CareError::Damaged { report, .. } = &error {
            tell_faults(report);
        }
        flat(error)
    })
}

/// With the store's own error on top, which has an exit status.
fn flat(error: CareError) -> anyhow::Error {
    match error {
        CareError::Store(error) => error.into(),
        error => error.into(),
    }
}

fn tell_faults(report: &CheckReport) {
    for fault in &report.faults {
        say(fault);
    }
}

fn say(message: &str) {
    Terminal::plain().message(message);
}

fn commit_of(report: &CheckReport) -> String {
    report.commits.map_or_else(|| "an unknown commit".to_owned(), |number| format!("commit {number}"))
}

/// A line for every table, then the verdict.
fn text_of(report: &CheckReport) -> String {
    let mut text = String::new();
    for (table, rows) in &report.rows {
        // Writing into a string never fails.
        let _ = writeln!(text, "{table}\t{rows}");
    }
    let _ = match report.faults.len() {
        0 => writeln!(text, "whole, at {}", commit_of(report)),
        1 => writeln!(text, "damaged, at {}: 1 fault", commit_of(report)),
        faults => writeln!(text, "damaged, at {}: {faults} faults", commit_of(report)),
    };
    text
}

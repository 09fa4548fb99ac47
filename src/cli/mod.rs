//! The command line: one module a command, each a thin layer over the engine.
//!
//! Results go to stdout, everything else to stderr. Exit status: 0 all is well, 1 a file failed, differed or
//! is missing, 2 the command line is wrong; nothing has been read then. 74: the disk failed; 75: another server
//! holds the state.

mod args;
mod atomic_file;
mod audit;
mod bag;
mod check;
mod compare;
mod config;
mod convert;
mod duplicates;
mod engine;
mod hash;
mod hash_args;
mod inputs;
mod jobs;
mod manifest_file;
mod output;
mod quote;
mod report_format;
mod serve;
mod settings;
mod state;
mod stdin;
mod stored_jobs;
mod terminal;
mod token;
mod usage;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;
use hivesum_actors::error::StoreError;
use terminal::Terminal;
use usage::UsageError;

/// Exit status of a wrong command line.
const USAGE: u8 = 2;

/// Exit status while another server holds the state directory: `EX_TEMPFAIL` of `sysexits.h`.
const IN_USE: u8 = 75;

/// Exit status after the disk failed to keep what was written: `EX_IOERR` of `sysexits.h`.
const IO_FAILED: u8 = 74;

/// Does what the command line says and gives the exit status.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return tell(&error),
    };
    let done = match cli.command {
        Command::Hash(args) => hash::run(args),
        Command::Check(args) => check::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Duplicates(args) => duplicates::run(args),
        Command::Bag(command) => bag::run(command),
        Command::Convert(args) => convert::run(args),
        Command::Serve(args) => serve::run(*args),
        Command::Config(args) => config::run(*args),
        Command::Jobs(command) => jobs::run(command),
        Command::Token(command) => token::run(command),
    };
    done.unwrap_or_else(|error| match error.downcast::<UsageError>() {
        Ok(usage) => tell(&usage.into_clap()),
        Err(error) => {
            Terminal::plain().message(&format!("{error:#}"));
            match error.downcast_ref::<StoreError>() {
                Some(StoreError::Locked) => ExitCode::from(IN_USE),
                Some(StoreError::SyncFailed) => ExitCode::from(IO_FAILED),
                _ => ExitCode::FAILURE,
            }
        }
    })
}

/// Prints help, version or what is wrong; where that cannot be printed, the exit status still tells.
fn tell(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE))
}

//! `hivesum roots`: what a service remembers of its roots, whether it is running or not.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use hivesum::control::protocol::{Answer, Command};
use hivesum_actors::store::roots::{AcceptError, RememberedRoots};
use hivesum_core::file::RootError;

use super::control::{StateAccess, unexpected};
use super::error::system_text;
use super::quote::quoted;
use super::state::{ServiceArgs, require_state};
use super::terminal::Terminal;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum RootsCommand {
    /// Accept the directory that is now at the path of a root.
    Accept(AcceptArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
A service remembers which directory each of its roots is. If another one takes its place (a disk that is not mounted, \
a directory that was renamed), new jobs are refused as root_changed and unfinished ones wait; after a restart the \
summaries of its jobs say root_changed, or root_empty if it is empty. This command accepts the directory as it is now. \
A running service needs no restart: waiting jobs begin again on it within seconds.

Example:
  hivesum roots accept photos")]
pub(super) struct AcceptArgs {
    /// The name of the root.
    name: String,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Runs the command.
pub(super) fn run(command: RootsCommand) -> anyhow::Result<ExitCode> {
    match command {
        RootsCommand::Accept(args) => accept(&args),
    }
}

fn accept(args: &AcceptArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    require_state(&directory, "")?;
    let command = Command::RootAccept { name: args.name.clone() };
    let done = StateAccess::of(&directory).change(&command, || accept_alone(&directory, &args.name))?;
    let Answer::RootAccepted { path_b64 } = &done.answer else { return Err(unexpected(&done.answer)) };
    let path = OsString::from_vec(STANDARD.decode(path_b64)?);
    Terminal::plain().message(&format!("accepted: {:?} is the directory at {}", args.name, quoted(&path)));
    Ok(ExitCode::SUCCESS)
}

/// Accepts it where no service is running.
fn accept_alone(directory: &Path, name: &str) -> anyhow::Result<Answer> {
    let mut roots = RememberedRoots::open(directory).with_context(|| directory.display().to_string())?;
    let path = roots.accept(name).map_err(|error| match error {
        AcceptError::Root(RootError::Open { path, source }) => anyhow::anyhow!("{path}: {}", system_text(&source)),
        AcceptError::Store(error) => error.into(),
        error @ (AcceptError::Unknown { .. } | AcceptError::Root(_) | AcceptError::Unavailable) => error.into(),
    })?;
    Ok(Answer::RootAccepted { path_b64: STANDARD.encode(path.as_os_str().as_bytes()) })
}

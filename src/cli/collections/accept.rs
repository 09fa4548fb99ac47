//! `hivesum collections accept`: which files are meant, and what came of each.
//!
//! Files are accepted as they are known when the command begins. One that has changed since is refused.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use hivesum_actors::store::collections::{Accepted, Collections, StoredCollection};
use hivesum_core::fixity::{Condition, FileState};
use hivesum_core::walk::Filters;

use super::named::{acceptable, find};
use crate::cli::collection_change::CollectionChange;
use crate::cli::error::UsageError;
use crate::cli::output::write_stdout;
use crate::cli::quote::quoted;
use crate::cli::state::StateArgs;
use crate::cli::terminal::Terminal;

#[derive(Debug, Args)]
#[command(after_help = "\
A missing file that is accepted is forgotten. What cannot be read, or reads differently each time, has no content that \
could be accepted. Globs are those of `hivesum hash --include`; with --path and --kind a file has to match both.

Examples:
  hivesum collections accept ~/photos 2026/new.jpeg
  hivesum collections accept ~/photos --path '2026/**' --kind new --kind moved
  hivesum collections accept ~/photos --all")]
pub(in crate::cli) struct AcceptArgs {
    /// The directory of the collection, or its id.
    collection: OsString,

    /// Files, by their paths in the directory.
    #[arg(value_name = "PATH", required_unless_present_any = ["all", "globs", "kinds"])]
    paths: Vec<OsString>,

    /// Accept every file that is not what it should be.
    #[arg(long, conflicts_with_all = ["paths", "globs", "kinds"])]
    all: bool,

    /// Accept files that are not what they should be and match this glob, or another one. May be repeated.
    #[arg(long = "path", value_name = "GLOB", conflicts_with = "paths")]
    globs: Vec<String>,

    /// Accept files in this condition, or another one: new, modified, moved, missing or suspected_rot. May be repeated.
    #[arg(long = "kind", value_name = "CONDITION", value_parser = acceptable, conflicts_with = "paths")]
    kinds: Vec<Condition>,

    #[command(flatten)]
    state: StateArgs,
}

/// The files that somebody wants to accept, as they are known.
fn to_accept(
    args: &AcceptArgs,
    collections: &mut Collections,
    one: &StoredCollection,
) -> anyhow::Result<Vec<FileState>> {
    let mut shown = Vec::new();
    if !args.paths.is_empty() {
        let names = args.paths.iter().map(|path| path.as_bytes()).collect();
        for (path, state) in args.paths.iter().zip(collections.states(one, &names)?) {
            let Some(state) = state else { bail!("{}: no such file is known", quoted(path)) };
            shown.push(state);
        }
        return Ok(shown);
    }
    let globs: Result<Vec<_>, _> = args.globs.iter().map(|glob| Filters::alternatives(glob)).collect();
    let filters = globs.and_then(|globs| Filters::new(&globs.concat(), &[]));
    let filters = filters.map_err(|error| UsageError::of("collections", error))?;
    let is_wanted = |state: &FileState| {
        state.condition.is_alert(one.settings.kind)
            && (args.kinds.is_empty() || args.kinds.contains(&state.condition))
            && filters.wants_path(&state.path)
    };
    collections.each_file(one, |state| shown.extend(Some(state).filter(is_wanted)))?;
    if shown.is_empty() && !args.all {
        bail!("there is nothing to accept: no file that matches is other than it should be");
    }
    Ok(shown)
}

/// Runs the command.
pub(super) fn run(args: &AcceptArgs) -> anyhow::Result<ExitCode> {
    let (mut change, terminal) = (CollectionChange::open(&args.state.directory()?)?, Terminal::plain());
    let collections = change.reading()?;
    let one = find(collections, &args.collection)?;
    let shown = to_accept(args, collections, &one)?;
    let mut left = &shown[..];
    let mut all_done = true;
    while !left.is_empty() {
        let outcomes = change.accept(&one.id, left)?;
        let (states, later) = left.split_at(outcomes.len());
        left = later;
        let mut out = String::new();
        for (state, accepted) in states.iter().zip(outcomes) {
            let refused = match accepted {
                Accepted::Done => {
                    out += &format!("accepted: {} ({})\n", terminal.quoted(&state.path), state.condition.name());
                    continue;
                }
                Accepted::Refused(refused) => refused.to_string(),
                Accepted::Unknown => "no such file is known".to_owned(),
            };
            terminal.message_about(&state.path, &refused);
            all_done = false;
        }
        write_stdout(out.as_bytes())?;
    }
    Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

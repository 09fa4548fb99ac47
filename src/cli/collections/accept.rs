//! `hivesum collections accept` and `acknowledge`: which files are meant, and what came of each.
//!
//! Files are accepted and acknowledged as they are known when the command begins. One that has changed since is refused.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use hivesum_actors::store::collections::{Accepted, Acknowledged, Collections, Meant, StoredCollection};
use hivesum_core::fixity::{Acknowledgement, Condition, FileState};
use jiff::Timestamp;

use super::named::{acceptable, alerting, find};
use crate::cli::collection_change::CollectionChange;
use crate::cli::error::UsageError;
use crate::cli::output::write_stdout;
use crate::cli::quote::quoted;
use crate::cli::state::StateArgs;
use crate::cli::terminal::Terminal;

// Of which collection, and which of its files are meant.
#[derive(Debug, Args)]
struct WhichFiles {
    /// The directory of the collection, or its id.
    collection: OsString,

    /// Files, by their paths in the directory.
    #[arg(value_name = "PATH", required_unless_present_any = ["all", "globs", "kinds"])]
    paths: Vec<OsString>,

    /// Every file that is not what it should be.
    #[arg(long, conflicts_with_all = ["paths", "globs", "kinds"])]
    all: bool,

    /// Files that are not what they should be and match this glob, or another one. May be repeated.
    #[arg(long = "path", value_name = "GLOB", conflicts_with = "paths")]
    globs: Vec<String>,

    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A missing file that is accepted is forgotten. What cannot be read, or reads differently each time, has no content that \
could be accepted. Globs are those of `hivesum hash --include`; with --path and --kind a file has to match both.

Examples:
  hivesum collections accept ~/photos 2026/new.jpeg
  hivesum collections accept ~/photos --path '2026/**' --kind new --kind moved
  hivesum collections accept ~/photos --all")]
pub(in crate::cli) struct AcceptArgs {
    #[command(flatten)]
    files: WhichFiles,

    /// Accept files in this condition, or another one: new, modified, moved, missing or suspected_rot. May be repeated.
    #[arg(long = "kind", value_name = "CONDITION", value_parser = acceptable, conflicts_with = "paths")]
    kinds: Vec<Condition>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
What is acknowledged stays what it is, and is listed by `collections files`, but is no alert any more: `hivesum scrub` is \
silent about it, until something else happens to the file. What is right as it is, is accepted instead. Globs are those \
of `hivesum hash --include`; with --path and --kind a file has to match both.

Examples:
  hivesum collections acknowledge ~/photos 2019/broken.jpeg --note 'disk replaced, ticket 4711'
  hivesum collections acknowledge ~/photos --kind unreadable
  hivesum collections acknowledge ~/photos --all --by ops")]
pub(in crate::cli) struct AcknowledgeArgs {
    #[command(flatten)]
    files: WhichFiles,

    /// Acknowledge files in this condition, or another one: new, modified, moved, missing, suspected_rot, unreadable or
    /// reads_disagree. May be repeated.
    #[arg(long = "kind", value_name = "CONDITION", value_parser = alerting, conflicts_with = "paths")]
    kinds: Vec<Condition>,

    /// What you know of them: one line.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,

    /// Who knows of them; the name of the user by default.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Which files somebody means.
struct Chosen<'a> {
    files: &'a WhichFiles,
    kinds: &'a [Condition],
    /// What is done with them, as in "nothing to accept".
    verb: &'static str,
    acknowledged: Acknowledged,
}

/// The files that are meant, as they are known.
fn chosen_files(
    chosen: &Chosen<'_>,
    collections: &mut Collections,
    one: &StoredCollection,
) -> anyhow::Result<Vec<FileState>> {
    let WhichFiles { paths, all, globs, .. } = chosen.files;
    let mut shown = Vec::new();
    if !paths.is_empty() {
        let names = paths.iter().map(|path| path.as_bytes()).collect();
        for (path, state) in paths.iter().zip(collections.states(one, &names)?) {
            let Some(state) = state else { bail!("{}: no such file is known", quoted(path)) };
            shown.push(state);
        }
        return Ok(shown);
    }
    let meant = Meant::new(chosen.kinds.to_vec(), globs, chosen.acknowledged);
    let meant = meant.map_err(|error| UsageError::of("collections", error))?;
    let kind = one.settings.kind;
    collections.each_file(one, |state| shown.extend(Some(state).filter(|state| meant.wants(state, kind))))?;
    if shown.is_empty() && !all {
        bail!("there is nothing to {}: no file that matches is other than it should be", chosen.verb);
    }
    Ok(shown)
}

/// Runs `accept`.
pub(super) fn run(args: &AcceptArgs) -> anyhow::Result<ExitCode> {
    let AcceptArgs { files, kinds } = args;
    say(&Chosen { files, kinds, verb: "accept", acknowledged: Acknowledged::Too }, None)
}

/// Runs `acknowledge`.
pub(super) fn acknowledge(args: &AcknowledgeArgs) -> anyhow::Result<ExitCode> {
    let AcknowledgeArgs { files, kinds, note, by } = args;
    let by = by.clone().unwrap_or_else(user);
    let said = Acknowledgement::new(Timestamp::now(), &by, note.clone());
    let said = said.map_err(|error| UsageError::of("collections", format!("--note: {error}")))?;
    say(&Chosen { files, kinds, verb: "acknowledge", acknowledged: Acknowledged::Not }, Some(&said))
}

/// Who runs the command: as the shell says (POSIX.1-2024, `LOGNAME`), or the number of the user.
fn user() -> String {
    let name = std::env::var("LOGNAME").ok().filter(|name| !name.is_empty());
    name.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// Says of files that they are right as they are, or that they are known. Prints what came of each.
fn say(chosen: &Chosen<'_>, known: Option<&Acknowledgement>) -> anyhow::Result<ExitCode> {
    let mut change = CollectionChange::open(&chosen.files.state.directory()?)?;
    let (done, terminal) = (if known.is_some() { "acknowledged" } else { "accepted" }, Terminal::plain());
    let collections = change.reading()?;
    let one = find(collections, &chosen.files.collection)?;
    let shown = chosen_files(chosen, collections, &one)?;
    let mut left = &shown[..];
    let mut all_done = true;
    while !left.is_empty() {
        let outcomes = change.say(&one.id, left, known)?;
        let (states, later) = left.split_at(outcomes.len());
        left = later;
        let mut out = String::new();
        for (state, accepted) in states.iter().zip(outcomes) {
            let refused = match accepted {
                Accepted::Done => {
                    out += &format!("{done}: {} ({})\n", terminal.quoted(&state.path), state.condition.name());
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

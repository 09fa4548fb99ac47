//! `hivesum collections`: what scrubs know of the directories that they keep watch over, and what people decide.
//!
//! `list`, `show`, `files` and `events` read what is committed, also beside a scrub. What `accept` and `forget` change is
//! changed by the service that runs, or under the server's lock. A collection is named by its id or by its directory.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use hivesum_actors::store::collections::{Accepted, Collections, StoredCollection};
use hivesum_core::fixity::{Condition, FileState};
use hivesum_core::walk::Filters;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::collection_change::CollectionChange;
use super::error::UsageError;
use super::output::write_stdout;
use super::quote::quoted;
use super::scrub::detail;
use super::state::StateArgs;
use super::terminal::Terminal;

/// Rows that are read at a time.
const PAGE: usize = 1000;

#[derive(Debug, Subcommand)]
pub(super) enum CollectionsCommand {
    /// List collections: id, files, files to look at, when the oldest was verified, and directory, separated by tabs.
    List(ListArgs),
    /// Print one collection as JSON.
    Show(OneArgs),
    /// List the files of a collection: condition, bytes, when it was verified and path, separated by tabs.
    Files(FilesArgs),
    /// List what happened in a collection: number, time, event, path and details, separated by tabs.
    Events(OneArgs),
    /// Accept files as they are: from now on that is what they should be.
    Accept(AcceptArgs),
    /// Forget a collection with all that is known of it. Its files are not touched.
    Forget(OneArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// The directory of the collection, or its id.
    collection: OsString,

    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
pub(super) struct FilesArgs {
    /// The directory of the collection, or its id.
    collection: OsString,

    /// List only files in this condition: ok, new, modified, moved, missing, suspected_rot, unreadable or
    /// reads_disagree.
    #[arg(long = "in", value_name = "CONDITION", value_parser = condition_of)]
    only: Option<Condition>,

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
pub(super) struct AcceptArgs {
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

fn condition_of(word: &str) -> Result<Condition, String> {
    one_of(&Condition::ALL, word)
}

/// A condition with something to accept.
fn acceptable(word: &str) -> Result<Condition, String> {
    use Condition::{Missing, Modified, Moved, New, SuspectedRot};
    one_of(&[New, Modified, Moved, Missing, SuspectedRot], word)
}

fn one_of(conditions: &[Condition], word: &str) -> Result<Condition, String> {
    let named = conditions.iter().find(|condition| condition.name() == word);
    let names: Vec<_> = conditions.iter().map(|condition| condition.name()).collect();
    named.copied().ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

/// Runs the command.
pub(super) fn run(command: CollectionsCommand) -> anyhow::Result<ExitCode> {
    match command {
        CollectionsCommand::List(args) => list(&args.state),
        CollectionsCommand::Show(args) => show(&args),
        CollectionsCommand::Files(args) => files(&args),
        CollectionsCommand::Events(args) => events(&args),
        CollectionsCommand::Accept(args) => accept(&args),
        CollectionsCommand::Forget(args) => forget(&args),
    }
}

fn open(state: &StateArgs) -> anyhow::Result<Collections> {
    let directory = state.directory()?;
    let shown = || quoted(directory.as_os_str());
    Collections::open(&directory).with_context(shown)?.with_context(|| format!("no scrub has used {}", shown()))
}

/// The collection with this id or directory.
fn find(collections: &mut Collections, named: &OsStr) -> anyhow::Result<StoredCollection> {
    // A directory that is gone has the path that it had.
    let path = Path::new(named).canonicalize().or_else(|_| std::path::absolute(named))?;
    let is_named = |one: &StoredCollection| one.id.as_bytes() == named.as_bytes() || one.directory == path;
    let found = collections.list()?.into_iter().find(is_named);
    found.with_context(|| format!("{}: no such collection: see hivesum collections list", quoted(named)))
}

fn time_or_dash(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}"))
}

fn list(state: &StateArgs) -> anyhow::Result<ExitCode> {
    let mut collections = open(state)?;
    for one in collections.list()? {
        let counts = collections.counts(&one)?;
        let files: u64 = counts.values().map(|count| count.files).sum();
        let (alerts, oldest) =
            (one.alerts(&counts), counts.values().filter_map(|count| count.oldest_verified_at).min());
        let directory = quoted(one.directory.as_os_str());
        let line = format!("{}\t{files}\t{alerts}\t{}\t{directory}\n", one.id, time_or_dash(oldest));
        write_stdout(line.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(args: &OneArgs) -> anyhow::Result<ExitCode> {
    let mut collections = open(&args.state)?;
    let one = find(&mut collections, &args.collection)?;
    let counts = collections.counts(&one)?;
    let by_condition: Map<String, Value> = counts
        .iter()
        .map(|(condition, count)| {
            let value = json!({
                "files": count.files,
                "bytes": count.bytes,
                "never_verified": count.never_verified,
                "oldest_verified_at": count.oldest_verified_at,
            });
            (condition.name().to_owned(), value)
        })
        .collect();
    let text = json!({
        "id": one.id,
        "directory": one.directory.to_string_lossy(),
        "algorithms": one.settings.algorithms,
        "kind": one.settings.kind,
        "include": one.settings.include,
        "exclude": one.settings.exclude,
        "created_at": one.created_at,
        "passes": one.passes,
        "pass_began": one.pass_began,
        "last_run": one.last_run,
        "files": by_condition,
    });
    write_stdout(format!("{text:#}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn files(args: &FilesArgs) -> anyhow::Result<ExitCode> {
    let (mut collections, terminal) = (open(&args.state)?, Terminal::plain());
    let one = find(&mut collections, &args.collection)?;
    collections.each_page(&one, |page| {
        let mut out = String::new();
        for state in page.iter().filter(|state| args.only.is_none_or(|only| state.condition == only)) {
            let bytes = state.present().map_or_else(|| "-".to_owned(), |content| content.meta.size.to_string());
            let (condition, verified) = (state.condition.name(), time_or_dash(state.verified_at));
            out += &format!("{condition}\t{bytes}\t{verified}\t{}\n", terminal.quoted(&state.path));
        }
        anyhow::Ok(write_stdout(out.as_bytes())?)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn events(args: &OneArgs) -> anyhow::Result<ExitCode> {
    let (mut collections, terminal) = (open(&args.state)?, Terminal::plain());
    let one = find(&mut collections, &args.collection)?;
    let mut after = 0;
    loop {
        let page = collections.events(&one, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
        after = last.n;
        let mut out = String::new();
        for stored in &page {
            let event = &stored.event;
            let (kind, path) = (event.kind.name(), terminal.quoted(&event.path));
            let detail = detail(event, &terminal).unwrap_or_default();
            out += &format!("{}\t{:.0}\t{kind}\t{path}\t{detail}\n", stored.n, event.at);
        }
        write_stdout(out.as_bytes())?;
    }
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

fn accept(args: &AcceptArgs) -> anyhow::Result<ExitCode> {
    let (mut change, terminal) = (CollectionChange::open(&args.state.directory()?)?, Terminal::plain());
    let collections = change.reading()?;
    let one = find(collections, &args.collection)?;
    let mut shown = to_accept(args, collections, &one)?;
    let mut all_done = true;
    while !shown.is_empty() {
        let outcomes = change.accept(&one.id, &shown)?;
        let mut out = String::new();
        for (state, accepted) in shown.drain(..outcomes.len()).zip(outcomes) {
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

fn forget(args: &OneArgs) -> anyhow::Result<ExitCode> {
    let mut change = CollectionChange::open(&args.state.directory()?)?;
    let one = find(change.reading()?, &args.collection)?;
    if !change.forget(&one.id)? {
        return Err(UsageError::of("collections", "no such collection").into());
    }
    Terminal::plain().message(&format!("{} is forgotten", quoted(one.directory.as_os_str())));
    Ok(ExitCode::SUCCESS)
}

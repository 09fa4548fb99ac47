//! `hivesum collections`: what scrubs know of the directories that they keep watch over, and what people decide.
//!
//! `list`, `show`, `files`, `events` and `runs` read what is committed, also beside a scrub. What `accept`,
//! `acknowledge` and `forget` change is changed by the service that runs, or under the server's lock. A collection is
//! named by its id or by its directory.

mod accept;
mod manifest;
mod named;
mod report;
mod runs;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hivesum_core::fixity::Condition;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use self::accept::{AcceptArgs, AcknowledgeArgs};
use self::manifest::ManifestArgs;
use self::named::{condition_of, find, open};
use self::report::ReportArgs;
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
#[command(defer = true)]
pub(super) enum CollectionsCommand {
    /// List collections: id, files, files to look at, when the oldest was verified, and directory, separated by tabs.
    List(ListArgs),
    /// Print one collection as JSON.
    Show(OneArgs),
    /// List the files of a collection: condition, bytes, when it was verified and path, separated by tabs.
    Files(FilesArgs),
    /// List what happened in a collection: number, time, event, path and details, separated by tabs.
    Events(OneArgs),
    /// List the latest 30 runs, the last one first: id, start, end, kind, who started it, how it ended, files and bytes
    /// read, events, and why it failed, separated by tabs.
    Runs(OneArgs),
    /// Accept files as they are: from now on that is what they should be.
    Accept(AcceptArgs),
    /// Acknowledge files: you know that they are not what they should be, and need not be told again.
    Acknowledge(AcknowledgeArgs),
    /// Write a report: what is held, when each file was last verified, and what happened.
    Report(ReportArgs),
    /// Write what the files should be, or should have been at a time, for other tools.
    Manifest(ManifestArgs),
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

/// Runs the command.
pub(super) fn run(command: CollectionsCommand) -> anyhow::Result<ExitCode> {
    match command {
        CollectionsCommand::List(args) => list(&args.state),
        CollectionsCommand::Show(args) => show(&args),
        CollectionsCommand::Files(args) => files(&args),
        CollectionsCommand::Events(args) => events(&args),
        CollectionsCommand::Runs(args) => runs::run(&args),
        CollectionsCommand::Accept(args) => accept::run(&args),
        CollectionsCommand::Acknowledge(args) => accept::acknowledge(&args),
        CollectionsCommand::Report(args) => report::run(&args),
        CollectionsCommand::Manifest(args) => manifest::run(&args),
        CollectionsCommand::Forget(args) => forget(&args),
    }
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
                "acknowledged": count.acknowledged,
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
        "notify": one.settings.notify,
        "name": one.settings.name,
        "schedule": one.settings.schedule,
        "created_at": one.created_at,
        "passes": one.passes,
        "pass_began": one.pass_began,
        "last_run": one.last_run,
        "last_survey": one.last_survey,
        "stopped": one.stopped,
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
            let size = state.present().and_then(|content| content.meta.known_size());
            let bytes = size.map_or_else(|| "-".to_owned(), |size| size.to_string());
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
            // An event of the collection itself has no path.
            let path = if event.path.is_empty() { b"." } else { &event.path[..] };
            let (kind, path) = (event.kind.name(), terminal.quoted(path));
            let detail = detail(event, &terminal).unwrap_or_default();
            out += &format!("{}\t{:.0}\t{kind}\t{path}\t{detail}\n", stored.n, event.at);
        }
        write_stdout(out.as_bytes())?;
    }
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

//! `hivesum scrub`: reads the files of directories again from their devices, for cron.
//!
//! The first run of a directory takes it as it is; later ones compare and print only what is to be seen. What a change
//! means is decided by `hivesum_core::fixity`; here files are chosen (`choice`), read (`reading`) and told (`report`).
//! The server's lock is held from the beginning to the end, so nothing else writes to the state meanwhile.

pub(super) mod amounts;
mod choice;
mod reading;
mod report;
#[cfg(test)]
mod tests;

pub(super) use self::report::detail;

use std::ffi::OsString;
use std::num::NonZeroU8;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use hivesum_actors::error::StoreError;
use hivesum_actors::store::collections::{CollectionSettings, Collections, MAX_COLLECTIONS, RunEnd, StoredCollection};
use hivesum_core::digest::Algorithms;
use hivesum_core::file::{Opened, RelPath, Root, RootError, RootPlace};
use hivesum_core::fixity::{CollectionKind, PassKind, PassStopped, Place, may_begin};
use jiff::{SignedDuration, Timestamp};

use self::choice::{Choice, Deadline, Limits, filters_of};
use self::reading::Reader;
use self::report::Report;
use super::control::StateAccess;
use super::engine::{EngineArgs, RunningEngine};
use super::error::{StatusError, UsageError, system_text};
use super::filter_args::FilterArgs;
use super::quote::quoted;
use super::state::StateArgs;
use super::terminal::{ScreenArgs, Terminal};

#[derive(Debug, Args)]
#[command(after_help = "\
The first run takes the files of DIR as they are: damage that is there already is not found. Every later run reads them \
again from the device, not from memory, and prints each file that is not what it should be: modified, moved, new, \
missing, suspected_rot (other content, and no trace of a write; read three times), reads_disagree (another content \
each time: memory, a cable or a controller) or unreadable. It is printed again by every run until it is as it was or \
is accepted with `hivesum collections accept`. When all is well, nothing is printed.

--include and --exclude choose files in the first run, and later runs keep to them. Without --aim every file is read in \
each run. A run that was interrupted or reached a limit is gone on with by the next one; a file that was begun is read \
to its end. New and changed files are read first. Only one scrub uses a state directory at a time, and none while a \
service runs on it: name several DIRs, or give each its own --state. --io does not matter: files are read as their \
file system allows it.

Examples:
  hivesum scrub ~/photos
  hivesum scrub --aim 30d --max-time 2h /srv/archive
  17 3 * * *  hivesum scrub --aim 30d --state ~/.local/state/hivesum-scrub ~/photos     in a crontab

Exit status: 0 all is well; 1 there is something to look at; 2 wrong command line; 75 another process uses the state \
directory.")]
pub(super) struct ScrubArgs {
    /// Directories to keep watch over.
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<OsString>,

    /// Algorithms to use, separated by commas. They are chosen by the first run [default: blake3].
    #[arg(short, long, value_name = "LIST")]
    algorithms: Option<Algorithms>,

    /// Read each file again within this time, such as 30d, and only as much in each run as that takes.
    #[arg(long, value_name = "TIME", value_parser = amounts::time, help_heading = "Amount")]
    aim: Option<SignedDuration>,

    /// Read at most so many bytes, such as 500GB.
    #[arg(long, value_name = "BYTES", value_parser = amounts::bytes, help_heading = "Amount")]
    max_bytes: Option<u64>,

    /// Begin no further files after this time, such as 2h.
    #[arg(long, value_name = "TIME", value_parser = amounts::time, help_heading = "Amount")]
    max_time: Option<SignedDuration>,

    /// Read at most this share of all bytes.
    #[arg(long, value_name = "PERCENT", value_parser = amounts::percent, help_heading = "Amount")]
    percent: Option<NonZeroU8>,

    /// People work with these files: what is written, new, moved or gone is kept as history, and only damage is told.
    /// Later runs remember it.
    #[arg(long, conflicts_with = "fixed")]
    living: bool,

    /// Nothing should change in DIR: every change is told. This is the default of a first run.
    #[arg(long)]
    fixed: bool,

    /// Go on with another directory or disk in the place of DIR: a restored copy, a new disk.
    #[arg(long)]
    rebind: bool,

    /// Say on standard error what was read.
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    filters: FilterArgs,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    state: StateArgs,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command.
pub(super) fn run(args: ScrubArgs) -> anyhow::Result<ExitCode> {
    let state = args.state.directory()?;
    let opened = StateAccess::of(&state).without_service(|| Ok(Collections::open_locked(&state)?));
    let mut collections = opened.map_err(with_advice)?;
    collections.verify()?;
    let engine = RunningEngine::start(args.engine, args.algorithms)?;
    let mut scrub = Scrub { terminal: Terminal::of(args.screen), args: &args, engine: &engine, collections };
    let mut is_well = true;
    for dir in &args.dirs {
        match scrub.directory(Path::new(dir)) {
            Ok(well) => is_well &= well,
            Err(error) if args.dirs.len() == 1 || error.is::<StoreError>() || error.is::<UsageError>() => {
                return Err(error);
            }
            Err(error) => {
                scrub.terminal.message(&format!("{error:#}"));
                is_well = false;
            }
        }
    }
    scrub.terminal.finish_progress();
    drop(scrub);
    engine.join();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A service may have to stay where it is.
fn with_advice(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<StatusError>() {
        Ok(StatusError { status, message }) => {
            let message = format!("{message}; or give the scrub a state directory of its own with --state DIR");
            StatusError { status, message }.into()
        }
        Err(error) => error,
    }
}

/// What the runs of all directories share.
struct Scrub<'a> {
    args: &'a ScrubArgs,
    engine: &'a RunningEngine,
    collections: Collections,
    terminal: Terminal,
}

impl Scrub<'_> {
    /// Scrubs one directory. Returns whether all is well there.
    fn directory(&mut self, dir: &Path) -> anyhow::Result<bool> {
        let root = open_root(dir)?;
        let place = root.place();
        let (collection, files_before) = self.collection_of(&root, &place)?;
        let began = Timestamp::now();
        let settings = self.settings(Some(&collection))?;
        let begun = self.collections.begin(&collection, (place.identity(), settings), began)?;
        let collection = begun.context("the collection was forgotten meanwhile")?;
        let pass = if collection.passes == 0 { PassKind::Baseline } else { PassKind::Comparison };
        let Ok(Opened::Directory(opened)) = root.open_beneath(&RelPath::new("")?) else {
            bail!("{}: {}", quoted(dir.as_os_str()), PassStopped::Unreachable)
        };
        let limits = self.limits();
        let choice = Choice::make(&mut self.collections, &collection, &opened, (&limits, self.engine.args))?;
        let report = Report::new(self.terminal.clone(), collection.settings.kind, pass);
        let (engine, collections) = (self.engine, &mut self.collections);
        let mut reader = Reader { engine, collections, collection: &collection, dir: opened, pass, report };
        let is_limited = reader.read_all(choice, &limits)?;
        let report = reader.report;
        self.collections.end(&collection, began, if is_limited { RunEnd::Limited } else { RunEnd::Complete })?;
        let told = report::Told { is_limited, files_before, verbose: self.args.verbose };
        report.end(&mut self.collections, &collection, told)
    }

    /// The collection of a directory, new if there is none, and how many files it had. Refuses a directory where files
    /// would be called missing by mistake.
    fn collection_of(&mut self, root: &Root, place: &RootPlace) -> anyhow::Result<(StoredCollection, u64)> {
        let path = root.path();
        let known = self.collections.list()?.into_iter().find(|collection| collection.directory == path);
        let collection = match known {
            Some(known) => known,
            None => {
                let settings = self.settings(None)?;
                filters_of(&settings, &path)?;
                let inserted = self.collections.insert(&path, settings)?;
                inserted
                    .with_context(|| format!("there are {MAX_COLLECTIONS} collections already: forget one first"))?
            }
        };
        let files = self.collections.counts(&collection)?.values().map(|count| count.files).sum();
        let now = Place { identity: place.identity(), is_empty: place.is_empty() };
        let shown = quoted(path.as_os_str());
        match may_begin(collection.place, files, Some(now)) {
            Err(PassStopped::Another) if self.args.rebind => {}
            Err(stopped @ PassStopped::Another) => {
                bail!("{shown}: {stopped}. If that is right, go on with --rebind")
            }
            Err(stopped) => bail!("{shown}: {stopped}. If that is right, forget it: hivesum collections forget"),
            Ok(()) => {}
        }
        Ok((collection, files))
    }

    /// The settings from now on: as they were, unless a flag says otherwise.
    fn settings(&self, known: Option<&StoredCollection>) -> Result<CollectionSettings, UsageError> {
        let algorithms = match (known, self.args.algorithms) {
            (Some(known), Some(asked)) if known.settings.algorithms != asked => {
                let message = format!(
                    "the digests of {} are {}: to change them, forget the collection and take a new baseline",
                    quoted(known.directory.as_os_str()),
                    known.settings.algorithms
                );
                return Err(UsageError::of("scrub", message));
            }
            (Some(known), _) => known.settings.algorithms,
            (None, asked) => asked.unwrap_or_default(),
        };
        let FilterArgs { include, exclude } = match known {
            Some(known) => self.same_filters(known)?,
            None => self.args.filters.clone(),
        };
        let kind = match known {
            _ if self.args.living => CollectionKind::Living,
            _ if self.args.fixed => CollectionKind::Fixed,
            Some(known) => known.settings.kind,
            None => CollectionKind::Fixed,
        };
        Ok(CollectionSettings { algorithms, kind, include, exclude })
    }

    /// The globs of a collection, if no others are asked for.
    fn same_filters(&self, known: &StoredCollection) -> Result<FilterArgs, UsageError> {
        let CollectionSettings { include, exclude, .. } = known.settings.clone();
        let asked = &self.args.filters;
        if !asked.is_empty() && (&asked.include, &asked.exclude) != (&include, &exclude) {
            let message = format!(
                "the globs of {} are those of its first run, see hivesum collections show: to change them, forget the \
                 collection and take a new baseline",
                quoted(known.directory.as_os_str())
            );
            return Err(UsageError::of("scrub", message));
        }
        Ok(FilterArgs { include, exclude })
    }

    fn limits(&self) -> Limits {
        let ScrubArgs { aim, max_bytes, max_time, percent, .. } = *self.args;
        let until = max_time.and_then(|time| Deadline::after(time, Instant::now));
        Limits { aim, bytes: max_bytes, until, percent }
    }
}

fn open_root(dir: &Path) -> anyhow::Result<Root> {
    Root::open(Some("scrubbed"), dir).map_err(|error| match error {
        RootError::Open { source, .. } => {
            let shown = quoted(dir.as_os_str());
            anyhow::anyhow!("{shown}: {}: nothing was looked at, and no file is called missing", system_text(&source))
        }
        RootError::Nameless { .. } => error.into(),
    })
}

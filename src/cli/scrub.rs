//! `hivesum scrub`: reads the files of directories again from their devices, for cron.
//!
//! The first run of a directory takes it as it is; later ones compare and print only what is to be seen. What a run does
//! is decided by `hivesum_actors::scrub`; here it is asked for, and told (`report`). A running service does it (`beside`).
//! Without one the server's lock is held from the beginning to the end, so nothing else writes to the state meanwhile.

pub(super) mod amounts;
mod baseline;
mod beside;
mod report;
mod tell;

pub(super) use self::report::detail;

use std::ffi::OsString;
use std::num::NonZeroU8;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use hivesum_actors::error::StoreError;
use hivesum_actors::scan::{Canceller, Priority};
use hivesum_actors::scrub::{Deadline, Limits, RunNote, ScrubRequest, Scrubber, Starter};
use hivesum_actors::store::collections::Collections;
use hivesum_core::digest::Algorithms;
use hivesum_core::fixity::CollectionKind;
use jiff::SignedDuration;

use self::baseline::{Asked, BaselineArgs};
use self::beside::Beside;
use self::report::{Report, failed};
use self::tell::Told;
use super::control::StateAccess;
use super::engine::{EngineArgs, RunningEngine};
use super::error::{StatusError, UsageError};
use super::filter_args::FilterArgs;
use super::own_output::OwnOutputs;
use super::quote::quoted;
use super::sinks::SinkArgs;
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
to its end. New and changed files are read first. --io does not matter: files are read as their file system allows it.

While a service runs on the state directory, the service reads the files, as its user, with its hashers and after its \
jobs; Ctrl-C stops the scrub there. It does at most two scrubs at a time, and one of a directory; others wait, or are \
refused. Without a service only one scrub uses a state directory at a time: name several DIRs, or give each its own \
--state.

With --notify, alerts are sent to sinks of the configuration, as a mail or a webhook: see hivesum notify test --help. \
Without a service they are sent before the command ends; what is not taken is sent by a later run.

Examples:
  hivesum scrub ~/photos
  hivesum scrub --config ~/hivesum.toml --notify mail ~/photos
  hivesum scrub --aim 30d --max-time 2h /srv/archive
  17 3 * * *  hivesum scrub --aim 30d --state ~/.local/state/hivesum-scrub ~/photos     in a crontab

Exit status: 0 all is well; 1 there is something to look at, or the directory is being scrubbed; 2 wrong command line; 69 \
the service stopped meanwhile; 75 another process uses the state directory; 130 interrupted.")]
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

    #[command(flatten)]
    baseline: BaselineArgs,

    /// Tell this sink of alerts, and of no other one that is not named, too. May be repeated. Later runs remember it.
    #[arg(long, value_name = "NAME", help_heading = "Alerts", conflicts_with = "no_notify")]
    notify: Vec<String>,

    /// Tell no sink any more.
    #[arg(long, help_heading = "Alerts")]
    no_notify: bool,

    /// Say on standard error what was read.
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    sinks: SinkArgs,

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
    let way = Way::find(&args)?;
    let mut scrub = Scrub { terminal: Terminal::of(args.screen), args: &args, way };
    let mut is_well = true;
    for dir in &args.dirs {
        match scrub.directory(Path::new(dir)) {
            Ok(well) => is_well &= well,
            Err(error) if args.dirs.len() == 1 || ends_all(&error) => {
                scrub.terminal.finish_progress();
                // That the directory is not there is told, too.
                if !ends_all(&error) {
                    scrub.tell()?;
                }
                return Err(error);
            }
            Err(error) => {
                scrub.terminal.message(&format!("{error:#}"));
                is_well = false;
            }
        }
    }
    scrub.terminal.finish_progress();
    scrub.tell()?;
    scrub.way.end();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the other directories would end in the same way, or were not asked for.
fn ends_all(error: &anyhow::Error) -> bool {
    error.is::<StoreError>() || error.is::<UsageError>() || error.is::<StatusError>()
}

/// Who reads the files.
enum Way {
    /// This command, which holds the server's lock.
    Alone { collections: Box<Collections>, engine: RunningEngine, told: Told },
    /// The service that runs on the state directory.
    Beside(Beside),
}

impl Way {
    /// Takes the lock, or finds the service that has it.
    fn find(args: &ScrubArgs) -> anyhow::Result<Self> {
        let state = args.state.directory()?;
        let access = StateAccess::of(&state);
        let opened = access.without_service(|| match Collections::open_locked(&state) {
            Err(StoreError::Locked) if access.is_served() => Ok(None),
            opened => Ok(Some(opened?)),
        });
        let Some(collections) = opened.map_err(with_advice)? else { return Ok(Self::Beside(Beside::of(&state))) };
        let told = Told::open(&args.sinks, &args.notify)?;
        let engine = RunningEngine::start_for_devices(args.engine, args.algorithms)?;
        Ok(Self::Alone { collections: Box::new(collections), engine, told })
    }

    fn end(self) {
        match self {
            Self::Alone { collections, engine, .. } => {
                drop(collections);
                engine.join();
            }
            Self::Beside(_) => {}
        }
    }
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
    way: Way,
    terminal: Terminal,
}

impl Scrub<'_> {
    /// Sends what waits in the outbox, unless a service does it.
    fn tell(&mut self) -> anyhow::Result<()> {
        if let Way::Alone { collections, told, .. } = &mut self.way {
            told.tell(collections, &self.terminal)?;
        }
        Ok(())
    }

    /// Scrubs one directory. Returns whether all is well there.
    fn directory(&mut self, dir: &Path) -> anyhow::Result<bool> {
        let request = self.request(dir)?;
        let mut report = Report::new(self.terminal.clone());
        let is_verbose = self.args.verbose;
        match &mut self.way {
            Way::Alone { collections, engine, told } => {
                let ScrubArgs { filters, state, algorithms, .. } = self.args;
                let asked = Asked { filters, state, algorithms: *algorithms };
                let request = baseline::given(&self.args.baseline, &asked, (request, engine), &self.terminal)?;
                let (engine, priority, cancel) = (&engine.handle, Priority::Normal, Canceller::default());
                let mut scrubber =
                    Scrubber { engine, priority, cancel, collections, note: RunNote::of(Starter::Command) };
                let end = scrubber.run(&request, &mut report).map_err(|error| failed(dir, error))?;
                told.a_run_has_ended();
                report.end(collections, &end, is_verbose)
            }
            Way::Beside(_) if self.args.baseline.is_given() => {
                Err(UsageError::of("scrub", format!("{}: {}", quoted(dir.as_os_str()), baseline::NOT_BESIDE)).into())
            }
            Way::Beside(beside) => {
                let order = beside.order(dir, request, self.args.max_time)?;
                beside.scrub(dir, order, (report, is_verbose))
            }
        }
    }

    /// The sinks from now on. `None`: as before.
    fn notify(&self) -> Option<Vec<String>> {
        let is_given = self.args.no_notify || !self.args.notify.is_empty();
        is_given.then(|| self.args.notify.clone())
    }

    /// What is asked for.
    ///
    /// # Errors
    /// The first glob that is not valid or can never match.
    fn request(&self, dir: &Path) -> Result<ScrubRequest, UsageError> {
        let ScrubArgs { algorithms, aim, max_bytes, max_time, percent, rebind, .. } = *self.args;
        let FilterArgs { include, exclude } = self.args.filters.relative_to("scrub", dir.as_os_str())?;
        let kind = [(self.args.living, CollectionKind::Living), (self.args.fixed, CollectionKind::Fixed)];
        let until = max_time.and_then(|time| Deadline::after(time, Instant::now));
        Ok(ScrubRequest {
            algorithms,
            kind: kind.into_iter().find_map(|(is_given, kind)| is_given.then_some(kind)),
            include,
            exclude,
            notify: self.notify(),
            rebind,
            limits: Limits { aim, share: None, bytes: max_bytes, until, percent },
            leave_out: OwnOutputs::of_streams().identities().to_vec(),
            read_timeout: self.args.engine.read_timeout(),
            ..ScrubRequest::new(dir)
        })
    }
}

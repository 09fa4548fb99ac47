//! `hivesum bag update`: writes the manifests of a bag anew whose payload or metadata was changed on purpose.
//!
//! Every file is read again and compared with the old manifests first, so that damage is never sealed into the new
//! ones: content that changed is accepted only where the command line says so. The tag files are replaced as one change
//! ([`staging`]). The payload is never written to.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::check::is_of_a_bag;
use super::directory::BagDirectory;
use super::field::{InfoField, refuse_repeated};
use super::old_bag::{OldBag, Scope, Update, Wanted};
use super::staging::{self, Interrupted};
use crate::cli::engine::EngineArgs;
use crate::cli::error::path_error;
use crate::cli::output::write_stdout;
use crate::cli::quote::quoted;
use crate::cli::terminal::{ScreenArgs, Terminal};

#[derive(Debug, Args)]
#[command(after_help = "\
Every file is read again and compared with the manifests. Files that are new, removed or modified are listed, then \
the manifests, the tag manifests and bag-info.txt are written anew. New and removed files are taken as they are, \
beside data/ too: new tag files are added to the tag manifests, except with --info-only. \
Modified files must be accepted, because damage looks the same: look at the list, then give --accept modified. A file \
that changed although it was last written before its manifest is listed as suspected_rot: restore it, or accept it by \
--accept modified,suspected-rot if it was copied into the bag with an older time. That every file is gone must be \
accepted, too: --accept removed.

The files are replaced as one change. If the update is interrupted, the bag is either the old one, or bag check says \
that it is being updated, and --finish or --undo brings it to one of both sides.

--bag-info sets an element of bag-info.txt in the place of all elements of this KEY; KEY= removes them. A bag without a \
tag manifest gets one. Bags of version 0.96, 0.97 and 1.0 with \
tag files in UTF-8 can be updated.

Examples:
  hivesum bag update delivery --dry-run
  hivesum bag update delivery --accept modified
  hivesum bag update delivery --info-only --bag-info Contact-Name=Ada
  hivesum bag update delivery --info-only --bag-info Contact-Phone=

Exit status: 0 the bag is up to date; 1 it was not updated; 2 wrong command line.")]
pub(in crate::cli) struct UpdateArgs {
    /// The directory of the bag.
    #[arg(value_name = "BAG")]
    bag: OsString,

    /// Set an element of bag-info.txt, or remove it by KEY=. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = InfoField::parse_change)]
    bag_info: Vec<InfoField>,

    /// Change bag-info.txt alone. The payload is not read, and its manifests stay as they are.
    #[arg(long, requires = "bag_info")]
    info_only: bool,

    /// Accept changed content, separated by commas.
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    accept: Vec<Accepted>,

    /// List what would be done, and write nothing.
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Complete an update that was interrupted.
    #[arg(long, conflicts_with_all = ["undo", "bag_info", "accept", "dry_run"])]
    finish: bool,

    /// Take back an update that was interrupted.
    #[arg(long, conflicts_with_all = ["bag_info", "accept", "dry_run"])]
    undo: bool,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Changed content that an update may write into the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Accepted {
    /// Files that were written after their manifest.
    Modified,
    /// Files that changed although they were last written before their manifest.
    #[value(alias = "suspected_rot")]
    SuspectedRot,
    /// That nothing is left of the payload.
    Removed,
}

/// Runs the command.
pub(super) fn run(args: &UpdateArgs) -> anyhow::Result<ExitCode> {
    refuse_repeated(&args.bag_info)?;
    let path = Path::new(&args.bag);
    let terminal = Terminal::of(args.screen);
    let bag = BagDirectory::open(&args.bag).map_err(|error| path_error(&args.bag, &error))?;
    let _lock = lock(path)?;
    let names = bag.names().map_err(|error| path_error(&args.bag, &error))?;
    let interrupted = Interrupted::among(names.iter().map(Vec::as_slice));
    if !names.iter().any(|name| is_of_a_bag(name)) && interrupted.is_none() {
        let bag = quoted(&args.bag);
        bail!("{bag}: this is not a bag (it has no bagit.txt): hivesum bag make {bag} makes it one");
    }
    if args.finish || args.undo {
        settle(args, interrupted)?;
        terminal.message(if args.finish { "the update is complete" } else { "the update is undone" });
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(interrupted) = interrupted {
        bail!("{}: {}", quoted(&args.bag), interrupted.in_words());
    }
    let old = OldBag::read(&bag, path, &names)?;
    let scope = if args.info_only { Scope::InfoOnly } else { Scope::Everything };
    let update = old.compare(Wanted { fields: &args.bag_info, scope }, args.engine, &terminal)?;
    terminal.finish_progress();
    carry_out(args, &terminal, path, update)
}

/// Two updates at once would mix. The lock ends with the program.
fn lock(bag: &Path) -> anyhow::Result<File> {
    let directory = File::open(bag).map_err(|error| path_error(bag.as_os_str(), &error))?;
    match directory.try_lock() {
        Ok(()) => Ok(directory),
        Err(TryLockError::WouldBlock) => bail!("{}: another program is updating this bag", quoted(bag.as_os_str())),
        Err(TryLockError::Error(error)) => Err(path_error(bag.as_os_str(), &error)),
    }
}

fn settle(args: &UpdateArgs, interrupted: Option<Interrupted>) -> anyhow::Result<()> {
    let path = Path::new(&args.bag);
    let settled = match (interrupted, args.finish) {
        (None, _) => bail!("{}: no update of this bag was interrupted", quoted(&args.bag)),
        (Some(Interrupted::Undo), true) => bail!("{}: {}", quoted(&args.bag), Interrupted::Undo.in_words()),
        (Some(Interrupted::Update), true) => staging::finish(path),
        (Some(Interrupted::Update | Interrupted::Undo), false) => staging::undo(path),
    };
    settled.map_err(|error| path_error(&args.bag, &error))
}

/// Says what will be done, then does it, unless it is not accepted.
fn carry_out(args: &UpdateArgs, terminal: &Terminal, path: &Path, update: Update) -> anyhow::Result<ExitCode> {
    let Update { changes, files, oxum, has_bag_size } = update;
    write_stdout(changes.lines(terminal).as_bytes())?;
    let is_refused = |names: &[Vec<u8>], what| !names.is_empty() && !args.accept.contains(&what);
    if is_refused(&changes.modified, Accepted::Modified) || is_refused(&changes.suspected_rot, Accepted::SuspectedRot) {
        let words = match (changes.modified.is_empty(), changes.suspected_rot.is_empty()) {
            (false, false) => "modified,suspected-rot",
            (false, true) => "modified",
            (true, _) => "suspected-rot",
        };
        bail!(
            "not updated: {}. Content changed: look at these files, restore those that are damaged, and accept the rest by \
             --accept {words}",
            changes.counts()
        );
    }
    let is_emptied = oxum.is_some_and(|oxum| oxum.files == 0) && !changes.removed.is_empty();
    if is_emptied && !args.accept.contains(&Accepted::Removed) {
        bail!(
            "not updated: {}. Nothing is left of the payload, as where a disk is not mounted: give it back, or accept that \
             by --accept removed",
            changes.counts()
        );
    }
    let (counts, size) = (changes.counts(), oxum.map_or(String::new(), |oxum| format!("; the payload has {oxum}")));
    if files.is_empty() {
        terminal.message(&format!("nothing to update: {counts}{size}"));
    } else if args.dry_run {
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        terminal.message(&format!("would write {}: {counts}{size}", names.join(", ")));
    } else {
        staging::replace(path, files).map_err(|error| path_error(path.as_os_str(), &error))?;
        terminal.message(&format!("updated: {counts}{size}"));
    }
    let sets_bag_size = args.bag_info.iter().any(|field| field.label == "Bag-Size");
    if has_bag_size && !sets_bag_size && oxum.is_some() && changes.count() > 0 {
        terminal
            .message("bag-info.txt: Bag-Size is left as it is: set it by --bag-info Bag-Size=SIZE if it is wrong now");
    }
    Ok(ExitCode::SUCCESS)
}

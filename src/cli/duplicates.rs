//! `hivesum duplicates`: files of one content, and what could be gained. Report only: nothing is ever deleted.
//!
//! Staged, so that a file that is alone is not read whole: by size, then by first and last block, then by
//! digest. Names of one inode are one copy.

mod report;
mod stages;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use hivesum_actors::engine::Inventory;
use hivesum_actors::source::Reach;

use super::args::EngineArgs;
use super::listing;
use super::outlet::write_stdout;
use super::pool::Pool;
use super::screen::{Screen, in_words};
use super::shape::Shape;

#[derive(Debug, Args)]
#[command(after_help = "\
Groups come by the bytes that keeping one copy would free. Hard links to one file are one copy; symbolic \
links are not followed. Nothing is ever deleted.

Examples:
  hivesum duplicates ~/photos
  hivesum duplicates /srv --min-size 1000000 --format json

Exit status: 0 the report is whole; 1 something could not be read; 2 the command line is wrong.")]
pub(super) struct DuplicatesArgs {
    /// The directory to look through.
    #[arg(value_name = "DIR")]
    dir: OsString,

    /// Leave out smaller files.
    #[arg(long, value_name = "BYTES", default_value_t = 1)]
    min_size: u64,

    /// Do not enter other file systems.
    #[arg(long)]
    one_file_system: bool,

    /// human or json.
    #[arg(short, long, default_value_t)]
    format: Shape,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Reports what the arguments say.
pub(super) fn run(args: DuplicatesArgs) -> anyhow::Result<ExitCode> {
    let screen = Screen::with_progress();
    let open = || {
        super::steps::open_directory(&args.dir)
            .map_err(|error| anyhow::anyhow!("{}: {}", listing::quoted(&args.dir), in_words(&error)))
    };
    let reach = if args.one_file_system { Reach::OneFilesystem } else { Reach::Everywhere };
    let inventory = Inventory::of(open()?, reach);
    let pool = Pool::start(args.engine, Some(stages::algorithms()))?;
    let mut whole = inventory.unreadable.is_empty();
    for path in inventory.unreadable.iter() {
        screen.say_of(path, "cannot be listed");
    }
    let mut stages =
        stages::Stages { inventory: &inventory, dir: open()?, pool: &pool, screen: &screen, failed: false };
    let groups = stages.groups(args.min_size)?;
    whole &= !stages.failed;
    pool.join();
    screen.clear();
    let mut out = Vec::new();
    report::write(&mut out, &groups, &inventory.names, args.format, &screen);
    write_stdout(&out).map_err(|error| anyhow::anyhow!("write error: {}", in_words(&error)))?;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

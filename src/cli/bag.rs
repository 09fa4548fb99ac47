//! `hivesum bag`: BagIt 1.0 (RFC 8493). `make` turns a directory into a bag in place; `check` says whether one is
//! whole and unchanged.

mod check;
mod make;
mod payload;
mod tags;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hivesum_core::digest::{Algorithm, Algorithms};

use super::engine::EngineArgs;

#[derive(Debug, Subcommand)]
pub(super) enum BagCommand {
    /// Make a directory a bag: its content moves into data/, manifests are put beside.
    Make(MakeArgs),
    /// Check that a bag is whole and unchanged.
    Check(CheckArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Everything is hashed first; nothing is moved unless all of it can be put in a bag: symbolic links, FIFOs and \
the like cannot.

Examples:
  hivesum bag make delivery
  hivesum bag make delivery -a sha256,sha512

Exit status: 0 the directory is a bag; 1 it is not, and is as it was; 2 the command line is wrong.")]
pub(super) struct MakeArgs {
    /// The directory.
    #[arg(value_name = "DIR")]
    dir: OsString,

    /// A manifest for each of these algorithms.
    #[arg(short, long, value_name = "LIST", default_value_t = Algorithms::single(Algorithm::Sha256))]
    algorithms: Algorithms,

    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  hivesum bag check delivery

Exit status: 0 the bag is valid; 1 it is not; 2 the command line is wrong.")]
pub(super) struct CheckArgs {
    /// The bag.
    #[arg(value_name = "BAG")]
    bag: OsString,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Does what the command says.
pub(super) fn run(command: BagCommand) -> anyhow::Result<ExitCode> {
    match command {
        BagCommand::Make(args) => make::run(&args),
        BagCommand::Check(args) => check::run(&args),
    }
}

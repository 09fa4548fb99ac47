//! `hivesum bag`: BagIt 1.0 (RFC 8493). `make` turns a directory into a bag in place; `check` says whether one is
//! whole and unchanged.

mod check;
mod make;
mod payload;
mod tags;

use std::process::ExitCode;

use clap::Subcommand;

use self::check::CheckArgs;
use self::make::MakeArgs;

#[derive(Debug, Subcommand)]
pub(super) enum BagCommand {
    /// Make a directory a bag: its content moves into data/, manifests are put beside.
    Make(MakeArgs),
    /// Check that a bag is whole and unchanged.
    Check(CheckArgs),
}

/// Does what the command says.
pub(super) fn run(command: BagCommand) -> anyhow::Result<ExitCode> {
    match command {
        BagCommand::Make(args) => make::run(&args),
        BagCommand::Check(args) => check::run(&args),
    }
}

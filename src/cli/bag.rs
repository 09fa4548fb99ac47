//! `hivesum bag`: bags as in BagIt 1.0 (RFC 8493). `make` turns a directory into a bag in place; `check` verifies that
//! a bag is complete and unchanged.

mod check;
mod compare;
mod declaration;
mod directory;
mod encoding;
mod fetch;
mod field;
mod info;
mod info_file;
mod make;
mod manifest;
mod names;
mod payload;
mod report;
mod scan;
mod tag_files;
mod text;

use std::process::ExitCode;

use clap::Subcommand;

use self::check::CheckArgs;
use self::make::MakeArgs;

#[derive(Debug, Subcommand)]
pub(super) enum BagCommand {
    /// Turn a directory into a bag: move its content into data/, and write the manifests.
    Make(Box<MakeArgs>),
    /// Check that a bag is complete and unchanged.
    Check(CheckArgs),
}

/// Runs the command.
pub(super) fn run(command: BagCommand) -> anyhow::Result<ExitCode> {
    match command {
        BagCommand::Make(args) => make::run(&args),
        BagCommand::Check(args) => check::run(&args),
    }
}

//! `hivesum bag`: bags as in BagIt 1.0 (RFC 8493). `make` turns a directory into a bag in place; `check` verifies that
//! a bag is complete and unchanged; `update` writes its manifests anew.

mod changes;
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
mod old_bag;
mod payload;
mod report;
mod scan;
mod staging;
mod tag_files;
mod tag_lists;
mod text;
mod update;

use std::process::ExitCode;

use clap::Subcommand;

use self::check::CheckArgs;
use self::make::MakeArgs;
pub(super) use self::names::WrittenNames;
use self::update::UpdateArgs;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum BagCommand {
    /// Turn a directory into a bag: move its content into data/, and write the manifests.
    Make(Box<MakeArgs>),
    /// Check that a bag is complete and unchanged.
    Check(CheckArgs),
    /// Write the manifests anew after the payload or the metadata of a bag was changed on purpose.
    Update(Box<UpdateArgs>),
}

/// Runs the command.
pub(super) fn run(command: BagCommand) -> anyhow::Result<ExitCode> {
    match command {
        BagCommand::Make(args) => make::run(&args),
        BagCommand::Check(args) => check::run(&args),
        BagCommand::Update(args) => update::run(&args),
    }
}

//! What can be said on the command line. Flags only: each command turns its own into a validated plan.

use clap::{Parser, Subcommand};

use super::audit::AuditArgs;
use super::bag::BagCommand;
use super::check::CheckArgs;
use super::compare::CompareArgs;
use super::convert::ConvertArgs;
use super::duplicates::DuplicatesArgs;
use super::hash_args::HashArgs;
use super::jobs::JobsCommand;
use super::serve::ServeArgs;
use super::token::TokenCommand;

/// Hash files: digests of trees, manifests to check, and a service that does both.
#[derive(Debug, Parser)]
#[command(
    name = "hivesum",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  hivesum hash .                        digest every file below this directory (BLAKE3)
  hivesum hash -a sha256 . > SHA256SUMS lines that sha256sum --check reads
  hivesum check SHA256SUMS              are they still what they were?
  hivesum serve ~/archive               a page and an API on http://127.0.0.1:8080

Exit status: 0 all is well; 1 a file failed, differed or is missing; 2 the command line is wrong."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the digests of files and of whole directories.
    Hash(HashArgs),
    /// Check files against the digests of a manifest.
    Check(CheckArgs),
    /// Is everything still there, unchanged, and if not, what happened?
    Audit(AuditArgs),
    /// What changed from one time to another?
    Compare(CompareArgs),
    /// Which files have the same content?
    Duplicates(DuplicatesArgs),
    /// Make and check bags (BagIt 1.0).
    #[command(subcommand)]
    Bag(BagCommand),
    /// Write a manifest in another format, with nothing lost.
    Convert(ConvertArgs),
    /// Serve a page and a REST API for uploads and directories.
    Serve(Box<ServeArgs>),
    /// Print the settings that serve would use, and where each comes from.
    Config(Box<ServeArgs>),
    /// List, show, export and delete the jobs of a service.
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Create, list and revoke the tokens of a service.
    #[command(subcommand)]
    Token(TokenCommand),
}

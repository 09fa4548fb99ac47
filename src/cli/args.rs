//! What can be said on the command line. Flags only: each command turns its own into a validated plan.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::Format;

use super::audit::AuditArgs;
use super::bag::BagCommand;
use super::compare::CompareArgs;
use super::convert::ConvertArgs;
use super::duplicates::DuplicatesArgs;
use super::engine::EngineArgs;
use super::jobs::JobsCommand;
use super::report_format::ReportFormat;
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

#[derive(Debug, Args)]
#[command(after_help = "\
Directories are walked in byte order of names; symbolic links met there are skipped and reported on \
stderr, as are FIFOs, sockets and devices. A PATH that is a link is followed. Without a PATH, or where \
it is -, standard input is hashed.

A glob without / matches names at any depth; with / it matches the path below the PATH. * stays within \
one component, ** does not. Exclude wins, and an excluded directory is not entered.

Examples:
  hivesum hash /usr -a sha256                    one line a file, as sha256sum prints them
  hivesum hash -a blake3,sha256 --format csv .   a table of two digests
  hivesum hash . --exclude .git --exclude target
  hivesum hash . -o B3SUMS                       the file appears when it is whole
  tar c . | hivesum hash -

Exit status: 0 all is well; 1 a file could not be hashed; 2 the command line is wrong.")]
pub(super) struct HashArgs {
    /// Files and directories, or - for standard input.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<OsString>,

    /// Digests to compute, separated by commas: blake3, sha256, sha512, sha224, sha384, sha512_256,
    /// sha3_256, sha3_512, blake2b, sha1, md5, crc32, crc32c, xxh3_64, xxh3_128.
    #[arg(short, long, value_name = "LIST", default_value_t = Algorithms::default())]
    pub(super) algorithms: Algorithms,

    /// gnu, bsd, b3sum, csv, json or ndjson [default: gnu; bsd for several algorithms].
    #[arg(short, long)]
    pub(super) format: Option<Format>,

    /// End lines with NUL and escape nothing in names (gnu and bsd).
    #[arg(short, long)]
    pub(super) zero: bool,

    /// Hash only files that match this glob (may be given more than once).
    #[arg(long, value_name = "GLOB")]
    pub(super) include: Vec<String>,

    /// Leave out files and whole directories that match this glob (may be given more than once).
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,

    /// Write to FILE, which is replaced once everything is written.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Do not enter other file systems.
    #[arg(long)]
    pub(super) one_file_system: bool,

    /// Refuse files that somebody has open for writing, instead of marking their digests unverified.
    #[arg(long)]
    pub(super) require_stable: bool,

    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Reads lines of sha256sum, b2sum, cksum -a, b3sum and their like, BSD's tagged and reversed ones too; hashdeep, \
SFV, CSV, JSON and NDJSON are told by their looks. \
The algorithm of a line is that of -a, else of its tag, else of the manifest's name (SHA256SUMS, \
x.sha256, B3SUMS), else of the digest's length; 64 digits may be SHA256 or BLAKE3, and the first match \
decides. Names are opened as they stand, relative to the current directory.

Examples:
  hivesum check SHA256SUMS
  hivesum check --quiet --ignore-missing B3SUMS
  curl -s https://example.org/SHA256SUMS | hivesum check -a sha256 -

Exit status: 0 every file matched; 1 one differed or could not be read, or a manifest had no entry; \
2 the command line is wrong.")]
pub(super) struct CheckArgs {
    /// Manifests, or - for standard input.
    #[arg(value_name = "MANIFEST")]
    pub(super) manifests: Vec<OsString>,

    /// The algorithm of every line; others are improperly formatted.
    #[arg(short, long, value_name = "ALG")]
    pub(super) algorithm: Option<Algorithm>,

    /// Digests may be base64, as cksum --base64 writes them.
    #[arg(long)]
    pub(super) base64: bool,

    /// Fail for improperly formatted lines, too.
    #[arg(long)]
    pub(super) strict: bool,

    /// Do not fail for files that are missing, and say nothing of them.
    #[arg(long)]
    pub(super) ignore_missing: bool,

    /// Do not print OK lines.
    #[arg(short, long, overrides_with_all = ["status", "warn"])]
    pub(super) quiet: bool,

    /// Print nothing: the exit status tells all.
    #[arg(long, overrides_with_all = ["quiet", "warn"])]
    pub(super) status: bool,

    /// Name each improperly formatted line.
    #[arg(short, long, overrides_with_all = ["quiet", "status"])]
    pub(super) warn: bool,

    /// Lines end with NUL and nothing in names is escaped.
    #[arg(short, long)]
    pub(super) zero: bool,

    /// human or json: every entry with its verdict, and their counts.
    #[arg(short, long, default_value_t)]
    pub(super) format: ReportFormat,

    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

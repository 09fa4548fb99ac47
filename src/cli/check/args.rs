//! The flags of `hivesum check`.

use std::ffi::OsString;

use clap::Args;
use hivesum_core::digest::Algorithm;

use crate::cli::engine::EngineArgs;
use crate::cli::report_format::ReportFormat;

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
pub(in crate::cli) struct CheckArgs {
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

//! The flags of `hivesum check`.

use std::ffi::OsString;

use clap::Args;
use hivesum_core::digest::Algorithm;

use crate::cli::engine::EngineArgs;
use crate::cli::output::ReportFormat;

#[derive(Debug, Args)]
#[command(after_help = "\
Reads the output of sha256sum, b2sum, cksum -a, b3sum and similar tools, including BSD tagged and reversed \
lines. hashdeep, SFV, CSV, JSON and NDJSON are detected from their content. \
The algorithm of a line is given by -a, else by its tag, else by the name of the manifest (SHA256SUMS, \
x.sha256, B3SUMS), else by the length of the digest. 64 hex digits may be SHA256 or BLAKE3: the first match \
decides. File names are opened as they are, relative to the current directory.

Examples:
  hivesum check SHA256SUMS
  hivesum check --quiet --ignore-missing B3SUMS
  curl -s https://example.org/SHA256SUMS | hivesum check -a sha256 -

Exit status: 0 every file matched; 1 a file differs or could not be read, or a manifest has no entries; \
2 wrong command line.")]
pub(in crate::cli) struct CheckArgs {
    /// Manifests, or - for standard input.
    #[arg(value_name = "MANIFEST")]
    pub(super) manifests: Vec<OsString>,

    /// The algorithm of every line. Lines of other algorithms count as improperly formatted.
    #[arg(short, long, value_name = "ALG")]
    pub(super) algorithm: Option<Algorithm>,

    /// Accept base64 digests, as cksum --base64 writes them.
    #[arg(long)]
    pub(super) base64: bool,

    /// Fail if a line is improperly formatted.
    #[arg(long)]
    pub(super) strict: bool,

    /// Do not fail for missing files, and do not report them.
    #[arg(long)]
    pub(super) ignore_missing: bool,

    /// Do not print OK lines.
    #[arg(short, long, overrides_with_all = ["status", "warn"])]
    pub(super) quiet: bool,

    /// Print nothing; the exit status shows success.
    #[arg(long, overrides_with_all = ["quiet", "warn"])]
    pub(super) status: bool,

    /// Warn about each improperly formatted line.
    #[arg(short, long, overrides_with_all = ["quiet", "status"])]
    pub(super) warn: bool,

    /// Lines end with NUL, and file names are not escaped.
    #[arg(short, long)]
    pub(super) zero: bool,

    /// human or json. JSON lists every entry with its verdict, and the counts.
    #[arg(short, long, default_value_t)]
    pub(super) format: ReportFormat,

    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

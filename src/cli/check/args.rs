//! The flags of `hivesum check`.

use std::ffi::OsString;

use clap::Args;
use hivesum_core::digest::Algorithm;

use super::expect::ExpectedDigest;
use super::json::CheckFormat;
use crate::cli::engine::EngineArgs;
use crate::cli::from_device::FromDeviceArgs;
use crate::cli::naming::NamingArgs;
use crate::cli::terminal::ScreenArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Reads the output of sha256sum, b2sum, cksum -a, b3sum and similar tools, including BSD tagged and reversed \
lines. hashdeep, SFV, CSV, JSON and NDJSON are detected from their content. \
The algorithm of a line is given by -a, else by its tag, else by the name of the manifest (SHA256SUMS, \
x.sha256, B3SUMS), else by the length of the digest. If several algorithms have that length, the files are hashed \
with all of them, and the first match decides for the whole manifest. File names are opened as they are, relative to \
the current directory.

Lines that are not entries are counted and reported, and fail the check only with --strict: signatures (which are not \
verified), algorithms that hivesum does not support, and prose.

Examples:
  hivesum check SHA256SUMS
  hivesum check --quiet --ignore-missing B3SUMS
  hivesum check disk.iso --expect 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
  curl -s https://example.org/SHA256SUMS | hivesum check -a sha256 -

Exit status: 0 every file matched; 1 a file differs or could not be read, or a manifest has no entries; \
2 wrong command line.")]
pub(in crate::cli) struct CheckArgs {
    /// Manifests, or - for standard input.
    #[arg(value_name = "MANIFEST|FILE")]
    pub(super) manifests: Vec<OsString>,

    /// Check the one FILE that is named in place of a manifest, or standard input, against this digest: HEX,
    /// ALGORITHM:HEX, ALGORITHM=HEX, a whole line of a checksum file, or an integrity value (sha256-BASE64). Without an
    /// algorithm, -a or the length of HEX tells it; all of that length are tried. Where the file differs, both digests
    /// are printed to standard error.
    #[arg(
        long,
        value_name = "DIGEST",
        conflicts_with_all = ["base64", "strict", "ignore_missing", "warn", "zero", "strip_prefix", "relative_to"]
    )]
    pub(super) expect: Option<ExpectedDigest>,

    /// The algorithm to check. Lines of other algorithms are not read.
    #[arg(short, long, value_name = "ALG")]
    pub(super) algorithm: Option<Algorithm>,

    /// Accept base64 digests, as cksum --base64 writes them.
    #[arg(long, help_heading = "Manifest")]
    pub(super) base64: bool,

    /// Fail if a line is not read.
    #[arg(long, help_heading = "Manifest")]
    pub(super) strict: bool,

    /// Do not fail for missing files, and do not report them.
    #[arg(long, help_heading = "Manifest")]
    pub(super) ignore_missing: bool,

    /// Do not print OK lines.
    #[arg(short, long, overrides_with_all = ["status", "warn"], help_heading = "Output")]
    pub(super) quiet: bool,

    /// Print nothing; the exit status shows success.
    #[arg(long, overrides_with_all = ["quiet", "warn"], help_heading = "Output")]
    pub(super) status: bool,

    /// Warn about each line that is not read.
    #[arg(short, long, overrides_with_all = ["quiet", "status"], help_heading = "Output")]
    pub(super) warn: bool,

    /// Lines end with NUL, and file names are not escaped.
    #[arg(short, long, help_heading = "Manifest")]
    pub(super) zero: bool,

    /// human, json or ndjson. JSON lists every entry with its verdict and algorithm, and the expected and the computed
    /// digest where they differ; then the lines that were not read, the counts, the errors of whole manifests, and the
    /// verdict on everything: ok, failed, or incomplete where nothing is known to differ but not everything was checked.
    /// NDJSON has an entry in each line and the rest as summary in the last one.
    #[arg(short, long, default_value_t, conflicts_with = "status", help_heading = "Output")]
    pub(super) format: CheckFormat,

    #[command(flatten)]
    pub(super) naming: NamingArgs,

    /// Print the closing line also where standard error is no terminal.
    #[arg(short, long, conflicts_with_all = ["quiet", "status"], help_heading = "Output")]
    pub(super) verbose: bool,

    #[command(flatten)]
    pub(super) screen: ScreenArgs,

    #[command(flatten)]
    pub(super) source: FromDeviceArgs,

    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

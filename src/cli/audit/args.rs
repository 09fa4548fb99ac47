//! The flags of `hivesum audit`.

use std::ffi::OsString;

use clap::{ArgGroup, Args};
use hivesum_actors::job::JobId;

use crate::cli::engine::EngineArgs;
use crate::cli::filter_args::FilterArgs;
use crate::cli::from_device::FromDeviceArgs;
use crate::cli::manifest_file::ReadArgs;
use crate::cli::naming::NamingArgs;
use crate::cli::output::ReportFormat;
use crate::cli::state::StateArgs;
use crate::cli::terminal::ScreenArgs;

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("baseline"),
    after_help = "\
Lists modified, moved, missing, new and unreadable files, and counts them. Names in the manifest are \
relative to DIR, or begin with DIR in any spelling; a beginning that all names share and below which they are in DIR \
is taken off, which is said. If the manifest lies in a directory above, and names that are relative to that one lead \
into DIR, the part below DIR is compared; how many names lie outside is said. Symbolic links, FIFOs, sockets, devices and the file that the output goes to are ignored; \
a bag may have none of them in data/: there they are unreadable. \
--include and --exclude are for the files in DIR and for the names in the manifest; a manifest that remembers the globs \
it was made with needs none. \
Where the manifest does not name its algorithm, a few of the files tell it. Lines that are not entries are counted \
and told; a signature is not verified. \
--last says on standard error which job it is, and of when; if there is none, the exit status is 2. A verify job counts \
only if its verdict is ok: what a failed one found is no baseline. \
Without --manifest, --job and --last, the manifests that lie in DIR are used: those of a bag, of a Debian system \
(var/lib/dpkg/info), of a Python environment, of a cargo vendor directory, of an OCFL object, or the history of an \
ASC Media Hash List; else the one checksum file with a usual name, such as SHA256SUMS or B3SUMS. \
A job and a JSON or NDJSON manifest record the size, times and inode of each file. If the digest changed but none of \
these did, no program wrote to the file: it is listed as suspected_rot with the evidence, and counted as modified. A \
modified file is listed with what else changed; other manifests record too little to tell an edit from rot. \
A new file with the content of one that matches is a copy of it, of several the first in byte order. A modified file \
with the recorded content of another one names it: two that name each other were swapped.

Examples:
  hivesum audit /srv/archive --manifest SHA256SUMS
  hivesum audit . --manifest archive.ndjson --format json
  hivesum audit . --manifest SHA256SUMS --exclude .git/
  hivesum audit --quiet . --manifest SHA256SUMS && echo well
  hivesum audit /srv/archive --job 0197a2b4-6d3c-7000-8000-000000000001
  hivesum audit /srv/archive/2026 --last

Exit status: 0 all files matched; 1 a file did not match, the job could not read one, or the manifest has no entry; 2 wrong command line, or --last \
found no job."
)]
pub(in crate::cli) struct AuditArgs {
    /// The directory to audit.
    #[arg(value_name = "DIR")]
    pub(super) dir: OsString,

    /// Compare with this manifest, in any format, or - for standard input.
    #[arg(long, value_name = "FILE", group = "baseline")]
    pub(super) manifest: Option<OsString>,

    /// Compare with the results of this job of a service.
    #[arg(long, value_name = "ID", group = "baseline")]
    pub(super) job: Option<JobId>,

    /// Compare with the newest complete job of a service that has hashed DIR, else a directory above it, and did not fail.
    #[arg(long, group = "baseline")]
    pub(super) last: bool,

    #[command(flatten)]
    pub(super) read: ReadArgs,

    #[command(flatten)]
    pub(super) naming: NamingArgs,

    #[command(flatten)]
    pub(super) filter: FilterArgs,

    /// Output format: human or json.
    #[arg(short, long, default_value_t, help_heading = "Output")]
    pub(super) format: ReportFormat,

    /// List matched files, too. The JSON document has them anyway, unless --quiet is given.
    #[arg(long, help_heading = "Output")]
    pub(super) all: bool,

    /// Print nothing if all files matched, and no counts.
    #[arg(short, long, conflicts_with = "all", help_heading = "Output")]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) state: StateArgs,

    /// Say how much was read also where standard error is no terminal.
    #[arg(short, long, help_heading = "Output")]
    pub(super) verbose: bool,

    #[command(flatten)]
    pub(super) screen: ScreenArgs,

    #[command(flatten)]
    pub(super) source: FromDeviceArgs,

    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

//! The options of `hivesum compare`, and its help.

use std::ffi::OsString;

use clap::Args;

use crate::cli::filter_args::FilterArgs;
use crate::cli::manifest_file::ReadArgs;
use crate::cli::naming::NamingArgs;
use crate::cli::output::ReportFormat;
use crate::cli::state::StateArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
OLD and NEW are each a manifest in any format or, if there is no such file, the id of a job of a service. \
A file whose digest changed is listed as modified. If size, mtime, ctime and inode were recorded and none of them \
changed, it is listed as suspected rot. Jobs record all four, plain manifests none. \
An added file with the content of an unchanged one is a copy of it, of several the first in byte order. A modified file \
with the recorded content of another one names it: two that name each other were swapped. \
No file is opened. A beginning that all names of a side share is taken off where that makes the sides meet, which is \
said. Digests that do not name their algorithm are compared by their length, and refused if none of them agree. A side \
without a digest of the algorithm of -a is refused. Lines that are not entries are counted and told. A file that could \
not be read at one of the two times is unreadable, neither removed nor added.

Examples:
  hivesum compare SHA256SUMS.january SHA256SUMS.february
  hivesum compare old.ndjson new.ndjson --format json
  hivesum compare 0197a2b4-6d3c-7000-8000-000000000001 SHA256SUMS

Exit status: 0 nothing differs; 1 something differs; 2 wrong command line, or nothing was compared: a side cannot be \
read, or the sides have no algorithm in common.")]
pub(in crate::cli) struct CompareArgs {
    /// The earlier state: a manifest or the id of a job.
    pub(super) old: OsString,

    /// The later state: a manifest or the id of a job.
    pub(super) new: OsString,

    #[command(flatten)]
    pub(super) read: ReadArgs,

    #[command(flatten)]
    pub(super) naming: NamingArgs,

    #[command(flatten)]
    pub(super) filter: FilterArgs,

    /// Output format: human or json.
    #[arg(short, long, default_value_t)]
    pub(super) format: ReportFormat,

    #[command(flatten)]
    pub(super) state: StateArgs,
}

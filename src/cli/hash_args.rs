//! The flags of `hivesum hash`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::Format;

use super::engine::EngineArgs;
use super::filter_args::FilterArgs;
use super::from_device::FromDeviceArgs;
use super::terminal::ScreenArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Directories are read recursively, in byte order of the names. Symbolic links in them are skipped, counted on stderr, \
and listed with -v; FIFOs, sockets and devices are skipped and listed. A PATH that is itself a symbolic link is followed, and one that is a block \
device is read to its end. Without a PATH, or if it is -, standard input is hashed. A file in a directory that the \
output goes to is left out.

A GLOB is read as a line of .gitignore, relative to each PATH. Without a /, or with one at its end alone, it \
matches a name at any depth; otherwise it matches a path. A / at its end stands for directories only, and an \
absolute path below PATH for itself. * and ? match within one path component, ** matches across several, {a,b} is \
either. A glob that matches a directory covers everything in it. --exclude takes precedence over --include, and \
excluded directories are not read. A glob that can never match is an error. A PATH itself is always hashed.

Examples:
  hivesum hash /usr -a sha256                    one line per file, as sha256sum prints it
  hivesum hash -a blake3,sha256 --format csv .   a table with two digests per file
  hivesum hash . --exclude .git/ --exclude /target
  hivesum hash . -o B3SUMS                       B3SUMS appears when it is complete
  tar c . | hivesum hash -

Exit status: 0 success; 1 a file or a PATH could not be hashed; 2 wrong command line.")]
pub(super) struct HashArgs {
    /// Files and directories, or - for standard input.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<OsString>,

    /// Algorithms to use, separated by commas: blake3, sha256, sha512, sha224, sha384, sha512_256,
    /// sha3_256, sha3_512, blake2b, sha1, md5, crc32, crc32c, xxh3_64, xxh3_128.
    #[arg(short, long, value_name = "LIST", default_value_t = Algorithms::default())]
    pub(super) algorithms: Algorithms,

    /// Output format: gnu, bsd, b3sum, hashdeep, sfv, bagit, csv, json, ndjson, mtree, wheel_record or ocfl_sidecar
    /// [default: gnu, or bsd for several algorithms and for one that the length of a digest does not tell].
    #[arg(short, long, help_heading = "Output")]
    pub(super) format: Option<Format>,

    /// End each line with NUL, and do not escape file names (gnu and bsd only).
    #[arg(short, long, help_heading = "Output")]
    pub(super) zero: bool,

    #[command(flatten)]
    pub(super) filters: FilterArgs,

    /// Write to FILE, which is replaced when everything is hashed; what lacks a file is written to FILE.partial.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Option<PathBuf>,

    /// Do not enter directories on other file systems.
    #[arg(long, help_heading = "Selection")]
    pub(super) one_file_system: bool,

    /// Hash the block devices in a directory, too. One that is a PATH is hashed without this.
    #[arg(long, help_heading = "Selection")]
    pub(super) devices: bool,

    /// Fail on files that a program has open for writing, instead of marking their digests as unverified.
    #[arg(long)]
    pub(super) require_stable: bool,

    /// Say nothing of what is skipped, and no closing line. Errors are still reported.
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,

    /// List each symbolic link that is skipped, and print the closing line also where standard error is no terminal.
    #[arg(short, long, help_heading = "Output")]
    pub(super) verbose: bool,

    #[command(flatten)]
    pub(super) screen: ScreenArgs,

    #[command(flatten)]
    pub(super) source: FromDeviceArgs,

    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

//! The flags of `hivesum hash`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::Format;

use super::engine::EngineArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Directories are read recursively, in byte order of the names. Symbolic links, FIFOs, sockets and devices in \
them are skipped and reported on stderr. A PATH that is itself a symbolic link is followed. Without a PATH, or \
if it is -, standard input is hashed.

A glob without / matches names at any depth. A glob with / matches the path relative to PATH. * matches \
within one path component, ** matches across several. --exclude takes precedence over --include, and excluded \
directories are not read.

Examples:
  hivesum hash /usr -a sha256                    one line per file, as sha256sum prints it
  hivesum hash -a blake3,sha256 --format csv .   a table with two digests per file
  hivesum hash . --exclude .git --exclude target
  hivesum hash . -o B3SUMS                       B3SUMS appears when it is complete
  tar c . | hivesum hash -

Exit status: 0 success; 1 a file could not be hashed; 2 wrong command line.")]
pub(super) struct HashArgs {
    /// Files and directories, or - for standard input.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<OsString>,

    /// Algorithms to use, separated by commas: blake3, sha256, sha512, sha224, sha384, sha512_256,
    /// sha3_256, sha3_512, blake2b, sha1, md5, crc32, crc32c, xxh3_64, xxh3_128.
    #[arg(short, long, value_name = "LIST", default_value_t = Algorithms::default())]
    pub(super) algorithms: Algorithms,

    /// Output format: gnu, bsd, b3sum, csv, json or ndjson [default: gnu, or bsd for several algorithms].
    #[arg(short, long)]
    pub(super) format: Option<Format>,

    /// End each line with NUL, and do not escape file names (gnu and bsd only).
    #[arg(short, long)]
    pub(super) zero: bool,

    /// Hash only files that match this glob. May be repeated.
    #[arg(long, value_name = "GLOB")]
    pub(super) include: Vec<String>,

    /// Skip files and directories that match this glob. May be repeated.
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,

    /// Write to FILE, which is replaced when all results are written.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Do not enter directories on other file systems.
    #[arg(long)]
    pub(super) one_file_system: bool,

    /// Fail on files that a program has open for writing, instead of marking their digests as unverified.
    #[arg(long)]
    pub(super) require_stable: bool,

    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

//! The flags of `hivesum hash`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::Format;

use super::engine::EngineArgs;

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

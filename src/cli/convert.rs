//! `hivesum convert`: writes a manifest in another format without losing anything.
//!
//! The result is read back and compared before it is written. If the new format cannot represent something, the error
//! names it, and nothing is written.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::Format;
use hivesum_core::manifest::convert::{ConvertError, Details, convert};

use super::atomic_file::AtomicFile;
use super::manifest_file::{self, ReadAs};
use super::output::{WriteError, write_stdout};
use super::quote::quoted;
use super::terminal::Terminal;

#[derive(Debug, Args)]
#[command(after_help = "\
Reads gnu, bsd (OpenSSL's output, too), b3sum, hashdeep, sfv, bagit, csv, json and ndjson, detected from name and \
content. The result is read back and compared. A conversion that would lose a digest, a name, a size or a time \
is refused, and nothing is written.

Examples:
  hivesum convert --to csv SHA256SUMS
  hivesum convert --to bsd --drop-details archive.ndjson -o CHECKSUMS

Exit status: 0 converted and verified; 1 refused; 2 wrong command line.")]
pub(super) struct ConvertArgs {
    /// The manifest, or - for standard input.
    #[arg(value_name = "FILE")]
    manifest: OsString,

    /// The format to write: gnu, bsd, b3sum, hashdeep, sfv, bagit, csv, json or ndjson.
    #[arg(long, value_name = "FORMAT")]
    to: Format,

    /// The format to read [default: detected from name and content].
    #[arg(long, value_name = "FORMAT")]
    from: Option<Format>,

    /// The algorithm of digests that do not name theirs. Digests of other algorithms are left out.
    #[arg(short, long, value_name = "ALG")]
    algorithm: Option<Algorithm>,

    /// Leave out sizes, times and failures that the new format cannot represent.
    #[arg(long)]
    drop_details: bool,

    /// Write to FILE, which is replaced when everything is written.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: ConvertArgs) -> anyhow::Result<ExitCode> {
    let read_as = ReadAs { asked: args.algorithm, format: args.from };
    let mut manifest = manifest_file::read(&args.manifest, read_as)?;
    for record in &mut manifest.records {
        for digest in &mut record.digests {
            let known = manifest.untagged.and_then(|algorithm| digest.resolved(algorithm));
            *digest = known.unwrap_or(*digest);
        }
    }
    let details = if args.drop_details { Details::Drop } else { Details::Keep };
    let converted = convert(manifest.records, args.to, details).map_err(|error| refusal(&error))?;
    write(&converted.text, args.output.as_deref())?;
    let (files, digests) = (converted.files, converted.digests);
    Terminal::plain().message(&format!("converted {files} files, {digests} digests; read back and verified"));
    Ok(ExitCode::SUCCESS)
}

fn write(text: &[u8], output: Option<&Path>) -> Result<(), WriteError> {
    let Some(path) = output else { return write_stdout(text) };
    let mut file = AtomicFile::create(path)?;
    file.write_all(text)?;
    Ok(file.commit()?)
}

fn refusal(error: &ConvertError) -> anyhow::Error {
    let hint = match error {
        ConvertError::Ambiguous(_) => ": use -a sha256 or -a blake3",
        ConvertError::NotCarried(..) => ": use --drop-details to leave it out",
        _ => "",
    };
    match error.name() {
        Some(name) => anyhow::anyhow!("{}: {error}{hint}", quoted(OsStr::from_bytes(name))),
        None => anyhow::anyhow!("{error}"),
    }
}

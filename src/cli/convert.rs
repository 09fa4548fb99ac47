//! `hivesum convert`: writes a manifest in another format without losing anything.
//!
//! The result is read back and compared before it is written. If the new format cannot represent something, the error
//! names it, and nothing is written.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use hivesum_core::manifest::convert::{ConvertError, Details, convert, in_words};
use hivesum_core::manifest::{Candidates, Form, Format};

use super::atomic_file::AtomicFile;
use super::engine::{EngineArgs, RunningEngine};
use super::error::path_error;
use super::manifest_file::{self, Contents, ManifestFile, ReadArgs};
use super::naming::NamingArgs;
use super::output::{WriteError, write_stdout};
use super::probe::{self, Effort};
use super::quote::quoted;
use super::terminal::Terminal;
use super::tree::Tree;

#[derive(Debug, Args)]
#[command(after_help = "\
Reads gnu, bsd (OpenSSL's output, too), b3sum, hashdeep, sfv, bagit, csv, json and ndjson, detected from name and \
content. The result is read back and compared. A conversion that would lose a digest, a name, a size or a time \
is refused, and nothing is written. So is one of digests that may be of several algorithms, unless -a or the name of \
the manifest says which, or the files beneath --root do. Comments, signatures and other lines that are not entries are \
lost, which is said.

Examples:
  hivesum convert --to csv SHA256SUMS
  hivesum convert --to bsd --root /srv/archive checksums.txt
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
    from: Option<Form>,

    #[command(flatten)]
    read: ReadArgs,

    /// Find the algorithm of digests that do not name theirs by hashing listed files in this directory.
    #[arg(long, value_name = "DIR")]
    root: Option<OsString>,

    /// Leave out sizes, times and failures that the new format cannot represent.
    #[arg(long)]
    drop_details: bool,

    /// Write to FILE, which is replaced when everything is written.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command.
pub(super) fn run(args: ConvertArgs) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::plain();
    let mut manifest = manifest_file::read(&args.manifest, &args.read, args.from)?;
    if !manifest.left_out.is_empty() {
        let (name, lost) = (terminal.quoted(manifest.name()), manifest.left_out.join(", "));
        bail!("{name}: digests of {lost} would be lost: not supported; say with -a which digests to keep");
    }
    manifest.tell(&terminal);
    let candidates = match &args.root {
        Some(root) => narrowed_by(&args, root, &manifest, &terminal)?,
        None => manifest.candidates.clone(),
    };
    resolve(&mut manifest, &candidates).map_err(|error| refusal(&error))?;
    let details = if args.drop_details { Details::Drop } else { Details::Keep };
    let converted = convert(manifest.records, args.to, details).map_err(|error| refusal(&error))?;
    write(&converted.text, args.output.as_deref())?;
    let (files, digests) = (converted.files, converted.digests);
    terminal.message(&format!("converted {files} files, {digests} digests; read back and verified"));
    Ok(ExitCode::SUCCESS)
}

/// What untagged digests may be of after the listed files in the directory were hashed.
fn narrowed_by(
    args: &ConvertArgs,
    root: &OsStr,
    manifest: &ManifestFile,
    terminal: &Terminal,
) -> anyhow::Result<Candidates> {
    let mut candidates = manifest.candidates.clone();
    let tree = Tree::open(root, args.engine.read_timeout()).map_err(|error| path_error(root, &error))?;
    let Contents { baseline, .. } = manifest.contents(&tree, &NamingArgs::default(), terminal)?;
    if !baseline.undecided(&candidates).is_empty() {
        let engine = RunningEngine::start(args.engine, Some(baseline.algorithms(&candidates)?))?;
        probe::narrow(&engine, &tree, (&baseline, &mut candidates), Effort::EVERY_FILE)?;
        engine.join();
    }
    let found: Vec<_> = candidates.found().collect();
    manifest.tell_algorithms(terminal, &found, &baseline.undecided(&candidates));
    Ok(candidates)
}

/// Gives every digest its algorithm. Refuses one that may be of several.
fn resolve(manifest: &mut ManifestFile, candidates: &Candidates) -> Result<(), ConvertError> {
    for record in &mut manifest.records {
        for digest in record.digests.iter_mut().filter(|digest| digest.tag().is_none()) {
            let ambiguous = || {
                let all = candidates.of(digest).map_or_else(String::new, in_words);
                ConvertError::Ambiguous(record.name.clone(), all)
            };
            *digest = candidates.resolved(digest).ok_or_else(ambiguous)?;
        }
    }
    Ok(())
}

fn write(text: &[u8], output: Option<&Path>) -> Result<(), WriteError> {
    let Some(path) = output else { return write_stdout(text) };
    let mut file = AtomicFile::create(path)?;
    file.write_all(text)?;
    Ok(file.commit()?)
}

fn refusal(error: &ConvertError) -> anyhow::Error {
    let hint = match error {
        ConvertError::Ambiguous(..) => ": say which with -a, or where the files are with --root",
        ConvertError::NotCarried(..) => ": use --drop-details to leave it out",
        _ => "",
    };
    match error.name() {
        Some(name) => anyhow::anyhow!("{}: {error}{hint}", quoted(OsStr::from_bytes(name))),
        None => anyhow::anyhow!("{error}"),
    }
}

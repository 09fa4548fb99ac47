//! `hivesum convert`: writes a manifest in another format without losing anything.
//!
//! The result is read back and compared before it is written. If the new format cannot represent something, the error
//! names it, and nothing is written.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::bail;
use clap::Args;
use hivesum_core::manifest::convert::{ConvertError, Details, convert, in_words};
use hivesum_core::manifest::{Candidates, Claimed, Form, Format, UnknownFormat};

use super::atomic_file::AtomicFile;
use super::engine::{EngineArgs, RunningEngine};
use super::error::{UsageError, path_error};
use super::manifest_file::{self, Contents, ManifestFile, ReadArgs};
use super::naming::NamingArgs;
use super::output::{WriteError, told_of_name, write_stdout};
use super::probe::{self, Effort};
use super::quote::quoted;
use super::skipped_rows::SkippedRows;
use super::terminal::{Terminal, counted};
use super::tree::Tree;

mod asc_mhl;

use asc_mhl::Place;

#[derive(Debug, Args)]
#[command(after_help = "\
Reads every form that check reads, detected from name and content. The result is read back and compared. A conversion that would lose a digest, a name, a size, a time or an inode \
is refused, and nothing is written. So is one of digests that may be of several algorithms, unless -a or the name of \
the manifest says which, or the files beneath --root do. Comments, signatures and other lines that are not entries are \
lost, which is said.

--to asc_mhl writes the first generation of an ASC MHL history into the ascmhl folder of the directory of -o, or of \
--root. It carries md5, sha1, xxh64, xxh3_64, xxh3_128 and sha512 (as C4 ID), and needs sizes: those of the manifest, \
or of the files beneath --root.

Examples:
  hivesum convert --to csv SHA256SUMS
  hivesum convert --to bsd --root /srv/archive checksums.txt
  hivesum convert --to bsd --drop-details archive.ndjson -o CHECKSUMS
  hivesum convert --to asc_mhl --root /mnt/card MD5SUMS

Exit status: 0 converted and verified; 1 refused; 2 wrong command line.")]
pub(super) struct ConvertArgs {
    /// The manifest, or - for standard input.
    #[arg(value_name = "FILE")]
    manifest: OsString,

    /// The format to write: gnu, bsd, b3sum, hashdeep, sfv, bagit, csv, json, ndjson, mtree, wheel_record, ocfl_sidecar
    /// or asc_mhl.
    #[arg(long, value_name = "FORMAT")]
    to: Target,

    /// The format to read [default: detected from name and content].
    #[arg(long, value_name = "FORMAT")]
    from: Option<Form>,

    #[command(flatten)]
    read: ReadArgs,

    /// Find the algorithm of digests that do not name theirs by hashing listed files in this directory, and for asc_mhl
    /// the sizes that the manifest lacks.
    #[arg(long, value_name = "DIR")]
    root: Option<OsString>,

    /// Leave out sizes, times, inodes, fractions of seconds and failures that the new format cannot represent.
    #[arg(long)]
    drop_details: bool,

    /// Write to FILE, which is replaced when everything is written; for asc_mhl, to the ascmhl folder of this directory.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    engine: EngineArgs,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A text.
    Text(Format),
    /// A folder with a generation and a chain.
    AscMhl,
}

impl Target {
    /// Leaves out the rows that were skipped when the manifest was made, unless the format has a place for them.
    fn leave_out_skipped(self, manifest: &mut ManifestFile, terminal: &Terminal) {
        let mut skipped = SkippedRows::default();
        match self {
            Self::Text(format) if format.lists_failures() => {}
            Self::Text(_) | Self::AscMhl => manifest.records.retain(|record| !skipped.add(record.status)),
        }
        if let Some(told) = skipped.told() {
            terminal.message_about(manifest.name(), &format!("{told}: left out"));
        }
    }
}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(name: &str) -> Result<Self, UnknownTarget> {
        match name {
            "asc_mhl" => Ok(Self::AscMhl),
            name => Ok(Self::Text(name.parse()?)),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}, or asc_mhl")]
struct UnknownTarget(#[from] UnknownFormat);

/// Runs the command.
pub(super) fn run(args: ConvertArgs) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::plain();
    let output = args.output.as_deref();
    let directory = output.map(Path::as_os_str).or(args.root.as_deref());
    let mut manifest = manifest_file::read(&args.manifest, &args.read, args.from)?;
    if !manifest.left_out.is_empty() {
        let (name, lost) = (terminal.quoted(manifest.name()), manifest.left_out.join(", "));
        bail!("{name}: digests of {lost} would be lost: not supported; say with -a which digests to keep");
    }
    args.to.leave_out_skipped(&mut manifest, &terminal);
    manifest.tell(&terminal);
    let open = |root: &OsString| Tree::open(root, args.engine.read_timeout()).map_err(|error| path_error(root, &error));
    let tree = args.root.as_ref().map(open).transpose()?;
    let candidates = match &tree {
        Some(tree) => narrowed_by(&args, tree, &manifest, &terminal)?,
        None => manifest.candidates.clone(),
    };
    resolve(&mut manifest, &candidates).map_err(|error| refusal(&error))?;
    let details = if args.drop_details { Details::Drop } else { Details::Keep };
    let converted = match args.to {
        Target::AscMhl => {
            let message = "--to asc_mhl writes a folder: say in which directory with -o or --root";
            let directory = directory.ok_or_else(|| UsageError::of("convert", message))?;
            Place { directory, tree: tree.as_ref(), details }.write(manifest, &terminal).map_err(explained)?
        }
        Target::Text(format) => {
            tell_of_output_name(format, &manifest, output, &terminal);
            let converted = convert(manifest.records, format, details).map_err(|error| refusal(&error))?;
            write(&converted.text, output)?;
            converted
        }
    };
    let (files, digests) = (converted.files as u64, converted.digests as u64);
    terminal.message(&format!(
        "converted {}, {}; read back and verified",
        counted(files, "file"),
        counted(digests, "digest")
    ));
    Ok(ExitCode::SUCCESS)
}

/// What untagged digests may be of after the listed files in the directory were hashed.
fn narrowed_by(
    args: &ConvertArgs,
    tree: &Tree,
    manifest: &ManifestFile,
    terminal: &Terminal,
) -> anyhow::Result<Candidates> {
    let mut candidates = manifest.candidates.clone();
    let Contents { baseline, .. } = manifest.contents(tree, &NamingArgs::default(), terminal)?;
    if !baseline.undecided(&candidates).is_empty() {
        let engine = RunningEngine::start(args.engine, Some(baseline.algorithms(&candidates)?))?;
        probe::narrow(&engine, tree, (&baseline, &mut candidates), Effort::EVERY_FILE)?;
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

/// Says so if a reader will not know by the name of `-o` what the file is.
fn tell_of_output_name(format: Format, manifest: &ManifestFile, output: Option<&Path>, terminal: &Terminal) {
    let algorithm = manifest.records.iter().flat_map(|record| &record.digests).find_map(Claimed::tag);
    let (Some(path), Some(algorithm)) = (output, algorithm) else { return };
    if let Some(told) = told_of_name(format, algorithm, path) {
        terminal.message_about(path.as_os_str().as_bytes(), &told);
    }
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
        ConvertError::Refused(_, refused) if refused.why == "has no size" => {
            ": the manifest has no sizes; hivesum hash -a sha256 --format hashdeep hashes the files as they are now"
        }
        _ => "",
    };
    match error.name() {
        Some(name) => anyhow::anyhow!("{}: {error}{hint}", quoted(OsStr::from_bytes(name))),
        None => anyhow::anyhow!("{error}"),
    }
}

/// The same error, with the hint for one that is about the conversion.
fn explained(error: anyhow::Error) -> anyhow::Error {
    error.downcast().map_or_else(|other| other, |error: ConvertError| refusal(&error))
}

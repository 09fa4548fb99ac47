//! Making a bag in place: hash everything, move it into `data/`, put the tag files beside.
//!
//! Hashing comes first, so that a directory that cannot be a bag stays as it was. The content is moved by
//! renaming, which changes no file; the declaration is written last, so that half a bag is none.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::bagit::{self, Names};
use hivesum_core::result::Status;

use super::payload::{self, Seen};
use super::tags::{self, Oxum};
use crate::cli::atomic_file::AtomicFile;
use crate::cli::engine::{EngineArgs, RunningEngine};
use crate::cli::error::{path_error, reason, system_text};
use crate::cli::inputs::open_directory;
use crate::cli::quote::quoted;
use crate::cli::terminal::Terminal;

/// Where the content waits while `data/` is made; the name is hivesum's own.
const ASIDE: &str = ".hivesum-bag";

#[derive(Debug, Args)]
#[command(after_help = "\
Everything is hashed first; nothing is moved unless all of it can be put in a bag: symbolic links, FIFOs and \
the like cannot.

Examples:
  hivesum bag make delivery
  hivesum bag make delivery -a sha256,sha512

Exit status: 0 the directory is a bag; 1 it is not, and is as it was; 2 the command line is wrong.")]
pub(in crate::cli) struct MakeArgs {
    /// The directory.
    #[arg(value_name = "DIR")]
    dir: OsString,

    /// A manifest for each of these algorithms.
    #[arg(short, long, value_name = "LIST", default_value_t = Algorithms::single(Algorithm::Sha256))]
    algorithms: Algorithms,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Makes the bag.
pub(super) fn run(args: &MakeArgs) -> anyhow::Result<ExitCode> {
    let bag = Path::new(&args.dir);
    if bag.join("bagit.txt").exists() {
        bail!("{}: it is a bag already", quoted(&args.dir));
    }
    let dir = open_directory(&args.dir).map_err(|error| path_error(&args.dir, &error))?;
    let terminal = Terminal::with_progress();
    let engine = RunningEngine::start(args.engine, Some(args.algorithms))?;
    let payload = payload::tree(&engine, &terminal, dir, args.algorithms)?;
    refuse_what_no_bag_can_hold(&payload)?;
    move_into_data(bag).map_err(|error| path_error(&args.dir, &error))?;
    let oxum = Oxum { octets: payload.iter().map(|seen| seen.size).sum(), files: payload.len() as u64 };
    let written = write_tag_files(bag, &payload, args.algorithms, oxum);
    written.with_context(|| quoted(&args.dir))?;
    engine.join();
    terminal.finish_progress();
    terminal.message(&format!("{} files, {} bytes in a bag", oxum.files, oxum.octets));
    Ok(ExitCode::SUCCESS)
}

fn refuse_what_no_bag_can_hold(payload: &[Seen]) -> anyhow::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    if let Some(seen) = payload.iter().find(|seen| !matches!(seen.status, Status::Hashed(_))) {
        let why = reason(seen.status).unwrap_or_default();
        bail!("{}: cannot be put in a bag: {why}", quoted(OsStr::from_bytes(&seen.path)));
    }
    Ok(())
}

/// Moves everything into `data/`; on failure everything is moved back.
fn move_into_data(bag: &Path) -> io::Result<()> {
    let entries: Vec<PathBuf> = fs::read_dir(bag)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    let aside = bag.join(ASIDE);
    fs::create_dir(&aside)?;
    let mut moved = Vec::new();
    let mut move_all = || -> io::Result<()> {
        for from in &entries {
            let to = aside.join(from.file_name().unwrap_or_default());
            fs::rename(from, &to)?;
            moved.push((from, to));
        }
        fs::rename(&aside, bag.join("data"))
    };
    let done = move_all();
    if done.is_err() {
        for (from, to) in moved {
            // What cannot be moved back stays where its name says it was put.
            let _ = fs::rename(to, from);
        }
        let _ = fs::remove_dir(&aside);
    }
    done
}

fn write_tag_files(bag: &Path, payload: &[Seen], algorithms: Algorithms, oxum: Oxum) -> anyhow::Result<()> {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let mut tag_files = vec![("bag-info.txt".to_owned(), tags::info(oxum, &date).into_bytes())];
    for (index, algorithm) in algorithms.iter().enumerate() {
        let name = format!("manifest-{}.txt", algorithm.name());
        tag_files.push((name, manifest_of(payload, index)?));
    }
    let declaration = ("bagit.txt".to_owned(), tags::DECLARATION.as_bytes().to_vec());
    let tag_manifests: Vec<_> = algorithms
        .iter()
        .map(|algorithm| {
            let listed = tag_files.iter().chain([&declaration]);
            (format!("tagmanifest-{}.txt", algorithm.name()), tag_manifest_of(listed, algorithm))
        })
        .collect();
    for (name, text) in tag_files.iter().chain(&tag_manifests).chain([&declaration]) {
        write(&bag.join(name), text).map_err(|error| anyhow::anyhow!("{name}: {}", system_text(&error)))?;
    }
    Ok(())
}

fn manifest_of(payload: &[Seen], index: usize) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    for seen in payload {
        let digest = seen.digests.get(index).context("a digest is missing")?;
        bagit::write_line(&mut text, &seen.path, Names::WithinPayload, digest.as_bytes())?;
    }
    Ok(text)
}

fn tag_manifest_of<'a>(files: impl Iterator<Item = &'a (String, Vec<u8>)>, algorithm: Algorithm) -> Vec<u8> {
    let mut hasher = hivesum_core::digest::MultiHasher::new(&Algorithms::single(algorithm));
    let mut text = Vec::new();
    for (name, content) in files {
        let mut digest = Vec::new();
        hasher.update(content);
        hasher.finalize_reset_into(&mut digest);
        text.extend_from_slice(format!("{}  {name}\n", hex::encode(digest)).as_bytes());
    }
    text
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(text)?;
    file.commit()
}

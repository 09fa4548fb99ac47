//! Turns a directory into a bag in place: hashes everything, moves it into `data/`, and writes the tag files.
//!
//! Everything is hashed before anything is moved, so that a directory that cannot become a bag stays unchanged. Files
//! are moved by renaming them. The declaration is written last, so that an incomplete bag is not taken for a bag.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::bagit::{self, Names};
use hivesum_core::result::Status;

use super::declaration::DECLARATION;
use super::directory::normal_form;
use super::field::{InfoField, refuse_repeated};
use super::info_file::{InfoFile, today};
use super::payload::Oxum;
use super::scan::{ScannedFile, Scanner};
use crate::cli::atomic_file::AtomicFile;
use crate::cli::engine::{EngineArgs, RunningEngine};
use crate::cli::error::{path_error, reason, system_text};
use crate::cli::inputs::open_directory;
use crate::cli::quote::quoted;
use crate::cli::terminal::{ScreenArgs, Terminal, counted};

/// The name of `data/` while the content is moved into it.
const TEMPORARY_DATA: &str = ".hivesum-bag";

#[derive(Debug, Args)]
#[command(after_help = "\
Everything is hashed before anything is moved. Symbolic links, FIFOs, sockets and devices cannot be part of a bag, \
nor can names that are not UTF-8, or two names that differ only in their Unicode normalisation form: if there is one, \
nothing is changed.

--bag-info adds an element to bag-info.txt, in the order that is given. Labels that BagIt reserves, such as \
Source-Organization or Contact-Name, are written in its spelling, whatever the case of KEY; Payload-Oxum, Bagging-Date and \
Bag-Software-Agent are written by hivesum.

Examples:
  hivesum bag make delivery
  hivesum bag make delivery --bag-info 'Source-Organization=FOO University' --bag-info Contact-Name=Ada
  hivesum bag make delivery -a sha256,sha512

Exit status: 0 the directory is now a bag; 1 it could not be made a bag; 2 wrong command line.")]
pub(in crate::cli) struct MakeArgs {
    /// The directory to turn into a bag.
    #[arg(value_name = "DIR")]
    dir: OsString,

    /// Algorithms of the manifests, separated by commas.
    #[arg(short, long, value_name = "LIST", default_value_t = Algorithms::single(Algorithm::Sha256))]
    algorithms: Algorithms,

    /// Add an element to bag-info.txt. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = InfoField::parse)]
    bag_info: Vec<InfoField>,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command.
pub(super) fn run(args: &MakeArgs) -> anyhow::Result<ExitCode> {
    refuse_repeated(&args.bag_info)?;
    let bag = Path::new(&args.dir);
    if bag.join("bagit.txt").exists() {
        bail!("{}: is already a bag", quoted(&args.dir));
    }
    let dir = open_directory(&args.dir).map_err(|error| path_error(&args.dir, &error))?;
    let terminal = Terminal::of(args.screen);
    let engine = RunningEngine::start(args.engine, Some(args.algorithms))?;
    let payload = Scanner { engine: &engine, terminal: &terminal }.tree(dir, args.algorithms)?;
    refuse_special_files(&payload, b"")?;
    refuse_names(&payload, b"")?;
    move_into_data(bag).map_err(|error| path_error(&args.dir, &error))?;
    let oxum = Oxum { octets: payload.iter().map(|file| file.size).sum(), files: payload.len() as u64 };
    let mut info = InfoFile::default();
    info.set_all(&args.bag_info);
    info.set_computed(oxum, &today());
    let written = write_tag_files(bag, &payload, args.algorithms, &info);
    written.with_context(|| quoted(&args.dir))?;
    engine.join();
    terminal.finish_progress();
    terminal.message(&format!("created a bag of {oxum}"));
    warn_of_similar_names(&payload, &terminal);
    match payload.iter().filter(|file| file.path.contains(&b'%')).count() {
        0 => {}
        names => terminal.message(&format!(
            "{} with a percent sign, encoded as RFC 8493 says: bagit.py up to 1.9 does not find such files",
            counted(names as u64, "name")
        )),
    }
    match empty_directories(&bag.join("data")) {
        0 => {}
        1 => terminal.message("1 directory is empty: no manifest names it, and a copy of the bag may lack it"),
        many => terminal.message(&format!(
            "{many} directories are empty: no manifest names them, and a copy of the bag may lack them"
        )),
    }
    Ok(ExitCode::SUCCESS)
}

/// How many obstacles are named.
const MAX_OBSTACLES: usize = 10;

/// Refuses what stands in the way, a line for each.
fn refuse(obstacles: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let mut obstacles = obstacles.fuse();
    let named: Vec<_> = obstacles.by_ref().take(MAX_OBSTACLES).collect();
    match (named.is_empty(), obstacles.count()) {
        (true, _) => Ok(()),
        (false, 0) => bail!("{}", named.join("\n")),
        (false, more) => bail!("{}\nand {more} more", named.join("\n")),
    }
}

/// Refuses what is not a file, or could not be read. The names are shown `below` a directory: empty, or with its slash.
pub(super) fn refuse_special_files(payload: &[ScannedFile], below: &[u8]) -> anyhow::Result<()> {
    refuse(payload.iter().filter_map(|file| {
        let what = match file.status {
            Status::Hashed(_) => return None,
            Status::Error { .. } => "could not be read",
            Status::Skipped(_) => "cannot be put in a bag",
        };
        let (name, why) = ([below, &file.path].concat(), reason(file.status).unwrap_or_default());
        Some(format!("{}: {what}: {why}", quoted(OsStr::from_bytes(&name))))
    }))
}

/// Refuses what RFC 8493 cannot carry or wants prevented (sections 2.3 and 6.1.1.3).
pub(super) fn refuse_names(payload: &[ScannedFile], below: &[u8]) -> anyhow::Result<()> {
    let mut forms = BTreeMap::new();
    let shown = |path: &[u8]| quoted(OsStr::from_bytes(&[below, path].concat()));
    refuse(payload.iter().filter_map(|file| {
        let Some(form) = normal_form(&file.path) else {
            return Some(format!("{}: cannot be put in a bag: its name is not UTF-8", shown(&file.path)));
        };
        let other = forms.insert(form, &file.path)?;
        let (one, other) = (shown(&file.path), shown(other));
        Some(format!("{one}: cannot be put in a bag: only its Unicode normalisation form differs from {other}"))
    }))
}

/// How many directories hold nothing. A manifest cannot name them. What cannot be looked at is not counted.
fn empty_directories(directory: &Path) -> u64 {
    let (mut empty, mut open) = (0, vec![directory.to_owned()]);
    while let Some(directory) = open.pop() {
        let Ok(entries) = fs::read_dir(directory) else { continue };
        let mut is_empty = true;
        for entry in entries.flatten() {
            is_empty = false;
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
        }
        empty += u64::from(is_empty);
    }
    empty
}

/// Names that differ in case alone are one name to other systems (section 6.1.1.3).
fn warn_of_similar_names(payload: &[ScannedFile], terminal: &Terminal) {
    let mut lowered = BTreeMap::new();
    for file in payload {
        let Some(name) = normal_form(&file.path).map(|name| name.to_lowercase()) else { continue };
        if let Some(other) = lowered.insert(name, &file.path) {
            let text = format!("differs only in case from {}: some systems cannot keep both", terminal.quoted(other));
            terminal.message_about(&file.path, &text);
        }
    }
}

/// Moves everything into `data/`. If that fails, everything is moved back.
fn move_into_data(bag: &Path) -> io::Result<()> {
    let entries: Vec<PathBuf> = fs::read_dir(bag)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    let temporary = bag.join(TEMPORARY_DATA);
    fs::create_dir(&temporary)?;
    let mut moved = Vec::new();
    let mut move_all = || -> io::Result<()> {
        for from in &entries {
            let to = temporary.join(from.file_name().unwrap_or_default());
            fs::rename(from, &to)?;
            moved.push((from, to));
        }
        fs::rename(&temporary, bag.join("data"))
    };
    let done = move_all();
    if done.is_err() {
        for (from, to) in moved {
            // A file that cannot be moved back stays in the temporary directory.
            let _ = fs::rename(to, from);
        }
        let _ = fs::remove_dir(&temporary);
    }
    done
}

fn write_tag_files(bag: &Path, payload: &[ScannedFile], algorithms: Algorithms, info: &InfoFile) -> anyhow::Result<()> {
    let mut tag_files = vec![("bag-info.txt".to_owned(), info.text().into_bytes())];
    for (index, algorithm) in algorithms.iter().enumerate() {
        tag_files.push((bagit::manifest_name(algorithm), manifest_of(payload, index)?));
    }
    let declaration = ("bagit.txt".to_owned(), DECLARATION.as_bytes().to_vec());
    let tag_manifests: Vec<_> = algorithms
        .iter()
        .map(|algorithm| {
            let listed = tag_files.iter().chain([&declaration]);
            (
                format!("tagmanifest-{}.txt", bagit::normalised_word(algorithm.name())),
                tag_manifest_of(listed, algorithm),
            )
        })
        .collect();
    for (name, text) in tag_files.iter().chain(&tag_manifests).chain([&declaration]) {
        write(&bag.join(name), text).map_err(|error| anyhow::anyhow!("{name}: {}", system_text(&error)))?;
    }
    Ok(())
}

fn manifest_of(payload: &[ScannedFile], index: usize) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    for file in payload {
        let digest = file.digests.get(index).context("a digest is missing")?;
        bagit::write_line(&mut text, &file.path, Names::WithinPayload, digest.as_bytes())?;
    }
    Ok(text)
}

fn tag_manifest_of<'a>(files: impl Iterator<Item = &'a (String, Vec<u8>)>, algorithm: Algorithm) -> Vec<u8> {
    let lines = files.map(|(name, content)| format!("{}  {name}\n", hex::encode(digest_of(content, algorithm))));
    lines.collect::<String>().into_bytes()
}

/// The digest of a tag file that is in memory.
pub(super) fn digest_of(content: &[u8], algorithm: Algorithm) -> Vec<u8> {
    let mut hasher = hivesum_core::digest::MultiHasher::new(&Algorithms::single(algorithm));
    let mut digest = Vec::new();
    hasher.update(content);
    hasher.finalize_reset_into(&mut digest);
    digest
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(text)?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_core::result::{ErrorCode, SkipReason};

    #[test]
    fn a_file_that_could_not_be_read_is_named_as_it_lies_in_the_bag() {
        let refused = |status, below: &[u8]| {
            let file =
                ScannedFile { path: b"d/master.wav".to_vec(), size: 1, mtime_ns: 0, status, digests: Vec::new() };
            refuse_special_files(&[file], below).unwrap_err().to_string()
        };
        let denied = Status::Error { code: ErrorCode::Permission, errno: libc::EACCES };
        assert_eq!(refused(denied, b"data/"), "data/d/master.wav: could not be read: Permission denied");
        assert_eq!(refused(denied, b""), "d/master.wav: could not be read: Permission denied");
        let link = Status::Skipped(SkipReason::Symlink);
        assert_eq!(refused(link, b"data/"), "data/d/master.wav: cannot be put in a bag: symbolic link");
    }
}

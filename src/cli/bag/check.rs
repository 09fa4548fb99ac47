//! Checks a bag: its declaration, manifests, payload and tag files.
//!
//! Every payload file must be listed once in every manifest, and every listed file must exist and match. Tag files are
//! compared with the tag manifests, and the number and size of the payload files with `Payload-Oxum`. All faults are
//! reported, not only the first one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use hivesum_core::digest::{Algorithm, Algorithms, Digest};
use hivesum_core::manifest::lines::Lines;
use hivesum_core::manifest::{Limits, LineEnd, bagit};
use hivesum_core::result::Status;

use super::scan::{ScannedFile, Scanner};
use super::tags::{self, Oxum};
use crate::cli::engine::{EngineArgs, RunningEngine};
use crate::cli::error::{path_error, reason, system_text};
use crate::cli::inputs::open_directory;
use crate::cli::output::write_stdout;
use crate::cli::terminal::Terminal;

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  hivesum bag check delivery

Exit status: 0 the bag is valid; 1 it is not valid; 2 wrong command line.")]
pub(in crate::cli) struct CheckArgs {
    /// The directory of the bag.
    #[arg(value_name = "BAG")]
    bag: OsString,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::with_progress();
    let bag = open_directory(&args.bag).map_err(|error| path_error(&args.bag, &error))?;
    let mut check = Check { path: Path::new(&args.bag), bag, terminal: terminal.clone(), faults: Vec::new() };
    check.declaration();
    let manifests = check.manifests("manifest-");
    let tag_manifests = check.manifests("tagmanifest-");
    if manifests.is_empty() {
        check.fault(b"", "has no payload manifest");
    }
    let algorithms = manifests.iter().chain(&tag_manifests).map(|manifest| manifest.algorithm);
    let algorithms = Algorithms::new(algorithms).unwrap_or_default();
    let engine = RunningEngine::start(args.engine, Some(algorithms))?;
    let scanner = Scanner { engine: &engine, terminal: &terminal };
    let oxum = check.payload(scanner, &manifests)?;
    check.tag_files(scanner, &tag_manifests)?;
    check.oxum(oxum);
    engine.join();
    terminal.finish_progress();
    check.report(oxum)
}

/// One manifest of a bag.
struct Manifest {
    file: String,
    algorithm: Algorithm,
    /// Digests by the name as written in the manifest.
    entries: BTreeMap<Vec<u8>, Digest>,
}

impl Manifest {
    /// Whether it lists the payload; else it lists tag files.
    fn lists_payload(&self) -> bool {
        self.file.starts_with("manifest-")
    }

    /// Adds the entry in a line; `None` is a line that is too long. The error says what is wrong with the line.
    fn add_line(&mut self, line: Option<&[u8]>) -> Result<(), &'static str> {
        let line = line.ok_or("is too long")?;
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let line = bagit::split_line(line, Some(self.algorithm)).ok_or("is not a manifest entry")?;
        let name = line.written.strip_prefix(b"./").unwrap_or(line.written);
        let leaves_bag = name.split(|&byte| byte == b'/').any(|part| matches!(part, b".." | b"." | b""));
        if leaves_bag || name.starts_with(b"~") {
            return Err("names a file outside the bag");
        }
        if self.lists_payload() && !name.starts_with(bagit::PAYLOAD) {
            return Err("names a file that is not in data/");
        }
        let digest = Digest::new(self.algorithm, line.digest.as_bytes()).map_err(|_| "is not a manifest entry")?;
        match self.entries.insert(name.to_vec(), digest) {
            None => Ok(()),
            Some(_) => Err("names a file that is listed already"),
        }
    }
}

/// One run of the command.
struct Check<'a> {
    path: &'a Path,
    bag: OwnedFd,
    terminal: Terminal,
    faults: Vec<(Vec<u8>, String)>,
}

impl Check<'_> {
    fn fault(&mut self, name: &[u8], what: impl Into<String>) {
        self.faults.push((name.to_vec(), what.into()));
    }

    fn declaration(&mut self) {
        match fs::read(self.path.join("bagit.txt")) {
            Ok(text) => {
                if let Some(fault) = tags::fault_of_declaration(&text) {
                    self.fault(b"bagit.txt", fault);
                }
            }
            Err(error) => self.fault(b"bagit.txt", system_text(&error)),
        }
    }

    /// The manifests whose names begin with `prefix`.
    fn manifests(&mut self, prefix: &str) -> Vec<Manifest> {
        let Ok(entries) = fs::read_dir(self.path) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix) && name.ends_with(".txt")).collect();
        names.sort();
        names.into_iter().filter_map(|name| self.manifest(name)).collect()
    }

    fn manifest(&mut self, file: String) -> Option<Manifest> {
        let Some(algorithm) = bagit::algorithm_of_name(file.as_bytes()) else {
            self.fault(file.as_bytes(), "uses an algorithm that hivesum does not support");
            return None;
        };
        let opened = fs::File::open(self.path.join(&file)).map(std::io::BufReader::new);
        let reader = match opened {
            Ok(reader) => reader,
            Err(error) => {
                self.fault(file.as_bytes(), system_text(&error));
                return None;
            }
        };
        let mut lines = Lines::new(reader, LineEnd::Newline, Limits::COMMAND_LINE);
        let mut manifest = Manifest { file, algorithm, entries: BTreeMap::new() };
        loop {
            match lines.advance() {
                Ok(None) => break,
                Ok(Some(number)) => {
                    if let Err(what) = manifest.add_line(lines.line()) {
                        self.fault(manifest.file.as_bytes(), format!("line {number} {what}"));
                    }
                }
                Err(error) => {
                    self.fault(manifest.file.as_bytes(), error.to_string());
                    break;
                }
            }
        }
        Some(manifest)
    }

    /// Compares the payload with its manifests, in both directions.
    fn payload(&mut self, scanner: Scanner<'_>, manifests: &[Manifest]) -> anyhow::Result<Oxum> {
        let mut oxum = Oxum { octets: 0, files: 0 };
        let data = match open_directory(self.path.join("data").as_os_str()) {
            Ok(data) => data,
            Err(error) => {
                self.fault(b"data", system_text(&error));
                return Ok(oxum);
            }
        };
        let algorithms = Algorithms::new(manifests.iter().map(|manifest| manifest.algorithm)).unwrap_or_default();
        let mut files = scanner.tree(data, algorithms)?;
        for one in &mut files {
            one.path.splice(0..0, bagit::PAYLOAD.iter().copied());
            match one.status {
                Status::Hashed(_) => {
                    oxum.octets += one.size;
                    oxum.files += 1;
                }
                status => self.fault(&one.path, reason(status).unwrap_or_default()),
            }
        }
        let hashed: BTreeMap<&[u8], &ScannedFile> = files
            .iter()
            .filter(|one| matches!(one.status, Status::Hashed(_)))
            .map(|one| (&one.path[..], one))
            .collect();
        for manifest in manifests {
            self.compare(manifest, &hashed, &algorithms);
        }
        Ok(oxum)
    }

    /// Checks that every listed file exists and matches, and that every existing file is listed.
    fn compare(&mut self, manifest: &Manifest, existing: &BTreeMap<&[u8], &ScannedFile>, algorithms: &Algorithms) {
        let index = algorithms.iter().position(|one| one == manifest.algorithm);
        let mut listed = BTreeSet::new();
        for (written, digest) in &manifest.entries {
            let mut name = Vec::new();
            bagit::decode_into(&mut name, written);
            let is_literal = !existing.contains_key(&name[..]) && existing.contains_key(&written[..]);
            if is_literal {
                let warning = format!("its name is not percent-encoded in {}", manifest.file);
                self.terminal.message_about(written, &warning);
                name.clone_from(written);
            }
            let Some(file) = existing.get(&name[..]) else {
                self.fault(&name, format!("is missing, but listed in {}", manifest.file));
                continue;
            };
            if index.and_then(|index| file.digests.get(index)) != Some(digest) {
                self.fault(&name, format!("does not match {}", manifest.file));
            }
            listed.insert(name);
        }
        for name in existing.keys().filter(|name| !listed.contains(**name)) {
            self.fault(name, format!("is not listed in {}", manifest.file));
        }
    }

    /// Checks that the tag files match the tag manifests.
    fn tag_files(&mut self, scanner: Scanner<'_>, manifests: &[Manifest]) -> anyhow::Result<()> {
        for manifest in manifests {
            let (written, digests): (Vec<_>, Vec<_>) = manifest.entries.iter().unzip();
            let names: Vec<Vec<u8>> = written.into_iter().map(|written| decoded(written)).collect();
            let algorithms = Algorithms::single(manifest.algorithm);
            let files = scanner.listed(self.bag.try_clone()?, &names, algorithms)?;
            for (file, digest) in files.iter().zip(digests) {
                match reason(file.status) {
                    Some(why) => self.fault(&file.path, why),
                    None if file.digests.first() == Some(digest) => {}
                    None => self.fault(&file.path, format!("does not match {}", manifest.file)),
                }
            }
        }
        Ok(())
    }

    fn oxum(&mut self, found: Oxum) {
        let Ok(info) = fs::read(self.path.join("bag-info.txt")) else { return };
        match tags::oxum_of(&info) {
            Ok(None) => {}
            Ok(Some(stated)) if stated == found => {}
            Ok(Some(stated)) => {
                let what = format!(
                    "says that the payload is {}.{}, but it is {}.{}",
                    stated.octets, stated.files, found.octets, found.files
                );
                self.fault(b"bag-info.txt", what);
            }
            Err(()) => self.fault(b"bag-info.txt", "has an invalid Payload-Oxum"),
        }
    }

    fn report(self, oxum: Oxum) -> anyhow::Result<ExitCode> {
        let mut out = String::new();
        for (name, what) in &self.faults {
            let name = if name.is_empty() { self.path.as_os_str().as_bytes() } else { name };
            out += &format!("{}: {what}\n", self.terminal.quoted(name));
        }
        out += &match self.faults.len() {
            0 => format!("valid: {} files, {} bytes\n", oxum.files, oxum.octets),
            1 => "not valid: 1 fault\n".to_owned(),
            many => format!("not valid: {many} faults\n"),
        };
        write_stdout(out.as_bytes())?;
        Ok(if self.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn decoded(written: &[u8]) -> Vec<u8> {
    let mut name = Vec::new();
    bagit::decode_into(&mut name, written);
    name
}

//! Checking a bag: its declaration, its manifests, its payload, both ways.
//!
//! Every payload file must be in every manifest once, everything listed must be there and match; tag files are
//! held against the tag manifests, and the payload's size and number against `Payload-Oxum`. Everything that
//! is wrong is told, not only the first.

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

use super::payload::{self, Seen};
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

Exit status: 0 the bag is valid; 1 it is not; 2 the command line is wrong.")]
pub(in crate::cli) struct CheckArgs {
    /// The bag.
    #[arg(value_name = "BAG")]
    bag: OsString,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Checks the bag.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::with_progress();
    let bag = open_directory(&args.bag).map_err(|error| path_error(&args.bag, &error))?;
    let mut check = Check { path: Path::new(&args.bag), bag, terminal: terminal.clone(), faults: Vec::new() };
    check.declaration();
    let manifests = check.manifests("manifest-");
    let tag_manifests = check.manifests("tagmanifest-");
    if manifests.is_empty() {
        check.fault(b"", "it has no payload manifest");
    }
    let algorithms = manifests.iter().chain(&tag_manifests).map(|manifest| manifest.algorithm);
    let algorithms = Algorithms::new(algorithms).unwrap_or_default();
    let engine = RunningEngine::start(args.engine, Some(algorithms))?;
    let oxum = check.payload(&engine, &manifests)?;
    check.tag_files(&engine, &tag_manifests)?;
    check.oxum(oxum);
    engine.join();
    terminal.finish_progress();
    check.report(oxum)
}

/// One manifest of a bag.
struct Manifest {
    file: String,
    algorithm: Algorithm,
    /// By the name as it is written.
    entries: BTreeMap<Vec<u8>, Digest>,
}

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

    /// The manifests whose names begin so.
    fn manifests(&mut self, prefix: &str) -> Vec<Manifest> {
        let Ok(entries) = fs::read_dir(self.path) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix) && name.ends_with(".txt")).collect();
        names.sort();
        names.into_iter().filter_map(|name| self.manifest(name)).collect()
    }

    fn manifest(&mut self, file: String) -> Option<Manifest> {
        let Some(algorithm) = bagit::algorithm_of_name(file.as_bytes()) else {
            self.fault(file.as_bytes(), "is of an algorithm that hivesum does not have");
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
        let mut entries = BTreeMap::new();
        let in_payload = file.starts_with("manifest-");
        loop {
            match lines.advance() {
                Ok(None) => break,
                Ok(Some(number)) => {
                    if let Err(what) = enter(&mut entries, lines.line(), algorithm, in_payload) {
                        self.fault(file.as_bytes(), format!("line {number} {what}"));
                    }
                }
                Err(error) => {
                    self.fault(file.as_bytes(), error.to_string());
                    break;
                }
            }
        }
        Some(Manifest { file, algorithm, entries })
    }

    /// Holds the payload against its manifests, both ways.
    fn payload(&mut self, engine: &RunningEngine, manifests: &[Manifest]) -> anyhow::Result<Oxum> {
        let mut oxum = Oxum { octets: 0, files: 0 };
        let data = match open_directory(self.path.join("data").as_os_str()) {
            Ok(data) => data,
            Err(error) => {
                self.fault(b"data", system_text(&error));
                return Ok(oxum);
            }
        };
        let algorithms = Algorithms::new(manifests.iter().map(|manifest| manifest.algorithm)).unwrap_or_default();
        let mut seen = payload::tree(engine, &self.terminal, data, algorithms)?;
        for one in &mut seen {
            one.path.splice(0..0, bagit::PAYLOAD.iter().copied());
            match one.status {
                Status::Hashed(_) => {
                    oxum.octets += one.size;
                    oxum.files += 1;
                }
                status => self.fault(&one.path, reason(status).unwrap_or_default()),
            }
        }
        let hashed: BTreeMap<&[u8], &Seen> =
            seen.iter().filter(|one| matches!(one.status, Status::Hashed(_))).map(|one| (&one.path[..], one)).collect();
        for manifest in manifests {
            self.hold(manifest, &hashed, &algorithms);
        }
        Ok(oxum)
    }

    /// Everything listed is there and matches, and everything that is there is listed.
    fn hold(&mut self, manifest: &Manifest, there: &BTreeMap<&[u8], &Seen>, algorithms: &Algorithms) {
        let index = algorithms.iter().position(|one| one == manifest.algorithm);
        let mut met = BTreeSet::new();
        for (written, digest) in &manifest.entries {
            let mut name = Vec::new();
            bagit::decode_into(&mut name, written);
            let literal = !there.contains_key(&name[..]) && there.contains_key(&written[..]);
            if literal {
                let warning = format!("{}: its name is not percent-encoded there", manifest.file);
                self.terminal.message_about(written, &warning);
                name.clone_from(written);
            }
            let Some(seen) = there.get(&name[..]) else {
                self.fault(&name, format!("is missing, {} lists it", manifest.file));
                continue;
            };
            if index.and_then(|index| seen.digests.get(index)) != Some(digest) {
                self.fault(&name, format!("is not what {} says", manifest.file));
            }
            met.insert(name);
        }
        for name in there.keys().filter(|name| !met.contains(**name)) {
            self.fault(name, format!("is not listed in {}", manifest.file));
        }
    }

    /// Holds tag files against the tag manifests: what is listed must match.
    fn tag_files(&mut self, engine: &RunningEngine, manifests: &[Manifest]) -> anyhow::Result<()> {
        for manifest in manifests {
            let (written, digests): (Vec<_>, Vec<_>) = manifest.entries.iter().unzip();
            let names: Vec<Vec<u8>> = written.into_iter().map(|written| decoded(written)).collect();
            let algorithms = Algorithms::single(manifest.algorithm);
            let seen = payload::listed(engine, &self.terminal, self.bag.try_clone()?, &names, algorithms)?;
            for (seen, digest) in seen.iter().zip(digests) {
                match reason(seen.status) {
                    Some(why) => self.fault(&seen.path, why),
                    None if seen.digests.first() == Some(digest) => {}
                    None => self.fault(&seen.path, format!("is not what {} says", manifest.file)),
                }
            }
        }
        Ok(())
    }

    fn oxum(&mut self, found: Oxum) {
        let Ok(info) = fs::read(self.path.join("bag-info.txt")) else { return };
        match tags::oxum_of(&info) {
            Ok(None) => {}
            Ok(Some(told)) if told == found => {}
            Ok(Some(told)) => {
                let what = format!(
                    "says {}.{} of the payload, which is {}.{}",
                    told.octets, told.files, found.octets, found.files
                );
                self.fault(b"bag-info.txt", what);
            }
            Err(()) => self.fault(b"bag-info.txt", "has a Payload-Oxum that is none"),
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

/// Enters one line; the error is what is wrong with it.
fn enter(
    entries: &mut BTreeMap<Vec<u8>, Digest>,
    line: Option<&[u8]>,
    algorithm: Algorithm,
    in_payload: bool,
) -> Result<(), &'static str> {
    let line = line.ok_or("is too long")?;
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let line = bagit::split_line(line, Some(algorithm)).ok_or("is no entry")?;
    let name = line.written.strip_prefix(b"./").unwrap_or(line.written);
    let climbs = name.split(|&byte| byte == b'/').any(|part| matches!(part, b".." | b"." | b""));
    if climbs || name.starts_with(b"~") {
        return Err("leads out of the bag");
    }
    if in_payload && !name.starts_with(bagit::PAYLOAD) {
        return Err("names a file that is not in data/");
    }
    let digest = Digest::new(algorithm, line.digest.as_bytes()).map_err(|_| "is no entry")?;
    match entries.insert(name.to_vec(), digest) {
        None => Ok(()),
        Some(_) => Err("names a file a second time"),
    }
}

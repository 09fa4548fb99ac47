//! A bag as its manifests describe it, compared with what is on disk now: what changed, and the tag files that an
//! update writes for it.
//!
//! What could not be written back, or could hide damage, is an error: faults in the lines of a manifest, versions and
//! encodings that are not written here, files that are still to be fetched.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::bagit;

use super::changes::{self, Changes};
use super::check::{algorithms_of, declaration};
use super::declaration::{Declaration, Version};
use super::directory::{BagDirectory, MAX_TAG_FILE_BYTES, in_words};
use super::encoding::Encoding;
use super::field::InfoField;
use super::info_file::{InfoFile, today};
use super::make::{refuse_names, refuse_special_files};
use super::manifest::{Lists, Manifest, Reading};
use super::payload::{Oxum, Payload};
use super::report::Report;
use super::scan::{ScannedFile, Scanner};
use super::tag_lists::{TagLists, push_line};
use crate::cli::engine::{EngineArgs, RunningEngine};
use crate::cli::error::system_text;
use crate::cli::terminal::Terminal;

/// The file with the metadata; the versions that called it otherwise are not updated.
const INFO_FILE: &str = "bag-info.txt";

/// What an update is to write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) fields: &'a [InfoField],
    pub(super) scope: Scope,
}

/// How much of a bag is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Everything,
    /// `bag-info.txt` and the tag manifests.
    InfoOnly,
}

/// The bag as it was before.
pub(super) struct OldBag<'a> {
    reading: Reading<'a>,
    path: &'a Path,
    manifests: Vec<Manifest>,
    tag_manifests: Vec<Manifest>,
    /// Without elements if there is no file.
    info: InfoFile,
}

/// What an update does.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) changes: Changes,
    /// The files to write, with their content; none if there is nothing to do.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// `None` if the payload was not read.
    pub(super) oxum: Option<Oxum>,
    /// Whether `bag-info.txt` says a size that hivesum does not compute.
    pub(super) has_bag_size: bool,
}

/// The payload as it is now.
struct NewPayload {
    changes: Changes,
    manifests: Vec<(String, Vec<u8>)>,
    oxum: Oxum,
}

impl<'a> OldBag<'a> {
    /// Reads the tag files. `names` are those in the base directory.
    pub(super) fn read(bag: &'a BagDirectory, path: &'a Path, names: &[Vec<u8>]) -> anyhow::Result<Self> {
        let mut report = Report::default();
        let declaration = declaration(bag, &mut report);
        refuse_obstacle(&report)?;
        refuse_version(&declaration)?;
        let reading = Reading { bag, version: declaration.version, encoding: declaration.encoding };
        let manifests = reading.manifests(names, Lists::Payload, &mut report);
        let tag_manifests = reading.manifests(names, Lists::TagFiles, &mut report);
        refuse_obstacle(&report)?;
        if manifests.is_empty() {
            bail!("the bag has no payload manifest");
        }
        let text = bag.read(INFO_FILE, MAX_TAG_FILE_BYTES).and_then(|text| InfoFile::read(&text.unwrap_or_default()));
        let info = text.map_err(|why| anyhow::anyhow!("{INFO_FILE}: {why}"))?;
        Ok(Self { reading, path, manifests, tag_manifests, info })
    }

    /// Reads the files of the bag and works out what is to be written.
    pub(super) fn compare(
        &self,
        wanted: Wanted<'_>,
        engine: EngineArgs,
        terminal: &Terminal,
    ) -> anyhow::Result<Update> {
        let engine =
            RunningEngine::start(engine, Some(algorithms_of(self.manifests.iter().chain(&self.tag_manifests))))?;
        let scanner = Scanner { engine: &engine, terminal };
        let tags_ns = self.written_ns(&self.tag_manifests)?;
        let added = self.missing_tag_manifests(wanted.scope);
        let mut tags = match added.is_empty() {
            true => TagLists::read(self.reading, scanner, &self.tag_manifests, tags_ns)?,
            false => TagLists::new(self.reading, scanner, &added, &self.tag_files())?,
        };
        let payload = match wanted.scope {
            Scope::Everything => {
                tags.add_unlisted(self.reading, scanner)?;
                Some(self.payload(scanner)?)
            }
            Scope::InfoOnly => None,
        };
        engine.join();
        let mut changes = std::mem::take(&mut tags.changes);
        let mut info = self.info.clone();
        info.set_all(wanted.fields);
        let oxum = payload.as_ref().map(|payload| payload.oxum);
        let mut files = Vec::new();
        if let Some(payload) = payload {
            let is_unlisted = |manifest: &Manifest| manifest.entries.len() as u64 != payload.oxum.files;
            let is_changed = payload.changes.count() > 0
                || self.manifests.iter().any(is_unlisted)
                || !info.agrees_with(payload.oxum);
            changes.extend(payload.changes);
            if is_changed {
                info.set_computed(payload.oxum, &today());
                files = payload.manifests;
            }
        }
        if info != self.info {
            files.push((INFO_FILE.to_owned(), info.text().into_bytes()));
        }
        if !files.is_empty() || changes.count() > 0 || !added.is_empty() {
            files.extend(tags.written(&files));
        }
        Ok(Update { changes, files, oxum, has_bag_size: info.has("Bag-Size") })
    }

    /// The tag manifests, without entries, that a bag gets which has none: nothing else protects its manifests and its
    /// metadata. Only once the manifests were compared with the payload.
    fn missing_tag_manifests(&self, scope: Scope) -> Vec<Manifest> {
        if !self.tag_manifests.is_empty() || scope == Scope::InfoOnly {
            return Vec::new();
        }
        let named = |manifest: &Manifest| {
            let (file, lists) = (format!("tag{}", manifest.file), Lists::TagFiles);
            Manifest { file, lists, algorithm: manifest.algorithm, entries: Vec::new() }
        };
        self.manifests.iter().map(named).collect()
    }

    /// The tag files that the standard knows.
    fn tag_files(&self) -> Vec<Vec<u8>> {
        let manifests = self.manifests.iter().map(|manifest| manifest.file.as_str());
        let names = [INFO_FILE, "fetch.txt"].into_iter().chain(manifests).chain(["bagit.txt"]);
        names.map(|name| name.as_bytes().to_vec()).collect()
    }

    fn payload(&self, scanner: Scanner<'_>) -> anyhow::Result<NewPayload> {
        let Reading { bag, version, .. } = self.reading;
        let algorithms = algorithms_of(&self.manifests);
        let data = bag.payload().map_err(|status| anyhow::anyhow!("data: {}", in_words(status)))?;
        let scanned = scanner.tree(data, algorithms)?;
        refuse_special_files(&scanned, bagit::PAYLOAD)?;
        refuse_names(&scanned, bagit::PAYLOAD)?;
        if let Version::Draft(_) = version {
            refuse_escapes(&scanned)?;
        }
        let payload = Payload::new(scanned, algorithms);
        self.refuse_unfetched(&payload)?;
        let changes = changes::of_payload(&payload, &self.manifests, version, self.written_ns(&self.manifests)?)?;
        let manifests = self.manifests.iter().map(|manifest| {
            let algorithm = manifest.algorithm.context("its algorithm is not known")?;
            Ok((manifest.file.clone(), manifest_of(&payload, algorithm, version)?))
        });
        Ok(NewPayload { changes, manifests: manifests.collect::<anyhow::Result<_>>()?, oxum: payload.oxum() })
    }

    fn refuse_unfetched(&self, payload: &Payload) -> anyhow::Result<()> {
        let mut report = Report::default();
        let to_fetch = self.reading.fetch(&mut report);
        refuse_obstacle(&report)?;
        let is_absent = |written: &[u8]| payload.find(written, self.reading.version).is_none();
        match to_fetch.iter().find(|one| is_absent(&one.written)) {
            Some(one) => bail!("fetch.txt: line {} names a file that is still to be fetched: fetch it first", one.line),
            None => Ok(()),
        }
    }

    /// When the last of these manifests was written, in nanoseconds since 1970.
    fn written_ns(&self, manifests: &[Manifest]) -> anyhow::Result<i128> {
        let mut last = i128::MIN;
        for Manifest { file, .. } in manifests {
            let meta = fs::symlink_metadata(self.path.join(file));
            let meta = meta.map_err(|error| anyhow::anyhow!("{file}: {}", system_text(&error)))?;
            last = last.max(i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()));
        }
        Ok(last)
    }
}

fn manifest_of(payload: &Payload, algorithm: Algorithm, version: Version) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    for name in payload.names() {
        let digest = payload.file(name).and_then(|file| payload.digest(file, algorithm));
        push_line(&mut text, name, digest.context("a digest is missing")?.as_bytes(), version);
    }
    Ok(text)
}

fn refuse_obstacle(report: &Report) -> anyhow::Result<()> {
    match report.first_obstacle() {
        Some((path, text)) => bail!("{}: {text}", String::from_utf8_lossy(path)),
        None => Ok(()),
    }
}

/// The versions and the encoding in which tag files are written.
fn refuse_version(declaration: &Declaration) -> anyhow::Result<()> {
    if declaration.version < Version::Draft(96) {
        bail!("bagit.txt: only bags of version 0.96, 0.97 and 1.0 can be updated");
    }
    if declaration.encoding != Encoding::Utf8 {
        bail!("bagit.txt: only bags whose tag files are in UTF-8 can be updated");
    }
    Ok(())
}

/// The drafts have no escape for `%`, so that some tools would decode such a name.
fn refuse_escapes(payload: &[ScannedFile]) -> anyhow::Result<()> {
    let has_escape = |file: &&ScannedFile| {
        file.path.windows(3).any(|part| matches!(part.to_ascii_uppercase().as_slice(), b"%0A" | b"%0D"))
    };
    match payload.iter().find(has_escape) {
        Some(file) => {
            let name = String::from_utf8_lossy(&file.path);
            bail!("{name}: a bag of this version cannot carry a name with %0A or %0D in it")
        }
        None => Ok(()),
    }
}

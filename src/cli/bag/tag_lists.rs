//! The tag manifests of a bag that is updated: what of their files changed, and how they are written anew.
//!
//! A tag manifest keeps its list, without what is gone and with the tag files that are new. Every file of it is read again: one that changed is a change
//! like one of the payload, except for payload manifests and the declaration, which nobody edits on purpose.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::bagit;
use hivesum_core::result::{ErrorCode, NameList, Status};
use hivesum_core::walk::{Filters, Inventory, Target, WalkSpec};

use super::changes::{Changes, Written};
use super::check::algorithms_of;
use super::declaration::Version;
use super::make::digest_of;
use super::manifest::{Manifest, Reading};
use super::scan::{ScannedFile, Scanner};
use super::staging::OWN_GLOB;
use crate::cli::error::reason;

/// The tag files that are listed, as they are on disk.
#[derive(Debug)]
pub(super) struct TagLists<'a> {
    manifests: &'a [Manifest],
    version: Version,
    algorithms: Algorithms,
    /// By the names of their files; without those that are gone.
    files: BTreeMap<Vec<u8>, ScannedFile>,
    /// The names that each manifest lists, in its order.
    names: Vec<Vec<Vec<u8>>>,
    pub(super) changes: Changes,
}

impl<'a> TagLists<'a> {
    /// Reads all files that the tag manifests list and compares them. The manifests were last written at
    /// `manifests_ns`.
    ///
    /// # Errors
    /// If a file cannot be read, or a payload manifest or the declaration changed.
    pub(super) fn read(
        reading: Reading<'_>,
        scanner: Scanner<'_>,
        manifests: &'a [Manifest],
        manifests_ns: i128,
    ) -> anyhow::Result<Self> {
        let algorithms = algorithms_of(manifests);
        let names_of =
            |manifest: &Manifest| manifest.entries.iter().map(|entry| reading.find_tag_file(entry).0).collect();
        let names: Vec<Vec<Vec<u8>>> = manifests.iter().map(names_of).collect();
        let all: Vec<Vec<u8>> = names.iter().flatten().collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let files = files_on_disk(reading, scanner, (&all, algorithms))?;
        let version = reading.version;
        let mut this = Self { manifests, version, algorithms, files, names, changes: Changes::default() };
        this.compare(manifests_ns)?;
        Ok(this)
    }

    /// For a bag that has no tag manifest: these, without entries, are to list those of `tag_files` that there are.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(super) fn new(
        reading: Reading<'_>,
        scanner: Scanner<'_>,
        manifests: &'a [Manifest],
        tag_files: &[Vec<u8>],
    ) -> anyhow::Result<Self> {
        let algorithms = algorithms_of(manifests);
        let files = files_on_disk(reading, scanner, (tag_files, algorithms))?;
        let names = vec![tag_files.to_vec(); manifests.len()];
        Ok(Self { manifests, version: reading.version, algorithms, files, names, changes: Changes::default() })
    }

    /// Adds the files beside the payload that no manifest lists: they are new.
    ///
    /// # Errors
    /// If one of them, or their directory, cannot be read, or if its name cannot be written.
    pub(super) fn add_unlisted(&mut self, reading: Reading<'_>, scanner: Scanner<'_>) -> anyhow::Result<()> {
        let listed: BTreeSet<&[u8]> = self.names.iter().flatten().map(Vec::as_slice).collect();
        // What stands for the payload is written anew anyway.
        let is_manifest = |name: &[u8]| !name.contains(&b'/') && bagit::word_of_name(name).is_some();
        let found = files_beside_payload(reading, scanner)?;
        let new = found.iter().filter(|name| !listed.contains(name) && !is_manifest(name));
        let new: Vec<Vec<u8>> = new.map(<[u8]>::to_vec).collect();
        let files = files_on_disk(reading, scanner, (&new, self.algorithms))?;
        for name in files.keys() {
            if std::str::from_utf8(name).is_err() {
                bail!("{}: cannot be in a bag: its name is not UTF-8", String::from_utf8_lossy(name));
            }
            self.names.iter_mut().for_each(|names| names.push(name.clone()));
            self.changes.new.push(name.clone());
        }
        self.files.extend(files);
        Ok(())
    }

    fn compare(&mut self, manifests_ns: i128) -> anyhow::Result<()> {
        let mut changed = BTreeSet::new();
        for (manifest, names) in self.manifests.iter().zip(&self.names) {
            for (entry, name) in manifest.entries.iter().zip(names) {
                let digest = self.files.get(name).and_then(|file| self.digest(file, manifest));
                if digest.is_none_or(|digest| digest != &*entry.digest) {
                    let must_stay = name.starts_with(b"manifest-") || name == b"bagit.txt";
                    if must_stay {
                        let (name, list) = (String::from_utf8_lossy(name), &manifest.file);
                        bail!("{name}: does not match {list}: it is damaged or was edited, and cannot be relied on");
                    }
                    changed.insert(name.clone());
                }
            }
        }
        for name in changed {
            match self.files.get(&name) {
                None => self.changes.removed.push(name),
                Some(file) => self.changes.add_modified(name, Written::of(file.mtime_ns, manifests_ns)),
            }
        }
        Ok(())
    }

    fn digest<'b>(&self, file: &'b ScannedFile, manifest: &Manifest) -> Option<&'b [u8]> {
        let place = self.algorithms.iter().position(|algorithm| Some(algorithm) == manifest.algorithm)?;
        file.digests.get(place).map(|digest| digest.as_bytes())
    }

    /// The tag manifests, for these files written anew. Those that were not listed yet are added.
    pub(super) fn written(&self, anew: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
        let lists = self.manifests.iter().zip(&self.names);
        lists.map(|(manifest, names)| (manifest.file.clone(), self.list(manifest, names, anew))).collect()
    }

    fn list(&self, manifest: &Manifest, names: &[Vec<u8>], anew: &[(String, Vec<u8>)]) -> Vec<u8> {
        let listed: BTreeSet<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let added = anew.iter().map(|(name, _)| name.as_bytes()).filter(|name| !listed.contains(name));
        let mut text = Vec::new();
        // Listed once. The drafts let a tag manifest list another one, which is written anew beside it: it is left out.
        let mut seen: BTreeSet<&[u8]> = names.iter().map(Vec::as_slice).filter(|name| is_tag_manifest(name)).collect();
        for name in names.iter().map(Vec::as_slice).chain(added).filter(|name| seen.insert(*name)) {
            let rewritten = anew.iter().find(|(one, _)| one.as_bytes() == name);
            let digest = match rewritten.zip(manifest.algorithm) {
                Some(((_, content), algorithm)) => Some(digest_of(content, algorithm)),
                None => self.files.get(name).and_then(|file| self.digest(file, manifest)).map(<[u8]>::to_vec),
            };
            if let Some(digest) = digest {
                push_line(&mut text, name, &digest, self.version);
            }
        }
        text
    }
}

/// The regular files of the bag that are not in `data/`.
fn files_beside_payload(reading: Reading<'_>, scanner: Scanner<'_>) -> anyhow::Result<NameList> {
    let target = Target::Directory { dir: reading.bag.fd()?, shown: Vec::new() };
    let found = Inventory::of_walk(WalkSpec {
        filters: Filters::new(&[], &["/data", OWN_GLOB].map(str::to_owned))?,
        timeout: scanner.engine.args.read_timeout(),
        ..WalkSpec::new(vec![target])
    });
    match found.unreadable.iter().next() {
        Some(path) => bail!("{}: cannot be looked at", String::from_utf8_lossy(path)),
        None => Ok(found.names),
    }
}

/// The files of these names, without those that are gone.
fn files_on_disk(
    reading: Reading<'_>,
    scanner: Scanner<'_>,
    (names, algorithms): (&[Vec<u8>], Algorithms),
) -> anyhow::Result<BTreeMap<Vec<u8>, ScannedFile>> {
    let mut files = BTreeMap::new();
    for file in scanner.listed(reading.bag.fd()?, names, algorithms)? {
        match (file.status, reason(file.status)) {
            (Status::Error { code: ErrorCode::NotFound, .. }, _) => {}
            (_, Some(why)) => bail!("{}: {why}", String::from_utf8_lossy(&file.path)),
            (_, None) => {
                files.insert(file.path.clone(), file);
            }
        }
    }
    Ok(files)
}

fn is_tag_manifest(name: &[u8]) -> bool {
    name.starts_with(b"tagmanifest-") && bagit::word_of_name(name).is_some()
}

/// Appends a line of a manifest. The drafts did not encode `%`.
pub(super) fn push_line(text: &mut Vec<u8>, name: &[u8], digest: &[u8], version: Version) {
    text.extend_from_slice(hex::encode(digest).as_bytes());
    text.extend_from_slice(b"  ");
    match version {
        Version::V1 => bagit::encode_into(text, name),
        Version::Draft(_) => {
            for &byte in name {
                match byte {
                    b'\n' => text.extend_from_slice(b"%0A"),
                    b'\r' => text.extend_from_slice(b"%0D"),
                    byte => text.push(byte),
                }
            }
        }
    }
    text.push(b'\n');
}

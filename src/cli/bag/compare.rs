//! Compares the payload with the manifests and `fetch.txt`, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use super::declaration::Version;
use super::fetch::{FETCH_FILE, ToFetch, fault_of_unlisted};
use super::manifest::{Entry, Manifest};
use super::names::readings;
use super::payload::{Found, Payload};
use super::report::Report;

/// What other tools do with a name in another form.
const OTHER_FORM: &str = "differs from the name on disk in its Unicode normalisation form alone";

/// One comparison of a payload with its manifests.
pub(super) struct PayloadCheck<'a> {
    pub(super) version: Version,
    pub(super) payload: &'a Payload,
    pub(super) to_fetch: &'a [ToFetch],
    pub(super) report: &'a mut Report,
}

/// The names that one manifest lists: as on disk, or else as it means them.
#[derive(Debug, Default)]
pub(super) struct Compared {
    listed: BTreeSet<Vec<u8>>,
}

/// The files that a manifest has listed so far.
#[derive(Debug)]
pub(super) struct Listed<'a> {
    manifest: &'a Manifest,
    version: Version,
    digests: BTreeMap<Vec<u8>, &'a [u8]>,
}

impl<'a> Listed<'a> {
    pub(super) fn new(manifest: &'a Manifest, version: Version) -> Self {
        Self { manifest, version, digests: BTreeMap::new() }
    }

    /// Adds an entry for the file of this name. RFC 8493 wants every file once; its drafts did not.
    pub(super) fn add(&mut self, name: Vec<u8>, entry: &'a Entry, report: &mut Report) {
        let file = self.manifest.file.as_bytes();
        match self.digests.insert(name, &entry.digest) {
            None => {}
            Some(before) if self.version != Version::V1 && *before == *entry.digest => {
                report.warning(file, format!("line {} lists a file a second time, with the same digest", entry.line));
            }
            Some(_) => report.fault(file, format!("line {} names a file that is listed already", entry.line)),
        }
    }

    pub(super) fn into_names(self) -> BTreeSet<Vec<u8>> {
        self.digests.into_keys().collect()
    }
}

impl PayloadCheck<'_> {
    /// Checks that every file that the manifest lists exists and matches.
    pub(super) fn compare(&mut self, manifest: &Manifest) -> Compared {
        let mut listed = Listed::new(manifest, self.version);
        let to_fetch = self.names_to_fetch();
        for entry in &manifest.entries {
            let name = match self.payload.find(&entry.written, self.version) {
                Some((name, found)) => {
                    self.warn_of(&name, entry, found, manifest);
                    self.matches(&name, entry, manifest);
                    name
                }
                None => {
                    let [name, _] = readings(&entry.written, self.version);
                    if !to_fetch.contains(&*name) {
                        self.missing(&name, manifest);
                    }
                    name.into_owned()
                }
            };
            listed.add(name, entry, self.report);
        }
        Compared { listed: listed.into_names() }
    }

    fn names_to_fetch(&self) -> BTreeSet<Vec<u8>> {
        self.to_fetch.iter().map(|one| self.name_of(one)).collect()
    }

    /// The name of a file of `fetch.txt`: as on disk, or else as it means it.
    fn name_of(&self, one: &ToFetch) -> Vec<u8> {
        match self.payload.find(&one.written, self.version) {
            Some((name, _)) => name,
            None => readings(&one.written, self.version)[0].to_vec(),
        }
    }

    fn warn_of(&mut self, name: &[u8], entry: &Entry, found: Found, manifest: &Manifest) {
        let file = &manifest.file;
        match found {
            Found::Exactly => {}
            Found::NotEncoded => self.report.warning(name, format!("its name is not percent-encoded in {file}")),
            Found::InOtherForm => self.report.warning(name, other_form(&entry.written, file)),
        }
    }

    fn matches(&mut self, name: &[u8], entry: &Entry, manifest: &Manifest) {
        let Some((file, algorithm)) = self.payload.file(name).zip(manifest.algorithm) else { return };
        if self.payload.digest(file, algorithm).is_none_or(|digest| digest.as_bytes() != &*entry.digest) {
            self.report.fault(name, format!("does not match {}", manifest.file));
        }
    }

    fn missing(&mut self, name: &[u8], manifest: &Manifest) {
        let what = match self.payload.hidden_by(name) {
            Some(directory) => format!("is unreadable, because {} is", String::from_utf8_lossy(directory)),
            None if self.payload.is_directory(name) => "is a directory".to_owned(),
            None => "is missing".to_owned(),
        };
        self.report.fault(name, format!("{what}, but listed in {}", manifest.file));
    }

    /// Checks that every file is listed: in RFC 8493 by every manifest, in its drafts by one.
    pub(super) fn completeness(&mut self, manifests: &[Manifest], compared: &[Compared]) {
        if manifests.is_empty() {
            return;
        }
        for name in self.payload.names() {
            let lacking = || manifests.iter().zip(compared).filter(|(_, compared)| !compared.listed.contains(name));
            match self.version {
                Version::V1 => {
                    for (manifest, _) in lacking() {
                        self.report.fault(name, format!("is not listed in {}", manifest.file));
                    }
                }
                Version::Draft(_) if lacking().count() == manifests.len() => {
                    self.report.fault(name, "is not listed in any manifest");
                }
                Version::Draft(_) => {}
            }
        }
    }

    /// Checks that every entry of `fetch.txt` is a listed file, and that it was fetched.
    pub(super) fn fetch(&mut self, compared: &[Compared]) {
        for one in self.to_fetch {
            let name = self.name_of(one);
            let is_in = |compared: &Compared| compared.listed.contains(&name);
            let is_listed = match self.version {
                Version::V1 => compared.iter().all(is_in),
                Version::Draft(_) => compared.iter().any(is_in),
            };
            if !is_listed {
                let what = format!("line {} {}", one.line, fault_of_unlisted(self.version));
                self.report.fault(FETCH_FILE.as_bytes(), what);
            }
            match (self.payload.file(&name), one.length) {
                (Some(file), Some(length)) if file.size != length => {
                    let what = format!("has {} bytes, but {length} by line {} of fetch.txt", file.size, one.line);
                    self.report.warning(&name, what);
                }
                (Some(_), _) => {}
                (None, _) if self.payload.unreadable().contains_key(&name) => {}
                (None, _) if self.payload.hidden_by(&name).is_some() => {}
                (None, _) => {
                    self.report.fault(&name, format!("is missing: it is still to be fetched from {}", one.url))
                }
            }
        }
    }
}

/// bagit.py compares the names in NFC, but then opens what the manifest has, unless it is in NFC itself.
pub(super) fn other_form(written: &[u8], file: &str) -> String {
    let is_nfc = std::str::from_utf8(written).is_ok_and(unicode_normalization::is_nfc);
    match is_nfc {
        true => format!("its name in {file} {OTHER_FORM}: some tools call the bag invalid"),
        false => format!("its name in {file} {OTHER_FORM}: bagit.py 1.9 calls the bag invalid"),
    }
}

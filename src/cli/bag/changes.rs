//! What was changed in a bag since its manifests were written: files that are new, removed or modified.
//!
//! A bag records no times, but its manifests have one of their own. A file with other content that was last written
//! before its manifest was may have rotted, or was copied here with an older time: which of them, nobody can tell from
//! the bag. A manifest that contradicts another one is damaged, and tells no change.

use std::collections::BTreeMap;

use anyhow::bail;

use super::declaration::Version;
use super::manifest::Manifest;
use super::names::readings;
use super::payload::Payload;
use crate::cli::terminal::Terminal;

/// The files that changed, by kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) new: Vec<Vec<u8>>,
    pub(super) removed: Vec<Vec<u8>>,
    pub(super) modified: Vec<Vec<u8>>,
    /// Modified, though they were last written before their manifest was.
    pub(super) suspected_rot: Vec<Vec<u8>>,
    pub(super) unchanged: u64,
}

/// When a file was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    AfterManifest,
    BeforeManifest,
}

impl Written {
    /// From two modification times in nanoseconds since 1970.
    pub(super) fn of(file: i128, manifest: i128) -> Self {
        if file > manifest { Self::AfterManifest } else { Self::BeforeManifest }
    }
}

impl Changes {
    /// Adds a file whose content changed.
    pub(super) fn add_modified(&mut self, name: Vec<u8>, written: Written) {
        match written {
            Written::AfterManifest => self.modified.push(name),
            Written::BeforeManifest => self.suspected_rot.push(name),
        }
    }

    /// Adds all changes of another part of the bag.
    pub(super) fn extend(&mut self, other: Self) {
        self.new.extend(other.new);
        self.removed.extend(other.removed);
        self.modified.extend(other.modified);
        self.suspected_rot.extend(other.suspected_rot);
        self.unchanged += other.unchanged;
    }

    /// How many files are not as they were.
    pub(super) fn count(&self) -> usize {
        [&self.new, &self.removed, &self.modified, &self.suspected_rot].map(Vec::len).iter().sum()
    }

    /// A line for each change.
    pub(super) fn lines(&self, terminal: &Terminal) -> String {
        let kinds = [
            ("new", &self.new, ""),
            ("removed", &self.removed, ""),
            ("modified", &self.modified, ""),
            ("suspected_rot", &self.suspected_rot, ": content changed, but last written before the manifest was"),
        ];
        let lines = kinds.into_iter().flat_map(|(kind, names, more)| {
            names.iter().map(move |name| format!("{kind}: {}{more}\n", terminal.quoted(name)))
        });
        lines.collect()
    }

    /// `1 new, 0 removed, 2 modified, 0 suspected rot, 7 unchanged`
    pub(super) fn counts(&self) -> String {
        format!(
            "{} new, {} removed, {} modified, {} suspected rot, {} unchanged",
            self.new.len(),
            self.removed.len(),
            self.modified.len(),
            self.suspected_rot.len(),
            self.unchanged,
        )
    }
}

/// How many manifests agree with a file.
#[derive(Debug, Default)]
struct Agreement<'a> {
    with: Option<&'a Manifest>,
    against: Option<&'a Manifest>,
}

/// Compares the payload with its manifests, which were last written at `manifests_ns`.
///
/// # Errors
/// If two manifests contradict each other about a file.
pub(super) fn of_payload(
    payload: &Payload,
    manifests: &[Manifest],
    version: Version,
    manifests_ns: i128,
) -> anyhow::Result<Changes> {
    let mut listed: BTreeMap<Vec<u8>, Agreement<'_>> = BTreeMap::new();
    let mut changes = Changes::default();
    for manifest in manifests {
        for entry in &manifest.entries {
            let Some((name, _)) = payload.find(&entry.written, version) else {
                let [name, _] = readings(&entry.written, version);
                listed.entry(name.into_owned()).or_default();
                continue;
            };
            let file = payload.file(&name).zip(manifest.algorithm);
            let digest = file.and_then(|(file, algorithm)| payload.digest(file, algorithm));
            let agreement = listed.entry(name).or_default();
            match digest.is_some_and(|digest| digest.as_bytes() == &*entry.digest) {
                true => agreement.with = Some(manifest),
                false => agreement.against = Some(manifest),
            }
        }
    }
    for name in payload.names().filter(|name| !listed.contains_key(*name)) {
        changes.new.push(name.to_vec());
    }
    for (name, agreement) in listed {
        match (agreement.with, agreement.against, payload.file(&name)) {
            (Some(with), Some(against), _) => {
                let (with, against) = (&with.file, &against.file);
                let name = String::from_utf8_lossy(&name);
                bail!("{name}: matches {with}, but not {against}: one of them is damaged, and nothing was changed");
            }
            (None, Some(_), Some(file)) => changes.add_modified(name, Written::of(file.mtime_ns, manifests_ns)),
            (Some(_), None, _) => changes.unchanged += 1,
            (None, _, _) => changes.removed.push(name),
        }
    }
    Ok(changes)
}

//! Compares the tag files with the tag manifests (RFC 8493 section 2.2.1).

use std::collections::BTreeSet;

use hivesum_core::digest::Algorithms;

use super::compare::{Listed, other_form};
use super::declaration::Version;
use super::manifest::{Entry, Lists, Manifest, Reading};
use super::names::readings;
use super::payload::Found;
use super::report::Report;
use super::scan::Scanner;
use crate::cli::error::reason;

/// Checks every tag manifest. `manifests` are those of the payload and those of the tag files.
pub(super) fn check_tag_files(
    reading: Reading<'_>,
    scanner: Scanner<'_>,
    [payload, tags]: [&[Manifest]; 2],
    report: &mut Report,
) -> anyhow::Result<()> {
    for manifest in tags {
        let mut listed = Listed::new(manifest, reading.version);
        let mut names = Vec::with_capacity(manifest.entries.len());
        for entry in &manifest.entries {
            let (name, found) = reading.find_tag_file(entry);
            match found {
                Found::Exactly => {}
                Found::NotEncoded => {
                    report.warning(&name, format!("its name is not percent-encoded in {}", manifest.file));
                }
                Found::InOtherForm => report.warning(&name, other_form(&entry.written, &manifest.file)),
            }
            names.push(name.clone());
            listed.add(name, entry, report);
        }
        if reading.version == Version::V1 {
            check_list(manifest, &listed.into_names(), payload, report);
        }
        check_digests(reading, scanner, (manifest, &names), report)?;
    }
    Ok(())
}

/// A tag manifest of RFC 8493 lists every payload manifest and no tag manifest.
fn check_list(manifest: &Manifest, listed: &BTreeSet<Vec<u8>>, payload: &[Manifest], report: &mut Report) {
    let file = manifest.file.as_bytes();
    for unlisted in payload.iter().filter(|one| !listed.contains(one.file.as_bytes())) {
        report.fault(file, format!("does not list {}", unlisted.file));
    }
    let is_tag_manifest = |name: &&Vec<u8>| {
        name.starts_with(b"tagmanifest-") && hivesum_core::manifest::bagit::word_of_name(name).is_some()
    };
    for name in listed.iter().filter(is_tag_manifest) {
        report.fault(file, format!("lists {}: a tag manifest lists none", String::from_utf8_lossy(name)));
    }
}

fn check_digests(
    reading: Reading<'_>,
    scanner: Scanner<'_>,
    (manifest, names): (&Manifest, &[Vec<u8>]),
    report: &mut Report,
) -> anyhow::Result<()> {
    debug_assert_eq!(manifest.lists, Lists::TagFiles);
    let algorithms = manifest.algorithm.map_or_else(Algorithms::default, Algorithms::single);
    let files = scanner.listed(reading.bag.fd()?, names, algorithms)?;
    for (file, entry) in files.iter().zip(&manifest.entries) {
        let matches = || file.digests.first().is_some_and(|digest| digest.as_bytes() == &*entry.digest);
        match reason(file.status) {
            Some(why) => report.fault(&file.path, why),
            None if manifest.algorithm.is_none() || matches() => {}
            None => report.fault(&file.path, format!("does not match {}", manifest.file)),
        }
    }
    Ok(())
}

impl Reading<'_> {
    /// The file that an entry means. If there is none, the name as the standard reads it.
    pub(super) fn find_tag_file(self, entry: &Entry) -> (Vec<u8>, Found) {
        let readings = readings(&entry.written, self.version);
        if let Some(index) = readings.iter().position(|name| self.bag.has(name)) {
            let encoded = index == 0 || self.version != Version::V1;
            return (readings[index].to_vec(), if encoded { Found::Exactly } else { Found::NotEncoded });
        }
        // The `*` was part of the name.
        let starred = [b"*", &*readings[0]].concat();
        if entry.marked && self.bag.has(&starred) {
            return (starred, Found::Exactly);
        }
        match readings.iter().find_map(|name| self.bag.in_other_form(name)) {
            Some(name) => (name, Found::InOtherForm),
            None => (readings[0].to_vec(), Found::Exactly),
        }
    }
}

//! What all generations of a history say together.
//!
//! The first digest of each algorithm of a file is its claim, as for the reference implementation: later ones only say
//! that it was verified, or failed. A renamed file keeps its claims under its new name. Files below a folder with a
//! history of its own belong to that history.

use std::collections::BTreeMap;

use super::{FOLDER, Generation};
use crate::manifest::entry::Claimed;
use crate::manifest::record::Record;

/// The files of a history, by their names. `generations` is in the order of the chain.
#[must_use]
pub fn files(generations: &[Generation]) -> Vec<Record> {
    let mut files: BTreeMap<&[u8], Record> = BTreeMap::new();
    for file in generations.iter().flat_map(|generation| &generation.files) {
        let name = &file.record.name[..];
        let before = file.previous.as_deref().and_then(|previous| files.remove(previous));
        let known = files.entry(name).or_insert_with(|| first(before, &file.record));
        for claim in &file.record.digests {
            if !known.digests.iter().any(|one| one.tag() == claim.tag()) {
                known.digests.push(*claim);
            }
        }
    }
    let nested: Vec<Vec<u8>> = generations.last().map(nested).unwrap_or_default();
    let is_nested = |name: &[u8]| nested.iter().any(|folder| is_below(name, folder));
    files.into_values().filter(|record| !is_nested(&record.name)).collect()
}

/// A file that was not known under this name.
fn first(before: Option<Record>, now: &Record) -> Record {
    let digests: Vec<Claimed> = before.as_ref().map_or(Vec::new(), |before| before.digests.clone());
    let failed_at_once = digests.is_empty() && now.digests.is_empty();
    // Size and time of a file whose digests failed are not those of the file that is claimed.
    let (size, modified_at) = if failed_at_once { (None, None) } else { (now.size, now.modified_at) };
    Record { name: now.name.clone(), size, modified_at, digests, ..Record::default() }
}

/// The folders below with a history of their own.
#[must_use]
pub fn nested(generation: &Generation) -> Vec<Vec<u8>> {
    let suffix = format!("/{FOLDER}");
    let folder = |path: &[u8]| {
        let at = path.iter().rposition(|&byte| byte == b'/')?;
        path[..at].strip_suffix(suffix.as_bytes()).map(<[u8]>::to_vec)
    };
    let mut folders: Vec<_> = generation.references.iter().filter_map(|reference| folder(&reference.path)).collect();
    folders.sort();
    folders.dedup();
    folders
}

fn is_below(name: &[u8], folder: &[u8]) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::super::{Reference, read_generation};
    use super::*;
    use crate::digest::Algorithm;

    /// ascmhl 1.2: a folder, and the same after `a.mov` was damaged and `b.mov` was renamed.
    fn generations() -> [Generation; 2] {
        [include_str!("samples/first_generation.mhl"), include_str!("samples/second_generation.mhl")]
            .map(|text| read_generation(text.as_bytes()).unwrap())
    }

    fn names(records: &[Record]) -> Vec<String> {
        records.iter().map(|record| String::from_utf8_lossy(&record.name).into_owned()).collect()
    }

    #[test]
    fn a_damaged_file_keeps_its_first_digest_and_a_renamed_one_its_claims() {
        let generations = generations();
        let records = files(&generations);
        assert_eq!(names(&records), ["Clips/A/a.mov", "Clips/c.mov", "S & \"q\".txt", "nothing.txt"]);
        // printf 'hello\n' | md5sum
        let damaged = records[0].digest_of(Algorithm::Md5).unwrap();
        assert_eq!(hex::encode(damaged.as_bytes()), "b1946ac92492d2347c6235b4d2611184");
        assert_eq!(records[1].digests.len(), 3, "c4, md5 and xxh128 of the first generation");
        assert_eq!(generations[1].files[0].record.digests, [], "a failed digest is no claim");
    }

    #[test]
    fn files_of_a_nested_history_are_left_to_it() {
        let mut generations = generations();
        let path = b"Clips/A/ascmhl/0001_A.mhl".to_vec();
        generations[1].references.push(Reference { path, sha512: None });
        assert_eq!(nested(&generations[1]), [b"Clips/A"]);
        assert_eq!(names(&files(&generations)), ["Clips/c.mov", "S & \"q\".txt", "nothing.txt"]);
    }

    #[test]
    fn a_file_that_only_failed_has_no_claims() {
        let [_, second] = generations();
        let records = files(&[second]);
        assert_eq!((records[0].digests.len(), records[0].size), (0, None));
        assert_eq!(files(&[]), []);
    }
}

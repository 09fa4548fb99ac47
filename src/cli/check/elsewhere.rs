//! What was meant by a manifest whose files are nearly all missing where they were looked for, or that has no entry: where
//! they are, or that the file is no manifest but the download itself.
//!
//! A few names are looked up in a few directories, and the beginning of a regular file is read. No verdict depends on it:
//! it is a hint.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::cli::quote::quoted;

/// Names that are looked up in each directory.
const SAMPLES: usize = 8;

/// The fewest missing entries that are worth a hint where no directory is found. Fewer may just be missing, and then
/// nothing is printed but what `sha256sum --check` prints.
const FEWEST: u64 = 10;

/// How much of a file is read to tell whether it is text.
const BEGINNING_BYTES: u64 = 8 << 10;

/// How many directories are taken off a name at most.
const DEEPEST: usize = 16;

/// How many entries of a directory are looked at.
const MOST_BELOW: usize = 256;

/// The missing entries of one manifest.
#[derive(Debug, Default)]
pub(super) struct MissingEntries {
    count: u64,
    /// The first names, as the manifest has them.
    first: Vec<Vec<u8>>,
}

impl MissingEntries {
    /// Adds an entry.
    pub(super) fn add(&mut self, name: &[u8]) {
        self.count += 1;
        if self.first.len() < SAMPLES && !name.is_empty() && !name.starts_with(b"/") {
            self.first.push(name.to_vec());
        }
    }

    /// What to say of a manifest at this path with so many entries. `None` unless at least nine of ten are missing, and
    /// for a manifest of absolute names alone. A manifest without an entry may be no manifest at all.
    pub(super) fn told(&self, manifest: &OsStr, entries: u64) -> Option<String> {
        if entries == 0 {
            return is_binary(Path::new(manifest)).then(|| {
                format!(
                    "it is no checksum file: to check it against a digest, hivesum check {} --expect DIGEST",
                    quoted(manifest)
                )
            });
        }
        if self.first.is_empty() || self.count.saturating_mul(10) < entries.saturating_mul(9) {
            return None;
        }
        let missing = match (self.count == entries, self.count) {
            (true, 1) => "the file is missing".to_owned(),
            (true, count) => format!("all {count} files are missing"),
            (false, count) => format!("{count} of {entries} files are missing"),
        };
        if let Some(prefix) = self.prefix_too_many() {
            let prefix = quoted(OsStr::from_bytes(prefix));
            return Some(format!(
                "{missing}, but without {prefix} the names are of files here: --strip-prefix {prefix}"
            ));
        }
        let found = directories(manifest).into_iter().find(|directory| self.are_in(directory));
        match found {
            Some(directory) => {
                let directory = quoted(directory.as_os_str());
                Some(format!(
                    "{missing} here, but in {directory} there are files of these names: --relative-to {directory}"
                ))
            }
            None if self.count < FEWEST => None,
            None if self.count < entries => {
                Some(format!("{missing}: --ignore-missing checks only those that are there"))
            }
            None => Some(format!(
                "{missing}: the names may be relative to another directory, see --relative-to and --strip-prefix"
            )),
        }
    }

    /// The shortest beginning without which most of the first names are of files here. It has no `/` at its end.
    fn prefix_too_many(&self) -> Option<&[u8]> {
        let first = self.first.first()?;
        let ends = (1..first.len()).filter(|&at| first[at] == b'/').take(DEEPEST);
        let is_here = |name: &[u8]| Path::new(OsStr::from_bytes(name)).symlink_metadata().is_ok();
        ends.map(|end| &first[..end]).find(|prefix| {
            let rests = self.first.iter().filter_map(|name| name.strip_prefix(*prefix)?.strip_prefix(b"/"));
            2 * rests.filter(|rest| !rest.starts_with(b"/") && is_here(rest)).count() > self.first.len()
        })
    }

    /// Whether most of the first names are there.
    fn are_in(&self, directory: &Path) -> bool {
        let is_there = |name: &&Vec<u8>| directory.join(OsStr::from_bytes(name)).symlink_metadata().is_ok();
        2 * self.first.iter().filter(is_there).count() > self.first.len()
    }
}

/// Whether the beginning of a regular file has a NUL, as text never has.
fn is_binary(path: &Path) -> bool {
    let mut beginning = Vec::new();
    // Others may block when they are opened.
    let is_regular = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let mut read = || File::open(path)?.take(BEGINNING_BYTES).read_to_end(&mut beginning);
    is_regular && read().is_ok() && beginning.contains(&0)
}

/// The directory of the manifest and the one above it, the current directory and the one above it, and those in the
/// directory of the manifest, in byte order.
fn directories(manifest: &OsStr) -> Vec<PathBuf> {
    let own = match Path::new(manifest).parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    };
    let (here, above_here) = (PathBuf::from("."), PathBuf::from(".."));
    let above = if own == here { above_here.clone() } else { own.join("..") };
    let below = below(&own);
    [own, above, here, above_here].into_iter().chain(below).collect()
}

/// The directories in this one, of the first [`MOST_BELOW`] entries.
fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().take(MOST_BELOW).flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut below: Vec<_> = directories.map(|entry| directory.join(entry.file_name())).collect();
    below.sort_unstable();
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that no directory around that of the tests has.
    const NOWHERE: &str = "no file of this name 5e1f";
    const ABOVE: &str = "above the manifest 5e1f";

    fn missing(names: &[&str]) -> MissingEntries {
        let mut missing = MissingEntries::default();
        names.iter().for_each(|name| missing.add(name.as_bytes()));
        missing
    }

    #[test]
    fn a_hint_is_given_where_nearly_all_files_are_missing() {
        let hint = "the names may be relative to another directory, see --relative-to and --strip-prefix";
        let all = missing(&[NOWHERE; 10]);
        assert_eq!(all.told("/nowhere/sums".as_ref(), 10), Some(format!("all 10 files are missing: {hint}")));
        assert_eq!(all.told("/nowhere/sums".as_ref(), 12), None);
        let ten = missing(&[NOWHERE; 18]);
        assert_eq!(
            ten.told("/nowhere/sums".as_ref(), 20),
            Some("18 of 20 files are missing: --ignore-missing checks only those that are there".to_owned())
        );
        assert_eq!(ten.first.len(), SAMPLES, "the memory for names is bounded");
        assert_eq!(missing(&[NOWHERE; 9]).told("/nowhere/sums".as_ref(), 9), None);
        assert_eq!(missing(&["/a"; 10]).told("/nowhere/sums".as_ref(), 10), None);
        assert_eq!(missing(&[]).told("/nowhere/sums".as_ref(), 0), None);
    }

    #[test]
    fn a_directory_that_the_names_begin_with_and_that_is_not_here_is_named() {
        // Tests run in the directory of the package.
        let told = missing(&["5e1f/out/src/main.rs"; 3]).told("/nowhere/sums".as_ref(), 3);
        let hint = "all 3 files are missing, but without 5e1f/out the names are of files here: --strip-prefix 5e1f/out";
        assert_eq!(told, Some(hint.to_owned()));
        let deep = "5e1f/".repeat(DEEPEST + 1) + "src/main.rs";
        assert_eq!(missing(&[&deep]).told("/nowhere/sums".as_ref(), 1), None, "the depth is bounded");
    }

    #[test]
    fn the_directory_with_most_of_the_files_is_named() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("sums")).unwrap();
        std::fs::write(tree.path().join(ABOVE), "").unwrap();
        let manifest = tree.path().join("sums/SHA256SUMS");
        let told = |names: &[&str]| missing(names).told(manifest.as_os_str(), names.len() as u64).unwrap();
        let above = tree.path().join("sums/..");
        assert!(told(&[ABOVE]).ends_with(&format!("--relative-to {}", above.display())), "{}", told(&[ABOVE]));
        std::fs::create_dir(tree.path().join("sums/files")).unwrap();
        std::fs::write(tree.path().join("sums/files/below 5e1f"), "").unwrap();
        assert!(
            told(&["./below 5e1f"]).ends_with(&format!("--relative-to {}", tree.path().join("sums/files").display()))
        );
        let half = missing(&[ABOVE, NOWHERE]).told(manifest.as_os_str(), 2);
        assert_eq!(half, None, "half of them are not most");
    }
}

//! The payload as it is on disk, and which of its files a manifest means by a name.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use hivesum_core::digest::{Algorithm, Algorithms, Digest};
use hivesum_core::manifest::bagit;
use hivesum_core::result::{Status, directories_above};

use super::declaration::Version;
use super::directory::normal_form;
use super::names::{has_bare_percent, readings};
use super::scan::ScannedFile;
use crate::cli::error::reason;
use crate::cli::terminal::counted;

/// The number of bytes and files of a payload: `Payload-Oxum`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Oxum {
    pub(super) octets: u64,
    pub(super) files: u64,
}

impl Oxum {
    /// Reads `OCTETS.FILES`. `None` if it is anything else.
    pub(super) fn of(written: &str) -> Option<Self> {
        let (octets, files) = written.split_once('.')?;
        let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?;
        Some(Self { octets: number(octets)?, files: number(files)? })
    }
}

impl fmt::Display for Oxum {
    /// `2 files, 10 bytes`, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", counted(self.files, "file"), counted(self.octets, "byte"))
    }
}

/// How a name in a manifest leads to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// As the standard says.
    Exactly,
    /// Only if it is not percent-decoded.
    NotEncoded,
    /// Only in another Unicode normalisation form.
    InOtherForm,
}

/// A payload file.
#[derive(Debug)]
pub(super) struct PayloadFile {
    pub(super) size: u64,
    /// Last modification, nanoseconds since 1970.
    pub(super) mtime_ns: i128,
    digests: Vec<Digest>,
}

/// All files in `data/`, by their names in the bag.
#[derive(Debug, Default)]
pub(super) struct Payload {
    files: BTreeMap<Vec<u8>, PayloadFile>,
    /// What is not a file that could be read, with the reason.
    unreadable: BTreeMap<Vec<u8>, String>,
    /// Whether a file or a directory is among them, so that nobody can tell what the payload has.
    is_cut: bool,
    /// The files whose names are not ASCII, by normalisation form. `None` for a form that several have.
    by_form: BTreeMap<String, Option<Vec<u8>>>,
    /// Files whose names differ only in their form from that of a file before.
    twins: Vec<Vec<u8>>,
    algorithms: Algorithms,
}

impl Payload {
    /// From a scan of `data/` with these algorithms.
    pub(super) fn new(scanned: Vec<ScannedFile>, algorithms: Algorithms) -> Self {
        let mut this = Self { algorithms, ..Self::default() };
        for ScannedFile { path, size, mtime_ns, status, digests } in scanned {
            let name = [bagit::PAYLOAD, &path].concat();
            match status {
                Status::Hashed(_) => this.add(name, PayloadFile { size, mtime_ns, digests }),
                Status::Error { .. } => this.add_unreadable(&name, reason(status).unwrap_or_default()),
                Status::Skipped(_) => {
                    this.unreadable.insert(name, reason(status).unwrap_or_default());
                }
            }
        }
        this
    }

    /// One of which `data/` itself could not be opened, though it is there.
    pub(super) fn that_cannot_be_opened(why: String) -> Self {
        let mut this = Self::default();
        this.add_unreadable(bagit::PAYLOAD, why);
        this
    }

    fn add_unreadable(&mut self, name: &[u8], why: String) {
        self.unreadable.insert(name.strip_suffix(b"/").unwrap_or(name).to_vec(), why);
        self.is_cut = true;
    }

    fn add(&mut self, name: Vec<u8>, file: PayloadFile) {
        if let Some(form) = normal_form(&name).filter(|form| !form.is_ascii()) {
            match self.by_form.entry(form) {
                Entry::Vacant(form) => {
                    form.insert(Some(name.clone()));
                }
                Entry::Occupied(mut known) => {
                    known.insert(None);
                    self.twins.push(name.clone());
                }
            }
        }
        self.files.insert(name, file);
    }

    /// What is neither a directory nor a file that could be read, with the reason.
    pub(super) fn unreadable(&self) -> &BTreeMap<Vec<u8>, String> {
        &self.unreadable
    }

    /// The directory that this name is in and that could not be read: nobody can tell whether the file is there.
    pub(super) fn hidden_by(&self, name: &[u8]) -> Option<&[u8]> {
        directories_above(name)
            .find_map(|directory| self.unreadable.get_key_value(directory))
            .map(|(name, _)| &name[..])
    }

    /// The files whose names differ from that of another file in their Unicode normalisation form alone.
    pub(super) fn twins(&self) -> &[Vec<u8>] {
        &self.twins
    }

    /// The file of this name.
    pub(super) fn file(&self, name: &[u8]) -> Option<&PayloadFile> {
        self.files.get(name)
    }

    /// The names of all files.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.files.keys().map(Vec::as_slice)
    }

    /// The digest of a file of this payload.
    pub(super) fn digest<'a>(&self, file: &'a PayloadFile, algorithm: Algorithm) -> Option<&'a Digest> {
        file.digests.get(self.algorithms.iter().position(|one| one == algorithm)?)
    }

    /// Whether there are files below this name.
    pub(super) fn is_directory(&self, name: &[u8]) -> bool {
        let below = [name, b"/"].concat();
        let first = self.files.range(below.clone()..).next();
        first.is_some_and(|(name, _)| name.starts_with(&below))
    }

    /// The file that a manifest of this version means.
    pub(super) fn find(&self, written: &[u8], version: Version) -> Option<(Vec<u8>, Found)> {
        let readings = readings(written, version);
        let exists = |name: &[u8]| self.files.contains_key(name) || self.unreadable.contains_key(name);
        if let Some(index) = readings.iter().position(|name| exists(name)) {
            let encoded = version != Version::V1 || (index == 0 && !has_bare_percent(written));
            let found = if encoded { Found::Exactly } else { Found::NotEncoded };
            return Some((readings[index].to_vec(), found));
        }
        let by_form = |name: &[u8]| self.by_form.get(&normal_form(name)?)?.clone();
        readings.iter().find_map(|name| by_form(name)).map(|name| (name, Found::InOtherForm))
    }

    /// How many files and bytes there are. `None` if something could not be read.
    pub(super) fn told_oxum(&self) -> Option<Oxum> {
        (!self.is_cut).then(|| self.oxum())
    }

    /// How many files and bytes could be read.
    pub(super) fn oxum(&self) -> Oxum {
        Oxum { octets: self.files.values().map(|file| file.size).sum(), files: self.files.len() as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_core::result::Stability;

    #[test]
    fn an_oxum_is_two_numbers_with_a_dot() {
        assert_eq!(Oxum::of("12.3"), Some(Oxum { octets: 12, files: 3 }));
        for wrong in ["12", "a.b", "-1.2", "+1.2", "1.2.3", "1. 2", ".1", "1.", "", "99999999999999999999.1"] {
            assert_eq!(Oxum::of(wrong), None, "{wrong}");
        }
    }

    fn payload(names: &[&str]) -> Payload {
        let file = |name: &&str| ScannedFile {
            path: name.as_bytes().to_vec(),
            size: 1,
            mtime_ns: 0,
            status: Status::Hashed(Stability::Stable),
            digests: Vec::new(),
        };
        Payload::new(names.iter().map(file).collect(), Algorithms::default())
    }

    #[test]
    fn a_name_is_found_decoded_then_literally_then_in_another_form() {
        let payload = payload(&["100%", "a%b", "a%25b", "cafe\u{301}", "x\ny"]);
        let found = |written: &str, version| {
            let (name, found) = payload.find(written.as_bytes(), version)?;
            Some((String::from_utf8(name).unwrap(), found))
        };
        for (written, version, name, how) in [
            ("data/100%25", Version::V1, "data/100%", Found::Exactly),
            ("data/100%", Version::V1, "data/100%", Found::NotEncoded),
            ("data/100%", Version::Draft(97), "data/100%", Found::Exactly),
            ("data/a%25b", Version::V1, "data/a%b", Found::Exactly),
            ("data/a%25b", Version::Draft(97), "data/a%25b", Found::Exactly),
            ("data/x%0Ay", Version::Draft(97), "data/x\ny", Found::Exactly),
            ("data/caf\u{e9}", Version::V1, "data/cafe\u{301}", Found::InOtherForm),
            ("data/cafe\u{301}", Version::V1, "data/cafe\u{301}", Found::Exactly),
        ] {
            assert_eq!(found(written, version), Some((name.to_owned(), how)), "{written}");
        }
        assert_eq!(found("data/b", Version::V1), None);
    }

    #[test]
    fn a_form_that_two_files_have_tells_neither() {
        let payload = payload(&["\u{1e69}", "s\u{323}\u{307}"]);
        assert_eq!(payload.find("data/s\u{307}\u{323}".as_bytes(), Version::V1), None);
        assert!(payload.is_directory(b"data") && !payload.is_directory(b"dat"));
    }
}

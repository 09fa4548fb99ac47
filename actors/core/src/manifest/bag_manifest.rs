//! What the manifest of a bag is about: its payload, or its tag files (RFC 8493 sections 2.1.3 and 2.2.1).
//!
//! Decides by the name and the entries of a manifest which files of the bag it says nothing of, so that an audit does
//! not call them new. Whether a directory is a bag, which `bagit.txt` in it tells, is for the caller to look at; whether
//! the bag is valid is not decided here.

use super::RememberedFilters;
use super::bagit::{PAYLOAD, word_of_name};

/// A manifest of a bag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BagManifest {
    /// `manifest-ALG.txt`: it names the files in `data/` and no other.
    Payload,
    /// `tagmanifest-ALG.txt`: it names files outside of `data/`, and no tag manifest.
    TagFiles,
}

impl BagManifest {
    /// What a manifest of this path and with these entries is in a bag. `None` if its name is not that of a manifest in
    /// a bag, or if an entry is not where such a manifest has them all.
    #[must_use]
    pub fn of<'n>(path: &[u8], mut names: impl Iterator<Item = &'n [u8]>) -> Option<Self> {
        word_of_name(path)?;
        let name = path.rsplit(|&byte| byte == b'/').next()?;
        let is_payload = |name: &[u8]| name.starts_with(PAYLOAD);
        match name.starts_with(b"tag") {
            true => names.all(|name| !is_payload(name)).then_some(Self::TagFiles),
            false => names.all(is_payload).then_some(Self::Payload),
        }
    }

    /// The globs of the files that it covers, relative to the bag.
    #[must_use]
    pub fn covered(self) -> RememberedFilters {
        let globs = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect();
        // Without a slash at its end: a `data` that cannot be entered is no directory for the globs.
        match self {
            Self::Payload => RememberedFilters { include: globs(&["/data"]), exclude: Vec::new() },
            Self::TagFiles => {
                RememberedFilters { include: Vec::new(), exclude: globs(&["/data", "/tagmanifest-*.txt"]) }
            }
        }
    }

    /// What it covers, for people.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Payload => "the manifest of a bag covers data/ alone; for its tag files: hivesum bag check",
            Self::TagFiles => "the tag manifest of a bag covers its tag files alone; for data/: hivesum bag check",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_of_a_bag_is_known_by_its_name_and_its_entries() {
        let of =
            |path: &str, names: &[&str]| BagManifest::of(path.as_bytes(), names.iter().map(|name| name.as_bytes()));
        assert_eq!(of("b/manifest-sha256.txt", &["data/a", "data/b/c"]), Some(BagManifest::Payload));
        assert_eq!(of("tagmanifest-md5.txt", &["bagit.txt", "meta/x"]), Some(BagManifest::TagFiles));
        assert_eq!(of("manifest-sha256.txt", &["data/a", "b"]), None);
        assert_eq!(of("manifest-sha256.txt", &["database"]), None);
        assert_eq!(of("tagmanifest-md5.txt", &["data/a"]), None);
        assert_eq!([of("SHA256SUMS", &["data/a"]), of("manifest-.txt", &["data/a"])], [None, None]);
    }

    #[test]
    fn each_kind_covers_its_own_files_and_a_payload_that_cannot_be_entered() {
        let wants =
            |kind: BagManifest, name: &str| kind.covered().for_names_after(b"").unwrap().wants_path(name.as_bytes());
        for (name, payload, tag_files) in [
            ("data", true, false),
            ("data/a", true, false),
            ("data/bagit.txt", true, false),
            ("bagit.txt", false, true),
            ("metadata/data/x", false, true),
            ("manifest-md5.txt", false, true),
            ("tagmanifest-md5.txt", false, false),
        ] {
            let found = [BagManifest::Payload, BagManifest::TagFiles].map(|kind| wants(kind, name));
            assert_eq!(found, [payload, tag_files], "{name}");
        }
    }
}

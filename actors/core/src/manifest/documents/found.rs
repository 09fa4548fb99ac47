//! What lies in a directory that says what its files should be: a bag, a Debian system, a Python environment, the crates
//! of `cargo vendor`, an OCFL object, the history of an ASC Media Hash List.
//!
//! The caller lists and opens; here is decided which manifests there are, to which directory their names are relative,
//! which files are the manifests' own, and whether all other files must be in them. A file that only looks like a
//! checksum file (`SHA256SUMS`) is not guessed at. What is found is bounded by [`MAX_MANIFESTS`].

pub mod debian;

use std::fmt;

use super::ocfl::DECLARATION;
use super::{ascmhl, cargo_checksum, ocfl};

/// How many manifests are found in one directory. Debian's archive has some 60,000 packages, a system a few thousand.
pub const MAX_MANIFESTS: usize = 100_000;

/// A directory, for the caller to list. Names are relative to it; the empty name is the directory itself.
pub trait Tree {
    /// The names in a directory, which is reached without following a link. `None` if it is none or cannot be listed.
    fn names(&self, directory: &[u8]) -> Option<Vec<Vec<u8>>>;

    /// Whether there is a regular file of this name, and no link to one.
    fn is_file(&self, name: &[u8]) -> bool;

    /// Where a symbolic link of this name leads. `None` if it is none.
    fn link(&self, name: &[u8]) -> Option<Vec<u8>>;
}

/// What kind of manifests were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The manifests and tag manifests of a bag (RFC 8493).
    Bag,
    /// `var/lib/dpkg/info/*.md5sums` of a Debian system.
    Debian,
    /// `*.dist-info/RECORD` of a Python environment.
    Python,
    /// `*/.cargo-checksum.json` of `cargo vendor`.
    CargoVendor,
    /// The inventory of an OCFL object.
    Ocfl,
    /// The chain of an ASC Media Hash List.
    AscMhl,
}

impl Kind {
    /// Whether every file must be in a manifest. Otherwise others are none of its business: a system has more files than
    /// its packages.
    #[must_use]
    pub const fn covers_all(self) -> bool {
        match self {
            Self::Bag | Self::CargoVendor | Self::Ocfl | Self::AscMhl => true,
            Self::Debian | Self::Python => false,
        }
    }

    /// Whether a file is one of the manifests or belongs to them, so that it needs to be in none.
    #[must_use]
    pub fn is_own(self, name: &[u8]) -> bool {
        let first = name.split(|&byte| byte == b'/').next().unwrap_or(name);
        match self {
            Self::Bag => first != b"data" || first.len() == name.len(),
            Self::Ocfl => is_own_of_ocfl(name, first),
            Self::AscMhl => name.split(|&byte| byte == b'/').any(|part| matches!(part, b"ascmhl" | b".DS_Store")),
            Self::CargoVendor => super::file_name(name) == cargo_checksum::FILE_NAME,
            Self::Debian | Self::Python => false,
        }
    }

    /// What it is, and of how many parts.
    fn in_words(self, manifests: usize) -> String {
        let of =
            |kind: &str, part: &str| format!("{kind} of {manifests} {part}{}", if manifests == 1 { "" } else { "s" });
        match self {
            Self::Bag => "a bag".to_owned(),
            Self::Debian => of("a Debian system", "package"),
            Self::Python => of("a Python environment", "distribution"),
            Self::CargoVendor => of("a cargo vendor directory", "crate"),
            Self::Ocfl => "an OCFL object".to_owned(),
            Self::AscMhl => "the history of an ASC Media Hash List".to_owned(),
        }
    }
}

fn is_own_of_ocfl(name: &[u8], first: &[u8]) -> bool {
    let is_inventory = |name: &[u8]| name.starts_with(ocfl::FILE_NAME);
    match name.strip_prefix(first).and_then(|rest| rest.strip_prefix(b"/")) {
        None => is_inventory(name) || name.starts_with(DECLARATION.as_bytes()),
        Some(rest) => matches!(first, b"logs" | b"extensions") || first.starts_with(b"v") && is_inventory(rest),
    }
}

/// One manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundManifest {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub manifest: Vec<u8>,
    /// The directory to which the names in it are relative; empty for the one that was looked at.
    pub base: Vec<u8>,
}

impl FoundManifest {
    /// The name of a file in the manifest, relative to the directory that was looked at. `None` if it leads out of it.
    #[must_use]
    pub fn resolve(&self, name: &[u8]) -> Option<Vec<u8>> {
        if name.starts_with(b"/") {
            return None;
        }
        let base = self.base.split(|&byte| byte == b'/').filter(|part| !part.is_empty());
        let mut parts: Vec<&[u8]> = base.collect();
        for part in name.split(|&byte| byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        Some(parts.join(&b'/'))
    }
}

/// The manifests of a directory, all of one kind together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The manifests.
    pub manifests: Vec<FoundManifest>,
    /// Whether there are more than [`MAX_MANIFESTS`].
    pub is_cut: bool,
}

impl Found {
    /// The kinds, each once.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.manifests.iter().map(|found| found.kind).collect();
        kinds.dedup();
        kinds
    }

    /// Whether a file that is in no manifest is a fault: it is not one of a manifest's own, and some kind covers all.
    #[must_use]
    pub fn must_be_listed(&self, name: &[u8]) -> bool {
        must_be_listed(&self.kinds(), name)
    }

    fn add(&mut self, kind: Kind, manifest: Vec<u8>, base: Vec<u8>) {
        if self.manifests.len() >= MAX_MANIFESTS {
            self.is_cut = true;
            return;
        }
        self.manifests.push(FoundManifest { kind, manifest, base });
    }
}

impl fmt::Display for Found {
    /// What was found, for people: `a bag`, `a Debian system of 312 packages`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kind) in self.kinds().into_iter().enumerate() {
            let manifests = self.manifests.iter().filter(|found| found.kind == kind).count();
            write!(f, "{}{}", if index == 0 { "" } else { "; " }, kind.in_words(manifests))?;
        }
        Ok(())
    }
}

/// Whether a file that is in no manifest is a fault where these kinds of manifests were found.
#[must_use]
pub fn must_be_listed(kinds: &[Kind], name: &[u8]) -> bool {
    kinds.iter().any(|kind| kind.covers_all()) && !kinds.iter().any(|kind| kind.is_own(name))
}

/// Looks at a directory.
#[must_use]
pub fn look(tree: &impl Tree) -> Found {
    let mut found = Found::default();
    let mut names = tree.names(b"").unwrap_or_default();
    names.sort();
    look_for_bag(tree, &names, &mut found);
    look_for_debian(tree, &mut found);
    look_for_python(tree, &names, &mut found);
    look_for_crates(tree, &names, &mut found);
    if names.iter().any(|name| name.starts_with(DECLARATION.as_bytes())) && tree.is_file(ocfl::FILE_NAME) {
        found.add(Kind::Ocfl, ocfl::FILE_NAME.to_vec(), Vec::new());
    }
    let chain = join(ascmhl::FOLDER.as_bytes(), ascmhl::CHAIN_FILE.as_bytes());
    if tree.is_file(&chain) {
        found.add(Kind::AscMhl, chain, Vec::new());
    }
    found
}

fn look_for_bag(tree: &impl Tree, names: &[Vec<u8>], found: &mut Found) {
    if !tree.is_file(b"bagit.txt") {
        return;
    }
    let is_manifest = |name: &&Vec<u8>| {
        (name.starts_with(b"manifest-") || name.starts_with(b"tagmanifest-")) && name.ends_with(b".txt")
    };
    for name in names.iter().filter(is_manifest) {
        found.add(Kind::Bag, name.clone(), Vec::new());
    }
}

fn look_for_debian(tree: &impl Tree, found: &mut Found) {
    let mut names = tree.names(debian::INFO).unwrap_or_default();
    names.sort();
    for name in names.iter().filter(|name| name.ends_with(debian::SUFFIX)) {
        found.add(Kind::Debian, join(debian::INFO, name), Vec::new());
    }
}

fn look_for_python(tree: &impl Tree, names: &[Vec<u8>], found: &mut Found) {
    look_for_distributions(tree, b"", names, found);
    for lib in [&b"lib"[..], b"lib64"] {
        for python in tree.names(lib).unwrap_or_default().iter().filter(|name| name.starts_with(b"python")) {
            for packages in [&b"site-packages"[..], b"dist-packages"] {
                let base = join(&join(lib, python), packages);
                let mut names = tree.names(&base).unwrap_or_default();
                names.sort();
                look_for_distributions(tree, &base, &names, found);
            }
        }
    }
}

fn look_for_distributions(tree: &impl Tree, base: &[u8], names: &[Vec<u8>], found: &mut Found) {
    for name in names.iter().filter(|name| name.ends_with(b".dist-info")) {
        let record = join(&join(base, name), b"RECORD");
        if tree.is_file(&record) {
            found.add(Kind::Python, record, base.to_vec());
        }
    }
}

fn look_for_crates(tree: &impl Tree, names: &[Vec<u8>], found: &mut Found) {
    for name in names {
        let checksums = join(name, cargo_checksum::FILE_NAME);
        if tree.is_file(&checksums) {
            found.add(Kind::CargoVendor, checksums, name.clone());
        }
    }
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_vec() } else { [directory, b"/", name].concat() }
}

#[cfg(test)]
mod tests;

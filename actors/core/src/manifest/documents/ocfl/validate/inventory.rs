//! The root inventory by itself: its keys, the manifest and the fixity block.

use std::collections::{HashMap, HashSet};

use super::fault::{Faults, Spec};
use super::node::{Node, is_hex, is_uri, key, known_keys, member};
use super::paths::{CONTENT, Paths};
use super::version::{self, Versions};
use crate::digest::Algorithm;
use crate::manifest::documents::json::Map;

/// Keys of an inventory.
const KEYS: [&str; 8] = ["id", "type", "digestAlgorithm", "head", "contentDirectory", "manifest", "versions", "fixity"];

/// Algorithms of a fixity block with the bytes of their digests: those of the specification, and of the extensions 0001
/// and 0009. `size` is a number.
const FIXITY: [(&str, usize); 10] = [
    ("md5", 16),
    ("sha1", 20),
    ("sha256", 32),
    ("sha512", 64),
    ("blake2b-512", 64),
    ("blake2b-160", 20),
    ("blake2b-256", 32),
    ("blake2b-384", 48),
    ("sha512/256", 32),
    ("size", 0),
];

type Members<'n> = Map<'n, Node<'n>>;

/// What the other checks need of an inventory.
#[derive(Debug, Default)]
pub(super) struct Inventory<'n> {
    /// The digest algorithm, if it is one of the two.
    pub(super) algorithm: Option<Algorithm>,
    /// The specification of its type.
    pub(super) spec: Option<Spec>,
    /// The content directory.
    pub(super) content: &'n str,
    /// The well-formed content paths.
    pub(super) paths: Paths<'n>,
    /// The versions, in their order.
    pub(super) versions: Versions<'n>,
    /// The digests of the manifest as they are written.
    pub(super) manifest: HashSet<&'n str>,
}

impl<'n> Inventory<'n> {
    /// Checks an inventory. `declared` is the specification of the object's declaration.
    pub(super) fn read(members: &'n Members<'n>, declared: Option<Spec>, faults: &mut Faults) -> Self {
        let mut inventory = Self { content: "content", ..Self::default() };
        known_keys(members, &KEYS, "the inventory", faults);
        check_id(members, faults);
        inventory.spec = check_type(members, declared, faults);
        inventory.algorithm = check_algorithm(members, faults);
        inventory.check_content_directory(members, faults);
        inventory.check_manifest(members, faults);
        inventory.versions = Versions::read(members, inventory.spec.or(declared), faults);
        inventory.check_head(members, faults);
        let used = version::check_all(members, &inventory.manifest, faults);
        inventory.check_use(&used, faults);
        inventory.check_versions_of_paths(faults);
        inventory.check_fixity(members, declared, faults);
        inventory
    }

    fn check_content_directory(&mut self, members: &'n Members<'n>, faults: &mut Faults) {
        let Some(node) = member(members, "contentDirectory") else { return };
        match node.as_str() {
            None => faults.add("E017", "contentDirectory is not a string"),
            Some(name) if name.contains('/') => faults.add("E017", format!("contentDirectory {name:?} has a slash")),
            Some("." | "..") => faults.add("E018", "contentDirectory is \".\" or \"..\""),
            Some("") => faults.add("E108", "contentDirectory is empty"),
            Some(name) => self.content = name,
        }
    }

    fn check_manifest(&mut self, members: &'n Members<'n>, faults: &mut Faults) {
        let Some(node) = member(members, "manifest") else { return faults.add("E041", "it has no manifest") };
        let code = if self.spec == Some(Spec::V1_0) { "E041" } else { "E106" };
        let Some(digests) = node.as_object() else { return faults.add(code, "the manifest is not an object") };
        let mut seen = HashSet::new();
        for (digest, files) in digests.0.iter().map(|(digest, files)| (key(digest), files)) {
            if self.algorithm.is_some_and(|algorithm| !is_hex(digest, algorithm.digest_bytes())) {
                faults.add("E025", format!("{digest:?} is not a digest of the algorithm"));
            }
            if !seen.insert(digest.to_ascii_lowercase()) {
                faults.add("E096", format!("the digest {digest} stands twice in the manifest"));
            }
            self.manifest.insert(digest);
            let Some(files) = files.as_list() else {
                faults.add("E092", format!("the files of the digest {digest} are not a list"));
                continue;
            };
            for file in files {
                match file.as_str() {
                    Some(path) => self.paths.add(path, &CONTENT, faults),
                    None => faults.add(CONTENT.type_of, format!("a file of the digest {digest} is not a string")),
                }
            }
        }
        self.paths.check_conflicts(&CONTENT, faults);
    }

    fn check_head(&self, members: &Members<'_>, faults: &mut Faults) {
        let (head, last) = (member(members, "head"), self.versions.last());
        match (head.map(Node::as_str), last) {
            (None, _) => faults.add("E036", "it has no head"),
            (Some(head), Some(last)) if head != Some(last) => {
                faults
                    .add("E040", format!("the head is {:?}, the last version {last}", head.unwrap_or("not a string")));
            }
            (Some(_), _) => {}
        }
    }

    /// Every digest of the manifest must be in some state.
    fn check_use(&self, used: &HashSet<String>, faults: &mut Faults) {
        if self.versions.last().is_none() {
            return;
        }
        let mut unused: Vec<_> =
            self.manifest.iter().filter(|digest| !used.contains(&digest.to_ascii_lowercase())).collect();
        unused.sort_unstable();
        for digest in unused {
            faults.add("E107", format!("the digest {digest} of the manifest is in no state"));
        }
    }

    /// Every content path must be in the content directory of a version.
    fn check_versions_of_paths(&self, faults: &mut Faults) {
        if self.versions.last().is_none() {
            return;
        }
        let mut outside: Vec<_> = self.paths.0.iter().filter(|path| !self.is_content(path)).collect();
        outside.sort_unstable();
        for path in outside {
            faults.add("E042", format!("the content path {path:?} is not in the content of a version"));
        }
    }

    /// Whether a path is in the content directory of a version.
    pub(super) fn is_content(&self, path: &str) -> bool {
        let mut elements = path.splitn(3, '/');
        let (version, directory, rest) = (elements.next(), elements.next(), elements.next());
        rest.is_some() && directory == Some(self.content) && version.is_some_and(|version| self.versions.has(version))
    }

    fn check_fixity(&self, members: &Members<'_>, declared: Option<Spec>, faults: &mut Faults) {
        let Some(node) = member(members, "fixity") else { return };
        let code = if self.spec.or(declared) == Some(Spec::V1_0) { "E056" } else { "E111" };
        let Some(blocks) = node.as_object() else { return faults.add(code, "fixity is not an object") };
        let known: HashMap<_, _> = FIXITY.into_iter().collect();
        for (algorithm, block) in &blocks.0 {
            match (known.get(key(algorithm)), block.as_object()) {
                (None, _) => faults.add("E056", format!("the fixity algorithm {:?} is not known", key(algorithm))),
                (Some(_), None) => faults.add("E057", format!("the {} of fixity are not an object", key(algorithm))),
                (Some(bytes), Some(digests)) => self.check_fixity_block(*bytes, digests, faults),
            }
        }
    }

    fn check_fixity_block(&self, bytes: usize, digests: &Members<'_>, faults: &mut Faults) {
        let mut seen = HashSet::new();
        let is_number = |digits: &str| digits.parse::<u64>().is_ok();
        for (digest, files) in digests.0.iter().map(|(digest, files)| (key(digest), files)) {
            if !(is_hex(digest, bytes) || bytes == 0 && is_number(digest)) {
                faults.add("E057", format!("{digest:?} of fixity is not a digest of its algorithm"));
            }
            if !seen.insert(digest.to_ascii_lowercase()) {
                faults.add("E097", format!("the digest {digest} stands twice in fixity"));
            }
            let Some(files) = files.as_list() else {
                faults.add("E057", format!("the files of the digest {digest} of fixity are not a list"));
                continue;
            };
            for file in files {
                if !file.as_str().is_some_and(|path| self.paths.0.contains(path)) {
                    faults.add("E057", format!("a file of the digest {digest} of fixity is not in the manifest"));
                }
            }
        }
    }
}

fn check_id(members: &Members<'_>, faults: &mut Faults) {
    match member(members, "id").map(Node::as_str) {
        None => faults.add("E036", "it has no id"),
        Some(None | Some("")) => faults.add("E037", "the id is not a string with characters"),
        Some(Some(id)) if !is_uri(id) => faults.add("W005", format!("the id {id:?} is not a URI")),
        Some(Some(_)) => {}
    }
}

fn check_type(members: &Members<'_>, declared: Option<Spec>, faults: &mut Faults) -> Option<Spec> {
    let Some(node) = member(members, "type") else {
        faults.add("E036", "it has no type");
        return None;
    };
    let uri = node.as_str().unwrap_or_default();
    let number = uri.strip_prefix("https://ocfl.io/").and_then(|rest| rest.strip_suffix("/spec/#inventory"));
    let spec = number.and_then(Spec::of_number);
    match (spec, declared) {
        (None, _) => faults.add("E038", format!("the type {uri:?} is not that of a specification")),
        (Some(spec), Some(declared)) if spec != declared => {
            let (spec, declared) = (spec.number(), declared.number());
            faults.add("E038", format!("the type is of OCFL {spec}, the declaration of OCFL {declared}"));
        }
        (Some(_), _) => {}
    }
    spec
}

fn check_algorithm(members: &Members<'_>, faults: &mut Faults) -> Option<Algorithm> {
    match member(members, "digestAlgorithm").map(Node::as_str) {
        None => faults.add("E036", "it has no digestAlgorithm"),
        Some(Some("sha512")) => return Some(Algorithm::Sha512),
        Some(Some("sha256")) => {
            faults.add("W004", "the digestAlgorithm is sha256, not sha512");
            return Some(Algorithm::Sha256);
        }
        Some(other) => {
            let other = other.unwrap_or("not a string");
            faults.add("E025", format!("the digestAlgorithm is {other:?}, not sha512 or sha256"));
        }
    }
    None
}

//! The files of an object: its declaration, what may stand in its root and in the versions, and which content is in the
//! manifest.

use std::collections::{BTreeSet, HashSet};

use super::fault::{Faults, Object, Spec};
use super::inventory::Inventory;
use super::version::looks_like_version;

use crate::manifest::documents::ocfl::DECLARATION;

/// How the name of the sidecar begins.
const SIDECAR: &str = "inventory.json.";

/// The specification of the object's declaration, `0=ocfl_object_1.x`.
pub(super) fn declaration(object: &Object<'_>, faults: &mut Faults) -> Option<Spec> {
    let in_root = object.files.iter().filter_map(|name| str::from_utf8(name).ok()).filter(|name| !name.contains('/'));
    let (mut specs, mut declarations) = (Vec::new(), 0_usize);
    for name in in_root.filter(|name| name.contains("ocfl_object_") || name.starts_with("0=")) {
        declarations += usize::from(name.starts_with("0="));
        match (name.split_once('='), name.strip_prefix(DECLARATION).map(Spec::of_number)) {
            (_, Some(Some(spec))) => specs.push(spec),
            (_, Some(None)) => faults.add("E006", format!("{name:?} is of no known version of OCFL")),
            (Some(("0", _)), None) => faults.add("E006", format!("{name:?} does not declare an object")),
            (Some(_), None) => faults.add("E005", format!("{name:?} does not begin with 0=")),
            (None, None) => faults.add("E004", format!("{name:?} is not 0=ocfl_object_ and a version")),
        }
    }
    if declarations != 1 {
        faults.add("E003", format!("it has {declarations} declarations, not one"));
    }
    let spec = specs.into_iter().next();
    check_declaration_text(object, spec, faults);
    spec
}

fn check_declaration_text(object: &Object<'_>, spec: Option<Spec>, faults: &mut Faults) {
    if let (Some(text), Some(spec)) = (object.declaration, spec) {
        let expected = format!("ocfl_object_{}\n", spec.number());
        if text != expected.as_bytes() {
            faults.add("E007", format!("the declaration does not hold {expected:?}"));
        }
    }
}

/// Checks all files.
pub(super) fn check(object: &Object<'_>, inventory: &Inventory<'_>, faults: &mut Faults) {
    let mut directories = BTreeSet::new();
    let mut content = HashSet::new();
    for name in object.files {
        let Ok(name) = str::from_utf8(name) else {
            faults.add("E023", format!("the name {:?} is not UTF-8", String::from_utf8_lossy(name)));
            continue;
        };
        match name.split_once('/') {
            None => check_in_root(name, inventory, faults),
            Some((directory, rest)) if inventory.versions.has(directory) => {
                if inventory.is_content(name) {
                    content.insert(name);
                } else {
                    check_in_version(directory, rest, inventory, faults);
                }
                directories.insert(directory);
            }
            Some(("extensions", rest)) if !rest.contains('/') => {
                faults.add("E067", format!("the file {name:?} is in no extension"));
            }
            Some(("logs" | "extensions", _)) => {}
            Some((directory, _)) => {
                directories.insert(directory);
            }
        }
    }
    check_directories(&directories, inventory, faults);
    check_content(&content, inventory, faults);
    check_inventories(object, inventory, faults);
}

fn check_in_root(name: &str, inventory: &Inventory<'_>, faults: &mut Faults) {
    let algorithm = inventory.algorithm.map(|algorithm| algorithm.name());
    match name.strip_prefix(SIDECAR) {
        Some(other) if algorithm.is_some_and(|own| own != other) => {
            faults.add("E059", format!("the sidecar {name:?} is not of the digestAlgorithm"));
        }
        Some(_) => {}
        None if name == "inventory.json" || name.starts_with("0=") || name.contains("ocfl_object_") => {}
        None => faults.add("E001", format!("the file {name:?} may not be in the root")),
    }
}

/// A file in a version that is not in its content directory.
fn check_in_version(version: &str, rest: &str, inventory: &Inventory<'_>, faults: &mut Faults) {
    match rest.split_once('/') {
        None if rest == "inventory.json" || rest.starts_with(SIDECAR) => {}
        None => faults.add("E015", format!("the file {rest:?} may not be in {version}")),
        Some((directory, _)) if directory != inventory.content => {
            faults.add("W002", format!("the directory {directory:?} should not be in {version}"));
        }
        Some(_) => {}
    }
}

fn check_directories(directories: &BTreeSet<&str>, inventory: &Inventory<'_>, faults: &mut Faults) {
    for directory in directories.iter().filter(|directory| !inventory.versions.has(directory)) {
        match looks_like_version(directory) {
            true => faults.add("E046", format!("the version {directory} is not in the inventory")),
            false => faults.add("E001", format!("the directory {directory:?} may not be in the root")),
        }
    }
    for version in inventory.versions.names().iter().filter(|version| !directories.contains(*version)) {
        faults.add("E046", format!("the version {version} has no directory"));
    }
}

fn check_content(content: &HashSet<&str>, inventory: &Inventory<'_>, faults: &mut Faults) {
    let mut extra: Vec<_> = content.difference(&inventory.paths.0).collect();
    extra.sort_unstable();
    for path in extra {
        faults.add("E023", format!("the file {path:?} is not in the manifest"));
    }
    let mut missing: Vec<_> = inventory.paths.0.iter().filter(|path| !content.contains(**path)).collect();
    missing.sort_unstable();
    for path in missing.into_iter().filter(|path| inventory.is_content(path)) {
        faults.add("E092", format!("the file {path:?} of the manifest is missing"));
    }
}

fn check_inventories(object: &Object<'_>, inventory: &Inventory<'_>, faults: &mut Faults) {
    let files: HashSet<&[u8]> = object.files.iter().copied().collect();
    let has = |name: &str| files.contains(name.as_bytes());
    if !has("inventory.json") {
        faults.add("E063", "it has no inventory.json");
    }
    if let Some(algorithm) = inventory.algorithm
        && !has(&format!("{SIDECAR}{}", algorithm.name()))
    {
        faults.add("E058", format!("it has no {SIDECAR}{}", algorithm.name()));
    }
    for version in inventory.versions.names() {
        let own = format!("{version}/inventory.json");
        let has_sidecar = || ["sha512", "sha256"].iter().any(|algorithm| has(&format!("{own}.{algorithm}")));
        match has(&own) {
            true if !has_sidecar() => faults.add("E058", format!("{own} has no sidecar")),
            true => {}
            false => faults.add("W010", format!("{version} has no inventory")),
        }
    }
}

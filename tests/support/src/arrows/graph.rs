//! Arrows between files, and the circles they form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::source::File;

/// One file imports from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    pub(super) from: String,
    pub(super) to: String,
    /// What is imported.
    pub(super) name: String,
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} takes {} from {}", self.from, self.name, self.to)
    }
}

/// Every import of one file from another.
pub(super) fn arrows(files: &[File]) -> Vec<Arrow> {
    let mut arrows = BTreeSet::new();
    for file in files {
        for path in &file.named {
            let Some(target) = definer(path, files, 0) else { continue };
            if target.path != file.path {
                let name = path.last().cloned().unwrap_or_default();
                arrows.insert(Arrow { from: file.path.clone(), to: target.path.clone(), name });
            }
        }
    }
    arrows.into_iter().collect()
}

/// Modules that show a name of one another; deeper ones would be a circle of their own.
const MAX_SHOWN: usize = 8;

/// The file that defines what the path names.
fn definer<'a>(path: &[String], files: &'a [File], depth: usize) -> Option<&'a File> {
    let longest = files.iter().filter(|file| !file.module.is_empty() && path.starts_with(&file.module));
    let file = longest.max_by_key(|file| file.module.len())?;
    let Some(name) = path.get(file.module.len()) else { return Some(file) };
    let behind = file.shown.iter().find(|(shown, _)| shown == name).map(|(_, behind)| behind);
    match behind {
        Some(behind) if depth < MAX_SHOWN && behind != path => definer(behind, files, depth + 1),
        _ => Some(file),
    }
}

/// Groups of files each of which reaches every other one of its group.
pub(super) fn circles(arrows: &[Arrow]) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in arrows {
        next.entry(&arrow.from).or_default().insert(&arrow.to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|&file| (file, reach(file, &next))).collect();
    let mut circles = BTreeSet::new();
    for (file, targets) in &reached {
        let back = |other: &&&str| reached.get(**other).is_some_and(|targets| targets.contains(file));
        let mut circle: Vec<String> = targets.iter().filter(back).map(|&other| other.to_owned()).collect();
        if !circle.is_empty() {
            circle.push((*file).to_owned());
            circle.sort_unstable();
            circle.dedup();
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reach<'a>(from: &'a str, next: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let (mut reached, mut waiting) = (BTreeSet::new(), vec![from]);
    while let Some(file) = waiting.pop() {
        for &target in next.get(file).into_iter().flatten() {
            if reached.insert(target) {
                waiting.push(target);
            }
        }
    }
    reached
}

//! Manifests as other tools publish them: a table, one row a form, each made by the real tool over the same small tree.
//!
//! A form whose tool cannot be had here is written out as its specification or its maker's documentation shows it; the
//! row says so. The tests of the command line, the API and the page read all rows and expect the same verdicts.

mod coreutils;
mod others;
mod packages;
mod texts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cycle;
use crate::requirement::Requirement;

/// One published form.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// What it is, for messages: the tool and its options, or the specification.
    pub what: &'static str,
    /// The name that such a manifest has. It lies beside the tree, or in it where `place` says so.
    pub manifest: &'static str,
    /// The algorithms that the verdicts must name, in any order.
    pub algorithms: &'static [&'static str],
    /// The programs that the script needs, each with the Debian package or the command that installs it.
    pub tools: &'static [(&'static str, &'static str)],
    /// Run by `sh` in the tree; `each CMD` runs a command over all of its files, `$M` is the manifest to write if the
    /// script does not print it.
    pub script: &'static str,
    /// Which files it lists.
    pub lists: Lists,
    /// Where it lies.
    pub place: Place,
    /// How many of its lines are not read: signatures, prose, lines of algorithms that hivesum lacks.
    pub not_read: u64,
}

/// Which files of the tree a manifest lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// All of them.
    Tree,
    /// `a` alone.
    OnlyA,
}

/// Where a manifest lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Beside the tree, so that it is not part of it.
    Beside,
    /// In the tree, because its names are relative to it.
    Within,
}

/// What most rows have in common.
pub(crate) const ROW: Published = Published {
    what: "",
    manifest: "manifest",
    algorithms: &[],
    tools: &[],
    script: "",
    lists: Lists::Tree,
    place: Place::Beside,
    not_read: 0,
};

/// All rows.
pub fn rows() -> impl Iterator<Item = &'static Published> {
    [coreutils::ROWS, others::ROWS, packages::ROWS, texts::ROWS].into_iter().flatten()
}

/// The files of the tree: a short one, one with a blank in its name, an empty one and a longer one in a directory.
pub fn files() -> [(&'static str, Vec<u8>); 4] {
    [("a", b"hello\n".to_vec()), ("b c", b"one two\n".to_vec()), ("empty", Vec::new()), ("sub/d", cycle(5000))]
}

/// A tree and the manifest of it.
#[derive(Debug)]
pub struct Made {
    /// The directory of the files.
    pub tree: PathBuf,
    /// The manifest.
    pub manifest: PathBuf,
}

impl Published {
    /// Whether all programs are there. A missing one is reported.
    pub fn can_be_made(&self) -> bool {
        self.tools.iter().all(|(tool, install)| {
            let is_there = || Command::new("sh").args(["-c", "command -v \"$0\" >/dev/null", tool]).status();
            Requirement::tool(tool, install).is_met(|| is_there().is_ok_and(|status| status.success()))
        })
    }

    /// Makes the tree and the manifest in an empty directory.
    ///
    /// # Panics
    /// If the tool fails.
    pub fn make(&self, directory: &Path) -> Made {
        let tree = directory.join("tree");
        for (name, content) in files() {
            let path = tree.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let manifest = match self.place {
            Place::Beside => directory.join(self.manifest),
            Place::Within => tree.join(self.manifest),
        };
        let script = format!("{EACH}\n{}", self.script);
        let made = Command::new("sh")
            .args(["-euc", &script])
            .current_dir(&tree)
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", directory)
            .env("M", &manifest)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}: {made:?}", self.what);
        if !manifest.exists() {
            fs::write(&manifest, &made.stdout).unwrap();
        }
        Made { tree, manifest }
    }
}

impl Made {
    /// Changes one listed file, removes another and adds a third.
    pub fn damage(&self) {
        fs::write(self.tree.join("a"), "hullo\n").unwrap();
        fs::remove_file(self.tree.join("sub/d")).unwrap();
        fs::write(self.tree.join("new"), "new\n").unwrap();
    }
}

/// Runs a command over all files, sorted.
const EACH: &str = r#"each() { find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 "$@"; }"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_made_by_its_tool() {
        let mut failed = Vec::new();
        for row in rows().filter(|row| row.can_be_made()) {
            let directory = std::env::temp_dir().join(format!("published-{}-{}", std::process::id(), failed.len()));
            fs::create_dir(&directory).unwrap();
            let made = std::panic::catch_unwind(|| row.make(&directory));
            match made {
                Ok(made) if !fs::read(&made.manifest).unwrap().is_empty() => {}
                Ok(_) => failed.push(format!("{}: empty", row.what)),
                Err(_) => failed.push(format!("{}: failed", row.what)),
            }
            fs::remove_dir_all(&directory).unwrap();
        }
        assert!(failed.is_empty(), "{failed:?}");
    }
}

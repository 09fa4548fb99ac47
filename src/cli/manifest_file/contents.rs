//! What a manifest says that a directory should contain: its records under their names in that directory.
//!
//! Names are relative to the directory, begin with one of its names, share a beginning below which they are in it, or are
//! relative to a directory above, given by an option or that of the manifest. What lies outside is left out and counted.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::bail;
use hivesum_core::compare::{Baseline, BaselineBuilder, Spelling};
use hivesum_core::manifest::Record;
use hivesum_core::walk::Filters;

use super::{ManifestFile, is_without_digest};
use crate::cli::error::path_error;
use crate::cli::naming::NamingArgs;
use crate::cli::quote::quoted;
use crate::cli::terminal::Terminal;
use crate::cli::tree::Tree;

/// How many names are looked up in the directory to tell whether they are relative to it.
const MOST_LOOKED_AT: usize = 1_000;

/// The files that a directory should contain.
#[derive(Debug)]
pub(in crate::cli) struct Contents {
    pub(in crate::cli) baseline: Baseline,
    /// The globs that the manifest was made with, for the directory.
    pub(in crate::cli) filters: Filters,
    /// The files that the manifest names without a digest.
    pub(in crate::cli) without_digest: HashSet<Vec<u8>>,
}

impl ManifestFile {
    /// The files that the directory should contain. Names are relative to it, begin with one of its names, or share a
    /// beginning below which they are in it.
    pub(in crate::cli) fn contents(
        &self,
        tree: &Tree,
        naming: &NamingArgs,
        terminal: &Terminal,
    ) -> anyhow::Result<Contents> {
        if let Some(directory) = naming.directory_of_names(&self.path) {
            return self.contents_within(tree, naming, &directory, terminal);
        }
        let names = self.names(naming, terminal);
        let spelling = tree.spelling(names.iter().map(|name| &name[..]))?;
        if let Some(directory) = self.directory_above(tree, &names, &spelling)? {
            let shown = terminal.quoted(directory.as_bytes());
            let told = format!("its names are relative to {shown}: compared is the part of the directory");
            terminal.message_about(self.name(), &told);
            return self.contents_within(tree, naming, &directory, terminal);
        }
        tree.tell(&spelling, self.name(), terminal);
        let mut builder = BaselineBuilder::new();
        let mut without_digest = HashSet::new();
        for (record, name) in self.records.iter().zip(&names) {
            let name = spelling.read(name);
            if is_without_digest(record) {
                without_digest.insert(name.to_vec());
            }
            self.push(&mut builder, record, &name)?;
        }
        let before = self.taken_off_before(&names, &spelling);
        Ok(Contents { baseline: builder.finish(), filters: self.filters.for_names_after(&before)?, without_digest })
    }

    /// The directory of the manifest, if the tree lies below it and names that are relative to it lead into the tree, but
    /// not as names in the tree itself.
    fn directory_above(
        &self,
        tree: &Tree,
        names: &[Cow<'_, [u8]>],
        spelling: &Spelling,
    ) -> anyhow::Result<Option<OsString>> {
        if self.path == "-" || !spelling.is_plain() {
            return Ok(None);
        }
        // A pipe has no directory.
        let Ok(path) = std::fs::canonicalize(&self.path) else { return Ok(None) };
        let Some(directory) = path.parent() else { return Ok(None) };
        let Ok(below) = Path::new(OsStr::from_bytes(tree.real_path())).strip_prefix(directory) else {
            return Ok(None);
        };
        let start = [below.as_os_str().as_bytes(), b"/"].concat();
        let leads_in = |name: &&[u8]| start.len() > 1 && name.starts_with(&start);
        let inside: Vec<&[u8]> = names.iter().map(|name| without_dot(name)).filter(leads_in).collect();
        // A directory in the tree may have the tree's own name.
        let are_there = !tree.sizes(inside.iter().copied().take(MOST_LOOKED_AT))?.is_empty();
        Ok((!inside.is_empty() && !are_there).then(|| directory.as_os_str().to_owned()))
    }

    /// What a name of the manifest has before the name that it has in the directory.
    fn taken_off_before(&self, names: &[Cow<'_, [u8]>], spelling: &Spelling) -> Vec<u8> {
        let Some((record, name)) = self.records.first().zip(names.first()) else { return Vec::new() };
        let rest = spelling.read(name);
        record.name.strip_suffix(&*rest).unwrap_or_default().to_vec()
    }

    /// The same, with names that are relative to a known directory: those outside of the tree are left out.
    fn contents_within(
        &self,
        tree: &Tree,
        naming: &NamingArgs,
        directory: &OsStr,
        terminal: &Terminal,
    ) -> anyhow::Result<Contents> {
        let start = std::fs::canonicalize(directory).map_err(|error| path_error(directory, &error))?;
        let naming = naming.of_manifest(&self.path).within([start.as_os_str().as_bytes(), b"/"].concat());
        let (mut builder, mut outside, mut without_digest) = (BaselineBuilder::new(), 0_u64, HashSet::new());
        for record in &self.records {
            let name = naming.map(without_dot(&record.name));
            let Some(name) = name.strip_prefix(tree.real_path()) else {
                outside += 1;
                continue;
            };
            if is_without_digest(record) {
                without_digest.insert(name.to_vec());
            }
            self.push(&mut builder, record, name)?;
        }
        match outside {
            0 => {}
            all if all == self.records.len() as u64 => bail!("{}: no name is in the directory", quoted(&self.path)),
            1 => terminal.message_about(self.name(), "1 name is not in the directory: left out"),
            many => terminal.message_about(self.name(), &format!("{many} names are not in the directory: left out")),
        }
        Ok(Contents { baseline: builder.finish(), filters: self.filters_within(tree, &start)?, without_digest })
    }

    /// The globs of the manifest, whose names are relative to this directory, for the tree in it.
    fn filters_within(&self, tree: &Tree, directory: &Path) -> anyhow::Result<Filters> {
        let below = tree.real_path().strip_prefix(directory.as_os_str().as_bytes());
        Ok(self.filters.for_names_after(below.unwrap_or_default())?)
    }

    fn push(&self, builder: &mut BaselineBuilder, record: &Record, name: &[u8]) -> anyhow::Result<()> {
        let named = || quoted(OsStr::from_bytes(&record.name));
        let in_tree = Record { name: name.to_vec(), ..record.clone() };
        builder.push(&in_tree).map_err(|error| anyhow::anyhow!("{}: {error}", named()))
    }
}

fn without_dot(mut name: &[u8]) -> &[u8] {
    while let Some(rest) = name.strip_prefix(b"./") {
        name = rest;
    }
    name
}

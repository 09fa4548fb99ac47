//! The manifests that lie in a directory, read and merged: what `hivesum audit DIR` compares with if nothing is named.
//!
//! Everything is opened beneath the directory, without following a symbolic link, and must be a regular file. Names in
//! the records are relative to the directory. A manifest that cannot be read is an error, because the files that it
//! names would look new; what cannot be checked is counted and said.

mod history;
mod tree;

use std::ffi::OsStr;
use std::fmt;
use std::io::BufReader;
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, bail};
use hivesum_core::compare::{Baseline, BaselineBuilder};
use hivesum_core::manifest::documents::found::debian::{DIVERSIONS, Layout};
use hivesum_core::manifest::documents::found::{self, Found, FoundManifest, Kind, MAX_MANIFESTS, Tree as _};
use hivesum_core::manifest::documents::{DocumentForm, MAX_ENTRIES};
use hivesum_core::manifest::{Hint, Limits, LinesNotRead, ManifestReader, ReadOptions, Record};

use self::tree::Beneath;
use crate::cli::bag::WrittenNames;
use crate::cli::quote::quoted;
use crate::cli::terminal::counted;

/// The most files that manifests of a directory may name together.
const MAX_RECORDS: usize = 20 * MAX_ENTRIES;

/// What the manifests of a directory say.
#[derive(Debug, Default)]
pub(in crate::cli) struct FoundBaseline {
    /// What was found.
    pub(in crate::cli) found: Found,
    /// The files, with names relative to the directory. Every digest names its algorithm.
    pub(in crate::cli) records: Vec<Record>,
    /// Lines that were not read.
    pub(in crate::cli) not_read: LinesNotRead,
    /// Files that are named without a digest that can be checked.
    pub(in crate::cli) without_digest: u64,
    /// Files that are not in the directory: names that lead out of it.
    pub(in crate::cli) outside: u64,
}

/// Looks for manifests in a directory and reads them. `None` if there are none.
pub(in crate::cli) fn find(dir: &OsStr) -> anyhow::Result<Option<FoundBaseline>> {
    let tree = Beneath::open(dir)?;
    let found = found::look(&tree);
    if found.is_cut {
        bail!("{}: it has more than {MAX_MANIFESTS} manifests", quoted(dir));
    }
    if found.manifests.is_empty() {
        return Ok(None);
    }
    let layout = Layout::of(&tree, &tree.read(DIVERSIONS).unwrap_or_default());
    let mut baseline = FoundBaseline { found: found.clone(), ..FoundBaseline::default() };
    for manifest in &found.manifests {
        let named = || quoted(OsStr::from_bytes(&manifest.manifest));
        baseline.read(&tree, manifest, &layout).with_context(named)?;
    }
    Ok(Some(baseline))
}

impl FoundBaseline {
    /// The files, ready to be compared.
    pub(in crate::cli) fn baseline(&self) -> anyhow::Result<Baseline> {
        let mut builder = BaselineBuilder::new();
        for record in &self.records {
            let named = || quoted(OsStr::from_bytes(&record.name));
            builder.push(record).map_err(|error| anyhow::anyhow!("{}: {error}", named()))?;
        }
        Ok(builder.finish())
    }

    fn read(&mut self, tree: &Beneath, manifest: &FoundManifest, layout: &Layout) -> anyhow::Result<()> {
        match manifest.kind {
            Kind::CargoVendor => self.read_document(tree, manifest, DocumentForm::CargoChecksum),
            Kind::Ocfl => self.read_document(tree, manifest, DocumentForm::Ocfl),
            Kind::AscMhl => {
                let files = history::files(tree, &manifest.base)?;
                files.into_iter().try_for_each(|record| self.add(manifest, record))
            }
            Kind::Debian => self.read_lines(tree, manifest, |name| layout.place(&manifest.manifest, name)),
            Kind::Bag => {
                let names = WrittenNames::of_declaration(&tree.read(b"bagit.txt").unwrap_or_default());
                let is_file = |name: &[u8]| manifest.resolve(name).is_some_and(|name| tree.is_file(&name));
                self.read_lines(tree, manifest, |written| names.meant(written, is_file))
            }
            Kind::Python => self.read_lines(tree, manifest, <[u8]>::to_vec),
        }
    }

    fn read_document(&mut self, tree: &Beneath, manifest: &FoundManifest, form: DocumentForm) -> anyhow::Result<()> {
        let text = tree.read(&manifest.manifest)?;
        form.read(&text)?.into_iter().try_for_each(|record| self.add(manifest, record))
    }

    fn read_lines(
        &mut self,
        tree: &Beneath,
        manifest: &FoundManifest,
        place: impl Fn(&[u8]) -> Vec<u8>,
    ) -> anyhow::Result<()> {
        let named = Hint::of_name(&manifest.manifest);
        let options = ReadOptions { named, ..ReadOptions::new(Limits::COMMAND_LINE) };
        let input = BufReader::new(tree.open_file(&manifest.manifest)?);
        let mut reader = match manifest.kind {
            Kind::Bag => ManifestReader::of_bag_as_written(input, options)?,
            Kind::Debian | Kind::Python | Kind::CargoVendor | Kind::Ocfl | Kind::AscMhl => {
                ManifestReader::detecting(input, &manifest.manifest, options)?
            }
        };
        let candidates = reader.candidates().clone();
        while let Some((line, record)) = reader.next_record()? {
            match record {
                Ok(record) => {
                    let digests = record.digests.iter().filter_map(|claim| candidates.resolved(claim)).collect();
                    self.add(manifest, Record { name: place(&record.name), digests, ..record.clone() })?;
                }
                Err(why) => self.not_read.add(line, why),
            }
        }
        Ok(())
    }

    /// Adds a file of a manifest.
    fn add(&mut self, manifest: &FoundManifest, record: Record) -> anyhow::Result<()> {
        let Some(name) = manifest.resolve(&record.name) else {
            self.outside += 1;
            return Ok(());
        };
        if record.digests.is_empty() {
            self.without_digest += 1;
            return Ok(());
        }
        if self.records.len() >= MAX_RECORDS {
            bail!("the manifests name more than {MAX_RECORDS} files");
        }
        self.records.push(Record { name, ..record });
        Ok(())
    }
}

impl fmt::Display for FoundBaseline {
    /// What was found and what of it cannot be checked, on one line, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number| counted(number, "file");
        write!(f, "found {}", self.found)?;
        if self.without_digest > 0 {
            write!(f, "; {} without a digest that can be checked", count(self.without_digest))?;
        }
        if self.outside > 0 {
            write!(f, "; {} outside of the directory", count(self.outside))?;
        }
        if self.not_read.count() > 0 {
            write!(f, "; {}", self.not_read)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

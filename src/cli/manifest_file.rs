//! A manifest on the command line: opened, its format detected, and read completely.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, bail};
use hivesum_core::compare::{Baseline, BaselineBuilder};
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{Format, Limits, ManifestReader, ReadOptions, Record, Seen, algorithm_of_manifest_name};
use hivesum_core::result::FileIdentity;

use super::error::path_error;
use super::inputs::Stdin;
use super::quote::quoted;

/// All entries of a manifest.
#[derive(Debug)]
pub(super) struct ManifestFile {
    pub(super) records: Vec<Record>,
    /// The algorithm of digests that do not name theirs, if `-a` or the name of the manifest gives it.
    pub(super) untagged: Option<Algorithm>,
    /// The file itself; `None` for standard input.
    pub(super) identity: Option<FileIdentity>,
}

/// How a manifest is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReadAs {
    /// The algorithm given by `-a`.
    pub(super) asked: Option<Algorithm>,
    /// The format; `None` to detect it.
    pub(super) format: Option<Format>,
}

type Reader = ManifestReader<Seen<Box<dyn BufRead>>>;

/// Reads a manifest completely. A malformed line is an error, because its content would be lost.
pub(super) fn read(path: &OsStr, read_as: ReadAs) -> anyhow::Result<ManifestFile> {
    let (input, identity) = open(path).map_err(|error| path_error(path, &error))?;
    let named = algorithm_of_manifest_name(path.as_bytes());
    let untagged = read_as.asked.or(named);
    let options = ReadOptions { asked: read_as.asked, untagged, ..ReadOptions::new(Limits::COMMAND_LINE) };
    let mut reader = match read_as.format {
        Some(format) => ManifestReader::new(Cursor::new(Vec::new()).chain(input), format, options),
        None => ManifestReader::detecting(input, path.as_bytes(), options).with_context(|| quoted(path))?,
    };
    let records = records_of(&mut reader).with_context(|| quoted(path))?;
    Ok(ManifestFile { records, untagged, identity })
}

fn records_of(reader: &mut Reader) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    while let Some((line, record)) = reader.next_record()? {
        let Some(record) = record else { bail!("line {line} is not a manifest entry") };
        records.push(record.clone());
    }
    if reader.leaves_digests_out() {
        bail!("it contains digests of algorithms that hivesum does not support");
    }
    Ok(records)
}

fn open(path: &OsStr) -> io::Result<(Box<dyn BufRead>, Option<FileIdentity>)> {
    if path == "-" {
        return Ok((Box::new(BufReader::new(Stdin)), None));
    }
    let file = File::open(path)?;
    let identity = FileIdentity::of(&file)?;
    Ok((Box::new(BufReader::new(file)), Some(identity)))
}

impl ManifestFile {
    /// The files that a directory should contain. Names are relative to it, or all begin with `dir` as it was given,
    /// as `hivesum hash DIR` writes them.
    pub(super) fn baseline(&self, dir: &OsStr) -> anyhow::Result<Baseline> {
        let prefix = prefix_of(dir.as_bytes());
        let all_have_prefix = self.records.iter().all(|record| record.name.starts_with(&prefix));
        let cut = if all_have_prefix { prefix.len() } else { 0 };
        let mut builder = BaselineBuilder::new();
        for record in &self.records {
            let relative = Record { name: record.name[cut..].to_vec(), ..record.clone() };
            let named = || quoted(OsStr::from_bytes(&record.name));
            builder.push(&relative).map_err(|error| anyhow::anyhow!("{}: {error}", named()))?;
        }
        Ok(builder.finish())
    }
}

/// The directory, with a `/` at the end.
fn prefix_of(dir: &[u8]) -> Vec<u8> {
    let mut prefix = dir.to_vec();
    if !prefix.ends_with(b"/") {
        prefix.push(b'/');
    }
    prefix
}

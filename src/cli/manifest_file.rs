//! A manifest on the command line: opened, its form detected, and read completely.
//!
//! Lines that are not entries are counted and told, and refuse the manifest only under `--strict`. A manifest without any
//! entry among its lines is refused.

mod contents;

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, bail};
use clap::Args;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::convert::in_words;
use hivesum_core::manifest::{
    Candidates, Form, Hint, Limits, LinesNotRead, ManifestReader, NotRead, ReadOptions, Record, RememberedFilters,
    UnreadLines,
};
use hivesum_core::result::FileIdentity;

pub(super) use self::contents::Contents;
use super::error::path_error;
use super::inputs::Stdin;
use super::naming::NamingArgs;
use super::quote::quoted;
use super::terminal::Terminal;

// The options of reading, shared by the commands that read whole manifests.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ReadArgs {
    /// The algorithm of digests that do not name theirs. Digests of other algorithms are left out.
    #[arg(short, long, value_name = "ALG", help_heading = "Manifest")]
    pub(super) algorithm: Option<Algorithm>,

    /// Refuse a manifest with a line that is not an entry.
    #[arg(long, help_heading = "Manifest")]
    pub(super) strict: bool,
}

/// All entries of a manifest.
#[derive(Debug)]
pub(super) struct ManifestFile {
    /// Its path as it was given.
    path: OsString,
    pub(super) records: Vec<Record>,
    /// The algorithms that digests may be of that do not name theirs.
    pub(super) candidates: Candidates,
    /// The file itself; `None` for standard input.
    pub(super) identity: Option<FileIdentity>,
    /// The lines that are not entries.
    pub(super) lines_not_read: LinesNotRead,
    /// How many lines are of other algorithms than the requested one.
    of_others: u64,
    /// How many entries have no digest, and nothing that says why.
    without_digest: u64,
    /// The algorithms that hivesum lacks and that entries have digests of.
    pub(super) left_out: Vec<String>,
    /// The globs that it was made with.
    filters: RememberedFilters,
}

/// Reads a manifest completely. The form is detected unless it is given.
pub(super) fn read(path: &OsStr, args: &ReadArgs, form: Option<Form>) -> anyhow::Result<ManifestFile> {
    let opened = open(path).map_err(|error| path_error(path, &error))?;
    read_opened(path, opened, args, form)
}

/// The same of a manifest that is open already; `path` names it.
pub(super) fn read_opened(
    path: &OsStr,
    (input, identity): (Box<dyn BufRead>, Option<FileIdentity>),
    args: &ReadArgs,
    form: Option<Form>,
) -> anyhow::Result<ManifestFile> {
    let named = Hint::of_name(path.as_bytes());
    let options = ReadOptions { asked: args.algorithm, named, ..ReadOptions::new(Limits::COMMAND_LINE) };
    let reader = match form {
        Some(form) => ManifestReader::new(input, form, options),
        None => ManifestReader::detecting(input, path.as_bytes(), options),
    };
    let mut reader = reader.with_context(|| quoted(path))?;
    let mut file = ManifestFile {
        path: path.to_owned(),
        records: Vec::new(),
        candidates: reader.candidates().clone(),
        identity,
        lines_not_read: LinesNotRead::default(),
        of_others: 0,
        without_digest: 0,
        left_out: Vec::new(),
        filters: RememberedFilters::default(),
    };
    file.read_from(&mut reader, args).with_context(|| quoted(path))?;
    Ok(file)
}

/// Opens a manifest, or standard input for `-`; the identity is that of a file.
pub(super) fn open(path: &OsStr) -> io::Result<(Box<dyn BufRead>, Option<FileIdentity>)> {
    if path == "-" {
        return Ok((Box::new(BufReader::new(Stdin)), None));
    }
    let file = File::open(path)?;
    let identity = FileIdentity::of(&file)?;
    Ok((Box::new(BufReader::new(file)), Some(identity)))
}

impl ManifestFile {
    fn read_from(&mut self, reader: &mut ManifestReader<'_>, args: &ReadArgs) -> anyhow::Result<()> {
        while let Some((line, record)) = reader.next_record()? {
            match record {
                Ok(record) => {
                    self.without_digest += u64::from(is_without_digest(record));
                    self.records.push(record.clone());
                }
                Err(NotRead::OtherAlgorithm(_)) => self.of_others += 1,
                Err(why) if args.strict => bail!("line {line}: {why}"),
                Err(why) => self.lines_not_read.add(line, why),
            }
        }
        self.filters = reader.filters().cloned().unwrap_or_default();
        if args.algorithm.is_none() {
            self.left_out = reader.left_out().to_vec();
        }
        self.refuse_if_nothing_was_read(args)
    }

    /// A manifest of lines none of which is an entry is none, but a listing of no files is one.
    fn refuse_if_nothing_was_read(&self, args: &ReadArgs) -> anyhow::Result<()> {
        if !self.records.is_empty() || self.lines_not_read.count() + self.of_others == 0 {
            return Ok(());
        }
        if let (Some(asked), 1..) = (args.algorithm, self.of_others) {
            bail!("no line is of {asked}");
        }
        bail!("no line is an entry; {}", self.lines_not_read)
    }

    /// Its path as it was given; `-` is standard input.
    pub(super) fn name(&self) -> &[u8] {
        match self.path.as_bytes() {
            b"-" => b"standard input",
            path => path,
        }
    }

    /// Says what was not read.
    pub(super) fn tell(&self, terminal: &Terminal) {
        if self.lines_not_read.count() > 0 {
            terminal.message_about(self.name(), &self.lines_not_read.to_string());
        }
        match self.of_others {
            0 => {}
            1 => terminal.message_about(self.name(), "1 line of another algorithm is left out"),
            count => terminal.message_about(self.name(), &format!("{count} lines of other algorithms are left out")),
        }
        match self.without_digest {
            0 => {}
            1 => terminal.message_about(self.name(), "1 entry has no digest: it is not checked"),
            many => {
                terminal.message_about(self.name(), &format!("{many} entries have no digest: they are not checked"))
            }
        }
        if !self.left_out.is_empty() {
            let names = self.left_out.join(", ");
            terminal.message_about(self.name(), &format!("digests of {names} are left out: not supported"));
        }
    }

    /// The lines that were not read, and the digests that were left out, for JSON.
    pub(super) fn unread(&self) -> Option<UnreadLines> {
        UnreadLines::of(&self.lines_not_read, &self.left_out)
    }

    /// Says which algorithms the files have shown the untagged digests to be of, and what is still open.
    pub(super) fn tell_algorithms(&self, terminal: &Terminal, found: &[Algorithm], undecided: &[Algorithms]) {
        let bits = |algorithm: Algorithm| 8 * algorithm.digest_bytes();
        for &algorithm in found {
            let told = format!("untagged digests of {} bits are {}", bits(algorithm), algorithm.bsd_tag());
            terminal.message_about(self.name(), &told);
        }
        for set in undecided {
            let told =
                format!("untagged digests of {} bits may be {}: no file tells", bits(set.first()), in_words(*set));
            terminal.message_about(self.name(), &told);
        }
    }

    /// The names of all records as the options about names change them, in their order.
    pub(super) fn names(&self, naming: &NamingArgs, terminal: &Terminal) -> Vec<Cow<'_, [u8]>> {
        let naming = naming.of_manifest(&self.path);
        let lacking = self.records.iter().filter(|record| naming.lacks_prefix(&record.name)).count();
        if let Some(told) = naming.told_of(lacking as u64) {
            terminal.message_about(self.name(), &told);
        }
        self.records.iter().map(|record| naming.map(&record.name)).collect()
    }
}

/// Whether an entry has no digest, and does not say that its file could not be read.
pub(super) fn is_without_digest(record: &Record) -> bool {
    record.digests.is_empty() && record.status.is_none()
}

//! One side of `hivesum compare`: a manifest, or the results of a job of a service.
//!
//! A manifest without a digest of the algorithm that was asked for is refused, and said to have others: nothing can be
//! compared then, and digests of another algorithm must not be taken for it. An entry that could not be read when it was
//! recorded stays one, so that its file is neither called removed nor added.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::bail;
use hivesum_core::compare::{BaselineBuilder, Fact, Spelling};
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{Hint, NoSuchDigest, Record, UnreadLines};
use hivesum_core::result::{ErrorCode, Status, walk_order};

use super::args::CompareArgs;
use crate::cli::error::UsageError;
use crate::cli::manifest_file::{self, ManifestFile, ReadArgs};
use crate::cli::stored_jobs;
use crate::cli::terminal::Terminal;

/// One side of the comparison.
pub(super) enum Side {
    Manifest(Box<ManifestFile>),
    /// The files of a job, in walk order.
    Job(Vec<Fact>),
}

impl Side {
    pub(super) fn read(args: &CompareArgs, side: &OsStr, terminal: &Terminal) -> anyhow::Result<Self> {
        if let Some(id) = stored_jobs::id_unless_path(side) {
            let (mut history, mut facts) = (stored_jobs::open(&args.state)?, Vec::new());
            let read = stored_jobs::each_fact(&mut history, id, args.read.algorithm, |fact| facts.push(fact));
            read.map_err(|error| match error.downcast_ref::<NoSuchDigest>() {
                Some(lacks) => UsageError::of("compare", format_args!("{id}: {lacks}")).into(),
                None => error,
            })?;
            return Ok(Self::Job(facts));
        }
        if Path::new(side).is_dir() {
            let shown = terminal.quoted(side.as_bytes());
            let why = format!(
                "{shown} is a directory: compare a manifest of it (hivesum hash {shown}), or audit it \
                               (hivesum audit {shown} --manifest FILE)"
            );
            return Err(UsageError::of("compare", why).into());
        }
        let manifest = read_manifest(side, &args.read, terminal)?;
        manifest.tell(terminal);
        if manifest.records.is_empty() {
            bail!("{}: the manifest has no entry", terminal.quoted(manifest.name()));
        }
        Ok(Self::Manifest(Box::new(manifest)))
    }

    /// The names of its files, in its order.
    pub(super) fn names(&self, args: &CompareArgs, terminal: &Terminal) -> Vec<Vec<u8>> {
        match self {
            Self::Manifest(manifest) => {
                manifest.names(&args.naming, terminal).into_iter().map(|name| name.into_owned()).collect()
            }
            Self::Job(facts) => facts.iter().map(|fact| fact.path.clone()).collect(),
        }
    }

    pub(super) fn unread(&self) -> Option<UnreadLines> {
        match self {
            Self::Manifest(manifest) => manifest.unread(),
            Self::Job(_) => None,
        }
    }

    /// The files that it names without a digest, and without saying why.
    pub(super) fn without_digest<'a>(
        &'a self,
        names: &'a [Vec<u8>],
        spelling: &'a Spelling,
    ) -> impl Iterator<Item = Vec<u8>> + 'a {
        let records = match self {
            Self::Manifest(manifest) => &manifest.records[..],
            Self::Job(_) => &[],
        };
        let without = records.iter().zip(names).filter(|(record, _)| manifest_file::is_without_digest(record));
        without.map(|(_, name)| spelling.read(name).into_owned())
    }

    /// Its files under these names, in walk order; those that could not be read have no digest.
    pub(super) fn facts(self, names: &[Vec<u8>], spelling: &Spelling) -> Vec<Fact> {
        match self {
            Self::Manifest(manifest) => {
                let (mut builder, mut unreadable) = (BaselineBuilder::new(), Vec::new());
                for (record, name) in manifest.records.into_iter().zip(names) {
                    let could_not_be_read = could_not_be_read(&record);
                    let (path, known) = (spelling.read(name).into_owned(), record.known());
                    let fact = Fact { path, known, digests: record.digests };
                    match could_not_be_read {
                        true => unreadable.push(fact),
                        false => builder.push_fact(&fact),
                    }
                }
                in_walk_order(builder.finish().facts().chain(unreadable).collect())
            }
            // What is taken off is the same for all names, so they stay in walk order.
            Self::Job(facts) => {
                let renamed = |fact: Fact| Fact { path: spelling.read(&fact.path).into_owned(), ..fact };
                facts.into_iter().map(renamed).collect()
            }
        }
    }
}

/// Whether an argument is not the path of anything.
fn is_nowhere(side: &OsStr) -> bool {
    side != "-" && Path::new(side).symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn read_manifest(side: &OsStr, args: &ReadArgs, terminal: &Terminal) -> anyhow::Result<ManifestFile> {
    let read = manifest_file::read(side, args, None);
    // Standard input cannot be read twice; it has no name that could contradict -a.
    if let Some(asked) = args.algorithm.filter(|_| side != "-")
        && (read.is_err() || name_tells_another(side, asked))
        && let Some(others) = algorithms_without(asked, side)
    {
        let why = format!("{} has no digest of {asked}: it has {others}", terminal.quoted(side.as_bytes()));
        return Err(UsageError::of("compare", why).into());
    }
    read.map_err(|error| match is_nowhere(side) {
        true => error.context(format!(
            "{} is neither a file nor the id of a job (hivesum jobs list lists them)",
            terminal.quoted(side.as_bytes())
        )),
        false => error,
    })
}

/// Whether the name of a manifest tells that its untagged digests are not of this algorithm.
fn name_tells_another(path: &OsStr, asked: Algorithm) -> bool {
    let hint = Hint::of_name(path.as_bytes());
    hint.is_some_and(|hint| hint.of_length(asked.digest_bytes()).is_none_or(|set| !set.contains(asked)))
}

/// What a manifest has digests of by its own account, if none of them can be of this algorithm.
fn algorithms_without(asked: Algorithm, path: &OsStr) -> Option<String> {
    let manifest = manifest_file::read(path, &ReadArgs::default(), None).ok()?;
    let mut named: Vec<String> = Vec::new();
    for digest in manifest.records.iter().flat_map(|record| &record.digests) {
        let bytes = digest.as_bytes().len();
        match digest.tag() {
            Some(tag) if tag == asked => return None,
            None if bytes == asked.digest_bytes() => return None,
            Some(_) | None => {}
        }
        let name = digest.tag().map_or_else(|| format!("digests of {} bits", 8 * bytes), |tag| tag.to_string());
        if !named.contains(&name) {
            named.push(name);
        }
    }
    (!named.is_empty()).then(|| named.join(", "))
}

/// Whether the file of an entry was there and could not be read.
fn could_not_be_read(record: &Record) -> bool {
    let is_of_content = |status| matches!(status, Status::Error { code, .. } if code != ErrorCode::NotFound);
    record.digests.is_empty() && record.status.is_some_and(is_of_content)
}

/// The facts in walk order, each name once: what could not be read gives way to an entry with a digest.
fn in_walk_order(mut facts: Vec<Fact>) -> Vec<Fact> {
    let has_none = |fact: &Fact| fact.digests.is_empty();
    facts.sort_by(|one, other| walk_order(&one.path, &other.path).then(has_none(one).cmp(&has_none(other))));
    facts.dedup_by(|later, kept| later.path == kept.path);
    facts
}

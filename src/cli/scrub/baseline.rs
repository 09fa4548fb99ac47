//! The baseline of a first scrub that was recorded before: a manifest, or a job of a service.
//!
//! Decides which files it names, by which digests they are compared, and which are taken as they are: the manifest itself,
//! what it names without a digest, and of a bag what its payload manifest does not cover. A file that it does not name
//! otherwise is new.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use hivesum_actors::job::JobId;
use hivesum_actors::scrub::ScrubRequest;
use hivesum_core::compare::{Baseline, BaselineBuilder, Fact};
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::fixity::{FileState, recorded, taken_as_it_is};
use hivesum_core::manifest::{BagManifest, Candidates};
use hivesum_core::walk::{Filters, Inventory, Target, WalkSpec};
use jiff::Timestamp;

use crate::cli::engine::RunningEngine;
use crate::cli::error::path_error;
use crate::cli::filter_args::FilterArgs;
use crate::cli::manifest_file::{self, Contents, ManifestFile, ReadArgs};
use crate::cli::naming::NamingArgs;
use crate::cli::probe::{self, Effort};
use crate::cli::quote::quoted;
use crate::cli::state::StateArgs;
use crate::cli::stored_jobs;
use crate::cli::terminal::{Terminal, counted};
use crate::cli::tree::Tree;

// What the first run compares with.
#[derive(Debug, Args)]
pub(super) struct BaselineArgs {
    /// Compare the first run with this manifest, in any format, instead of taking the files as they are.
    #[arg(long, value_name = "FILE", conflicts_with = "living", help_heading = "Baseline")]
    baseline: Option<OsString>,

    /// Compare the first run with the results of this job of a service.
    #[arg(long, value_name = "ID", conflicts_with_all = ["living", "baseline"], help_heading = "Baseline")]
    baseline_job: Option<JobId>,

    #[command(flatten)]
    naming: NamingArgs,
}

/// Why a service takes none.
pub(super) const NOT_BESIDE: &str = "a service uses the state directory, and takes no baseline: stop it for the first run, or \
    give this collection a state directory of its own with --state DIR";

/// What else was asked for.
pub(super) struct Asked<'a> {
    /// The files of the collection.
    pub(super) filters: &'a FilterArgs,
    /// Where jobs are stored.
    pub(super) state: &'a StateArgs,
    /// The digests.
    pub(super) algorithms: Option<Algorithms>,
}

/// The request with the baseline that is asked for, if one is.
pub(super) fn given(
    args: &BaselineArgs,
    asked: &Asked<'_>,
    (request, engine): (ScrubRequest, &RunningEngine),
    terminal: &Terminal,
) -> anyhow::Result<ScrubRequest> {
    let dir = request.directory.clone();
    let wanted = asked.filters.filters_below("scrub", dir.as_os_str())?;
    let (state, algorithms) = (asked.state, asked.algorithms);
    let on = Occasion { dir: dir.as_os_str(), state, engine, wanted: &wanted, algorithms, terminal };
    let Some(Taken { states, algorithms, globs, told }) = args.take(&on)? else { return Ok(request) };
    terminal.message(&format!("{}: {told}", quoted(dir.as_os_str())));
    // Files that the globs of a job left out are not new.
    let is_asked = !request.include.is_empty() || !request.exclude.is_empty();
    let (include, exclude) = match globs.filter(|_| !is_asked) {
        Some(globs) => globs,
        None => (request.include, request.exclude),
    };
    Ok(ScrubRequest { algorithms: Some(algorithms), baseline: Some(states.into()), include, exclude, ..request })
}

/// A baseline, and what it was made of.
struct Taken {
    states: Vec<FileState>,
    algorithms: Algorithms,
    /// Of the job, if it is one.
    globs: Option<(Vec<String>, Vec<String>)>,
    /// In words, for people.
    told: String,
}

/// Where a baseline is taken from, and for which files.
struct Occasion<'a> {
    dir: &'a OsStr,
    state: &'a StateArgs,
    engine: &'a RunningEngine,
    /// The files of the collection.
    wanted: &'a Filters,
    /// The digests that are asked for.
    algorithms: Option<Algorithms>,
    terminal: &'a Terminal,
}

/// What was recorded.
struct Record {
    baseline: Baseline,
    candidates: Candidates,
    taken_as_they_are: Vec<Vec<u8>>,
    globs: Option<(Vec<String>, Vec<String>)>,
    shown: String,
}

impl BaselineArgs {
    pub(super) fn is_given(&self) -> bool {
        self.baseline.is_some() || self.baseline_job.is_some()
    }

    fn take(&self, on: &Occasion<'_>) -> anyhow::Result<Option<Taken>> {
        let record = match (&self.baseline, self.baseline_job) {
            (Some(path), _) => self.of_manifest(path, on)?,
            (None, Some(id)) => of_job(id, on)?,
            (None, None) => return Ok(None),
        };
        record.taken(on).map(Some)
    }

    fn of_manifest(&self, path: &OsStr, on: &Occasion<'_>) -> anyhow::Result<Record> {
        let asked = on.algorithms.filter(|asked| asked.len() == 1).map(|asked| asked.first());
        let manifest = manifest_file::read(path, &ReadArgs { algorithm: asked, strict: false }, None)?;
        manifest.tell(on.terminal);
        if manifest.records.is_empty() {
            bail!("{}: the manifest has no entry", quoted(path));
        }
        let timeout = on.engine.args.read_timeout();
        let tree = Tree::open(on.dir, timeout).map_err(|error| path_error(on.dir, &error))?;
        let Contents { baseline, without_digest, .. } = manifest.contents(&tree, &self.naming, on.terminal)?;
        let mut candidates = manifest.candidates.clone();
        probe::narrow(on.engine, &tree, (&baseline, &mut candidates), Effort::BRIEF)?;
        let mut taken_as_they_are: Vec<_> = without_digest.into_iter().collect();
        taken_as_they_are.extend(place_in(&tree, path));
        if BagManifest::of(manifest.name(), baseline.names()) == Some(BagManifest::Payload) {
            taken_as_they_are.extend(beside_payload(&tree, &manifest)?);
        }
        Ok(Record { baseline, candidates, taken_as_they_are, globs: None, shown: quoted(path) })
    }
}

/// The manifest's own name in the tree, if it lies there.
fn place_in(tree: &Tree, manifest: &OsStr) -> Option<Vec<u8>> {
    let path = std::fs::canonicalize(manifest).ok()?;
    let beneath = path.strip_prefix(Path::new(OsStr::from_bytes(tree.real_path()))).ok()?;
    Some(beneath.as_os_str().as_bytes().to_vec())
}

/// The files of a bag that are not payload.
fn beside_payload(tree: &Tree, manifest: &ManifestFile) -> anyhow::Result<Vec<Vec<u8>>> {
    if tree.sizes(std::iter::once(&b"bagit.txt"[..]))?.is_empty() {
        return Ok(Vec::new());
    }
    let dir = tree.dir().with_context(|| String::from_utf8_lossy(manifest.name()).into_owned())?;
    let found = Inventory::of_walk(WalkSpec {
        filters: Filters::new(&[], &["/data/".to_owned()])?,
        ..WalkSpec::new(vec![Target::Directory { dir, shown: Vec::new() }])
    });
    Ok(found.names.iter().map(<[u8]>::to_vec).collect())
}

fn of_job(id: JobId, on: &Occasion<'_>) -> anyhow::Result<Record> {
    let (mut history, mut builder) = (stored_jobs::open(on.state)?, BaselineBuilder::new());
    let job = stored_jobs::each_fact(&mut history, id, None, |fact| builder.push_fact(&fact))?;
    let taken_as_they_are = stored_jobs::unread(&mut history, &job, b"")?.into_iter().collect();
    let globs = Some((job.spec.include.clone(), job.spec.exclude.clone()));
    let (baseline, candidates) = (builder.finish(), Candidates::default());
    Ok(Record { baseline, candidates, taken_as_they_are, globs, shown: format!("job {id}") })
}

impl Record {
    fn taken(self, on: &Occasion<'_>) -> anyhow::Result<Taken> {
        let Self { mut baseline, candidates, taken_as_they_are, globs, shown } = self;
        baseline.retain(|path| on.wanted.wants_path(path));
        if baseline.is_empty() {
            bail!("{shown}: it names no file of {}", quoted(on.dir));
        }
        let algorithms = match on.algorithms {
            Some(asked) => asked,
            None => common(baseline.facts(), &candidates).with_context(|| shown.clone())?,
        };
        let at = Timestamp::now();
        let mut states = BTreeMap::new();
        for path in taken_as_they_are.into_iter().filter(|path| on.wanted.wants_path(path)) {
            states.insert(path.clone(), taken_as_it_is(path, at));
        }
        for fact in baseline.facts() {
            let digests = digests(&fact, &algorithms, &candidates).with_context(|| shown.clone())?;
            states.insert(fact.path.clone(), recorded(fact.path, &fact.known, digests, at));
        }
        let told = format!("the baseline is {shown}: {}", counted(baseline.len() as u64, "file"));
        Ok(Taken { states: states.into_values().collect(), algorithms, globs, told })
    }
}

/// The algorithms of which every file has a digest.
fn common(facts: impl Iterator<Item = Fact>, candidates: &Candidates) -> anyhow::Result<Algorithms> {
    let mut all: Option<Vec<Algorithm>> = None;
    for fact in facts {
        let mut of_file: Vec<Algorithm> = Vec::new();
        for claimed in &fact.digests {
            let resolved = candidates.resolved(claimed).and_then(|claimed| claimed.tag());
            of_file.extend(resolved.filter(|one| !of_file.contains(one)));
        }
        match &mut all {
            Some(all) => all.retain(|one| of_file.contains(one)),
            None => all = Some(of_file),
        }
    }
    let all = all.unwrap_or_default();
    if all.is_empty() {
        bail!("its files have no digest of the same known algorithm: name it with --algorithms");
    }
    Ok(Algorithms::new(all)?)
}

/// The digests of these algorithms, end to end.
fn digests(fact: &Fact, algorithms: &Algorithms, candidates: &Candidates) -> anyhow::Result<Vec<u8>> {
    let path = quoted(OsStr::from_bytes(&fact.path));
    let mut joined = Vec::with_capacity(algorithms.digest_bytes());
    for algorithm in algorithms {
        let of = |claimed| candidates.resolved(claimed).filter(|claimed| claimed.tag() == Some(algorithm));
        let mut found = fact.digests.iter().filter_map(of);
        let first = found.next().with_context(|| format!("{path} has no {algorithm} digest"))?;
        if found.any(|other| other.as_bytes() != first.as_bytes()) {
            bail!("{path} has two different {algorithm} digests");
        }
        joined.extend_from_slice(first.as_bytes());
    }
    Ok(joined)
}

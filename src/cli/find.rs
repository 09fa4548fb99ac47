//! `hivesum find`: the files of all stored jobs that have one digest. "Do we have this file?"
//!
//! Reads the state directory, beside a running service or without one, so it sees the jobs of every token. A job that
//! has a sort index is asked through it, and of any other all rows are read: nothing is left out but jobs without a
//! digest of the algorithm, which are counted. A file is hashed with every algorithm that a job has.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use hivesum_actors::job::{Job, JobQuery, ResultQuery};
use hivesum_actors::store::history::History;
use hivesum_core::digest::{Algorithm, Algorithms, Digest, SoughtInvalid};
use hivesum_core::hash::{ScanRules, hash_targets};
use hivesum_core::result::Status;
use hivesum_core::walk::{Target, WalkSpec};

use super::error::{UsageError, path_error, reason};
use super::inputs::open_directory;
use super::output::write_stdout;
use super::quote::quoted;
use super::state::ServiceArgs;
use super::stored_jobs;
use super::terminal::{Terminal, counted};

/// Jobs that are read at a time.
const PAGE: usize = 1000;

#[derive(Debug, Args)]
#[command(after_help = "\
One line for each file of each job, the newest job first: job id, root, path of the job, path of the file in it, separated \
by tabs as in jobs list. How many jobs were searched, and how many have no digest of the algorithm, goes to stderr. Jobs of \
all tokens are searched.

Examples:
  hivesum find ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
  hivesum find sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
  hivesum find ~/Downloads/photo.jpeg

Exit status: 0 a job has such a file; 1 none has; 2 wrong command line.")]
pub(super) struct FindArgs {
    /// A digest as hex or ALGORITHM:HEX, or a file, which is hashed. What exists as a file is one.
    #[arg(value_name = "DIGEST|FILE")]
    what: OsString,

    #[command(flatten)]
    service: ServiceArgs,
}

/// What to search for.
enum Wanted {
    /// One digest, under each algorithm that it may be of.
    Digest(Vec<Digest>),
    /// All digests of one file: the best of those that a job has is searched for.
    File(Vec<Digest>),
}

impl Wanted {
    /// What to search for in a job with these algorithms.
    fn among(&self, algorithms: &Algorithms) -> Vec<Digest> {
        let has = |digest: &&Digest| algorithms.contains(digest.algorithm());
        let strength = |digest: &&Digest| (digest.algorithm().is_secure(), digest.as_bytes().len());
        match self {
            Self::Digest(digests) => digests.iter().filter(has).copied().collect(),
            Self::File(digests) => digests.iter().filter(has).max_by_key(strength).copied().into_iter().collect(),
        }
    }
}

/// What was searched.
#[derive(Default)]
struct Tally {
    searched: u64,
    found: u64,
    without_digest: u64,
    not_ended: u64,
    /// Those under which it was searched for, and in how many jobs.
    algorithms: BTreeMap<Algorithm, u64>,
}

/// How many algorithms are named that a digest may be of, and that no job has.
const OTHERS_NAMED: usize = 3;

/// `as blake3 in 20 jobs, as sha256 in 1 job; ...`: under what it was searched for, if it may be of other algorithms.
fn told_of_algorithms(digests: &[Digest], searched: &BTreeMap<Algorithm, u64>) -> Option<String> {
    let others = digests.iter().map(Digest::algorithm).filter(|algorithm| !searched.contains_key(algorithm));
    let others: Vec<_> = others.take(OTHERS_NAMED).map(Algorithm::name).collect();
    let of_each = searched.iter().map(|(algorithm, jobs)| format!("as {algorithm} in {}", counted(*jobs, "job")));
    let of_each = of_each.collect::<Vec<_>>().join(", ");
    (!others.is_empty() && !searched.is_empty()).then(|| {
        format!(
            "{of_each}; no job has digests of the other algorithms that it may be of, such as {}",
            others.join(", ")
        )
    })
}

/// Runs the command.
pub(super) fn run(args: &FindArgs) -> anyhow::Result<ExitCode> {
    let is_file = std::fs::symlink_metadata(&args.what).is_ok();
    let given = if is_file { None } else { Some(Wanted::Digest(digests_of(&args.what)?)) };
    let mut history = stored_jobs::open_in(&args.service.directory()?)?;
    let jobs = all_jobs(&mut history)?;
    let wanted = match given {
        Some(digest) => digest,
        None => Wanted::File(digests_of_file(&args.what, &jobs)?),
    };
    let mut tally = Tally::default();
    for job in &jobs {
        search(&mut history, job, &wanted, &mut tally)?;
    }
    let mut parts = vec![format!("{} searched", counted(tally.searched, "job"))];
    if let Wanted::Digest(digests) = &wanted {
        parts.extend(told_of_algorithms(digests, &tally.algorithms));
    }
    if tally.without_digest > 0 {
        let jobs = counted(tally.without_digest, "job");
        parts.push(format!("{jobs} not searched, without a digest of the algorithm"));
    }
    if tally.not_ended > 0 {
        parts.push(format!("{} not ended, searched as far as stored", counted(tally.not_ended, "job")));
    }
    Terminal::plain().message(&parts.join("; "));
    Ok(if tally.found > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn all_jobs(history: &mut History) -> anyhow::Result<Vec<Job>> {
    let (mut jobs, mut cursor) = (Vec::new(), None);
    loop {
        let page = history.list(&JobQuery { cursor, limit: PAGE, ..JobQuery::default() })?;
        jobs.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(jobs);
        }
    }
}

/// Prints the files of a job that have the digest.
fn search(history: &mut History, job: &Job, wanted: &Wanted, tally: &mut Tally) -> anyhow::Result<()> {
    let of_job = wanted.among(&job.spec.algorithms);
    if of_job.is_empty() {
        tally.without_digest += 1;
        return Ok(());
    }
    tally.searched += 1;
    tally.not_ended += u64::from(!job.state.is_final());
    for digest in of_job {
        *tally.algorithms.entry(digest.algorithm()).or_default() += 1;
        let indexed = (job.state.is_final() && history.is_indexed(job.id)?).then_some(digest);
        let query = ResultQuery { digest: indexed, ..ResultQuery::default() };
        history.export(job.id, &query, |job, items| {
            let is_found = |path: &&hivesum_core::result::Item| {
                path.as_ref().digest(digest.algorithm()) == Some(digest.as_bytes())
            };
            let mut lines = String::new();
            for item in items.iter().filter(is_found) {
                tally.found += 1;
                lines += &line_of(job, &item.path);
            }
            write_stdout(lines.as_bytes())?;
            anyhow::Ok(())
        })?;
    }
    Ok(())
}

fn line_of(job: &Job, path: &[u8]) -> String {
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).escape_debug().to_string();
    let spec = &job.spec;
    format!("{}\t{}\t{}\t{}\n", job.id, spec.root.escape_debug(), shown(spec.path.as_bytes()), shown(path))
}

/// The digest under its algorithm, or under every algorithm with digests of its length.
fn digests_of(word: &OsStr) -> Result<Vec<Digest>, UsageError> {
    let wrong = |why: String| UsageError::of("find", why);
    let text = word.to_str().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| wrong(format!("{}: no such file, and no digest", quoted(word))))?;
    Digest::sought(text).map_err(|invalid| match invalid {
        SoughtInvalid::Length => wrong(format!(
            "{text}: no such file, and no usual digest has this length: give a whole digest, ALGORITHM:HEX or a file"
        )),
        error => wrong(format!("{text}: no such file, and no digest: {error}")),
    })
}

/// The digests of a file under every algorithm that a job has.
fn digests_of_file(path: &OsStr, jobs: &[Job]) -> anyhow::Result<Vec<Digest>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let algorithms = Algorithms::new(jobs.iter().flat_map(|job| job.spec.algorithms.iter()))?;
    let real = std::fs::canonicalize(path).map_err(|error| path_error(path, &error))?;
    let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else {
        anyhow::bail!("{}: Is a directory", quoted(path));
    };
    let dir = open_directory(parent.as_os_str()).map_err(|error| path_error(path, &error))?;
    let target = Target::Listed { dir, names: [name.as_bytes()].into_iter().collect() };
    let mut outcome = None;
    hash_targets(WalkSpec::new(vec![target]), ScanRules::new(algorithms), |rows| {
        for row in rows.iter() {
            outcome = Some((row.status, row.digests(&algorithms).collect()));
        }
    });
    match outcome.with_context(|| format!("{}: it was not read", quoted(path)))? {
        (Status::Hashed(_), digests) => Ok(digests),
        (status, _) => anyhow::bail!("{}: {}", quoted(path), reason(status).unwrap_or_default()),
    }
}

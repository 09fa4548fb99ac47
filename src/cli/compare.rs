//! `hivesum compare`: lists what changed between two manifests or jobs of a service.
//!
//! Prints a summary, then the lists. Suspected rot is listed with its evidence.

mod report;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use hivesum_actors::job::JobId;
use hivesum_core::compare::{Comparison, ComparisonError, Fact, compare};
use hivesum_core::digest::Algorithm;

use super::manifest_file::{self, ReadAs};
use super::output::write_stdout;
use super::report_format::ReportFormat;
use super::state::StateArgs;
use super::stored_jobs;
use super::terminal::Terminal;

#[derive(Debug, Args)]
#[command(after_help = "\
OLD and NEW are each a manifest in any format or, if there is no such file, the id of a job of a service. \
A file whose digest changed is listed as modified. If size, mtime, ctime and inode were recorded and none of them \
changed, it is listed as suspected rot. Jobs record all four, plain manifests none.

Examples:
  hivesum compare SHA256SUMS.january SHA256SUMS.february
  hivesum compare old.ndjson new.ndjson --format json
  hivesum compare 0197a2b4-6d3c-7000-8000-000000000001 SHA256SUMS

Exit status: 0 nothing differs; 1 something differs; 2 wrong command line.")]
pub(super) struct CompareArgs {
    /// The earlier state: a manifest or the id of a job.
    old: OsString,

    /// The later state: a manifest or the id of a job.
    new: OsString,

    /// The algorithm of digests that do not name theirs. Digests of other algorithms are ignored.
    #[arg(short, long, value_name = "ALG")]
    algorithm: Option<Algorithm>,

    /// Output format: human or json.
    #[arg(short, long, default_value_t)]
    format: ReportFormat,

    #[command(flatten)]
    state: StateArgs,
}

/// Runs the command.
pub(super) fn run(args: CompareArgs) -> anyhow::Result<ExitCode> {
    let comparison = comparison(&args)?;
    let mut out = Vec::new();
    report::write(&mut out, &comparison, args.format, &Terminal::plain());
    write_stdout(&out)?;
    Ok(if comparison.counts.all_unchanged() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares two jobs as the service does; anything else is first read into memory.
fn comparison(args: &CompareArgs) -> anyhow::Result<Comparison> {
    let jobs = stored_jobs::id_unless_path(&args.old).zip(stored_jobs::id_unless_path(&args.new));
    match jobs.filter(|_| args.algorithm.is_none()) {
        Some((old, new)) => by_jobs(args, old, new),
        None => by_facts(args),
    }
}

fn by_jobs(args: &CompareArgs, old: JobId, new: JobId) -> anyhow::Result<Comparison> {
    let mut history = stored_jobs::open(&args.state)?;
    for id in [old, new] {
        stored_jobs::ended(&mut history, id)?;
    }
    history.compare(old, new)?.context("one of the jobs has been deleted in the meantime")
}

fn by_facts(args: &CompareArgs) -> anyhow::Result<Comparison> {
    let (old, then) = facts(args, &args.old)?;
    let (new, now) = facts(args, &args.new)?;
    let compared = compare(old.into_iter().map(Ok), new.into_iter().map(Ok), then.or(now));
    compared.map_err(|error: ComparisonError<std::convert::Infallible>| anyhow::anyhow!("{error}"))
}

/// The files of one side in walk order, and the algorithm of its untagged digests, if it is known.
fn facts(args: &CompareArgs, side: &OsStr) -> anyhow::Result<(Vec<Fact>, Option<Algorithm>)> {
    if let Some(id) = stored_jobs::id_unless_path(side) {
        let mut facts = Vec::new();
        stored_jobs::each_fact(&mut stored_jobs::open(&args.state)?, id, args.algorithm, |fact| facts.push(fact))?;
        return Ok((facts, None));
    }
    let manifest = manifest_file::read(side, ReadAs { asked: args.algorithm, format: None })?;
    let baseline = manifest.baseline(OsStr::new("."))?;
    Ok((baseline.facts().collect(), manifest.untagged))
}

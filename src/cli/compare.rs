//! `hivesum compare`: what changed from one time to another, by manifests or by what a service has kept.
//!
//! A summary first, the lists after it. Suspected rot is told with its evidence.

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
Each side is a manifest of any format or, where there is no such file, the id of a job that a service has kept. \
A file whose digest changed is modified, or where size, mtime, ctime and inode are recorded and tell of no \
write, suspected rot; jobs record all of them, a plain manifest none.

Examples:
  hivesum compare SHA256SUMS.january SHA256SUMS.february
  hivesum compare old.ndjson new.ndjson --format json
  hivesum compare 0197a2b4-6d3c-7000-8000-000000000001 SHA256SUMS

Exit status: 0 nothing differs; 1 something does; 2 the command line is wrong.")]
pub(super) struct CompareArgs {
    /// What was: a manifest, or a job's id.
    old: OsString,

    /// What is: a manifest, or a job's id.
    new: OsString,

    /// The algorithm of digests that do not say theirs; those of others are not looked at.
    #[arg(short, long, value_name = "ALG")]
    algorithm: Option<Algorithm>,

    /// human or json.
    #[arg(short, long, default_value_t)]
    format: ReportFormat,

    #[command(flatten)]
    state: StateArgs,
}

/// Compares what the arguments say.
pub(super) fn run(args: CompareArgs) -> anyhow::Result<ExitCode> {
    let comparison = comparison(&args)?;
    let mut out = Vec::new();
    report::write(&mut out, &comparison, args.format, &Terminal::plain());
    write_stdout(&out)?;
    Ok(if comparison.counts.all_unchanged() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Two jobs side by side as the service does it; else fact by fact.
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
    history.compare(old, new)?.context("one of the jobs was deleted meanwhile")
}

fn by_facts(args: &CompareArgs) -> anyhow::Result<Comparison> {
    let (old, then) = facts(args, &args.old)?;
    let (new, now) = facts(args, &args.new)?;
    let compared = compare(old.into_iter().map(Ok), new.into_iter().map(Ok), then.or(now));
    compared.map_err(|error: ComparisonError<std::convert::Infallible>| anyhow::anyhow!("{error}"))
}

/// What one side says, in walk order, and the algorithm that its untagged digests are known to be of.
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

//! `hivesum compare`: lists what changed between two manifests or jobs of a service.
//!
//! Prints a summary, then the lists. Suspected rot is listed with its evidence.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use hivesum_actors::job::JobId;
use hivesum_core::compare::{Change, Comparison, ComparisonError, Counts, Difference, Fact, compare};
use hivesum_core::digest::Algorithm;
use serde::Serialize;

use super::manifest_file::{self, ReadAs};
use super::output::write_stdout;
use super::state::StateArgs;
use super::stored_jobs;
use crate::cli::output::ReportFormat;
use crate::cli::terminal::Terminal;

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
    write_report(&mut out, &comparison, args.format, &Terminal::plain());
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

#[derive(Serialize)]
struct Document<'a> {
    counts: &'a Counts,
    items: &'a [Difference],
}

fn write_report(out: &mut Vec<u8>, comparison: &Comparison, format: ReportFormat, terminal: &Terminal) {
    match format {
        ReportFormat::Json => {
            let document = Document { counts: &comparison.counts, items: &comparison.items };
            serde_json::to_writer(&mut *out, &document).expect("writing to a vector cannot fail, and keys are strings");
            out.push(b'\n');
        }
        ReportFormat::Human => {
            out.extend_from_slice(summary(&comparison.counts).as_bytes());
            for change in Change::ALL {
                let items = comparison.items.iter().filter(|item| item.change == change);
                items.for_each(|item| out.extend_from_slice(line(item, terminal).as_bytes()));
            }
        }
    }
}

fn summary(counts: &Counts) -> String {
    let Counts { added, removed, modified, moved, suspected_rot, unchanged, unreadable } = counts;
    let mut summary = format!(
        "{added} added, {removed} removed, {modified} modified, {moved} moved, {suspected_rot} suspected rot, \
         {unchanged} unchanged"
    );
    if *unreadable > 0 {
        summary += &format!(", {unreadable} unreadable");
    }
    summary + "\n"
}

fn line(item: &Difference, terminal: &Terminal) -> String {
    let name = terminal.quoted(&item.path);
    match (item.change, &item.moved_from, &item.evidence) {
        (Change::Moved, Some(from), _) => format!("moved: {} -> {name}\n", terminal.quoted(from)),
        (Change::SuspectedRot | Change::Modified, _, Some(evidence)) => {
            format!("{}: {name} ({evidence})\n", item.change.name())
        }
        (change, ..) => format!("{}: {name}\n", change.name()),
    }
}

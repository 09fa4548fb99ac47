//! `hivesum compare`: what changed from one time to another, by two manifests.
//!
//! A summary first, the lists after it. Suspected rot is told with its evidence.

mod report;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::Args;
use hivesum_actors::compare::{Comparison, ComparisonError, Fact, compare};
use hivesum_actors::digest::Algorithm;

use super::listing::{self, Reading};
use super::outlet::write_stdout;
use super::screen::{Screen, in_words};
use super::shape::Shape;

#[derive(Debug, Args)]
#[command(after_help = "\
Each side is a manifest of any format. A file whose digest changed is modified, or where size, mtime, ctime \
and inode are recorded and tell of no write, suspected rot; a plain manifest records none of them.

Examples:
  hivesum compare SHA256SUMS.january SHA256SUMS.february
  hivesum compare old.ndjson new.ndjson --format json

Exit status: 0 nothing differs; 1 something does; 2 the command line is wrong.")]
pub(super) struct CompareArgs {
    /// What was.
    old: OsString,

    /// What is.
    new: OsString,

    /// The algorithm of digests that do not say theirs; those of others are not looked at.
    #[arg(short, long, value_name = "ALG")]
    algorithm: Option<Algorithm>,

    /// human or json.
    #[arg(short, long, default_value_t)]
    format: Shape,
}

/// Compares what the arguments say.
pub(super) fn run(args: CompareArgs) -> anyhow::Result<ExitCode> {
    let comparison = by_facts(&args)?;
    let mut out = Vec::new();
    report::write(&mut out, &comparison, args.format, &Screen::plain());
    write_stdout(&out).map_err(|error| anyhow::anyhow!("write error: {}", in_words(&error)))?;
    Ok(if comparison.counts.all_unchanged() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn by_facts(args: &CompareArgs) -> anyhow::Result<Comparison> {
    let (old, then) = facts(&args.old, args.algorithm)?;
    let (new, now) = facts(&args.new, args.algorithm)?;
    let compared = compare(old.into_iter().map(Ok), new.into_iter().map(Ok), then.or(now));
    compared.map_err(|error: ComparisonError<std::convert::Infallible>| anyhow::anyhow!("{error}"))
}

/// What one side says, in walk order, and the algorithm that its untagged digests are known to be of.
fn facts(side: &OsStr, asked: Option<Algorithm>) -> anyhow::Result<(Vec<Fact>, Option<Algorithm>)> {
    let listing = listing::read(side, Reading { asked, format: None })?;
    let baseline = listing.baseline(OsStr::new("."))?;
    Ok((baseline.facts().collect(), listing.untagged))
}

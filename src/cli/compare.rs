//! `hivesum compare`: lists what changed between two manifests or jobs of a service.
//!
//! Prints a summary, then the lists. Suspected rot is listed with its evidence.

mod args;
mod side;

use std::collections::HashSet;
use std::convert::Infallible;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use hivesum_actors::job::JobId;
use hivesum_core::compare::{
    Change, Comparison, ComparisonError, Counts, Difference, Separator, Spelling, align, compare,
};
use hivesum_core::manifest::UnreadLines;
use serde::Serialize;

pub(super) use self::args::CompareArgs;
use self::side::Side;
use super::error::with_status;
use super::output::{push_json, write_stdout};
use super::{stored_jobs, tree};
use crate::cli::output::ReportFormat;
use crate::cli::terminal::Terminal;

/// Exit status if nothing was compared, as diff(1) and cmp(1) have it.
const NOT_COMPARED: u8 = 2;

/// Runs the command.
pub(super) fn run(args: CompareArgs) -> anyhow::Result<ExitCode> {
    compare_sides(&args).map_err(|error| with_status(NOT_COMPARED, error))
}

fn compare_sides(args: &CompareArgs) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::plain();
    let jobs = stored_jobs::id_unless_path(&args.old).zip(stored_jobs::id_unless_path(&args.new));
    let (comparison, lines_not_read) = match jobs.filter(|_| args.read.algorithm.is_none() && args.filter.is_empty()) {
        // Two jobs are compared as the service does; anything else is first read into memory.
        Some((old, new)) => (by_jobs(args, old, new)?, None),
        None => by_facts(args, &terminal)?,
    };
    let mut out = Vec::new();
    write_report(&mut out, &Document::of(&comparison, lines_not_read), args.format, &terminal);
    write_stdout(&out)?;
    Ok(if comparison.counts.all_unchanged() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn by_jobs(args: &CompareArgs, old: JobId, new: JobId) -> anyhow::Result<Comparison> {
    let mut history = stored_jobs::open(&args.state)?;
    for id in [old, new] {
        stored_jobs::ended(&mut history, id)?;
    }
    history.compare(old, new)?.context("one of the jobs has been deleted in the meantime")
}

fn by_facts(args: &CompareArgs, terminal: &Terminal) -> anyhow::Result<(Comparison, Option<BothUnread>)> {
    let wanted = args.filter.filters("compare")?;
    let sides = (Side::read(args, &args.old, terminal)?, Side::read(args, &args.new, terminal)?);
    let (old, new) = (sides.0.names(args, terminal), sides.1.names(args, terminal));
    let (of_old, of_new) = spellings(&sides, (&old, &new));
    tree::tell(&of_old, args.old.as_encoded_bytes(), terminal);
    tree::tell(&of_new, args.new.as_encoded_bytes(), terminal);
    let unread = BothUnread { old: sides.0.unread(), new: sides.1.unread() };
    // Nothing is known of the content of a file that one side names without a digest.
    let mut untold: HashSet<Vec<u8>> = sides.0.without_digest(&old, &of_old).collect();
    untold.extend(sides.1.without_digest(&new, &of_new));
    let facts = |side: Side, names: &[Vec<u8>], spelling| {
        let facts = side.facts(names, spelling).into_iter();
        facts.filter(|fact| wanted.wants_path(&fact.path) && !untold.contains(&fact.path)).collect::<Vec<_>>()
    };
    let (old, new) = (facts(sides.0, &old, &of_old), facts(sides.1, &new, &of_new));
    if old.is_empty() && new.is_empty() {
        args.filter.told_of_nothing().iter().for_each(|told| terminal.message(told));
    }
    let mut compared = compare(old.into_iter().map(Ok), new.iter().cloned().map(Ok)).map_err(refusal)?;
    if args.read.algorithm.is_some()
        && compared.counts.unchanged + compared.counts.moved == 0
        && compared.counts.modified > 0
    {
        terminal.message("no file has the same digest on both sides: are both sides of the algorithm of -a?");
    }
    compared.find_copies(new.into_iter().map(Ok)).unwrap_or_else(|never: Infallible| match never {});
    Ok((compared, (unread != BothUnread::default()).then_some(unread)))
}

fn refusal(error: ComparisonError<Infallible>) -> anyhow::Error {
    match error {
        ComparisonError::Undecided => anyhow!("{error}: if both are of one, say which with -a"),
        ComparisonError::Source(_) | ComparisonError::NothingInCommon | ComparisonError::TooMany => anyhow!("{error}"),
    }
}

/// How the names of both sides are read so that they meet. A job has the names of the file system.
fn spellings<'n>(sides: &(Side, Side), names: (&'n [Vec<u8>], &'n [Vec<u8>])) -> (Spelling, Spelling) {
    let borrow = |names: &'n [Vec<u8>]| names.iter().map(|name| &name[..]).collect::<Vec<&[u8]>>();
    let (of_old, of_new) = align(&borrow(names.0), &borrow(names.1));
    let changes_a_job =
        |side: &Side, spelling: &Spelling| matches!(side, Side::Job(_)) && spelling.separator == Separator::Backslash;
    match changes_a_job(&sides.0, &of_old) || changes_a_job(&sides.1, &of_new) {
        true => Default::default(),
        false => (of_old, of_new),
    }
}

/// The lines of each side that were not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct BothUnread {
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<UnreadLines>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<UnreadLines>,
}

#[derive(Serialize)]
struct Document<'a> {
    counts: &'a Counts,
    items: &'a [Difference],
    #[serde(skip_serializing_if = "is_zero")]
    untraced: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines_not_read: Option<BothUnread>,
}

impl<'a> Document<'a> {
    fn of(comparison: &'a Comparison, lines_not_read: Option<BothUnread>) -> Self {
        Self { counts: &comparison.counts, items: &comparison.items, untraced: comparison.untraced, lines_not_read }
    }
}

fn write_report(out: &mut Vec<u8>, document: &Document<'_>, format: ReportFormat, terminal: &Terminal) {
    match format {
        ReportFormat::Json => {
            push_json(out, document);
            out.push(b'\n');
        }
        ReportFormat::Human => {
            out.extend_from_slice(summary(document.counts).as_bytes());
            if document.untraced > 0 {
                let line = format!("{} may be copies: too many contents have their digest\n", document.untraced);
                out.extend_from_slice(line.as_bytes());
            }
            for change in Change::ALL {
                let items = document.items.iter().filter(|item| item.change == change);
                items.for_each(|item| out.extend_from_slice(line(item, terminal).as_bytes()));
            }
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
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
    let from = item.content_from.as_ref().map(|from| terminal.quoted(from));
    let verdict = item.change.name();
    let line = match (item.change, from) {
        (Change::Moved, Some(from)) => format!("{verdict}: {from} -> {name}"),
        (Change::Added, Some(from)) => format!("{verdict}: {name} (copy of {from})"),
        (_, Some(from)) => format!("{verdict}: {name} (content of {from})"),
        (_, None) => format!("{verdict}: {name}"),
    };
    match item.evidence {
        Some(evidence) => format!("{line} ({evidence})\n"),
        None => line + "\n",
    }
}

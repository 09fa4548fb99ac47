//! `hivesum collections runs`: the latest runs of a collection, as the store keeps them.
//!
//! A run without an end goes on if some process holds the lock of the state directory, and was interrupted otherwise.

use std::process::ExitCode;

use hivesum_actors::store::collections::RunRecord;

use super::named::{find, open};
use super::{OneArgs, time_or_dash};
use crate::cli::control::StateAccess;
use crate::cli::lock_holder::process_with_lock;
use crate::cli::output::write_stdout;

/// Runs the command.
pub(super) fn run(args: &OneArgs) -> anyhow::Result<ExitCode> {
    let directory = args.state.directory()?;
    // Before the runs are read: one that ends meanwhile has an end.
    let is_held = process_with_lock(&directory).is_some() || StateAccess::of(&directory).is_served();
    let mut collections = open(&args.state)?;
    let one = find(&mut collections, &args.collection)?;
    let mut out = String::new();
    for run in collections.runs(&one)? {
        out += &line(&if is_held || run.end.is_some() { run } else { run.interrupted() });
    }
    write_stdout(out.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn line(run: &RunRecord) -> String {
    let RunRecord { id, kind, starter, started_at, end } = run;
    let end = end.as_ref();
    let outcome = end.map_or("running", |end| end.outcome.name());
    let counts = end.and_then(|end| end.counts);
    let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
    let columns = [
        id.to_string(),
        time_or_dash(Some(*started_at)),
        time_or_dash(end.and_then(|end| end.at)),
        kind.name().to_owned(),
        starter.name().to_owned(),
        outcome.to_owned(),
        count(counts.map(|counts| counts.files)),
        count(counts.map(|counts| counts.bytes)),
        count(counts.map(|counts| counts.events)),
        end.and_then(|end| end.error.as_ref()).map_or_else(|| "-".to_owned(), |error| error.detail.clone()),
    ];
    format!("{}\n", columns.join("\t"))
}

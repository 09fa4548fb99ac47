//! Compares two directories by the content of their files, and tells moved files and copies from new ones.
//!
//! ```text
//! cargo run -p hivesum-core --example compare_trees -- OLD NEW
//! ```

use std::convert::Infallible;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use hivesum_core::compare::{Fact, compare};
use hivesum_core::hash::hash_targets;
use hivesum_core::{Algorithms, ScanRules, Target, WalkSpec};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let old = facts(arguments.next().ok_or("usage: compare_trees OLD NEW")?)?;
    let new = facts(arguments.next().ok_or("usage: compare_trees OLD NEW")?)?;

    let mut comparison = compare(old.into_iter().map(Ok::<_, Infallible>), new.iter().cloned().map(Ok))?;
    comparison.find_copies(new.into_iter().map(Ok::<_, Infallible>))?;
    let mut out = io::stdout().lock();
    for item in &comparison.items {
        write!(out, "{}: {}", item.path.escape_ascii(), item.change.name())?;
        match &item.content_from {
            Some(from) => writeln!(out, " from {}", from.escape_ascii())?,
            None => writeln!(out)?,
        }
    }
    writeln!(out, "{} unchanged", comparison.counts.unchanged)?;
    Ok(if comparison.counts.all_unchanged() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is known of the files below a directory, in walk order.
fn facts(directory: OsString) -> io::Result<Vec<Fact>> {
    let spec = WalkSpec::new(vec![Target::directory(directory)?]);
    let mut facts = Vec::new();
    hash_targets(spec, ScanRules::new(Algorithms::default()), |batch| {
        facts.extend(batch.items().filter_map(Fact::of_item));
    });
    Ok(facts)
}

//! Hashes a directory on every core and prints lines that `b3sum --check` reads: the work of a job, without a service.
//!
//! `cargo run --release -p hivesum-actors --example service_less_job -- DIRECTORY`

use std::io::Write;
use std::process::ExitCode;

use hivesum_actors::{Engine, EngineConfig, HasherPriority, ScanOutcome, ScanSpec, SelfTest};
use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::{Format, LineEnd, ManifestWriter};
use hivesum_core::result::ItemRef;
use hivesum_core::walk::Target;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let directory = std::env::args_os().nth(1).ok_or("name a directory")?;
    let algorithms = Algorithms::default();
    let (engine, thread) = Engine::start_in_background(EngineConfig {
        priority: HasherPriority::Normal,
        self_test: SelfTest::Only(algorithms),
        ..EngineConfig::default()
    })?;
    let mut scan = engine.scan(ScanSpec::new(vec![Target::directory(directory)?], algorithms))?;
    let mut manifest = ManifestWriter::new(Format::Gnu, algorithms, LineEnd::Newline)?;
    let (mut out, mut path) = (Vec::new(), Vec::new());
    while let Some(rows) = scan.blocking_next() {
        for row in rows.iter() {
            path.clear();
            row.path_into(&mut path);
            // A name that the format cannot carry is an error, never another name.
            manifest.item(&mut out, &ItemRef::of_row(row, &path, rows.algorithms()))?;
        }
        std::io::stdout().write_all(&out)?;
        out.clear();
    }
    let end = scan.blocking_finish();
    thread.join();
    let whole = end.outcome == ScanOutcome::Completed && end.summary.errors == 0;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

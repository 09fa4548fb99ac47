//! Checks a directory against a manifest of any format: what was modified, moved, added, removed or unreadable.
//!
//! ```text
//! cargo run -p hivesum-core --example check_manifest -- MANIFEST DIR
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use hivesum_core::hash::hash_targets;
use hivesum_core::result::FileIdentity;
use hivesum_core::{Audit, BaselineBuilder, Limits, ManifestReader, ReadOptions, ScanRules, Target, Verdict, WalkSpec};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let manifest = arguments.next().ok_or("usage: check_manifest MANIFEST DIR")?;
    let directory = arguments.next().ok_or("usage: check_manifest MANIFEST DIR")?;
    let mut out = io::stdout().lock();

    let file = File::open(&manifest)?;
    let own_file = FileIdentity::of(&file)?;
    let options = ReadOptions::new(Limits::COMMAND_LINE);
    let mut reader = ManifestReader::detecting(BufReader::new(file), manifest.as_bytes(), options)?;
    let mut baseline = BaselineBuilder::new();
    while let Some((line, record)) = reader.next_record()? {
        match record {
            Ok(record) => baseline.push(record)?,
            Err(why) => writeln!(io::stderr(), "line {line}: {why}")?,
        }
    }

    let mut audit = Audit::new(baseline.finish(), reader.candidates().clone());
    // The manifest may lie in the directory that it describes.
    let rules = ScanRules { leave_out: vec![own_file], ..ScanRules::new(audit.algorithms()?) };
    let mut results = Vec::new();
    hash_targets(WalkSpec::new(vec![Target::directory(directory)?]), rules, |batch| {
        for item in batch.items() {
            let judged = audit.judge(&item.as_ref());
            results.push((item.path, judged.verdict));
        }
    });

    // Which files are missing, and which of the new ones are moved ones, is known at the end.
    let findings = audit.finish();
    for traced in &findings.traced {
        results[traced.row as usize].1 = Some(traced.verdict);
    }
    results.extend(findings.absent.into_iter().map(|one| (one.path, Some(one.verdict))));
    for (path, verdict) in results {
        if let Some(verdict) = verdict.filter(|&verdict| verdict != Verdict::Matched) {
            writeln!(out, "{}: {}", path.escape_ascii(), verdict.name())?;
        }
    }
    writeln!(out, "{} matched", findings.counts.matched)?;
    Ok(if findings.counts.all_matched() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

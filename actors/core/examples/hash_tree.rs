//! Prints the digest of every file below a directory, in lines that `sha256sum --check` and its like read.
//!
//! ```text
//! cargo run -p hivesum-core --example hash_tree -- DIR [ALGORITHM,...]
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use hivesum_core::hash::hash_targets;
use hivesum_core::manifest::LineEnd;
use hivesum_core::{Algorithms, Format, ManifestWriter, ScanRules, Status, Target, WalkSpec};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let directory = arguments.next().ok_or("usage: hash_tree DIR [ALGORITHM,...]")?;
    let algorithms: Algorithms = match arguments.next() {
        Some(list) => list.to_string_lossy().parse()?,
        None => Algorithms::default(),
    };

    let mut writer = ManifestWriter::new(Format::default_for(&algorithms), algorithms, LineEnd::Newline)?;
    let spec = WalkSpec::new(vec![Target::directory(directory)?]);
    let (mut lines, mut outcome) = (Vec::new(), Ok(()));
    let summary = hash_targets(spec, ScanRules::new(algorithms), |batch| {
        for item in batch.items() {
            if let Status::Error { code, .. } = item.status {
                let _ = writeln!(io::stderr(), "{}: {}", item.path.escape_ascii(), code.in_words());
            }
            writer.item(&mut lines, &item.as_ref()).expect("GNU and BSD lines carry every name");
        }
        if outcome.is_ok() {
            outcome = io::stdout().write_all(&lines);
        }
        lines.clear();
    });
    outcome?;
    Ok(if summary.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

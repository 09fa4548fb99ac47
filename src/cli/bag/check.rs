//! Checks a bag: its declaration, manifests, payload and tag files, by the rules of the version that it declares.
//!
//! A valid bag of version 1.0 has every payload file once in every manifest, and every listed file exists and matches.
//! All faults are reported, not only the first one. Only what hivesum does not know ends the check early: the rules of
//! an unknown version, and an encoding that it does not read.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use clap::Args;
use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::bagit;
use hivesum_core::result::Status;

use super::compare::{Compared, PayloadCheck};
use super::declaration::{Declaration, MAX_DECLARATION_BYTES};
use super::directory::{BagDirectory, in_words, is_absent};
use super::manifest::{Lists, Manifest, Reading};
use super::payload::{Oxum, Payload};
use super::report::{Printed, Report};
use super::scan::Scanner;
use super::staging::Interrupted;
use super::tag_files::check_tag_files;
use crate::cli::engine::{EngineArgs, RunningEngine};
use crate::cli::error::path_error;
use crate::cli::output::ReportFormat;
use crate::cli::terminal::{ScreenArgs, Terminal};

#[derive(Debug, Args)]
#[command(after_help = "\
Versions 0.93 to 0.97 and 1.0 (RFC 8493) are checked, each by its own rules. Nothing is fetched: files that are only \
in fetch.txt are missing. Symbolic links are not followed.

Examples:
  hivesum bag check delivery
  hivesum bag check delivery --format json

Exit status: 0 the bag is valid; 1 it is not valid or cannot be checked; 2 wrong command line.")]
pub(in crate::cli) struct CheckArgs {
    /// The directory of the bag.
    #[arg(value_name = "BAG")]
    bag: OsString,

    /// Output format: human or json.
    #[arg(short, long, default_value_t)]
    format: ReportFormat,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::of(args.screen);
    let bag = BagDirectory::open(&args.bag).map_err(|error| path_error(&args.bag, &error))?;
    let mut report = Report::default();
    let names = bag.names().map_err(|error| path_error(&args.bag, &error))?;
    if !names.iter().any(|name| is_of_a_bag(name)) {
        report.fault(b"", "this is not a bag (it has no bagit.txt)");
        return Printed { report: &report, bag: args.bag.as_bytes(), found: None, terminal: &terminal }
            .print(args.format);
    }
    let declaration = declaration(&bag, &mut report);
    let reading = Reading { bag: &bag, version: declaration.version, encoding: declaration.encoding };
    let found = match declaration.unsupported.is_empty() {
        true => check(args, reading, &terminal, &mut report)?,
        false => None,
    };
    terminal.finish_progress();
    Printed { report: &report, bag: args.bag.as_bytes(), found, terminal: &terminal }.print(args.format)
}

/// Whether a name in the base directory is one that every bag has: without any, there is only one thing to say.
pub(super) fn is_of_a_bag(name: &[u8]) -> bool {
    name == b"bagit.txt" || name == b"data" || bagit::word_of_name(name).is_some()
}

/// Reads the declaration, and reports what is wrong with it.
pub(super) fn declaration(bag: &BagDirectory, report: &mut Report) -> Declaration {
    const FILE: &[u8] = b"bagit.txt";
    let declaration = match bag.read("bagit.txt", MAX_DECLARATION_BYTES) {
        Ok(Some(text)) => Declaration::read(&text),
        Ok(None) => {
            report.fault(FILE, "No such file or directory");
            Declaration::assumed()
        }
        Err(why) => {
            report.fault(FILE, why);
            Declaration::assumed()
        }
    };
    declaration.faults.iter().for_each(|fault| report.fault(FILE, *fault));
    declaration.unsupported.iter().for_each(|what| report.unsupported(FILE, what));
    declaration
}

/// Checks everything but the declaration, and tells the size of the payload, unless some of it could not be read.
fn check(
    args: &CheckArgs,
    reading: Reading<'_>,
    terminal: &Terminal,
    report: &mut Report,
) -> anyhow::Result<Option<Oxum>> {
    let names = reading.bag.names().map_err(|error| path_error(&args.bag, &error))?;
    if let Some(interrupted) = Interrupted::among(names.iter().map(Vec::as_slice)) {
        report.fault(b"", interrupted.in_words());
    }
    let manifests = reading.manifests(&names, Lists::Payload, report);
    let tag_manifests = reading.manifests(&names, Lists::TagFiles, report);
    if manifests.is_empty() {
        report.fault(b"", "has no payload manifest");
    }
    if tag_manifests.is_empty() {
        report.warning(b"", "has no tag manifest: nothing protects bag-info.txt and the manifests");
    }
    let to_fetch = reading.fetch(report);
    let algorithms = algorithms_of(manifests.iter().chain(&tag_manifests));
    let engine = RunningEngine::start(args.engine, Some(algorithms))?;
    let scanner = Scanner { engine: &engine, terminal };
    let payload = payload(reading.bag, scanner, algorithms_of(&manifests), report)?;
    let mut check = PayloadCheck { version: reading.version, payload: &payload, to_fetch: &to_fetch, report };
    let compared: Vec<Compared> = manifests.iter().map(|manifest| check.compare(manifest)).collect();
    check.completeness(&manifests, &compared);
    check.fetch(&compared);
    check_tag_files(reading, scanner, [&manifests, &tag_manifests], report)?;
    reading.info(payload.told_oxum(), report);
    engine.join();
    Ok(payload.told_oxum())
}

/// The algorithms of these manifests that hivesum has.
pub(super) fn algorithms_of<'a>(manifests: impl IntoIterator<Item = &'a Manifest>) -> Algorithms {
    let known: BTreeSet<_> = manifests.into_iter().filter_map(|manifest| manifest.algorithm).collect();
    Algorithms::new(known).unwrap_or_default()
}

fn payload(
    bag: &BagDirectory,
    scanner: Scanner<'_>,
    algorithms: Algorithms,
    report: &mut Report,
) -> anyhow::Result<Payload> {
    let data = match bag.payload() {
        Ok(data) => data,
        Err(status) => {
            let why = in_words(status);
            report.fault(b"data", why.as_str());
            return Ok(match status {
                Status::Error { .. } if !is_absent(status) => Payload::that_cannot_be_opened(why),
                // What a link leads to is not in the bag.
                Status::Error { .. } | Status::Skipped(_) | Status::Hashed(_) => Payload::default(),
            });
        }
    };
    let payload = Payload::new(scanner.tree(data, algorithms)?, algorithms);
    payload.unreadable().iter().for_each(|(name, why)| report.fault(name, why));
    for name in payload.twins() {
        report
            .warning(name, "differs from another file in its Unicode normalisation form alone: other systems keep one");
    }
    Ok(payload)
}

//! `hivesum collections report` and `manifest`: documents on a collection, to stdout or to a file that is complete or not
//! there.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use hivesum_actors::report::{Report, ReportFormat, ReportPart, Subject};
use hivesum_actors::store::collections::{Collections, StoredCollection};
use jiff::Timestamp;

use super::named::{find, open};
use crate::cli::atomic_file::AtomicFile;
use crate::cli::output::write_stdout;
use crate::cli::quote::quoted;
use crate::cli::state::StateArgs;

/// Events that are read at a time.
const PAGE: usize = 1000;

#[derive(Debug, Args)]
#[command(after_help = "\
html is one page to read and to print; of a collection of more than 10,000 files it lists those that are not what they \
should be, and always the last 1,000 events. csv has a row for each file. premis is PREMIS 3.0: files as objects, checks \
and changes as events.

Examples:
  hivesum collections report ~/photos -o report.html
  hivesum collections report ~/photos --format premis -o premis.xml")]
pub(in crate::cli) struct ReportArgs {
    /// The directory of the collection, or its id.
    collection: OsString,

    /// The form: html, csv or premis.
    #[arg(long, value_name = "FORM", default_value = "html", value_parser = format_of)]
    format: ReportFormat,

    /// Write to this file instead of stdout. It is replaced when the report is complete.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    state: StateArgs,
}

fn format_of(word: &str) -> Result<ReportFormat, String> {
    let names: Vec<_> = ReportFormat::ALL.iter().map(|format| format.name()).collect();
    word.parse().map_err(|_| format!("must be one of {}", names.join(", ")))
}

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let mut collections = open(&args.state)?;
    let one = find(&mut collections, &args.collection)?;
    put(args.output.as_deref(), |take| write(&mut collections, &one, args.format, take))
}

/// Where the pieces of a document go.
pub(super) type Take<'a> = &'a mut dyn FnMut(&[u8]) -> anyhow::Result<()>;

/// Writes a document to stdout, or to a file that is replaced when it is complete.
pub(super) fn put(
    output: Option<&Path>,
    write: impl FnOnce(Take<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let Some(path) = output else {
        write(&mut |piece| Ok(write_stdout(piece)?))?;
        return Ok(ExitCode::SUCCESS);
    };
    let shown = || quoted(path.as_os_str());
    let mut file = AtomicFile::create(path).with_context(shown)?;
    write(&mut |piece| file.write_all(piece).with_context(shown))?;
    file.commit().with_context(shown)?;
    Ok(ExitCode::SUCCESS)
}

/// Passes the report to `take`, piece by piece.
fn write(
    collections: &mut Collections,
    one: &StoredCollection,
    format: ReportFormat,
    take: Take<'_>,
) -> anyhow::Result<()> {
    let counted = collections.counted(one)?.context("the collection was forgotten meanwhile")?;
    let directory = one.directory.as_os_str().as_encoded_bytes();
    let mut report = Report::new(format, Subject { counted: &counted, directory, now: Timestamp::now() });
    let mut out = String::new();
    report.begin(&mut out);
    for part in report.parts() {
        report.begin_part(&mut out, part);
        match part {
            ReportPart::Files | ReportPart::Checks => collections.each_page(one, |page| {
                page.iter().for_each(|file| report.file(&mut out, file));
                take(std::mem::take(&mut out).as_bytes())
            })?,
            ReportPart::EventsAfter(mut after) => loop {
                let page = collections.events(one, after, PAGE)?;
                page.iter().for_each(|event| report.event(&mut out, event));
                take(std::mem::take(&mut out).as_bytes())?;
                let Some(last) = page.last() else { break };
                after = last.n;
            },
        }
    }
    report.end(&mut out);
    take(out.as_bytes())
}

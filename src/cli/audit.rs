//! `hivesum audit`: compares a directory with a manifest or an earlier job, in both directions.
//!
//! Lists every file that is modified, moved, missing, new or unreadable. The exit status is 0 only if all matched.

mod args;
mod expected;
mod found;
mod last;
mod own;
mod report;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use hivesum_actors::scan::{ScanOutcome, ScanSpec};
use hivesum_core::compare::Audit;
use hivesum_core::result::{AuditCounts, ItemRef, SkipReason, Status, Summary, directories_above};
use hivesum_core::walk::{Filters, Target};

pub(super) use self::args::AuditArgs;
pub(super) use self::expected::checksum_file_in;
use self::expected::{Listed, Source};
use self::report::{Ending, Lists, Report, told_untraced};
use super::engine::RunningEngine;
use super::error::path_error;
use super::from_device::SourceTally;
use super::output::{ReportFormat, WriteError, write_stdout};
use super::own_output::OwnOutputs;
use super::probe::{self, Effort};
use super::terminal::{Terminal, amount};
use super::tree::Tree;

/// When the files are counted to give the progress bar a total. Shorter runs do without.
const SURVEY_AFTER: Duration = Duration::from_secs(1);

/// Bytes of results that are buffered before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// Runs the command.
pub(super) fn run(args: AuditArgs) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::of(args.screen);
    if args.quiet && !args.verbose {
        terminal.hold();
    }
    let all_matched = audit(args, terminal.clone());
    if !matches!(all_matched, Ok(true)) {
        terminal.release();
    }
    Ok(if all_matched? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether all files matched.
fn audit(args: AuditArgs, terminal: Terminal) -> anyhow::Result<bool> {
    let mut source = Source::of(&args, &terminal)?;
    let tree = Tree::open(&args.dir, args.engine.read_timeout()).map_err(|error| path_error(&args.dir, &error))?;
    let wanted = args.filter.filters_below("audit", &args.dir)?;
    let mut expected = source.expected(&args, (&tree, &wanted), &terminal)?;
    let engine = RunningEngine::start(args.engine, Some(expected.baseline.algorithms(&expected.candidates)?))?;
    let told_of_nothing = args.filter.told_of_nothing();
    if expected.baseline.len() > 1 {
        probe::narrow(&engine, &tree, (&expected.baseline, &mut expected.candidates), Effort::BRIEF)?;
    }
    let target = match &expected.listed {
        Some(listed) if listed.are_all() => {
            Target::Listed { dir: tree.dir()?, names: expected.baseline.names().collect() }
        }
        Some(_) | None => Target::Directory { dir: tree.dir()?, shown: Vec::new() },
    };
    let audit = Audit::new(expected.baseline, expected.candidates);
    let content = source.take_content(audit.algorithms()?);
    let audit = audit.with_manifest(content);
    let audit = if expected.is_bag { audit.of_regular_files() } else { audit };
    let outputs = OwnOutputs::of_streams();
    expected.leave_out.extend(outputs.identities());
    let spec = ScanSpec {
        survey_after: terminal.shows_progress().then_some(SURVEY_AFTER),
        leave_out: expected.leave_out,
        from_device: args.source.from_device,
        ..args.engine.scan(vec![target], audit.algorithms()?)
    };
    let spec = match &expected.job {
        Some(job) => job.spec.walk(spec)?,
        None => spec,
    };
    // A walk has one set of globs. The other set is for what it finds.
    let (of_walk, also_wanted) = match args.filter.is_empty() {
        true => (expected.recorded_with, Filters::default()),
        false => (wanted, expected.recorded_with),
    };
    let report = Report::new(args.format, lists(&args), terminal.clone());
    let (listed, without_digest) = (expected.listed, expected.without_digest);
    let (dir, says_amount) = (args.dir, args.verbose || (Terminal::is_seen() && !args.quiet));
    let run = Run {
        told_of_nothing,
        engine,
        audit,
        report,
        outputs,
        dir,
        terminal,
        source,
        also_wanted,
        listed,
        without_digest,
        says_amount,
    };
    run.carry_out(ScanSpec { filters: of_walk, ..spec })
}

/// How much is written.
fn lists(args: &AuditArgs) -> Lists {
    match (args.quiet, args.all || args.format == ReportFormat::Json) {
        (true, _) => Lists::OnlyFaults,
        (false, true) => Lists::All,
        (false, false) => Lists::FaultsAndCounts,
    }
}

struct Run {
    engine: RunningEngine,
    audit: Audit,
    report: Report,
    outputs: OwnOutputs,
    dir: OsString,
    terminal: Terminal,
    source: Source,
    /// What the walk finds and these do not want is not judged.
    also_wanted: Filters,
    listed: Option<Listed>,
    without_digest: HashSet<Vec<u8>>,
    /// What to say of the globs if nothing was compared.
    told_of_nothing: Option<String>,
    /// Whether it is said how much was read.
    says_amount: bool,
}

impl Run {
    /// Whether the file is named without a digest, or lies in a directory that could not be read then.
    fn has_no_digest(&self, path: &[u8]) -> bool {
        let has = |name: &[u8]| self.without_digest.contains(name);
        !self.without_digest.is_empty() && (has(path) || directories_above(path).any(has))
    }

    /// Whether all files matched.
    fn carry_out(mut self, spec: ScanSpec) -> anyhow::Result<bool> {
        let mut scan = self.engine.handle.scan(spec)?;
        self.terminal.follow(scan.progress());
        let (mut out, mut path, mut sources) = (Vec::new(), Vec::new(), SourceTally::default());
        self.report.begin(&mut out);
        while let Some(rows) = scan.blocking_next() {
            for row in rows.iter() {
                path.clear();
                row.path_into(&mut path);
                if row.status == Status::Skipped(SkipReason::Internal) {
                    let whole = Path::new(&self.dir).join(OsStr::from_bytes(&path));
                    self.outputs.say_left_out(&self.terminal, &path, &whole);
                }
                let is_own = self.listed.as_ref().is_some_and(|listed| listed.leave_out(&path));
                if is_own || self.has_no_digest(&path) || !self.also_wanted.wants_path(&path) {
                    continue;
                }
                sources.count(row.origin.read_from(), row.meta.device);
                let item = ItemRef::of_row(row, &path, rows.algorithms());
                let (judged, failed) = self.audit.judge_closely(&item);
                self.report.take(&mut out, &item, judged, failed);
            }
            if out.len() >= BUFFER_BYTES {
                write(&self.terminal, &mut out)?;
            }
        }
        let ended = scan.blocking_finish();
        if ended.outcome != ScanOutcome::Completed {
            bail!("the scan was aborted: not everything was audited");
        }
        let findings = self.audit.finish();
        let counts = findings.counts;
        // What a job could not read is as unknown now as it was then.
        let is_complete = self.without_digest.is_empty() || !matches!(self.source, Source::Job(_) | Source::Last);
        let untraced = told_untraced(findings.untraced);
        if self.report.has_remarks() {
            self.source.tell_algorithms(&self.terminal, &findings);
        }
        let without_evidence = self.report.without_evidence();
        let lines_not_read = self.source.unread();
        self.report.end(&mut out, Ending { findings, lines_not_read, is_complete });
        write(&self.terminal, &mut out)?;
        self.engine.join();
        self.terminal.finish_progress();
        let of_nothing = self.told_of_nothing.filter(|_| counts == AuditCounts::default());
        let told_of_sources = sources.warnings().into_iter().chain(sources.closing());
        for told in without_evidence.into_iter().chain(untraced).chain(of_nothing).chain(told_of_sources) {
            self.terminal.message(&told);
        }
        if self.says_amount {
            let Summary { hashed, bytes, elapsed_ms, .. } = ended.summary;
            self.terminal.message(&format!("read {}", amount(hashed, bytes, Duration::from_millis(elapsed_ms))));
        }
        Ok(counts.all_matched() && is_complete)
    }
}

/// Writes `out` and empties it.
fn write(terminal: &Terminal, out: &mut Vec<u8>) -> Result<(), WriteError> {
    let written = terminal.suspend_progress(|| write_stdout(out));
    out.clear();
    written
}

//! `hivesum hash`: prints the digests of files while they are computed, in the order of the walk.
//!
//! The main thread takes results from the engine and formats them; a second thread writes them. Errors and skipped
//! files are reported on stderr. Errors make the exit status 1, skipped files do not.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use hivesum_actors::scan::{ScanOutcome, ScanSpec};
use hivesum_core::digest::Algorithms;
use hivesum_core::file::Reach;
use hivesum_core::manifest::{Format, LineEnd, ManifestWriter};
use hivesum_core::result::{FileIdentity, FileMeta, ItemRef, Rows, SkipReason, Stability, Status, Summary};
use hivesum_core::walk::{Filters, Target};

use super::atomic_file::AtomicFile;
use super::engine::{EngineArgs, RunningEngine};
use super::error::{UsageError, reason, system_text};
use super::hash_args::HashArgs;
use super::inputs::{Input, Inputs, Stdin};
use super::output::{Output, OutputClosed, Sink, WriteError};
use super::terminal::Terminal;
use crate::cli::inputs::hash_stream;

/// When the files are counted to give the progress bar a total. Shorter runs do without.
const SURVEY_AFTER: Duration = Duration::from_secs(1);

/// Runs the command.
pub(super) fn run(args: HashArgs) -> anyhow::Result<ExitCode> {
    let writer = writer_of(&args)?;
    let rules = Rules::of(&args)?;
    let (terminal, sink) = (Terminal::with_progress(), open_sink(&args)?);
    let rules = Rules { leave_out: own_files(&sink), ..rules };
    let engine = RunningEngine::start(args.engine, Some(rules.algorithms))?;
    let output = Output::open(sink, terminal.clone())?;
    let mut run = Run { engine, rules, writer, output, terminal, tally: Tally::new(), path: Vec::new() };
    let emitted = run.hash_all(Inputs::new(args.paths));
    run.end(emitted)
}

fn writer_of(args: &HashArgs) -> Result<ManifestWriter, UsageError> {
    let usage = |message: &dyn std::fmt::Display| UsageError::of("hash", message);
    let format = args.format.unwrap_or_else(|| Format::default_for(&args.algorithms));
    if args.zero && !format.may_end_lines_with_nul() {
        return Err(usage(&format!("--zero works with the formats gnu and bsd, not with {format}")));
    }
    let end = if args.zero { LineEnd::Nul } else { LineEnd::Newline };
    ManifestWriter::new(format, args.algorithms, end).map_err(|mismatch| usage(&mismatch))
}

fn open_sink(args: &HashArgs) -> anyhow::Result<Sink> {
    let Some(path) = args.output.as_ref().filter(|path| !is_stdout(path)) else { return Ok(Sink::Stdout) };
    let file = AtomicFile::create(path).map_err(|error| io::Error::new(error.kind(), system_text(&error)));
    Ok(Sink::File(file.with_context(|| path.display().to_string())?))
}

/// Whether this is another name of stdout. The file that the shell opened must not be replaced.
fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

fn own_files(sink: &Sink) -> Vec<FileIdentity> {
    match sink {
        Sink::Stdout => Vec::new(),
        Sink::File(file) => file.own_files().to_vec(),
    }
}

/// The settings of all scans.
struct Rules {
    algorithms: Algorithms,
    filters: Filters,
    reach: Reach,
    engine: EngineArgs,
    require_stable: bool,
    leave_out: Vec<FileIdentity>,
}

impl Rules {
    fn of(args: &HashArgs) -> Result<Self, UsageError> {
        let filters = Filters::new(&args.include, &args.exclude).map_err(|error| UsageError::of("hash", error))?;
        Ok(Self {
            algorithms: args.algorithms,
            filters,
            reach: if args.one_file_system { Reach::OneFilesystem } else { Reach::Everywhere },
            engine: args.engine,
            require_stable: args.require_stable,
            leave_out: Vec::new(),
        })
    }

    fn spec(&self, targets: Vec<Target>) -> ScanSpec {
        ScanSpec {
            filters: self.filters.clone(),
            reach: self.reach,
            require_stable: self.require_stable,
            survey_after: io::stderr().is_terminal().then_some(SURVEY_AFTER),
            leave_out: self.leave_out.clone(),
            ..self.engine.scan(targets, self.algorithms)
        }
    }
}

/// The results so far.
struct Tally {
    started: Instant,
    summary: Summary,
    /// Whether a result is missing in the output.
    failed: bool,
}

impl Tally {
    fn new() -> Self {
        let summary = Summary { complete: true, ..Summary::default() };
        Self { started: Instant::now(), summary, failed: false }
    }

    fn count(&mut self, item: &ItemRef<'_>) {
        self.summary.count(item.status, item.meta.size);
        self.failed |= matches!(item.status, Status::Error { .. });
    }

    fn close(&mut self) -> Summary {
        self.summary.elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.summary
    }
}

/// One run of the command.
struct Run {
    engine: RunningEngine,
    rules: Rules,
    writer: ManifestWriter,
    output: Output,
    terminal: Terminal,
    tally: Tally,
    /// The path of the current result; kept to reuse its memory.
    path: Vec<u8>,
}

impl Run {
    fn hash_all(&mut self, inputs: Inputs) -> Result<(), OutputClosed> {
        self.writer.begin(self.output.buffer());
        for input in inputs {
            match input {
                Input::Scan(targets) => self.scan(targets)?,
                Input::Stream { shown, source } => self.stream(&shown, source)?,
                Input::Special(shown) => self.emit_alone(&shown, Status::Skipped(SkipReason::NotRegular))?,
            }
        }
        let summary = self.tally.close();
        self.writer.end(self.output.buffer(), &summary);
        self.output.flush()
    }

    fn scan(&mut self, targets: Vec<Target>) -> Result<(), OutputClosed> {
        let mut scan = match self.engine.handle.scan(self.rules.spec(targets)) {
            Ok(scan) => scan,
            Err(refused) => return self.mark_incomplete(&refused.to_string()),
        };
        self.terminal.follow(scan.progress());
        while let Some(rows) = scan.blocking_next() {
            self.emit_rows(&rows)?;
        }
        match scan.blocking_finish().outcome {
            ScanOutcome::Completed => Ok(()),
            ScanOutcome::Cancelled
            | ScanOutcome::DeadlineExceeded
            | ScanOutcome::WalkFailed
            | ScanOutcome::Diverged => self.mark_incomplete("the scan was aborted: the output is incomplete"),
        }
    }

    /// Marks the output as incomplete.
    fn mark_incomplete(&mut self, why: &str) -> Result<(), OutputClosed> {
        self.terminal.message(why);
        self.tally.summary.complete = false;
        self.tally.failed = true;
        Ok(())
    }

    fn stream(&mut self, shown: &[u8], source: Option<std::fs::File>) -> Result<(), OutputClosed> {
        let (engine, algorithms) = (&self.engine.handle, self.rules.algorithms);
        let hashed = match source {
            Some(pipe) => hash_stream(engine, algorithms, pipe),
            None => hash_stream(engine, algorithms, Stdin),
        };
        match hashed {
            Ok(hashed) => {
                let meta = FileMeta { size: hashed.size, ..FileMeta::default() };
                let status = Status::Hashed(Stability::Stable);
                self.emit(&ItemRef {
                    path: shown,
                    meta,
                    status,
                    digests: &hashed.digests,
                    algorithms: &hashed.algorithms,
                    reused: false,
                    fixity: None,
                });
                self.output.flush()
            }
            Err(error) => self.emit_alone(shown, stream_failed(&error)),
        }
    }

    /// A result that did not come from a scan.
    fn emit_alone(&mut self, path: &[u8], status: Status) -> Result<(), OutputClosed> {
        let algorithms = self.rules.algorithms;
        let meta = FileMeta::default();
        self.emit(&ItemRef { path, meta, status, digests: &[], algorithms: &algorithms, reused: false, fixity: None });
        self.output.flush()
    }

    fn emit_rows(&mut self, rows: &Rows) -> Result<(), OutputClosed> {
        let mut path = std::mem::take(&mut self.path);
        for row in rows.iter().filter(|row| !is_own(row.status)) {
            path.clear();
            row.path_into(&mut path);
            self.emit(&ItemRef::of_row(row, &path, rows.algorithms()));
        }
        self.path = path;
        self.output.flush()
    }

    fn emit(&mut self, item: &ItemRef<'_>) {
        self.tally.count(item);
        match (item.status, reason(item.status)) {
            (Status::Skipped(_), Some(why)) => self.terminal.message_about(item.path, &format!("skipped: {why}")),
            (_, Some(why)) => self.terminal.message_about(item.path, &why),
            (_, None) => {}
        }
        if let Err(refused) = self.writer.item(self.output.buffer(), item) {
            self.terminal.message_about(item.path, &refused.to_string());
            self.tally.failed = true;
        }
    }

    /// Waits for the writing thread, commits the output file and gives the exit status.
    fn end(self, emitted: Result<(), OutputClosed>) -> anyhow::Result<ExitCode> {
        let complete = self.tally.summary.complete && emitted.is_ok();
        let written = self.output.finish();
        self.engine.join();
        self.terminal.finish_progress();
        match written {
            // The reader of stdout has seen enough.
            Err(error) if error.is_broken_pipe() => {}
            Err(error) => return Err(error.into()),
            Ok(Sink::File(file)) if complete => file.commit().map_err(WriteError::from)?,
            Ok(Sink::File(_) | Sink::Stdout) => {}
        }
        Ok(if self.tally.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// Whether this is our own output file, which is skipped without a message.
fn is_own(status: Status) -> bool {
    status == Status::Skipped(SkipReason::Internal)
}

fn stream_failed(error: &io::Error) -> Status {
    use hivesum_core::result::ErrorCode;
    match error.raw_os_error() {
        Some(errno) => Status::Error { code: ErrorCode::IoError, errno },
        None => Status::error(ErrorCode::Internal),
    }
}

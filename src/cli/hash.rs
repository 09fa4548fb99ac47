//! `hivesum hash`: prints the digests of files while they are computed, in the order of the walk.
//!
//! The main thread takes results from the engine and formats them; a second thread writes them. Errors and skipped
//! files are reported on stderr: symbolic links by their number, because trees are full of them. Errors make the exit
//! status 1, and so does a PATH that is not hashed; what is skipped below a PATH does not.

mod closing;
mod here;
mod setup;
mod tally;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use hivesum_actors::engine::Engine;
use hivesum_actors::scan::ScanOutcome;
use hivesum_core::manifest::ManifestWriter;
use hivesum_core::result::{FileMeta, ItemRef, Origin, RowRef, Rows, SkipReason, Stability, Status};
use hivesum_core::walk::Target;

use self::closing::{Loudness, Saved};
use self::setup::{Rules, open_sink, outputs_of, writer_of};
use self::tally::Tally;
use super::engine::RunningEngine;
use super::error::{reason, system_text};
use super::hash_args::HashArgs;
use super::inputs::{Input, Inputs, Stdin};
use super::output::{Output, OutputClosed, Sink, WriteError};
use super::own_output::{LEFT_OUT, OwnOutputs};
use super::terminal::Terminal;
use crate::cli::inputs::hash_stream;

/// Runs the command.
pub(super) fn run(args: HashArgs) -> anyhow::Result<ExitCode> {
    let writer = writer_of(&args)?;
    let rules = Rules::of(&args)?;
    let loudness = Loudness::of(&args);
    let (terminal, sink) = (Terminal::of(args.screen), open_sink(&args)?);
    setup::refuse_output_as_input(&args, &sink)?;
    setup::tell_of_output_name(&args, &terminal);
    let writer = rules.remembered_by(writer, &args, &terminal);
    let outputs = outputs_of(&sink);
    let rules = rules.leaving_out(&sink, &outputs);
    let engine = if !args.source.from_device && here::are_few_and_small(&args.paths) {
        here::self_test(&rules)?;
        None
    } else {
        Some(rules.start_engine()?)
    };
    let output = Output::open(sink, terminal.clone())?;
    let inputs = Inputs::new(args.paths, rules.filters.directories_per_scan());
    let (tally, path) = (Tally::new(), Vec::new());
    let mut run = Run { engine, rules, writer, output, outputs, terminal, tally, loudness, path };
    let emitted = run.hash_all(inputs);
    run.end(emitted)
}

const ABORTED: &str = "the scan was aborted: the output is incomplete";

/// How a result came to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    /// It is a PATH itself.
    Named,
    /// It was found below one.
    Walked,
}

impl Met {
    /// Names have no directory, and a result about a directory itself has no name.
    fn of(row: &RowRef<'_>) -> Self {
        if row.directory.is_empty() || row.name.is_empty() { Self::Named } else { Self::Walked }
    }
}

/// One run of the command.
struct Run {
    /// Started once something needs it: a few small files do not.
    engine: Option<RunningEngine>,
    rules: Rules,
    writer: ManifestWriter,
    output: Output,
    outputs: OwnOutputs,
    terminal: Terminal,
    tally: Tally,
    loudness: Loudness,
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
                Input::Special { shown, what } => self.refuse(&shown, what)?,
            }
        }
        let summary = self.tally.close();
        self.tally.told_of_globs(&self.rules.filters).iter().for_each(|told| self.terminal.message(told));
        self.writer.end(self.output.buffer(), &summary);
        self.output.flush()
    }

    fn scan(&mut self, targets: Vec<Target>) -> Result<(), OutputClosed> {
        self.tally.walked |= targets.iter().any(|target| matches!(target, Target::Directory { .. }));
        let Some(engine) = &self.engine else { return self.scan_here(targets) };
        let mut scan = match engine.handle.scan(self.rules.spec(targets)) {
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
            | ScanOutcome::Diverged => self.mark_incomplete(ABORTED),
        }
    }

    /// The engine, for what was a small file when it was looked at first.
    fn engine(&mut self) -> io::Result<Engine> {
        if let Some(engine) = &self.engine {
            return Ok(engine.handle.clone());
        }
        let engine = self.rules.start_engine().map_err(io::Error::other)?;
        Ok(self.engine.insert(engine).handle.clone())
    }

    /// Marks the output as incomplete.
    fn mark_incomplete(&mut self, why: &str) -> Result<(), OutputClosed> {
        self.terminal.message(why);
        self.tally.summary.complete = false;
        self.tally.failed = true;
        Ok(())
    }

    fn stream(&mut self, shown: &[u8], source: Option<std::fs::File>) -> Result<(), OutputClosed> {
        let algorithms = self.rules.algorithms;
        let hashed = self.engine().and_then(|engine| match source {
            Some(pipe) => hash_stream(&engine, algorithms, pipe),
            None => hash_stream(&engine, algorithms, Stdin),
        });
        match hashed {
            Ok(hashed) => {
                let meta = FileMeta { size: hashed.size, ..FileMeta::default() };
                let (status, digests, algorithms) =
                    (Status::Hashed(Stability::Stable), &hashed.digests[..], &hashed.algorithms);
                let (origin, fixity) = (Origin::of_read(self.rules.source.of_stream()), None);
                self.write(&ItemRef { path: shown, meta, status, digests, algorithms, origin, fixity });
                self.output.flush()
            }
            Err(error) => {
                self.report_stream(shown, &error);
                self.write_alone(shown, stream_failed(&error))
            }
        }
    }

    fn report_stream(&self, shown: &[u8], error: &io::Error) {
        match error.raw_os_error() {
            Some(libc::EBADF) => self.terminal.message(&format!("standard input: {}", system_text(error))),
            Some(_) | None => {
                let why = reason(stream_failed(error)).unwrap_or_default();
                self.terminal.message_about(shown, &why);
            }
        }
    }

    /// A PATH that is not read.
    fn refuse(&mut self, path: &[u8], what: &str) -> Result<(), OutputClosed> {
        self.tally.failed = true;
        self.terminal.message_about(path, &format!("not hashed: {what}"));
        self.write_alone(path, Status::Skipped(SkipReason::NotRegular))
    }

    /// A result that did not come from a scan.
    fn write_alone(&mut self, path: &[u8], status: Status) -> Result<(), OutputClosed> {
        let algorithms = self.rules.algorithms;
        let meta = FileMeta::default();
        let origin = Origin::Read;
        self.write(&ItemRef { path, meta, status, digests: &[], algorithms: &algorithms, origin, fixity: None });
        self.output.flush()
    }

    fn emit_rows(&mut self, rows: &Rows) -> Result<(), OutputClosed> {
        let mut path = std::mem::take(&mut self.path);
        for row in rows.iter() {
            path.clear();
            row.path_into(&mut path);
            match row.status {
                Status::Hashed(_) => {}
                Status::Skipped(SkipReason::Internal) => {
                    self.leave_out(&path, Met::of(&row));
                    continue;
                }
                Status::Error { .. } | Status::Skipped(_) => self.report(&path, row.status, Met::of(&row)),
            }
            self.write(&ItemRef::of_row(row, &path, rows.algorithms()));
        }
        self.path = path;
        self.output.flush()
    }

    /// A file that is written to. That of `-o` in a tree goes without saying.
    fn leave_out(&mut self, path: &[u8], met: Met) {
        match met {
            Met::Walked => self.outputs.say_left_out(&self.terminal, path, Path::new(OsStr::from_bytes(path))),
            Met::Named => {
                self.tally.failed = true;
                self.terminal.message_about(path, LEFT_OUT);
            }
        }
    }

    /// Says why a file has no digest.
    fn report(&mut self, path: &[u8], status: Status, met: Met) {
        let why = reason(status).unwrap_or_default();
        match (status, met) {
            (Status::Skipped(reason), Met::Walked) => {
                self.tally.links += u64::from(reason == SkipReason::Symlink);
                if self.loudness.lists(reason) {
                    self.terminal.message_about(path, &format!("skipped: {why}"));
                }
            }
            (Status::Skipped(_), Met::Named) => {
                self.tally.failed = true;
                self.terminal.message_about(path, &format!("not hashed: {why}"));
            }
            (Status::Error { .. } | Status::Hashed(_), _) => self.terminal.message_about(path, &why),
        }
    }

    fn write(&mut self, item: &ItemRef<'_>) {
        self.tally.count(item);
        if let Err(refused) = self.writer.item(self.output.buffer(), item) {
            self.terminal.message_about(item.path, &refused.to_string());
            self.tally.failed = true;
        }
    }

    /// Waits for the writing thread, commits the output file and gives the exit status.
    fn end(self, emitted: Result<(), OutputClosed>) -> anyhow::Result<ExitCode> {
        let written = self.output.finish();
        if let Some(engine) = self.engine {
            engine.join();
        }
        self.terminal.finish_progress();
        let sources = &self.tally.sources;
        let told_of_sources = sources.closing().filter(|_| self.loudness != Loudness::Quiet);
        let closing = self.loudness.closing(&self.tally.summary, self.tally.links);
        for told in sources.warnings().into_iter().chain(told_of_sources).chain(closing) {
            self.terminal.message(&told);
        }
        match written {
            // The reader of stdout has seen enough.
            Err(error) if error.is_broken_pipe() => {}
            Err(error) => return Err(error.into()),
            Ok(Sink::File(file)) if emitted.is_ok() => {
                let saved = Saved::of(&self.tally.summary, self.tally.failed);
                let told = saved.commit(file).map_err(WriteError::from)?;
                told.into_iter().for_each(|told| self.terminal.message(&told));
            }
            Ok(Sink::File(_) | Sink::Stdout) => {}
        }
        Ok(if self.tally.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn stream_failed(error: &io::Error) -> Status {
    use hivesum_core::result::ErrorCode;
    match error.raw_os_error() {
        Some(errno) => Status::Error { code: ErrorCode::IoError, errno },
        None => Status::error(ErrorCode::Internal),
    }
}

//! `hivesum audit`: compares a directory with a manifest or an earlier job, in both directions.
//!
//! Lists every file that is modified, moved, missing, new or unreadable. The exit status is 0 only if all matched.

mod report;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::{ArgGroup, Args};
use hivesum_actors::job::{Job, JobId};
use hivesum_actors::scan::{ScanOutcome, ScanSpec};
use hivesum_core::compare::{Audit, BaselineBuilder};
use hivesum_core::digest::Algorithm;
use hivesum_core::result::{FileIdentity, ItemRef, SkipReason, Status};
use hivesum_core::walk::Target;

use self::report::Report;
use super::engine::{EngineArgs, RunningEngine};
use super::error::path_error;
use super::inputs::open_directory;
use super::manifest_file::{self, ReadAs};
use super::output::{WriteError, write_stdout};
use super::own_output::OwnOutputs;
use super::state::StateArgs;
use super::stored_jobs;
use super::terminal::Terminal;
use crate::cli::output::ReportFormat;

/// When the files are counted to give the progress bar a total. Shorter runs do without.
const SURVEY_AFTER: Duration = Duration::from_secs(1);

/// Bytes of results that are buffered before they are written.
const BUFFER_BYTES: usize = 64 << 10;

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("baseline").required(true),
    after_help = "\
Lists modified, moved, missing, new and unreadable files, and counts them. Names in the manifest are \
relative to DIR, or begin with DIR as given here. Symbolic links, FIFOs, sockets, devices and the file that the \
output goes to are ignored. \
A job records the size, times and inode of each file. If the digest changed but none of these did, the file is \
listed as suspected rot, and counted as modified. Files that the job excluded are not read.

Examples:
  hivesum audit /srv/archive --manifest SHA256SUMS
  hivesum audit . --manifest archive.ndjson --format json
  hivesum audit /srv/archive --job 0197a2b4-6d3c-7000-8000-000000000001

Exit status: 0 all files matched; 1 a file did not match, or the manifest is empty; 2 wrong command line."
)]
pub(super) struct AuditArgs {
    /// The directory to audit.
    #[arg(value_name = "DIR")]
    dir: OsString,

    /// Compare with this manifest, in any format, or - for standard input.
    #[arg(long, value_name = "FILE", group = "baseline")]
    manifest: Option<OsString>,

    /// Compare with the results of this job of a service.
    #[arg(long, value_name = "ID", group = "baseline")]
    job: Option<JobId>,

    /// The algorithm of digests that do not name theirs. Digests of other algorithms are ignored.
    #[arg(short, long, value_name = "ALG")]
    algorithm: Option<Algorithm>,

    /// Output format: human or json.
    #[arg(short, long, default_value_t)]
    format: ReportFormat,

    /// List matched files, too.
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    state: StateArgs,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command.
pub(super) fn run(args: AuditArgs) -> anyhow::Result<ExitCode> {
    let Expected { audit, mut leave_out, job } = begin(&args)?;
    let terminal = Terminal::with_progress();
    let outputs = OwnOutputs::of_streams();
    leave_out.extend(outputs.identities());
    let dir = open_directory(&args.dir).map_err(|error| path_error(&args.dir, &error))?;
    let algorithms = audit.algorithms();
    let engine = RunningEngine::start(args.engine, Some(algorithms))?;
    let spec = ScanSpec {
        survey_after: terminal.shows_progress().then_some(SURVEY_AFTER),
        leave_out,
        ..args.engine.scan(vec![Target::Directory { dir, shown: Vec::new() }], algorithms)
    };
    let spec = match &job {
        Some(job) => job.spec.walk(spec)?,
        None => spec,
    };
    let report = Report::new(args.format, args.all, terminal.clone());
    let all_matched = Run { engine, audit, report, outputs, dir: args.dir, terminal }.carry_out(spec)?;
    Ok(if all_matched { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the directory should contain.
struct Expected {
    audit: Audit,
    /// Files to skip: the manifest itself, or the state of the service.
    leave_out: Vec<FileIdentity>,
    /// The job to compare with. Its globs apply, so that files it excluded are not reported as new.
    job: Option<Job>,
}

fn begin(args: &AuditArgs) -> anyhow::Result<Expected> {
    if let Some(id) = args.job {
        let (mut history, mut builder) = (stored_jobs::open(&args.state)?, BaselineBuilder::new());
        let job = stored_jobs::each_fact(&mut history, id, args.algorithm, |fact| builder.push_fact(&fact))?;
        let audit = Audit::new(builder.finish(), None);
        return Ok(Expected { audit, leave_out: history.own_files(), job: Some(job) });
    }
    let path: &OsStr = args.manifest.as_deref().unwrap_or(OsStr::new("-"));
    let manifest = manifest_file::read(path, ReadAs { asked: args.algorithm, format: None })?;
    let audit = Audit::new(manifest.baseline(&args.dir)?, manifest.untagged);
    Ok(Expected { audit, leave_out: manifest.identity.into_iter().collect(), job: None })
}

struct Run {
    engine: RunningEngine,
    audit: Audit,
    report: Report,
    outputs: OwnOutputs,
    dir: OsString,
    terminal: Terminal,
}

impl Run {
    /// Whether all files matched.
    fn carry_out(mut self, spec: ScanSpec) -> anyhow::Result<bool> {
        let mut scan = self.engine.handle.scan(spec)?;
        self.terminal.follow(scan.progress());
        let (mut out, mut path) = (Vec::new(), Vec::new());
        self.report.begin(&mut out);
        while let Some(rows) = scan.blocking_next() {
            for row in rows.iter() {
                path.clear();
                row.path_into(&mut path);
                if row.status == Status::Skipped(SkipReason::Internal) {
                    let whole = Path::new(&self.dir).join(OsStr::from_bytes(&path));
                    self.outputs.say_left_out(&self.terminal, &path, &whole);
                }
                let item = ItemRef::of_row(row, &path, rows.algorithms());
                let judged = self.audit.judge(&item);
                self.report.take(&mut out, &item, judged);
            }
            if out.len() >= BUFFER_BYTES {
                write(&self.terminal, &mut out)?;
            }
        }
        if scan.blocking_finish().outcome != ScanOutcome::Completed {
            bail!("the scan was aborted: not everything was audited");
        }
        let findings = self.audit.finish();
        let counts = findings.counts;
        self.report.end(&mut out, findings);
        write(&self.terminal, &mut out)?;
        self.engine.join();
        self.terminal.finish_progress();
        Ok(counts.all_matched())
    }
}

/// Writes `out` and empties it.
fn write(terminal: &Terminal, out: &mut Vec<u8>) -> Result<(), WriteError> {
    let written = terminal.suspend_progress(|| write_stdout(out));
    out.clear();
    written
}

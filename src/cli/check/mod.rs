//! `hivesum check`: checks files against manifests, in the order of the manifest, with the messages, warnings and exit
//! status of `sha256sum --check`.
//!
//! Fails closed: the exit status is 0 only if every manifest had an entry and a match, and nothing went wrong. Digests
//! are always computed in this run, from the whole file.

mod args;
mod judge;
mod page;
mod report;
mod running_scan;
mod source;
mod verdict;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::{
    Claimed, Digits, Limits, LineEnd, ManifestError, ReadOptions, algorithm_of_manifest_name,
};
use hivesum_core::walk::Target;

pub(super) use self::args::CheckArgs;
use self::judge::{FileResult, Judge};
use self::page::{Origin, Page, PageEntry, Pages};
use self::report::{Report, Stop, Verbosity};
use self::running_scan::RunningScan;
use self::source::Source;
use self::verdict::{Counts, Missing, Verdict};
use super::engine::RunningEngine;
use super::error::system_text;
use super::terminal::Terminal;
use crate::cli::inputs::{Stdin, hash_stream};

/// Pages in progress: while one is reported, the next one is hashed.
const PAGES_AHEAD: usize = 2;

/// The name of a manifest on standard input in messages.
const STDIN_NAME: &[u8] = b"standard input";

/// Runs the command.
pub(super) fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let mut report = Report::new(Terminal::with_progress(), verbosity(&args), args.format);
    report.begin();
    let engine = RunningEngine::start(args.engine, args.algorithm.map(Algorithms::single))?;
    let manifests = match args.manifests.is_empty() {
        true => vec![OsString::from("-")],
        false => args.manifests.clone(),
    };
    match (Check { engine, args, report }).all(&manifests) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::FAILURE),
        // The reader of stdout has seen enough, but not everything was verified.
        Err(Stop::Stdout(error)) if error.is_broken_pipe() => Ok(ExitCode::FAILURE),
        Err(Stop::Stdout(error)) => Err(error.into()),
        Err(Stop::ScanAborted) => anyhow::bail!("the scan was aborted: not everything was checked"),
    }
}

fn verbosity(args: &CheckArgs) -> Verbosity {
    match (args.status, args.quiet, args.warn) {
        (true, _, _) => Verbosity::Status,
        (_, true, _) => Verbosity::Quiet,
        (_, _, true) => Verbosity::Warn,
        (false, false, false) => Verbosity::Normal,
    }
}

/// One run of the command.
struct Check {
    engine: RunningEngine,
    args: CheckArgs,
    report: Report,
}

/// A page whose files are being hashed.
struct RunningPage {
    entries: Vec<PageEntry>,
    /// One for each list of the page.
    scans: Vec<RunningScan>,
}

impl Check {
    /// Whether all is well with all manifests.
    fn all(mut self, manifests: &[OsString]) -> Result<bool, Stop> {
        let mut all_well = true;
        for manifest in manifests {
            all_well &= self.manifest(manifest)?;
        }
        let ended = self.report.end();
        self.engine.join();
        ended.map(|()| all_well)
    }

    /// Whether all is well with this manifest.
    fn manifest(&mut self, path: &OsString) -> Result<bool, Stop> {
        if path == "-" {
            self.report.start_manifest(STDIN_NAME);
            return self.lines(b"", Origin::Stdin, BufReader::new(Stdin));
        }
        self.report.start_manifest(path.as_bytes());
        match File::open(path) {
            Ok(file) => self.lines(path.as_bytes(), Origin::File, BufReader::new(file)),
            Err(error) => self.report.warn(&system_text(&error)).map(|()| false),
        }
    }

    /// Whether all is well with the manifest that `reader` gives. Its name may give its algorithm and its format.
    fn lines(&mut self, name: &[u8], origin: Origin, reader: impl BufRead) -> Result<bool, Stop> {
        let named = algorithm_of_manifest_name(name);
        let options = ReadOptions {
            asked: self.args.algorithm,
            untagged: named,
            digits: if self.args.base64 { Digits::HexOrBase64 } else { Digits::Hex },
            end: if self.args.zero { LineEnd::Nul } else { LineEnd::Newline },
            limits: Limits::COMMAND_LINE,
        };
        let known = self.args.algorithm.or(named);
        let Ok(source) = Source::open(reader, name, options) else {
            return self.report.warn("read error").map(|()| false);
        };
        let pages = Pages::new(source, origin, known);
        let mut judge = Judge::new(known, self.missing());
        let read = self.pages(pages, &mut judge)?;
        match read {
            Ok(()) => {}
            Err(ManifestError::Lines(_)) => return self.report.warn("read error").map(|()| false),
            Err(error) => return self.report.warn(&error.to_string()).map(|()| false),
        }
        let counts = judge.counts();
        self.report.summary(counts, self.missing())?;
        Ok(self.is_well(counts))
    }

    fn missing(&self) -> Missing {
        match self.args.ignore_missing {
            true => Missing::Ignored,
            false => Missing::Reported,
        }
    }

    fn is_well(&self, counts: &Counts) -> bool {
        counts.all_verified() && (counts.malformed == 0 || !self.args.strict)
    }

    /// Reports the pages in order, while the next one is hashed.
    fn pages<R: BufRead>(&mut self, mut pages: Pages<R>, judge: &mut Judge) -> Result<Result<(), ManifestError>, Stop> {
        let mut running = VecDeque::new();
        let mut end = None;
        loop {
            let mut may_run_ahead = true;
            while end.is_none() && may_run_ahead && running.len() < PAGES_AHEAD {
                let (page, error) = pages.next_page();
                end = error.map(Err).or_else(|| page.entries.is_empty().then_some(Ok(())));
                may_run_ahead = !page.undecided;
                running.push_back(self.start(page)?);
            }
            let Some(page) = running.pop_front() else { return Ok(end.unwrap_or(Ok(()))) };
            self.page(page, judge)?;
            if let Some(algorithm) = judge.decided() {
                pages.decide(algorithm);
            }
        }
    }

    fn start(&self, page: Page) -> Result<RunningPage, Stop> {
        let mut scans = Vec::with_capacity(page.lists.len());
        for list in page.lists {
            let targets = vec![Target::Names { names: list.names }];
            let spec = self.args.engine.scan(targets, list.algorithms);
            let scan = self.engine.handle.scan(spec).map_err(|_| Stop::ScanAborted)?;
            scans.push(RunningScan::new(scan, list.algorithms));
        }
        Ok(RunningPage { scans, entries: page.entries })
    }

    fn page(&mut self, mut page: RunningPage, judge: &mut Judge) -> Result<(), Stop> {
        page.scans.iter().for_each(|scan| self.report.follow(scan.progress()));
        for entry in page.entries {
            match entry {
                PageEntry::Malformed(line) => {
                    judge.count_malformed();
                    self.report.malformed(line, judge.expected())?;
                }
                PageEntry::Stdin(digest) => self.stdin(&digest, judge)?,
                PageEntry::File { digest, list } => self.file(&digest, &mut page.scans[list], judge)?,
            }
        }
        self.report.flush()
    }

    fn file(&mut self, digest: &Claimed, scan: &mut RunningScan, judge: &mut Judge) -> Result<(), Stop> {
        if !scan.is_ready() {
            self.report.flush()?;
        }
        let algorithms = *scan.algorithms();
        let row = scan.next_row().ok_or(Stop::ScanAborted)?;
        let verdict =
            judge.verdict(digest, &FileResult { status: row.status, digests: row.digests, algorithms: &algorithms });
        self.report_verdict(row.name, &verdict, judge)
    }

    fn report_verdict(&mut self, name: &[u8], verdict: &Verdict, judge: &mut Judge) -> Result<(), Stop> {
        if let Some(algorithm) = judge.take_newly_decided() {
            self.report.decided(algorithm)?;
        }
        self.report.entry(name, verdict)
    }

    /// Checks standard input, which a manifest in a file may name `-`.
    fn stdin(&mut self, digest: &Claimed, judge: &mut Judge) -> Result<(), Stop> {
        let algorithms = digest.possible(judge.decided());
        let verdict = match hash_stream(&self.engine.handle, algorithms, Stdin) {
            Ok(hashed) => judge.verdict(digest, &FileResult::stream(&hashed.digests, &algorithms)),
            Err(error) => judge.unreadable(system_text(&error)),
        };
        self.report_verdict(b"-", &verdict, judge)
    }
}

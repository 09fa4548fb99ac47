//! `hivesum check`: checks files against manifests, in the order of the manifest, with the messages, warnings and exit
//! status of `sha256sum --check`.
//!
//! Fails closed: the exit status is 0 only if every manifest had an entry and a match, and nothing went wrong. Digests
//! are always computed in this run, from the whole file.

mod args;
mod backslashes;
mod differences;
mod elsewhere;
mod expect;
mod json;
mod judge;
mod lines;
mod manifest;
mod manifests;
mod page;
mod report;
mod running_scan;
mod source;
mod verdict;

use std::collections::VecDeque;
use std::ops::Range;
use std::process::ExitCode;

use hivesum_actors::scan::ScanSpec;
use hivesum_core::digest::{Algorithm, Algorithms, self_test};
use hivesum_core::manifest::{Claimed, NotRead};
use hivesum_core::walk::Target;

pub(super) use self::args::CheckArgs;
use self::elsewhere::MissingEntries;
use self::judge::{Entry, FileResult, Judge};
use self::lines::{OtherLines, Strictness};
use self::manifests::{Before, Manifests};
use self::page::{Begin, End, FileList, Listed, Next, Page, PageEntry};
use self::report::{Report, SaysTotals, Stop, Totals, Verbosity};
use self::running_scan::RunningScan;
use self::verdict::{EndedWell, Judged, Missing, Verdict};
use super::engine::RunningEngine;
use super::error::{UsageError, system_text};
use super::from_device::SourceTally;
use super::terminal::Terminal;
use crate::cli::inputs::{Stdin, hash_stream};

/// Pages in progress: while one is reported, the next one is hashed.
const PAGES_AHEAD: usize = 2;

/// Runs the command.
pub(super) fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let args = with_expected_algorithm(args)?;
    let says_totals = match (args.verbose || Terminal::is_seen()) && !args.quiet && !args.status {
        true => SaysTotals::Yes,
        false => SaysTotals::No,
    };
    let report = Report::new(Terminal::of(args.screen), verbosity(&args), args.format).with_totals(says_totals);
    let report = if args.expect.is_some() { report.telling_digests() } else { report };
    let tested = args.algorithm.unwrap_or_default();
    let engine = RunningEngine::start(args.engine, Some(Algorithms::single(tested)))?;
    let manifests = Manifests::new(&args);
    let (tested, sources) = (vec![tested], SourceTally::default());
    let check = Check { engine, args, report, tested, current: None, all_well: true, sources };
    match check.all(manifests) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::FAILURE),
        // The reader of stdout has seen enough, but not everything was verified.
        Err(Stop::Stdout(error)) if error.is_broken_pipe() => Ok(ExitCode::FAILURE),
        Err(error) => Err(error.into()),
    }
}

/// The flags, with the algorithm of `--expect` as that of all lines.
fn with_expected_algorithm(args: CheckArgs) -> Result<CheckArgs, UsageError> {
    let Some(expect) = args.expect.clone() else { return Ok(args) };
    if args.manifests.len() > 1 {
        return Err(UsageError::of("check", "--expect is the digest of one FILE; several are named"));
    }
    let expect = expect.of(args.algorithm).map_err(|why| UsageError::of("check", format!("--expect: {why}")))?;
    Ok(CheckArgs { algorithm: expect.algorithm, expect: Some(expect), ..args })
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
    /// The algorithms that have passed their self-test.
    tested: Vec<Algorithm>,
    current: Option<Current>,
    all_well: bool,
    sources: SourceTally,
}

/// The manifest whose entries are being reported.
struct Current {
    number: usize,
    judge: Judge,
    lines: OtherLines,
    missing: MissingEntries,
}

/// A page whose files are being hashed.
struct RunningPage {
    entries: Vec<PageEntry>,
    claims: Vec<Claimed>,
    next: Next,
    /// One for each list of the page.
    scans: Vec<RunningScan>,
}

impl Check {
    /// Whether all is well with all manifests. Reports the pages in order, while the next one is hashed.
    fn all(mut self, mut manifests: Manifests) -> Result<bool, Stop> {
        let mut running: VecDeque<RunningPage> = VecDeque::new();
        let mut next = Next::Anytime;
        loop {
            while next == Next::Anytime && running.len() < PAGES_AHEAD {
                let before = if running.is_empty() { Before::Reported } else { Before::Running };
                let page = self.start(manifests.next_page(before))?;
                next = page.next;
                running.push_back(page);
            }
            let Some(page) = running.pop_front() else { break };
            self.page(page)?;
            if let Some(current) = &self.current {
                manifests.narrow(current.number, current.judge.candidates());
            }
            if running.is_empty() && next == Next::AfterReport {
                next = Next::Anytime;
            }
        }
        let ended_well = if self.all_well { EndedWell::Yes } else { EndedWell::No };
        let ended = self.report.end(&self.sources, ended_well);
        self.engine.join();
        ended.map(|()| self.all_well)
    }

    fn start(&mut self, page: Page) -> Result<RunningPage, Stop> {
        let Page { entries, claims, lists, next, .. } = page;
        let scans = lists.into_iter().map(|list| self.scan(list)).collect::<Result<_, _>>()?;
        Ok(RunningPage { entries, claims, next, scans })
    }

    fn scan(&mut self, list: FileList) -> Result<RunningScan, Stop> {
        self.test(&list.algorithms)?;
        let targets = vec![Target::Names { names: list.names }];
        let from_device = self.args.source.from_device;
        let spec = ScanSpec { from_device, ..self.args.engine.scan(targets, list.algorithms) };
        self.engine.handle.scan(spec).map(RunningScan::new).map_err(|_| Stop::ScanAborted)
    }

    /// Tests the algorithms that were not used before.
    fn test(&mut self, algorithms: &Algorithms) -> Result<(), Stop> {
        let new: Vec<_> = algorithms.iter().filter(|algorithm| !self.tested.contains(algorithm)).collect();
        self_test(new.iter().copied())?;
        self.tested.extend(new);
        Ok(())
    }

    fn page(&mut self, page: RunningPage) -> Result<(), Stop> {
        let RunningPage { entries, claims, mut scans, .. } = page;
        scans.iter().for_each(|scan| self.report.follow(scan.progress()));
        for entry in entries {
            match entry {
                PageEntry::Begin(begin) => self.begin(*begin),
                PageEntry::Unopened(name, why) => self.unopened(name, &why)?,
                PageEntry::Told(told) => self.report.remark(&told)?,
                PageEntry::NotRead(line, why) => self.not_read(line, why)?,
                PageEntry::Stdin(range) => self.stdin(claims_in(&claims, range))?,
                PageEntry::File(Listed { claims: range, list, shown }) => {
                    self.file(claims_in(&claims, range), shown.as_deref(), &mut scans[list])?;
                }
                PageEntry::End(end) => self.end(&end)?,
            }
        }
        self.report.flush()
    }

    fn begin(&mut self, begin: Begin) {
        let Begin { number, name, candidates, expected } = begin;
        let strictness = if self.args.strict { Strictness::Strict } else { Strictness::Lenient };
        let lines = OtherLines::new(strictness, self.args.algorithm);
        let judge = Judge::new(candidates, expected, self.missing());
        self.current = Some(Current { number, judge, lines, missing: MissingEntries::default() });
        self.report.start_manifest(name);
    }

    fn unopened(&mut self, name: Vec<u8>, why: &str) -> Result<(), Stop> {
        self.all_well = false;
        self.report.start_manifest(name);
        self.report.error(why)
    }

    fn missing(&self) -> Missing {
        match self.args.ignore_missing {
            true => Missing::Ignored,
            false => Missing::Reported,
        }
    }

    fn not_read(&mut self, line: u64, why: NotRead) -> Result<(), Stop> {
        let Some(Current { judge, lines, .. }) = &mut self.current else { return Ok(()) };
        if why == NotRead::NoName {
            let judged = judge.unnamed();
            return self.judged(b"", &judged);
        }
        let kind = lines.add(line, why);
        self.report.not_read(line, why, kind, judge.expected())
    }

    fn file(&mut self, claims: &[Claimed], shown: Option<&[u8]>, scan: &mut RunningScan) -> Result<(), Stop> {
        if !scan.is_ready() {
            self.report.flush()?;
        }
        let hashed = scan.next_result().ok_or(Stop::ScanAborted)?;
        let entry = Entry { name: shown.unwrap_or(hashed.name), claims };
        let Some(Current { judge, .. }) = &mut self.current else { return Ok(()) };
        let judged = judge.judge(&entry, &hashed.result);
        self.sources.count(judged.read_from, hashed.device);
        self.judged(entry.name, &judged)
    }

    /// Checks standard input, which a manifest in a file may name `-`.
    fn stdin(&mut self, claims: &[Claimed]) -> Result<(), Stop> {
        let Some(Current { judge, .. }) = &self.current else { return Ok(()) };
        let sets: Vec<_> = claims.iter().filter_map(|claimed| judge.candidates().of(claimed)).collect();
        let algorithms = Algorithms::new(sets.iter().flatten()).unwrap_or_default();
        self.test(&algorithms)?;
        let entry = Entry { name: b"-", claims };
        let hashed = hash_stream(&self.engine.handle, algorithms, Stdin);
        let Some(Current { judge, .. }) = &mut self.current else { return Ok(()) };
        let judged = match hashed {
            Ok(hashed) => {
                let read_from = self.args.source.of_stream();
                self.sources.count(read_from, 0);
                judge.judge(&entry, &FileResult { read_from, ..FileResult::stream(&hashed.digests, &algorithms) })
            }
            Err(error) => judge.unreadable(&entry, system_text(&error)),
        };
        self.judged(entry.name, &judged)
    }

    fn judged(&mut self, name: &[u8], judged: &Judged) -> Result<(), Stop> {
        for algorithm in self.current.iter_mut().flat_map(|current| current.judge.take_newly_decided()) {
            self.report.decided(algorithm)?;
        }
        if let (Some(current), Verdict::Missing(_)) = (&mut self.current, &judged.verdict) {
            current.missing.add(name);
        }
        self.report.entry(name, judged)
    }

    /// Reports what is to be said about the whole manifest.
    fn end(&mut self, end: &End) -> Result<(), Stop> {
        let Some(Current { judge, lines, missing, .. }) = self.current.take() else { return Ok(()) };
        let entries = judge.counts().well_formed;
        let hint = missing.told(self.report.manifest(), entries).filter(|_| self.args.expect.is_none());
        // Where the files are explains what else there is to say. That it is no manifest explains an error.
        let (first, last) = if entries > 0 { (hint, None) } else { (None, hint) };
        for told in first.into_iter().chain(end.told()) {
            self.report.note(&told)?;
        }
        end.skipped.told().map_or(Ok(()), |told| self.report.remark(&told))?;
        if let Err(why) = &end.read {
            self.all_well = false;
            return self.report.error(why);
        }
        let leaves_digests_out = end.leaves_digests_out && self.args.strict;
        self.all_well &= judge.counts().all_verified() && !lines.fail() && !leaves_digests_out;
        self.report.summary(&Totals { counts: judge.counts(), lines: &lines, missing: self.missing() })?;
        last.map_or(Ok(()), |hint| self.report.note(&hint))
    }
}

fn claims_in(claims: &[Claimed], range: Range<usize>) -> &[Claimed] {
    claims.get(range).unwrap_or_default()
}

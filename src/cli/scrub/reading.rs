//! Reads the chosen files from their devices and records what that means, chunk by chunk.
//!
//! A content that changed without a trace of a write is read twice again before anything is said of it. What is said of
//! a file is committed before it is told.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use anyhow::bail;
use hivesum_actors::scan::{ScanOutcome, ScanSpec};
use hivesum_actors::store::collections::{Collections, Step, StoredCollection};
use hivesum_core::fixity::{
    CONFIRMING_READS, Content, FileState, Observation, Occasion, Outcome, PassKind, ReadFailure, Reading, moved,
    observe,
};
use hivesum_core::result::{ErrorCode, NameList, ReadFrom, RowRef, Rows, Status};
use hivesum_core::walk::Target;
use jiff::Timestamp;

use super::choice::{Choice, Limits};
use super::report::Report;
use crate::cli::engine::RunningEngine;

/// The reading of one directory.
pub(super) struct Reader<'a> {
    pub(super) engine: &'a RunningEngine,
    pub(super) collections: &'a mut Collections,
    pub(super) collection: &'a StoredCollection,
    pub(super) dir: OwnedFd,
    pub(super) pass: PassKind,
    pub(super) report: Report,
}

/// A file whose content changed without a trace of a write.
struct Doubtful {
    path: Vec<u8>,
    before: Option<FileState>,
    seen: Observation,
}

/// Known files that are gone, by their digests, to be found again at other paths.
struct Absent {
    files: Vec<Option<FileState>>,
    by_digests: HashMap<Vec<u8>, Vec<usize>>,
}

impl Absent {
    fn of(files: Vec<FileState>) -> Self {
        let mut by_digests: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        // The first one in byte order is taken first.
        for (index, state) in files.iter().enumerate().rev() {
            if let Some(expected) = &state.expected {
                by_digests.entry(expected.digests.clone()).or_default().push(index);
            }
        }
        Self { files: files.into_iter().map(Some).collect(), by_digests }
    }

    /// The step of a file that was read at a new path and is one of these.
    fn moved_to(&mut self, reading: &Reading, on: &Occasion<'_>) -> Option<Step> {
        let same = self.by_digests.get_mut(&reading.content.digests)?;
        let index = *same.last()?;
        let before = self.files.get_mut(index)?;
        let event = moved(before.as_ref()?, reading, on)?;
        same.pop();
        Some(Step { path: on.path.to_vec(), before: before.take(), after: event.after.clone(), event: Some(event) })
    }
}

impl Reader<'_> {
    /// Reads what was chosen. Returns whether files are left for the next run.
    pub(super) fn read_all(&mut self, choice: Choice, limits: &Limits) -> anyhow::Result<bool> {
        let Choice { changed, due, absent, mut unread_sizes, mut is_limited, unreadable, unreachable } = choice;
        if unreadable.iter().any(|path| path.is_empty()) {
            bail!("the directory cannot be listed: nothing was looked at, and no file is called missing");
        }
        self.report.unreachable(&unreadable, unreachable);
        let is_late = || limits.until.is_some_and(|until| until.has_come());
        let mut absent = Absent::of(absent);
        for names in changed {
            if is_late() {
                is_limited = true;
                unread_sizes.extend(self.sizes_of(&names));
            } else {
                self.read(&names, &mut absent)?;
            }
        }
        let gone = absent.files.into_iter().flatten();
        let may_have_moved =
            |state: &FileState| state.expected.as_ref().is_some_and(|one| unread_sizes.contains(&one.meta.size));
        let gone: Vec<FileState> = gone.filter(|state| !may_have_moved(state)).collect();
        for states in gone.chunks(hivesum_actors::store::collections::MAX_ROWS) {
            let at = Timestamp::now();
            let steps = states.iter().filter_map(|state| {
                let on = self.occasion(&state.path, at);
                step(&state.path, Some(state), observe(Some(state), &Observation::Absent, &on))
            });
            let steps = steps.collect();
            self.record(steps)?;
        }
        let mut none = Absent::of(Vec::new());
        for names in due {
            if is_late() {
                is_limited = true;
                break;
            }
            self.read(&names, &mut none)?;
        }
        Ok(is_limited)
    }

    fn sizes_of(&self, names: &NameList) -> Vec<u64> {
        let size = |name| rustix::fs::statat(&self.dir, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
        names.iter().filter_map(|name| Some(size(name).ok()?.st_size as u64)).collect()
    }

    fn occasion<'p>(&self, path: &'p [u8], at: Timestamp) -> Occasion<'p> {
        Occasion { path, collection: self.collection.settings.kind, pass: self.pass, at }
    }

    /// Reads one chunk and commits what that means.
    fn read(&mut self, names: &NameList, absent: &mut Absent) -> anyhow::Result<()> {
        let known = self.collections.states(self.collection, names)?;
        let (mut steps, mut doubtful) = (Vec::new(), Vec::new());
        let (mut known, mut paths) = (known.into_iter(), names.iter());
        self.scan(names, |reader, rows| {
            let at = Timestamp::now();
            for (row, (before, path)) in rows.iter().zip(known.by_ref().zip(paths.by_ref())) {
                let on = reader.occasion(path, at);
                let seen = reader.seen(path, &row);
                if let (None, Observation::Read(reading), PassKind::Comparison) = (&before, &seen, reader.pass)
                    && let Some(moved) = absent.moved_to(reading, &on)
                {
                    steps.push(moved);
                    continue;
                }
                match observe(before.as_ref(), &seen, &on) {
                    Outcome::ReadAgain => doubtful.push(Doubtful { path: path.to_vec(), before, seen }),
                    outcome => steps.extend(step(path, before.as_ref(), outcome)),
                }
            }
        })?;
        if !doubtful.is_empty() {
            steps.extend(self.confirm(doubtful)?);
        }
        self.record(steps)
    }

    /// Reads files again before anything is said of them.
    fn confirm(&mut self, mut doubtful: Vec<Doubtful>) -> anyhow::Result<Vec<Step>> {
        let names: NameList = doubtful.iter().map(|one| &one.path).collect();
        for _ in 0..CONFIRMING_READS {
            let mut all = doubtful.iter_mut();
            self.scan(&names, |reader, rows| {
                for (row, one) in rows.iter().zip(all.by_ref()) {
                    one.is_read_again(reader.seen(&one.path, &row));
                }
            })?;
        }
        let (at, mut steps) = (Timestamp::now(), Vec::new());
        for one in &doubtful {
            let on = self.occasion(&one.path, at);
            match observe(one.before.as_ref(), &one.seen, &on) {
                // Its metadata changed in between.
                Outcome::ReadAgain => self.report.is_written_to(&one.path, ErrorCode::FileChanged),
                outcome => steps.extend(step(&one.path, one.before.as_ref(), outcome)),
            }
        }
        Ok(steps)
    }

    /// Reads files from their device, and passes the results in the order of the names.
    fn scan(&mut self, names: &NameList, mut take: impl FnMut(&mut Self, &Rows)) -> anyhow::Result<()> {
        let target = Target::Listed { dir: self.dir.try_clone()?, names: names.clone() };
        let spec = self.engine.args.scan(vec![target], self.collection.settings.algorithms);
        let mut scan = self.engine.handle.scan(ScanSpec { from_device: true, ..spec })?;
        self.report.terminal.follow(scan.progress());
        while let Some(rows) = scan.blocking_next() {
            take(self, &rows);
        }
        if scan.blocking_finish().outcome != ScanOutcome::Completed {
            bail!("the scan was aborted: not everything was read");
        }
        Ok(())
    }

    /// What a result says, after it was counted.
    fn seen(&mut self, path: &[u8], row: &RowRef<'_>) -> Observation {
        match row.status {
            Status::Hashed(stability) => {
                self.report.count(row);
                let content = Content { meta: row.meta, stability, digests: row.digests.to_vec() };
                let from = row.origin.read_from().unwrap_or(ReadFrom::Unknown);
                Observation::Read(Reading { content, from, again: Vec::new() })
            }
            Status::Error { code: code @ (ErrorCode::FileChanged | ErrorCode::FileBusy), .. } => {
                self.report.is_written_to(path, code);
                Observation::ChangedWhileRead
            }
            // It was there a moment ago: the next run tells what became of it.
            Status::Error { code: ErrorCode::NotFound, .. } | Status::Skipped(_) => Observation::Unreachable,
            Status::Error { code: ErrorCode::Permission | ErrorCode::IoError, errno } => {
                Observation::Unreadable(ReadFailure { errno, range: None })
            }
            Status::Error {
                code: ErrorCode::TooLarge | ErrorCode::Timeout | ErrorCode::Internal | ErrorCode::CrashLoop,
                ..
            } => {
                self.report.not_read(path, row.status);
                Observation::Unreachable
            }
        }
    }

    /// Commits what was found, and then tells it.
    fn record(&mut self, steps: Vec<Step>) -> anyhow::Result<()> {
        let refused = self.collections.record(self.collection, &steps)?;
        for path in &refused {
            self.report.terminal.message_about(path, "was changed meanwhile: the next run looks at it again");
        }
        let events = steps.into_iter().filter(|step| !refused.contains(&step.path)).filter_map(|step| step.event);
        events.for_each(|event| self.report.happened(&event));
        Ok(())
    }
}

impl Doubtful {
    /// Takes a further read. One that finds other metadata begins anew: somebody writes to the file.
    fn is_read_again(&mut self, seen: Observation) {
        match (&mut self.seen, seen) {
            (Observation::Read(first), Observation::Read(again)) if first.content.meta == again.content.meta => {
                first.again.push(again.content.digests);
            }
            (first, seen) => *first = seen,
        }
    }
}

/// The step that follows from a look at a file, if something follows.
fn step(path: &[u8], before: Option<&FileState>, outcome: Outcome) -> Option<Step> {
    let Outcome::Known { after, event } = outcome else { return None };
    let (after, event) = (after.map(|after| *after), event.map(|event| *event));
    Some(Step { path: path.to_vec(), before: before.cloned(), after, event })
}

//! What a run says: on stdout each file that is not what it should be, on stderr what keeps it from knowing. Nothing
//! when all is well, so that cron sends no mail.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use hivesum_actors::scrub::{Notice, ScrubEnd, ScrubError, ScrubObserver};
use hivesum_actors::store::collections::Collections;
use hivesum_core::fixity::{Acknowledgement, Condition, Event, EventKind, PassKind, is_mass_change, ranges_in_words};
use hivesum_core::result::{ErrorCode, Progress, ReadFrom, Status};
use tokio::sync::watch;

use crate::cli::error::{UsageError, reason, system_text};
use crate::cli::from_device::SourceTally;
use crate::cli::output::write_stdout;
use crate::cli::quote::quoted;
use crate::cli::terminal::{Colour, Terminal, counted};

/// How many files are listed; of more their number is told.
const LISTED: usize = 1000;

/// How many files that were not looked at are named on stderr.
const NAMED: u64 = 100;

/// What a run has found so far.
pub(super) struct Report {
    terminal: Terminal,
    /// What is known of files beside their condition, of at most [`LISTED`].
    details: BTreeMap<Vec<u8>, String>,
    /// Files that changed, were moved, are new or gone.
    changed: u64,
    /// Files that could not be looked at, and are as they were for all that is known.
    unknown: u64,
    is_well: bool,
}

impl ScrubObserver for Report {
    fn scan_began(&mut self, progress: watch::Receiver<Progress>) {
        self.terminal.follow(progress);
    }

    fn noticed(&mut self, notice: Notice) {
        match notice {
            Notice::Unreachable { path } => self.about(&path, "cannot be looked at"),
            Notice::Unmounted { path } => self.about(
                &path,
                "the disk that was mounted here is not, or something else is: mount it, or go on without it by --rebind",
            ),
            Notice::KnownUnreachable { files } => {
                let files = counted(files, "known file");
                self.terminal.message(&format!("{files} could not be reached: as they were, for all that is known"));
            }
            Notice::NotCompared { path, code, errno } => {
                let why = reason(Status::Error { code, errno }).unwrap_or_default();
                self.about(&path, &format!("not compared: {why}"));
            }
            Notice::ChangedMeanwhile { path } => {
                self.terminal.message_about(&path, "was changed meanwhile: the next run looks at it again");
            }
        }
    }

    fn happened(&mut self, event: &Event) {
        match event.kind {
            EventKind::New | EventKind::Modified | EventKind::Moved | EventKind::Missing => self.changed += 1,
            EventKind::Touched
            | EventKind::SuspectedRot
            | EventKind::Unreadable
            | EventKind::ReadsDisagree
            | EventKind::Restored
            | EventKind::Accepted
            | EventKind::Acknowledged
            | EventKind::Stopped
            | EventKind::Resumed => {}
        }
        if let Some(detail) = detail(event, &self.terminal).filter(|_| self.details.len() < LISTED) {
            self.details.insert(event.path.clone(), detail);
        }
    }
}

impl Report {
    pub(super) fn new(terminal: Terminal) -> Self {
        Self { terminal, details: BTreeMap::new(), changed: 0, unknown: 0, is_well: true }
    }

    /// Notes that more was noticed than is told by name.
    pub(super) fn more_were_noticed(&mut self, count: u64) {
        self.unknown += count;
        self.is_well &= count == 0;
    }

    fn about(&mut self, path: &[u8], message: &str) {
        self.is_well = false;
        self.unknown += 1;
        if self.unknown <= NAMED {
            self.terminal.message_about(path, message);
        }
    }

    /// Prints what is to be seen. Returns whether all is well.
    pub(super) fn end(
        mut self,
        collections: &mut Collections,
        end: &ScrubEnd,
        is_verbose: bool,
    ) -> anyhow::Result<bool> {
        let collection = &end.collection;
        let counts = match end.pass {
            PassKind::Baseline => collections.counts(collection)?,
            PassKind::Comparison => collections.deviating(collection)?,
        };
        let alerts = collection.alerts(&counts);
        if alerts > 0 {
            self.is_well = false;
            write_stdout(self.list(collections, end, alerts)?.as_bytes())?;
        }
        if self.unknown > NAMED {
            self.terminal.message(&format!("{} more could not be looked at", self.unknown - NAMED));
        }
        let shown = quoted(collection.directory.as_os_str());
        if end.pass == PassKind::Baseline {
            let known = counts.values().map(|count| count.files).sum();
            let files = counted(known, "file");
            self.terminal.message(&match end.is_limited {
                false => format!(
                    "{shown}: the baseline is taken, {files}. They are taken as they are: what is damaged already is \
                     not found"
                ),
                true => format!("{shown}: {files} of the baseline are taken; the next run goes on with it"),
            });
        }
        // That nothing is known of where bytes come from is said once, and by --verbose; that damage may be hidden, always.
        let is_said = is_verbose || end.pass == PassKind::Baseline;
        let warnings = SourceTally::of(&end.read).warnings().into_iter();
        let hidden = format!(": {}", ReadFrom::Cache.name());
        for warning in warnings.filter(|warning| is_said || warning.ends_with(&hidden)) {
            self.terminal.message(&warning);
        }
        if is_verbose {
            let (files, bytes) = (counted(end.read.files, "file"), counted(end.read.bytes, "byte"));
            self.terminal.message(&format!("{shown}: read {files}, {bytes}"));
            let known = collection.acknowledged(&counts);
            if known > 0 {
                let (files, they) = (counted(known, "file"), if known == 1 { "it" } else { "they" });
                self.terminal.message(&format!("{shown}: {files} not as {they} should be, and acknowledged"));
            }
        }
        Ok(self.is_well)
    }

    /// A line for each file that is not what it should be.
    fn list(&self, collections: &mut Collections, end: &ScrubEnd, alerts: u64) -> anyhow::Result<String> {
        let (collection, files_before) = (&end.collection, end.files_before);
        let mut out = String::new();
        if end.pass == PassKind::Comparison && is_mass_change(self.changed, files_before) {
            out += &format!(
                "many changes: {} of {}: a disk that is not mounted, a restore, or a program that rewrites files\n",
                self.changed,
                counted(files_before, "file")
            );
        }
        let mut listed = 0;
        collections.each_file(collection, |state| {
            if state.is_open_alert(collection.settings.kind) && listed < LISTED {
                listed += 1;
                let condition = self.terminal.painted(state.condition.name(), colour(state.condition));
                let detail = self.details.get(&state.path).map(|detail| format!(" ({detail})")).unwrap_or_default();
                out += &format!("{condition}: {}{detail}\n", self.terminal.quoted(&state.path));
            }
        })?;
        if alerts > LISTED as u64 {
            let more = counted(alerts - LISTED as u64, "more file");
            out += &format!("and {more}: hivesum collections files {}\n", quoted(collection.directory.as_os_str()));
        }
        Ok(out)
    }
}

/// The error of a run, with the name of its directory unless the store failed.
pub(super) fn failed(dir: &Path, error: ScrubError) -> anyhow::Error {
    let shown = quoted(dir.as_os_str());
    match error {
        ScrubError::Store(error) => error.into(),
        error if error.is_usage() => UsageError::of("scrub", format!("{shown}: {error}")).into(),
        error => anyhow::anyhow!("{shown}: {error}"),
    }
}

const fn colour(condition: Condition) -> Colour {
    match condition {
        Condition::Ok => Colour::Good,
        Condition::New | Condition::Moved => Colour::Notable,
        Condition::Modified
        | Condition::Missing
        | Condition::SuspectedRot
        | Condition::Unreadable
        | Condition::ReadsDisagree => Colour::Bad,
    }
}

/// Who knows of a file, and what they wrote.
fn who(Acknowledgement { by, note, .. }: &Acknowledgement, terminal: &Terminal) -> String {
    let by = terminal.quoted(by.as_bytes());
    match note {
        Some(note) => format!("by {by}: {}", terminal.quoted(note.as_bytes())),
        None => format!("by {by}"),
    }
}

/// Where the file is damaged, if that is known.
fn damage(event: &Event) -> Option<String> {
    ranges_in_words(&event.cause.damaged).map(|ranges| format!("damaged: {ranges}"))
}

fn joined(parts: [Option<String>; 2]) -> Option<String> {
    parts.into_iter().flatten().reduce(|all, part| format!("{all}; {part}"))
}

/// What an event says beside its kind.
pub(in crate::cli) fn detail(event: &Event, terminal: &Terminal) -> Option<String> {
    match event.kind {
        EventKind::Moved => event.moved_from().map(|from| format!("from {}", terminal.quoted(from))),
        EventKind::Modified | EventKind::SuspectedRot => {
            let evidence = event.cause.evidence.filter(|evidence| !evidence.is_none());
            joined([evidence.map(|evidence| evidence.to_string()), damage(event)])
        }
        EventKind::Unreadable => {
            let why = event.cause.failure.map(|failure| match failure.errno {
                0 => ErrorCode::IoError.in_words().to_owned(),
                errno => system_text(&io::Error::from_raw_os_error(errno)),
            });
            joined([why, ranges_in_words(&event.cause.damaged)])
        }
        EventKind::ReadsDisagree => {
            let seen = |count: &hivesum_core::fixity::ReadCount| {
                let digest = hex::encode(&count.digests);
                format!("{} {}", counted(count.reads.into(), "time"), digest.get(..16).unwrap_or(&digest))
            };
            let seen = event.cause.reads.iter().map(seen).collect::<Vec<_>>().join(", ");
            joined([Some(seen), damage(event)])
        }
        EventKind::Acknowledged => event.acknowledged().map(|said| who(said, terminal)),
        EventKind::Stopped => event.cause.stopped.map(|stopped| stopped.to_string()),
        EventKind::New
        | EventKind::Missing
        | EventKind::Touched
        | EventKind::Restored
        | EventKind::Accepted
        | EventKind::Resumed => None,
    }
}

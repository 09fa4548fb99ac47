//! The output of `check`: exactly the lines and warnings of `sha256sum --check` of GNU coreutils 9.1, and on stderr what
//! coreutils does not know: algorithms that were found or tried, and lines that were not read.
//!
//! Results are buffered. The buffer is written to stdout before anything is written to stderr, so that the order is
//! right on a terminal.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{NotRead, escape_into};
use hivesum_core::result::Progress;

use tokio::sync::watch;

use super::differences::{digests_of, which_failed};
use super::json::{CheckFormat, Document};
use super::lines::{Kind, OtherLines};
use super::verdict::{Counts, EndedWell, Judged, Missing, Verdict};
use crate::cli::from_device::SourceTally;
use crate::cli::output::{WriteError, write_stdout};
use crate::cli::terminal::{Colour, Terminal};

/// Bytes that are buffered before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// How much is printed. The last of the options counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verbosity {
    /// Every result, and a summary of the failures.
    Normal,
    /// Like `Normal`, and each improperly formatted line.
    Warn,
    /// Like `Normal`, without OK lines.
    Quiet,
    /// Only files that could not be opened.
    Status,
}

/// Why the command stops early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// Writing to stdout failed.
    #[error(transparent)]
    Stdout(#[from] WriteError),
    /// The engine did not return all results.
    #[error("the scan was aborted: not everything was checked")]
    ScanAborted,
    /// An algorithm must not be used on this machine.
    #[error(transparent)]
    SelfTest(#[from] hivesum_core::digest::SelfTestFailure),
}

/// What is said about a manifest at its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals<'a> {
    pub(super) counts: &'a Counts,
    pub(super) lines: &'a OtherLines,
    pub(super) missing: Missing,
}

/// The report, while it is written.
#[derive(Debug)]
pub(super) struct Report {
    terminal: Terminal,
    verbosity: Verbosity,
    /// If the report is a JSON document.
    document: Option<Document>,
    buffer: Vec<u8>,
    /// The name of the current manifest in messages.
    manifest: Vec<u8>,
    says_totals: SaysTotals,
    /// Whether the digests are told that a file should have and has.
    tells_digests: bool,
    /// The counts of all manifests that have ended.
    totals: Counts,
}

/// Whether there is a closing line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SaysTotals {
    Yes,
    No,
}

impl Report {
    /// Begins the report.
    pub(super) fn new(terminal: Terminal, verbosity: Verbosity, format: CheckFormat) -> Self {
        let mut buffer = Vec::new();
        let document = match format {
            CheckFormat::Human => None,
            CheckFormat::Document(layout) => Some(Document::begin(&mut buffer, layout)),
        };
        let (manifest, says_totals, totals) = (Vec::new(), SaysTotals::No, Counts::default());
        Self { terminal, verbosity, document, buffer, manifest, says_totals, tells_digests: false, totals }
    }

    /// The same, and whether the counts of all manifests are said at the end.
    pub(super) fn with_totals(self, says_totals: SaysTotals) -> Self {
        Self { says_totals, ..self }
    }

    /// The same, and the digests are told that a file should have and has, where they differ.
    pub(super) fn telling_digests(self) -> Self {
        Self { tells_digests: true, ..self }
    }

    /// Shows the progress of this scan from now on.
    pub(super) fn follow(&self, progress: watch::Receiver<Progress>) {
        self.terminal.follow(progress);
    }

    /// Ends the report, and says where the files were read from. Called after the last manifest.
    pub(super) fn end(&mut self, sources: &SourceTally, ended_well: EndedWell) -> Result<(), Stop> {
        if let Some(document) = &self.document {
            document.end(&mut self.buffer, ended_well);
        }
        self.flush()?;
        self.terminal.finish_progress();
        if self.verbosity != Verbosity::Status {
            let closing = sources.closing().filter(|_| self.verbosity != Verbosity::Quiet);
            sources.warnings().into_iter().chain(closing).for_each(|told| self.terminal.message(&told));
        }
        if self.says_totals == SaysTotals::Yes && self.totals.well_formed > 0 {
            self.terminal.message(&self.totals.in_short());
        }
        Ok(())
    }

    /// Starts the part of the report on this manifest.
    pub(super) fn start_manifest(&mut self, manifest: Vec<u8>) {
        self.manifest = manifest;
    }

    /// The name of the current manifest.
    pub(super) fn manifest(&self) -> &OsStr {
        OsStr::from_bytes(&self.manifest)
    }

    /// Reports the verdict on one entry.
    pub(super) fn entry(&mut self, name: &[u8], judged: &Judged) -> Result<(), Stop> {
        match &mut self.document {
            Some(document) => document.push(&mut self.buffer, &self.manifest, name, judged),
            None => self.line(name, judged)?,
        }
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn line(&mut self, name: &[u8], judged: &Judged) -> Result<(), Stop> {
        let words = match &judged.verdict {
            Verdict::Ok if self.verbosity == Verbosity::Quiet => return Ok(()),
            Verdict::Ok => "OK",
            Verdict::Failed => "FAILED",
            Verdict::Missing(why) | Verdict::Unreadable(why) => {
                self.flush()?;
                self.terminal.message_about(name, why);
                "FAILED open or read"
            }
            Verdict::Ignored => return Ok(()),
        };
        if self.verbosity == Verbosity::Status {
            return Ok(());
        }
        self.push_name(name);
        self.buffer.extend_from_slice(b": ");
        let colour = if judged.verdict == Verdict::Ok { Colour::Good } else { Colour::Bad };
        self.buffer.extend_from_slice(self.terminal.painted(words, colour).as_bytes());
        self.buffer.push(b'\n');
        if judged.verdict == Verdict::Failed && judged.compared.has_several() {
            self.flush()?;
            self.terminal.message_about(name, &which_failed(judged));
        }
        if self.tells_digests && !judged.mismatches.is_empty() {
            self.flush()?;
            judged.mismatches.iter().flat_map(digests_of).for_each(|told| self.terminal.message_about(name, &told));
        }
        Ok(())
    }

    /// Escapes names only if they contain a line feed, as coreutils 9.1 does.
    fn push_name(&mut self, name: &[u8]) {
        if name.contains(&b'\n') {
            self.buffer.push(b'\\');
            escape_into(&mut self.buffer, name);
        } else {
            self.buffer.extend_from_slice(name);
        }
    }

    /// Reports a line that is not an entry. `expected` is the algorithm that it is assumed to be of.
    pub(super) fn not_read(&mut self, line: u64, why: NotRead, kind: Kind, expected: Algorithm) -> Result<(), Stop> {
        if let Some(document) = &mut self.document {
            document.not_read(&self.manifest, line, why);
        }
        if self.verbosity != Verbosity::Warn {
            return Ok(());
        }
        self.warn(&match kind {
            Kind::Malformed => format!("{line}: improperly formatted {} checksum line", expected.bsd_tag()),
            Kind::Foreign => format!("{line}: not read: {why}"),
        })
    }

    /// Reports the algorithm that a match has decided for a manifest, as a remark.
    pub(super) fn decided(&mut self, algorithm: Algorithm) -> Result<(), Stop> {
        let bits = 8 * algorithm.digest_bytes();
        self.remark(&format!("untagged digests of {bits} bits are {}", algorithm.bsd_tag()))
    }

    /// Prints a message about the current manifest that is good to know, and changes no result.
    pub(super) fn remark(&mut self, message: &str) -> Result<(), Stop> {
        match self.verbosity {
            Verbosity::Status | Verbosity::Quiet => Ok(()),
            Verbosity::Normal | Verbosity::Warn => self.warn(message),
        }
    }

    /// Prints a message about the current manifest, unless only the exit status is wanted.
    pub(super) fn note(&mut self, message: &str) -> Result<(), Stop> {
        match self.verbosity {
            Verbosity::Status => Ok(()),
            Verbosity::Normal | Verbosity::Warn | Verbosity::Quiet => self.warn(message),
        }
    }

    /// Prints a message about the current manifest.
    pub(super) fn warn(&mut self, message: &str) -> Result<(), Stop> {
        self.flush()?;
        self.terminal.message_about(&self.manifest, message);
        Ok(())
    }

    /// Reports what went wrong with the current manifest as a whole.
    pub(super) fn error(&mut self, why: &str) -> Result<(), Stop> {
        if let Some(document) = &mut self.document {
            document.error(&self.manifest, why);
        }
        self.warn(why)
    }

    /// Reports the counts of a manifest at its end.
    pub(super) fn summary(&mut self, totals: &Totals<'_>) -> Result<(), Stop> {
        let Totals { counts, lines, missing } = *totals;
        self.totals.add(counts);
        self.flush()?;
        let is_document = self.document.as_mut().map(|document| document.end_manifest(lines.malformed())).is_some();
        if counts.well_formed == 0 {
            // Also where only the exit status is wanted, as coreutils does.
            lines.told().map_or(Ok(()), |told| self.warn(&told))?;
            return self.error("no properly formatted checksum lines found");
        }
        if self.verbosity == Verbosity::Status {
            return Ok(());
        }
        if !is_document {
            lines.told().map_or(Ok(()), |told| self.warn(&told))?;
            self.counts(counts, lines.malformed());
        }
        match missing == Missing::Ignored && counts.matched == 0 {
            true => self.error("no file was verified"),
            false => Ok(()),
        }
    }

    fn counts(&self, counts: &Counts, malformed: u64) {
        for (count, one, many) in [
            (malformed, "line is improperly formatted", "lines are improperly formatted"),
            (counts.unreadable, "listed file could not be read", "listed files could not be read"),
            (counts.mismatched, "computed checksum did NOT match", "computed checksums did NOT match"),
        ] {
            match count {
                0 => {}
                1 => self.terminal.message(&format!("WARNING: 1 {one}")),
                count => self.terminal.message(&format!("WARNING: {count} {many}")),
            }
        }
    }

    /// Writes the buffer to stdout.
    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.terminal.suspend_progress(|| write_stdout(&self.buffer));
        self.buffer.clear();
        Ok(written?)
    }
}

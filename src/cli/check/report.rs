//! The output of `check`: exactly the lines and warnings of `sha256sum --check` of GNU coreutils 9.1.
//!
//! Results are buffered. The buffer is written to stdout before anything is written to stderr, so that the order is
//! right on a terminal.

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::escape_into;
use hivesum_core::result::{ErrorCode, Progress, serialize_name};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tokio::sync::watch;

use super::verdict::{Counts, Missing, Verdict};
use crate::cli::output::{ReportFormat, WriteError, write_stdout};
use crate::cli::terminal::Terminal;

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
#[derive(Debug)]
pub(super) enum Stop {
    /// Writing to stdout failed.
    Stdout(WriteError),
    /// The engine did not return all results.
    ScanAborted,
}

/// The report, while it is written.
#[derive(Debug)]
pub(super) struct Report {
    terminal: Terminal,
    verbosity: Verbosity,
    format: ReportFormat,
    buffer: Vec<u8>,
    /// The name of the current manifest in messages.
    manifest: Vec<u8>,
    totals: Totals,
}

/// The counts of all manifests, for the JSON document.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Totals {
    matched: u64,
    modified: u64,
    missing: u64,
    unreadable: u64,
    malformed: u64,
}

/// One entry of the JSON document.
struct JsonEntry<'a> {
    name: &'a [u8],
    manifest: &'a [u8],
    verdict: &'static str,
    reason: Option<&'a str>,
}

impl Serialize for JsonEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", self.name)?;
        map.serialize_entry("verdict", self.verdict)?;
        if let Some(reason) = self.reason {
            map.serialize_entry("reason", reason)?;
        }
        map.serialize_entry("manifest", &String::from_utf8_lossy(self.manifest))?;
        map.end()
    }
}

impl Report {
    pub(super) fn new(terminal: Terminal, verbosity: Verbosity, format: ReportFormat) -> Self {
        Self { terminal, verbosity, format, buffer: Vec::new(), manifest: Vec::new(), totals: Totals::default() }
    }

    /// Shows the progress of this scan from now on.
    pub(super) fn follow(&self, progress: watch::Receiver<Progress>) {
        self.terminal.follow(progress);
    }

    /// Starts the report. Called before the first manifest.
    pub(super) fn begin(&mut self) {
        if self.format == ReportFormat::Json {
            self.buffer.extend_from_slice(b"{\"items\":[");
        }
    }

    /// Ends the report. Called after the last manifest.
    pub(super) fn end(&mut self) -> Result<(), Stop> {
        if self.format == ReportFormat::Json {
            self.buffer.extend_from_slice(b"\n],\"counts\":");
            push_json(&mut self.buffer, &self.totals);
            self.buffer.extend_from_slice(b"}\n");
        }
        self.flush()?;
        self.terminal.finish_progress();
        Ok(())
    }

    /// Starts the part of the report on this manifest.
    pub(super) fn start_manifest(&mut self, manifest: &[u8]) {
        self.manifest = manifest.to_vec();
    }

    /// Reports the verdict on one entry.
    pub(super) fn entry(&mut self, name: &[u8], verdict: &Verdict) -> Result<(), Stop> {
        if self.format == ReportFormat::Json {
            return self.json_entry(name, verdict);
        }
        let words = match verdict {
            Verdict::Ok if self.verbosity == Verbosity::Quiet => return Ok(()),
            Verdict::Ok => "OK",
            Verdict::Failed => "FAILED",
            Verdict::Unreadable(why) => {
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
        self.buffer.extend_from_slice(words.as_bytes());
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Adds one entry to the JSON document.
    fn json_entry(&mut self, name: &[u8], verdict: &Verdict) -> Result<(), Stop> {
        let (count, verdict, reason) = match verdict {
            Verdict::Ok => (&mut self.totals.matched, "matched", None),
            Verdict::Failed => (&mut self.totals.modified, "modified", None),
            Verdict::Unreadable(why) if why == ErrorCode::NotFound.in_words() => {
                (&mut self.totals.missing, "missing", None)
            }
            Verdict::Unreadable(why) => (&mut self.totals.unreadable, "unreadable", Some(why.as_str())),
            Verdict::Ignored => return Ok(()),
        };
        *count += 1;
        let totals = self.totals;
        let first = totals.matched + totals.modified + totals.missing + totals.unreadable == 1;
        self.buffer.extend_from_slice(if first { b"\n" } else { b",\n" });
        push_json(&mut self.buffer, &JsonEntry { name, manifest: &self.manifest, verdict, reason });
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
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

    /// Reports a malformed line.
    pub(super) fn malformed(&mut self, line: u64, expected: Algorithm) -> Result<(), Stop> {
        if self.verbosity != Verbosity::Warn {
            return Ok(());
        }
        let tag = expected.bsd_tag();
        self.warn(&format!("{line}: improperly formatted {tag} checksum line"))
    }

    /// Reports the algorithm that a match has decided for a manifest.
    pub(super) fn decided(&mut self, algorithm: Algorithm) -> Result<(), Stop> {
        match self.verbosity {
            Verbosity::Status => Ok(()),
            Verbosity::Normal | Verbosity::Warn | Verbosity::Quiet => {
                self.warn(&format!("untagged digests of 256 bits are {}", algorithm.bsd_tag()))
            }
        }
    }

    /// Prints a message about the current manifest.
    pub(super) fn warn(&mut self, message: &str) -> Result<(), Stop> {
        self.flush()?;
        self.terminal.message_about(&self.manifest, message);
        Ok(())
    }

    /// Reports the counts of a manifest at its end.
    pub(super) fn summary(&mut self, counts: &Counts, missing: Missing) -> Result<(), Stop> {
        self.totals.malformed += counts.malformed;
        self.flush()?;
        if counts.well_formed == 0 {
            return self.warn("no properly formatted checksum lines found");
        }
        if self.verbosity == Verbosity::Status || self.format == ReportFormat::Json {
            return Ok(());
        }
        for (count, one, many) in [
            (counts.malformed, "line is improperly formatted", "lines are improperly formatted"),
            (counts.unreadable, "listed file could not be read", "listed files could not be read"),
            (counts.mismatched, "computed checksum did NOT match", "computed checksums did NOT match"),
        ] {
            match count {
                0 => {}
                1 => self.terminal.message(&format!("WARNING: 1 {one}")),
                count => self.terminal.message(&format!("WARNING: {count} {many}")),
            }
        }
        if missing == Missing::Ignored && counts.matched == 0 {
            self.terminal.message_about(&self.manifest, "no file was verified");
        }
        Ok(())
    }

    /// Writes the buffer to stdout.
    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.terminal.suspend_progress(|| write_stdout(&self.buffer));
        self.buffer.clear();
        written.map_err(Stop::Stdout)
    }
}

fn push_json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("writing to a vector cannot fail, and the keys of maps are strings");
}

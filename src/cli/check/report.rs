//! What `check` says: the lines and warnings of `sha256sum --check`, GNU coreutils 9.1, word for word.
//!
//! Results go to stdout through one buffer; it is emptied before anything goes to stderr, so that both
//! together read in order on a terminal.

use std::io;

use hivesum_actors::digest::Algorithm;
use hivesum_actors::manifest::escape_into;

use super::judge::Missing;
use crate::cli::outlet::write_stdout;
use crate::cli::screen::Screen;

/// Bytes of results that are kept before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// How much is said; the last of the options wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loudness {
    /// Every result, and a summary of what is wrong.
    Normal,
    /// And each improperly formatted line.
    Warn,
    /// No OK lines.
    Quiet,
    /// Only what could not be opened.
    Status,
}

/// Why the command ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Stdout does not take any more.
    Stdout(io::Error),
    /// The engine did not deliver what it was asked for.
    BrokenOff,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Failed,
    /// The file could not be read; why, in words.
    Unreadable(String),
    /// Missing, and that was to be ignored.
    Ignored,
}

/// What became of all entries of a manifest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) well_formed: u64,
    pub(super) malformed: u64,
    pub(super) matched: u64,
    pub(super) mismatched: u64,
    pub(super) unreadable: u64,
}

/// Where the report goes.
#[derive(Debug)]
pub(super) struct Report {
    screen: Screen,
    loudness: Loudness,
    buffer: Vec<u8>,
    /// The manifest at hand, as messages call it.
    manifest: Vec<u8>,
}

impl Report {
    pub(super) fn new(screen: Screen, loudness: Loudness) -> Self {
        Self { screen, loudness, buffer: Vec::new(), manifest: Vec::new() }
    }

    /// What follows is about this manifest.
    pub(super) fn turn_to(&mut self, manifest: &[u8]) {
        self.manifest = manifest.to_vec();
    }

    /// The result of one entry.
    pub(super) fn entry(&mut self, name: &[u8], verdict: &Verdict) -> Result<(), Stop> {
        let words = match verdict {
            Verdict::Ok if self.loudness == Loudness::Quiet => return Ok(()),
            Verdict::Ok => "OK",
            Verdict::Failed => "FAILED",
            Verdict::Unreadable(why) => {
                self.flush()?;
                self.screen.say_of(name, why);
                "FAILED open or read"
            }
            Verdict::Ignored => return Ok(()),
        };
        if self.loudness == Loudness::Status {
            return Ok(());
        }
        self.push_name(name);
        self.buffer.extend_from_slice(b": ");
        self.buffer.extend_from_slice(words.as_bytes());
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Escaped only where it would break the line, as coreutils 9.1 does.
    fn push_name(&mut self, name: &[u8]) {
        if name.contains(&b'\n') {
            self.buffer.push(b'\\');
            escape_into(&mut self.buffer, name);
        } else {
            self.buffer.extend_from_slice(name);
        }
    }

    /// A line that cannot be read.
    pub(super) fn malformed(&mut self, line: u64, expected: Algorithm) -> Result<(), Stop> {
        if self.loudness != Loudness::Warn {
            return Ok(());
        }
        let tag = expected.bsd_tag();
        self.warn(&format!("{line}: improperly formatted {tag} checksum line"))
    }

    /// The algorithm that a manifest turned out to be of.
    pub(super) fn decided(&mut self, algorithm: Algorithm) -> Result<(), Stop> {
        match self.loudness {
            Loudness::Status => Ok(()),
            Loudness::Normal | Loudness::Warn | Loudness::Quiet => {
                self.warn(&format!("untagged lines of 64 digits are {}", algorithm.bsd_tag()))
            }
        }
    }

    /// Anything about the manifest.
    pub(super) fn warn(&mut self, message: &str) -> Result<(), Stop> {
        self.flush()?;
        self.screen.say_of(&self.manifest, message);
        Ok(())
    }

    /// The end of a manifest.
    pub(super) fn summary(&mut self, counts: &Counts, missing: Missing) -> Result<(), Stop> {
        self.flush()?;
        if counts.well_formed == 0 {
            return self.warn("no properly formatted checksum lines found");
        }
        if self.loudness == Loudness::Status {
            return Ok(());
        }
        for (count, one, many) in [
            (counts.malformed, "line is improperly formatted", "lines are improperly formatted"),
            (counts.unreadable, "listed file could not be read", "listed files could not be read"),
            (counts.mismatched, "computed checksum did NOT match", "computed checksums did NOT match"),
        ] {
            match count {
                0 => {}
                1 => self.screen.say(&format!("WARNING: 1 {one}")),
                count => self.screen.say(&format!("WARNING: {count} {many}")),
            }
        }
        if missing == Missing::IsIgnored && counts.matched == 0 {
            self.screen.say_of(&self.manifest, "no file was verified");
        }
        Ok(())
    }

    /// Writes what is held back.
    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = write_stdout(&self.buffer);
        self.buffer.clear();
        written.map_err(Stop::Stdout)
    }
}

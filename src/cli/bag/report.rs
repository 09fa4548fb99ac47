//! What a check found: faults, warnings, and what hivesum cannot check; and how it is printed.
//!
//! One fault makes a bag invalid. Without one, something that cannot be checked keeps it from being called valid. A
//! warning is about what hivesum accepts and other tools may not.

use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::payload::Oxum;
use crate::cli::output::{ReportFormat, write_stdout};
use crate::cli::terminal::Terminal;

/// How many notes of one kind are kept. More are counted only.
const MAX_NOTES: usize = 100_000;

/// The verdict on a bag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Valid,
    Invalid,
    /// No fault was found, but not everything could be checked.
    Unsupported,
}

/// A sentence about a file of the bag.
#[derive(Debug, PartialEq, Eq)]
struct Note {
    /// Empty for the bag itself.
    path: Vec<u8>,
    text: String,
}

/// Notes of one kind.
#[derive(Debug, Default)]
struct Notes {
    kept: Vec<Note>,
    more: u64,
}

impl Notes {
    fn push(&mut self, path: &[u8], text: String) {
        match self.kept.len() < MAX_NOTES {
            true => self.kept.push(Note { path: path.to_vec(), text }),
            false => self.more += 1,
        }
    }

    fn count(&self) -> u64 {
        self.kept.len() as u64 + self.more
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    faults: Notes,
    warnings: Notes,
    unsupported: Notes,
}

/// One report as it is printed.
pub(super) struct Printed<'a> {
    pub(super) report: &'a Report,
    /// The bag as it was named.
    pub(super) bag: &'a [u8],
    /// The payload as it is; `None` if it was not looked at, or not all of it could be read.
    pub(super) found: Option<Oxum>,
    pub(super) terminal: &'a Terminal,
}

impl Report {
    /// The bag breaks a rule.
    pub(super) fn fault(&mut self, path: &[u8], text: impl Into<String>) {
        self.faults.push(path, text.into());
    }

    /// The bag is accepted all the same.
    pub(super) fn warning(&mut self, path: &[u8], text: impl Into<String>) {
        self.warnings.push(path, text.into());
    }

    /// hivesum cannot tell.
    pub(super) fn unsupported(&mut self, path: &[u8], text: impl Into<String>) {
        self.unsupported.push(path, text.into());
    }

    /// The first fault, else the first thing that hivesum cannot tell: the path and what is said about it.
    pub(super) fn first_obstacle(&self) -> Option<(&[u8], &str)> {
        let first = self.faults.kept.first().or(self.unsupported.kept.first())?;
        Some((&first.path, &first.text))
    }

    pub(super) fn verdict(&self) -> Verdict {
        match (self.faults.count(), self.unsupported.count()) {
            (0, 0) => Verdict::Valid,
            (0, _) => Verdict::Unsupported,
            _ => Verdict::Invalid,
        }
    }
}

impl Printed<'_> {
    /// Prints it, and returns the exit status.
    pub(super) fn print(&self, format: ReportFormat) -> anyhow::Result<ExitCode> {
        let out = match format {
            ReportFormat::Human => self.human(),
            ReportFormat::Json => serde_json::to_string(&self.document())? + "\n",
        };
        write_stdout(out.as_bytes())?;
        Ok(if self.report.verdict() == Verdict::Valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Warnings go to stderr at once.
    fn human(&self) -> String {
        let Report { faults, warnings, unsupported } = self.report;
        for note in &warnings.kept {
            self.terminal.message_about(self.path(note), &note.text);
        }
        if warnings.more > 0 {
            self.terminal.message(&format!("{} more warnings", warnings.more));
        }
        let line =
            |note: &Note, before: &str| format!("{}: {before}{}\n", self.terminal.quoted(self.path(note)), note.text);
        let mut out: String = faults.kept.iter().map(|note| line(note, "")).collect();
        if faults.more > 0 {
            out += &format!("{} more faults\n", faults.more);
        }
        out.extend(unsupported.kept.iter().map(|note| line(note, "cannot be checked: ")));
        out + &match self.report.verdict() {
            Verdict::Valid => {
                format!("valid: {}\n", self.found.unwrap_or_default())
            }
            Verdict::Invalid if faults.count() == 1 => "not valid: 1 fault\n".to_owned(),
            Verdict::Invalid => format!("not valid: {} faults\n", faults.count()),
            Verdict::Unsupported => {
                "cannot be checked: no fault was found, but not everything is supported\n".to_owned()
            }
        }
    }

    fn path<'b>(&'b self, note: &'b Note) -> &'b [u8] {
        if note.path.is_empty() { self.bag } else { &note.path }
    }

    fn document(&self) -> Document<'_> {
        let Report { faults, warnings, unsupported } = self.report;
        Document {
            verdict: self.report.verdict(),
            files: self.found.map(|found| found.files),
            bytes: self.found.map(|found| found.octets),
            fault_count: faults.count(),
            faults: items(faults),
            warnings: items(warnings),
            unsupported: items(unsupported),
        }
    }
}

/// The JSON output.
#[derive(Serialize)]
struct Document<'a> {
    verdict: Verdict,
    /// `null` if the payload was not looked at, or not all of it could be read.
    files: Option<u64>,
    bytes: Option<u64>,
    fault_count: u64,
    faults: Vec<Item<'a>>,
    warnings: Vec<Item<'a>>,
    unsupported: Vec<Item<'a>>,
}

/// A note in JSON. `path_b64` has the exact bytes of a name that is not UTF-8; the path of the bag itself is empty.
#[derive(Serialize)]
struct Item<'a> {
    path: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
    message: &'a str,
}

fn items(notes: &Notes) -> Vec<Item<'_>> {
    notes.kept.iter().map(Item::of).collect()
}

impl<'a> Item<'a> {
    fn of(Note { path, text }: &'a Note) -> Self {
        let path_b64 = std::str::from_utf8(path).is_err().then(|| STANDARD.encode(path));
        Self { path: String::from_utf8_lossy(path), path_b64, message: text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_outweighs_what_cannot_be_checked_and_that_outweighs_a_warning() {
        let mut report = Report::default();
        report.warning(b"a", "odd");
        assert_eq!(report.verdict(), Verdict::Valid);
        report.unsupported(b"a", "unknown");
        assert_eq!(report.verdict(), Verdict::Unsupported);
        report.fault(b"a", "wrong");
        assert_eq!(report.verdict(), Verdict::Invalid);
    }

    #[test]
    fn more_notes_than_are_kept_are_counted() {
        let mut report = Report::default();
        (0..MAX_NOTES + 5).for_each(|_| report.fault(b"", ""));
        assert_eq!((report.faults.kept.len(), report.faults.count()), (MAX_NOTES, MAX_NOTES as u64 + 5));
        let printed = Printed { report: &report, bag: b"bag", found: None, terminal: &Terminal::plain() };
        assert!(printed.human().ends_with("5 more faults\nnot valid: 100005 faults\n"));
    }
}

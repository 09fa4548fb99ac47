//! The report of `check` as JSON or NDJSON: every entry with its verdict, and the digests that differ; then the lines
//! that were not read, the counts, what went wrong with whole manifests, and the verdict on everything.
//!
//! The verdict has the words and the rules of the verdict of a job. It is never `ok` where the exit status is not 0.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use hivesum_core::digest::{Algorithm, Digest};
use hivesum_core::manifest::NotRead;
use hivesum_core::result::{AuditCounts, Inspection, JobVerdict, serialize_name};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::verdict::{EndedWell, Judged, Mismatch, Verdict};
use crate::cli::output::push_json;

/// How many lines that were not read are listed.
const LISTED_LINES: usize = 100;

/// The format of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum CheckFormat {
    /// The lines of `sha256sum --check`.
    #[default]
    Human,
    /// A document of one of these layouts.
    Document(Layout),
}

/// How a document is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One JSON document.
    Json,
    /// One line for each entry, and a last one with the summary, so that a cut is visible.
    Ndjson,
}

impl fmt::Display for CheckFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Document(Layout::Json) => "json",
            Self::Document(Layout::Ndjson) => "ndjson",
        })
    }
}

impl FromStr for CheckFormat {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Document(Layout::Json)),
            "ndjson" => Ok(Self::Document(Layout::Ndjson)),
            _ => Err("must be human, json or ndjson"),
        }
    }
}

/// The document, while it is written.
#[derive(Debug)]
pub(super) struct Document {
    layout: Layout,
    has_items: bool,
    counts: Totals,
    lines: LinesNotRead,
    /// Lines that were not read, and may be entries of the wanted algorithm.
    may_be_entries: u64,
    errors: Vec<ManifestError>,
}

/// The counts of all manifests. `missing` and `unreadable` count files, the others entries.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Totals {
    matched: u64,
    modified: u64,
    missing: u64,
    unreadable: u64,
    malformed: u64,
}

/// Why a manifest was not checked to its end, or nothing was. At most two for each manifest of the command line.
#[derive(Debug, Serialize)]
struct ManifestError {
    manifest: String,
    reason: String,
}

/// What is said of everything.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    lines_not_read: &'a LinesNotRead,
    counts: Totals,
    errors: &'a [ManifestError],
    verdict: JobVerdict,
}

/// The lines of all manifests that were not read.
#[derive(Debug, Default, Serialize)]
struct LinesNotRead {
    count: u64,
    first: Vec<LineNotRead>,
    unsupported: BTreeSet<&'static str>,
    signed: bool,
}

#[derive(Debug, Serialize)]
struct LineNotRead {
    manifest: String,
    line: u64,
    why: String,
}

/// One entry.
struct Item<'a> {
    name: &'a [u8],
    manifest: &'a [u8],
    judged: &'a Judged,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Judged { verdict, compared, mismatches, read_from, .. } = self.judged;
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", self.name)?;
        map.serialize_entry("verdict", word_of(verdict))?;
        if let Verdict::Unreadable(why) = verdict {
            map.serialize_entry("reason", why)?;
        }
        let algorithms: Vec<Algorithm> = compared.all().collect();
        match &algorithms[..] {
            [] => {}
            [only] => map.serialize_entry("algorithm", only)?,
            several => map.serialize_entry("algorithms", several)?,
        }
        if let (Verdict::Failed, Some(failed)) = (verdict, &compared.others) {
            map.serialize_entry("failed", failed)?;
        }
        if let Some(evidence) = self.judged.contradiction() {
            map.serialize_entry("evidence", &evidence)?;
        }
        if !mismatches.is_empty() {
            map.serialize_entry("mismatches", &Mismatches(mismatches))?;
        }
        if let Some(from) = read_from {
            map.serialize_entry("read_from", from)?;
        }
        map.serialize_entry("manifest", &String::from_utf8_lossy(self.manifest))?;
        map.end()
    }
}

/// `[{"expected": "HEX", "computed": {"sha256": "HEX"}}]`: the digests of an entry that its file does not have.
struct Mismatches<'a>(&'a [Mismatch]);

impl Serialize for Mismatches<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|Mismatch { expected, computed }| OneMismatch {
            expected: hex::encode(expected.as_bytes()),
            computed: Computed(computed),
        }))
    }
}

#[derive(Serialize)]
struct OneMismatch<'a> {
    expected: String,
    computed: Computed<'a>,
}

struct Computed<'a>(&'a [Digest]);

impl Serialize for Computed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|digest| (digest.algorithm(), digest.to_string())))
    }
}

const fn word_of(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "matched",
        Verdict::Failed => "modified",
        Verdict::Missing(_) => "missing",
        Verdict::Unreadable(_) => "unreadable",
        Verdict::Ignored => "ignored",
    }
}

impl Document {
    pub(super) fn begin(out: &mut Vec<u8>, layout: Layout) -> Self {
        match layout {
            Layout::Json => out.extend_from_slice(b"{\"items\":["),
            Layout::Ndjson => {}
        }
        let (counts, lines, errors) = (Totals::default(), LinesNotRead::default(), Vec::new());
        Self { layout, has_items: false, counts, lines, may_be_entries: 0, errors }
    }

    /// Adds one entry.
    pub(super) fn push(&mut self, out: &mut Vec<u8>, manifest: &[u8], name: &[u8], judged: &Judged) {
        let count = match judged.verdict {
            Verdict::Ok => &mut self.counts.matched,
            Verdict::Failed => &mut self.counts.modified,
            Verdict::Missing(_) => &mut self.counts.missing,
            Verdict::Unreadable(_) => &mut self.counts.unreadable,
            Verdict::Ignored => return,
        };
        *count += u64::from(judged.counts);
        let before: &[u8] = match (self.layout, self.has_items) {
            (Layout::Json, true) => b",\n",
            (Layout::Json, false) => b"\n",
            (Layout::Ndjson, _) => b"",
        };
        out.extend_from_slice(before);
        self.has_items = true;
        push_json(out, &Item { name, manifest, judged });
        if self.layout == Layout::Ndjson {
            out.push(b'\n');
        }
    }

    /// Adds a line that was not read.
    pub(super) fn not_read(&mut self, manifest: &[u8], line: u64, why: NotRead) {
        self.lines.count += 1;
        let is_none = matches!(why, NotRead::Signature | NotRead::OtherAlgorithm(_));
        self.may_be_entries += u64::from(!is_none);
        match why {
            // Names of a fixed list, so their number is bounded.
            NotRead::Unsupported(name) => drop(self.lines.unsupported.insert(name)),
            NotRead::Signature => self.lines.signed = true,
            NotRead::Malformed | NotRead::TooLong | NotRead::NoName | NotRead::OtherAlgorithm(_) => {}
        }
        if self.lines.first.len() < LISTED_LINES {
            let manifest = String::from_utf8_lossy(manifest).into_owned();
            self.lines.first.push(LineNotRead { manifest, line, why: why.to_string() });
        }
    }

    /// A manifest ends, with so many improperly formatted lines.
    pub(super) const fn end_manifest(&mut self, malformed: u64) {
        self.counts.malformed += malformed;
    }

    /// Adds what went wrong with a whole manifest.
    pub(super) fn error(&mut self, manifest: &[u8], reason: &str) {
        let manifest = String::from_utf8_lossy(manifest).into_owned();
        self.errors.push(ManifestError { manifest, reason: reason.to_owned() });
    }

    /// Ends the document. `ended_well` tells the exit status.
    pub(super) fn end(&self, out: &mut Vec<u8>, ended_well: EndedWell) {
        let Self { lines, counts, errors, .. } = self;
        let summary = Summary { lines_not_read: lines, counts: *counts, errors, verdict: self.verdict(ended_well) };
        match self.layout {
            Layout::Json => {
                let mut members = Vec::new();
                push_json(&mut members, &summary);
                out.extend_from_slice(b"\n],");
                out.extend_from_slice(&members[1..]);
                out.push(b'\n');
            }
            Layout::Ndjson => {
                out.extend_from_slice(b"{\"summary\":");
                push_json(out, &summary);
                out.extend_from_slice(b"}\n");
            }
        }
    }

    fn verdict(&self, ended_well: EndedWell) -> JobVerdict {
        let Totals { matched, modified, missing, unreadable, .. } = self.counts;
        let counts = AuditCounts { matched, modified, missing, unreadable, ..AuditCounts::default() };
        let complete = ended_well == EndedWell::Yes;
        Inspection { counts, complete, lines_not_read: self.may_be_entries }.verdict()
    }
}

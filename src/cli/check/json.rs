//! The JSON document of `check`: every entry with its verdict, the lines that were not read, and the counts.

use std::collections::BTreeSet;

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::NotRead;
use hivesum_core::result::serialize_name;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::verdict::{Judged, Verdict};
use crate::cli::output::push_json;

/// How many lines that were not read are listed.
const LISTED_LINES: usize = 100;

/// The document, while it is written.
#[derive(Debug, Default)]
pub(super) struct Document {
    has_items: bool,
    counts: Totals,
    lines: LinesNotRead,
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
        let Judged { verdict, compared, read_from, .. } = self.judged;
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
        if let Some(from) = read_from {
            map.serialize_entry("read_from", from)?;
        }
        map.serialize_entry("manifest", &String::from_utf8_lossy(self.manifest))?;
        map.end()
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
    pub(super) fn begin(out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(b"{\"items\":[");
        Self::default()
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
        out.extend_from_slice(if self.has_items { b",\n" } else { b"\n" });
        self.has_items = true;
        push_json(out, &Item { name, manifest, judged });
    }

    /// Adds a line that was not read.
    pub(super) fn not_read(&mut self, manifest: &[u8], line: u64, why: NotRead) {
        self.lines.count += 1;
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

    pub(super) fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n],\"lines_not_read\":");
        push_json(out, &self.lines);
        out.extend_from_slice(b",\"counts\":");
        push_json(out, &self.counts);
        out.extend_from_slice(b"}\n");
    }
}

//! The output of an audit. Matched files are written while they are hashed, everything else at the end in walk order,
//! because a new file may turn out to be a moved one.

use hivesum_core::compare::Findings;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::UnreadLines;
use hivesum_core::result::{
    AuditCounts, FileMeta, Fixity, Inspection, Item, ItemRef, JobVerdict, Judged, Origin, Status, Verdict, walk_order,
};

use serde::Serialize;

use crate::cli::error::reason;
use crate::cli::output::{ReportFormat, push_json};
use crate::cli::terminal::{Colour, Terminal};

/// A file that is listed at the end.
#[derive(Debug)]
struct Listed {
    /// The number of its result, from 0. Missing files have no result.
    row: Option<u64>,
    item: Item,
    /// The algorithms whose digests differ; of an untagged digest all that were tried.
    failed: Vec<Algorithm>,
}

/// An item of the JSON list.
#[derive(Serialize)]
struct JsonItem<'a> {
    #[serde(flatten)]
    item: &'a ItemRef<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [Algorithm],
}

/// What is known at the end.
pub(super) struct Ending {
    pub(super) findings: Findings,
    pub(super) lines_not_read: Option<UnreadLines>,
    /// Whether something is said of every file.
    pub(super) is_complete: bool,
}

/// The members of the JSON document after the list.
#[derive(Serialize)]
struct JsonEnd<'a> {
    verdict: JobVerdict,
    counts: &'a AuditCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<Algorithm>,
    #[serde(skip_serializing_if = "is_zero")]
    untraced: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines_not_read: Option<UnreadLines>,
}

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// All files, and the counts.
    All,
    /// Files that did not match, and the counts.
    FaultsAndCounts,
    /// Files that did not match; the JSON document has the counts all the same.
    OnlyFaults,
}

/// The report, while it is written.
#[derive(Debug)]
pub(super) struct Report {
    format: ReportFormat,
    lists: Lists,
    terminal: Terminal,
    rows: u64,
    /// Files whose content changed, and nothing is known that tells a write from rot.
    without_evidence: u64,
    /// Whether an item of the JSON list was written already.
    begun: bool,
    rest: Vec<Listed>,
}

impl Report {
    pub(super) fn new(format: ReportFormat, lists: Lists, terminal: Terminal) -> Self {
        Self { format, lists, terminal, rows: 0, without_evidence: 0, begun: false, rest: Vec::new() }
    }

    /// Whether more is said than what is wrong.
    pub(super) fn has_remarks(&self) -> bool {
        self.lists != Lists::OnlyFaults
    }

    /// What is to be said of files that nothing but digests is known of.
    pub(super) fn without_evidence(&self) -> Option<String> {
        told_without_evidence(self.without_evidence)
    }

    pub(super) fn begin(&self, out: &mut Vec<u8>) {
        if self.format == ReportFormat::Json {
            out.extend_from_slice(b"{\"items\":[");
        }
    }

    /// Adds one result with its verdict.
    pub(super) fn take(&mut self, out: &mut Vec<u8>, item: &ItemRef<'_>, judged: Judged, failed: Vec<Algorithm>) {
        let row = self.rows;
        self.rows += 1;
        let Some(verdict) = judged.verdict else { return };
        self.without_evidence += u64::from(judged.evidence.is_some_and(|evidence| evidence.is_none()));
        let fixity = Fixity { verdict, content_from: None, evidence: judged.evidence };
        if verdict != Verdict::Matched {
            let item = Item { fixity: Some(fixity), ..Item::of(item) };
            return self.rest.push(Listed { row: Some(row), item, failed });
        }
        if self.lists == Lists::All {
            self.write(out, &ItemRef { fixity: Some(&fixity), ..*item }, &failed);
        }
    }

    /// Writes the files that did not match, and the counts.
    pub(super) fn end(mut self, out: &mut Vec<u8>, ending: Ending) {
        let Ending { findings, lines_not_read, is_complete } = ending;
        let mut rest = std::mem::take(&mut self.rest);
        for one in findings.traced {
            let traced = rest.binary_search_by_key(&Some(one.row), |listed| listed.row);
            if let Some(fixity) = traced.ok().and_then(|index| rest.get_mut(index)?.item.fixity.as_mut()) {
                (fixity.verdict, fixity.content_from) = (one.verdict, Some(one.from));
            }
        }
        rest.extend(findings.absent.into_iter().map(|absent| {
            let fixity = Fixity { verdict: absent.verdict, content_from: None, evidence: None };
            let status = Status::error(absent.code);
            let item = Item {
                path: absent.path,
                meta: FileMeta::default(),
                status,
                digests: Vec::new(),
                algorithms: Algorithms::default(),
                origin: Origin::Read,
                fixity: Some(fixity),
            };
            Listed { row: None, item, failed: Vec::new() }
        }));
        rest.sort_by(|one, other| walk_order(&one.item.path, &other.item.path));
        for listed in &rest {
            self.write(out, &listed.item.as_ref(), &listed.failed);
        }
        let counts = &findings.counts;
        match self.format {
            ReportFormat::Human if self.lists == Lists::OnlyFaults => {}
            ReportFormat::Human => write_counts(out, counts),
            ReportFormat::Json => {
                let unread = lines_not_read.as_ref().map_or(0, UnreadLines::may_be_entries);
                let verdict = Inspection { counts: *counts, complete: is_complete, lines_not_read: unread }.verdict();
                let (algorithm, untraced) = (findings.algorithm, findings.untraced);
                let end = JsonEnd { verdict, counts, algorithm, untraced, lines_not_read };
                out.extend_from_slice(b"\n],");
                let from = out.len();
                push_json(out, &end);
                // The members of the list's own object.
                out.remove(from);
                out.push(b'\n');
            }
        }
    }

    fn write(&mut self, out: &mut Vec<u8>, item: &ItemRef<'_>, failed: &[Algorithm]) {
        match self.format {
            ReportFormat::Human => self.write_line(out, item, failed),
            ReportFormat::Json => {
                out.extend_from_slice(if self.begun { b",\n" } else { b"\n" });
                self.begun = true;
                push_json(out, &JsonItem { item, failed });
            }
        }
    }

    fn write_line(&self, out: &mut Vec<u8>, item: &ItemRef<'_>, failed: &[Algorithm]) {
        let Some(fixity) = item.fixity else { return };
        let verdict = self.terminal.painted(fixity.verdict.name(), colour(fixity.verdict));
        let name = self.terminal.quoted(item.path);
        let mut line = match fixity.content_from.as_ref().map(|from| self.terminal.quoted(from)) {
            Some(from) if fixity.verdict == Verdict::Moved => format!("{verdict}: {from} -> {name}"),
            Some(from) if fixity.verdict == Verdict::New => format!("{verdict}: {name} (copy of {from})"),
            Some(from) => format!("{verdict}: {name} (content of {from})"),
            None => format!("{verdict}: {name}"),
        };
        // That nothing is known is said once for all files.
        if let Some(evidence) = fixity.evidence.filter(|evidence| !evidence.is_none()) {
            line += &format!(" ({evidence})");
        }
        // One digest by one algorithm needs no name.
        if !failed.is_empty() && item.algorithms.len() > 1 {
            let failed: Vec<_> = failed.iter().map(|algorithm| algorithm.name()).collect();
            line += &format!(" ({} failed)", failed.join(", "));
        }
        if fixity.verdict == Verdict::Unreadable {
            line += &format!(" ({})", reason(item.status).unwrap_or_default());
        }
        line.push('\n');
        out.extend_from_slice(line.as_bytes());
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What is said of files that may be moved ones or copies; nothing if there are none.
pub(super) fn told_untraced(count: u64) -> Option<String> {
    let files = match count {
        0 => return None,
        1 => "1 file has".to_owned(),
        many => format!("{many} files have"),
    };
    Some(format!("{files} a recorded content and may be moved or copied; there are too many to tell from what"))
}

fn colour(verdict: Verdict) -> Colour {
    match verdict {
        Verdict::Matched => Colour::Good,
        Verdict::Moved | Verdict::New => Colour::Notable,
        Verdict::Modified | Verdict::SuspectedRot | Verdict::Missing | Verdict::Unreadable => Colour::Bad,
    }
}

/// What is said if nothing tells an edit from rot.
fn told_without_evidence(count: u64) -> Option<String> {
    let files = match count {
        0 => return None,
        1 => "1 modified file".to_owned(),
        many => format!("{many} modified files"),
    };
    Some(format!("{files}: nothing but digests was recorded, so an edit and rot look alike"))
}

fn write_counts(out: &mut Vec<u8>, counts: &AuditCounts) {
    let AuditCounts { matched, modified, moved, missing, new, unreadable, suspected_rot: rotten } = counts;
    let modified = modified + rotten;
    let line = format!(
        "{matched} matched, {modified} modified, {moved} moved, {missing} missing, {new} new, {unreadable} unreadable{}\n",
        if *rotten > 0 { format!("; suspected rot: {rotten} of the modified") } else { String::new() }
    );
    out.extend_from_slice(line.as_bytes());
}

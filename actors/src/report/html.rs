//! A report as one HTML page without scripts and without anything from elsewhere, to read on a screen and on paper.

use std::fmt::Write as _;

use hivesum_core::digest::Algorithms;
use hivesum_core::fixity::{CollectionKind, FileState};
use hivesum_core::result::split_digests;
use jiff::Timestamp;

use super::format::Subject;
use super::text::{bytes, escaped, grouped, happened, plural, visible, words};
use crate::store::collections::{AGES_DAYS, Amount, Counted, StoredEvent};

/// How many events it shows: the last ones.
pub const MOST_EVENTS_SHOWN: u64 = 1000;

/// How many files it lists one by one. Of a larger collection it lists those that are to be looked at.
pub const MOST_FILES_LISTED: u64 = 10_000;

/// Its content security policy: nothing is loaded and nothing runs.
pub const HTML_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1b1b1b}\
    h1{font-size:1.5em;overflow-wrap:anywhere}h2{font-size:1.15em;margin-top:2em}\
    table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
    th,td{text-align:left;vertical-align:top;padding:.3em .8em .3em 0;border-bottom:1px solid #d5d5d5}\
    td.n{text-align:right;white-space:nowrap}td.p{overflow-wrap:anywhere}\
    .d{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere;color:#555}\
    .bad{color:#a4161a;font-weight:600}.good{color:#1e6b3a;font-weight:600}\
    h2{break-after:avoid}thead{display:table-header-group}tr{break-inside:avoid}\
    @page{margin:18mm}@media print{body{margin:0;max-width:none;font-size:10pt}}";

#[derive(Debug)]
pub(super) struct Html {
    kind: CollectionKind,
    algorithms: Algorithms,
    lists_all: bool,
    head: String,
}

impl Html {
    pub(super) fn new(subject: Subject<'_>) -> Self {
        let settings = &subject.counted.collection().settings;
        let files: u64 = subject.counted.by_condition.values().map(|count| count.files).sum();
        let lists_all = files <= MOST_FILES_LISTED;
        let head = head(subject, lists_all);
        Self { kind: settings.kind, algorithms: settings.algorithms, lists_all, head }
    }

    pub(super) fn begin(&self, out: &mut String) {
        out.push_str(&self.head);
    }

    pub(super) fn file(&self, out: &mut String, state: &FileState) {
        let is_alert = state.condition.is_alert(self.kind);
        if !is_alert && !self.lists_all {
            return;
        }
        let class = if is_alert { "bad" } else { "" };
        let content = state.present();
        let size =
            content.and_then(|content| content.meta.known_size()).map_or_else(|| "not known".to_owned(), grouped);
        let _ = write!(out, "<tr><td class=\"p\">{}", escaped(&visible(&state.path)));
        for digest in content.iter().flat_map(|content| split_digests(&content.digests, &self.algorithms)) {
            let _ = write!(out, "<div class=\"d\">{} {digest}</div>", digest.algorithm().name());
        }
        let condition = words(state.condition.name());
        let verified = state.verified_at.map_or_else(|| "never".to_owned(), day_and_time);
        let _ = writeln!(
            out,
            "</td><td class=\"{class}\">{condition}</td><td class=\"n\">{size}</td><td>{verified}</td></tr>"
        );
    }

    pub(super) fn begin_events(&self, out: &mut String, shown: u64) {
        let _ = write!(
            out,
            "</tbody></table>\n<h2>What happened</h2>\n<p>{}, in order.</p>\n<table><thead><tr><th>No.</th><th>Time</th>\
            <th>Event</th><th>File</th></tr></thead><tbody>\n",
            match shown {
                0 => "No event is recorded".to_owned(),
                1 => "The last event".to_owned(),
                _ => format!("The last {} events", grouped(shown)),
            }
        );
    }

    pub(super) fn event(&self, out: &mut String, stored: &StoredEvent) {
        let event = &stored.event;
        let is_alert = event.after.as_ref().is_some_and(|after| after.condition.is_alert(self.kind));
        let (class, kind) = (if is_alert { "bad" } else { "" }, words(event.kind.name()));
        let detail = happened(event).map(|detail| format!("<div class=\"d\">{}</div>", escaped(&detail)));
        let _ = writeln!(
            out,
            "<tr><td class=\"n\">{}</td><td>{}</td><td class=\"{class}\">{kind}</td><td class=\"p\">{}{}</td></tr>",
            grouped(stored.n),
            day_and_time(event.at),
            escaped(&visible(&event.path)),
            detail.unwrap_or_default(),
        );
    }

    pub(super) fn end(&self, out: &mut String, files: u64, last_event: u64) {
        let _ = write!(
            out,
            "</tbody></table>\n<p>End of the report: {}, {}.</p>\n</body></html>\n",
            plural(files, "file"),
            plural(last_event, "event")
        );
    }
}

/// Everything before the rows of files.
fn head(subject: Subject<'_>, lists_all: bool) -> String {
    let Subject { counted, directory, now } = subject;
    let collection = counted.collection();
    let name = escaped(&visible(directory));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
        <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\
        <meta name=\"viewport\" content=\"width=device-width\"><title>Fixity report: {name}</title>\
        <style>{STYLE}</style></head><body>\n<h1>Fixity report: {name}</h1>\n",
        HTML_POLICY.replace("; frame-ancestors 'none'", "")
    );
    let (class, verdict) = verdict(counted);
    let algorithms: Vec<_> = collection.settings.algorithms.iter().map(|algorithm| algorithm.name()).collect();
    let kind = match collection.settings.kind {
        CollectionKind::Fixed => "fixed: every change is to be looked at",
        CollectionKind::Living => "living: a write is expected, damage is to be looked at",
    };
    let _ = write!(out, "<p class=\"{class}\">{verdict}</p>\n<table><tbody>");
    for (what, value) in [
        ("Written", day_and_time(now)),
        ("Collection", format!("{}, {kind}", collection.id)),
        ("Kept since", day_and_time(collection.created_at)),
        ("Digests", algorithms.join(", ")),
        ("Complete passes", grouped(collection.passes)),
        ("Last run that came to its end", collection.last_run.map_or_else(|| "none".to_owned(), day_and_time)),
    ] {
        let _ = write!(out, "<tr><th>{what}</th><td>{}</td></tr>", escaped(&value));
    }
    out.push_str("</tbody></table>\n<h2>What is held</h2>\n<table><thead><tr><th>Condition</th><th>Files</th>");
    out.push_str("<th>Bytes that they should have</th><th>Oldest check</th></tr></thead><tbody>\n");
    for (condition, count) in &counted.by_condition {
        let oldest = count.oldest_verified_at.map_or_else(|| "none".to_owned(), day_and_time);
        let (files, size, condition) = (grouped(count.files), bytes(count.bytes), words(condition.name()));
        let _ = writeln!(out, "<tr><td>{condition}</td><td>{files}</td><td>{size}</td><td>{oldest}</td></tr>");
    }
    out.push_str("</tbody></table>\n");
    ages(&mut out, counted, now);
    let title = if lists_all { "Files" } else { "Files to look at" };
    let _ = writeln!(out, "<h2>{title}</h2>");
    if !lists_all {
        let _ = writeln!(
            out,
            "<p>There are more than {} files, so only those are listed that are not what they should be. Every file is \
            in the report as CSV.</p>",
            grouped(MOST_FILES_LISTED)
        );
    }
    out.push_str("<table><thead><tr><th>File</th><th>Condition</th><th>Bytes</th><th>Last verified</th></tr></thead>");
    out.push_str("<tbody>\n");
    out
}

/// The first line: is there anything to look at?
fn verdict(counted: &Counted) -> (&'static str, String) {
    let files: u64 = counted.by_condition.values().map(|count| count.files).sum();
    let known = counted.acknowledged();
    match (counted.alerts(), counted.collection().passes) {
        (alerts @ 1.., _) => ("bad", format!("{} of {} to be looked at", grouped(alerts), plural(files, "file"))),
        (0, _) if known > 0 => {
            let files = plural(files, "file");
            ("bad", format!("{} of {files} not as they should be, and somebody knows of each", grouped(known)))
        }
        (0, 0) => ("", "No pass has come to its end yet, so nothing is known of the whole.".to_owned()),
        (0, _) => ("good", format!("{} as they should be, when they were last read", plural(files, "file"))),
    }
}

/// How long ago the files were verified that are there.
fn ages(out: &mut String, counted: &Counted, now: Timestamp) {
    let ages = counted.ages(now);
    out.push_str("<h2>When files were last verified</h2>\n<table><thead><tr><th>Read and compared</th><th>Files</th>");
    out.push_str("<th>Bytes</th></tr></thead><tbody>\n");
    let within = AGES_DAYS.iter().zip(ages.within).map(|(days, amount)| match days {
        1 => ("within a day".to_owned(), amount),
        _ => (format!("within {days} days"), amount),
    });
    let rest = [("longer ago".to_owned(), ages.older), ("never, as far as is known".to_owned(), ages.never)];
    for (when, Amount { files, bytes: size }) in within.chain(rest) {
        let _ = writeln!(out, "<tr><td>{when}</td><td>{}</td><td>{}</td></tr>", grouped(files), bytes(size));
    }
    out.push_str("</tbody></table>\n");
}

/// A time in UTC, to the second.
fn day_and_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

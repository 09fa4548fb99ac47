//! The output of a comparison: a summary and lists for people, one JSON document for programs.

use hivesum_core::compare::{Change, Comparison, Counts, Difference};
use serde::Serialize;

use crate::cli::report_format::ReportFormat;
use crate::cli::terminal::Terminal;

#[derive(Serialize)]
struct Document<'a> {
    counts: &'a Counts,
    items: &'a [Difference],
}

pub(super) fn write(out: &mut Vec<u8>, comparison: &Comparison, format: ReportFormat, terminal: &Terminal) {
    match format {
        ReportFormat::Json => {
            let document = Document { counts: &comparison.counts, items: &comparison.items };
            serde_json::to_writer(&mut *out, &document).expect("writing to a vector cannot fail, and keys are strings");
            out.push(b'\n');
        }
        ReportFormat::Human => {
            out.extend_from_slice(summary(&comparison.counts).as_bytes());
            for change in Change::ALL {
                let items = comparison.items.iter().filter(|item| item.change == change);
                items.for_each(|item| out.extend_from_slice(line(item, terminal).as_bytes()));
            }
        }
    }
}

fn summary(counts: &Counts) -> String {
    let Counts { added, removed, modified, moved, suspected_rot, unchanged, unreadable } = counts;
    let mut summary = format!(
        "{added} added, {removed} removed, {modified} modified, {moved} moved, {suspected_rot} suspected rot, \
         {unchanged} unchanged"
    );
    if *unreadable > 0 {
        summary += &format!(", {unreadable} unreadable");
    }
    summary + "\n"
}

fn line(item: &Difference, terminal: &Terminal) -> String {
    let name = terminal.quoted(&item.path);
    match (item.change, &item.moved_from, &item.evidence) {
        (Change::Moved, Some(from), _) => format!("moved: {} -> {name}\n", terminal.quoted(from)),
        (Change::SuspectedRot | Change::Modified, _, Some(evidence)) => {
            format!("{}: {name} ({evidence})\n", item.change.name())
        }
        (change, ..) => format!("{}: {name}\n", change.name()),
    }
}

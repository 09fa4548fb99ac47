//! A report as CSV: a row for each file, then one that says how many there were.
//!
//! Names are as [`text`](super::text) shows them. A cell that a spreadsheet would take for a formula (it begins with `=`,
//! `+`, `-`, `@`, tab or CR) begins with an apostrophe. Manifests have exact bytes; reports are to be read.

use hivesum_core::digest::Algorithms;
use hivesum_core::fixity::FileState;
use hivesum_core::manifest::csv::write_field;
use hivesum_core::result::split_digests;
use jiff::Timestamp;

use super::format::Subject;
use super::text::visible;

#[derive(Debug)]
pub(super) struct Csv {
    algorithms: Algorithms,
}

impl Csv {
    pub(super) fn new(subject: Subject<'_>) -> Self {
        Self { algorithms: subject.counted.collection().settings.algorithms }
    }

    pub(super) fn begin(&self, out: &mut String) {
        out.push_str("path,condition,bytes,modified_at,first_seen,content_since,verified_at");
        for algorithm in &self.algorithms {
            out.push(',');
            out.push_str(algorithm.name());
        }
        out.push_str("\r\n");
    }

    pub(super) fn file(&self, out: &mut String, state: &FileState) {
        let content = state.present();
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        let modified_at = content.and_then(|content| content.meta.modified_at());
        let fields = [
            visible(&state.path),
            state.condition.name().to_owned(),
            content.and_then(|content| content.meta.known_size()).map(|size| size.to_string()).unwrap_or_default(),
            modified_at.map(|at| at.to_string()).unwrap_or_default(),
            time(Some(state.first_seen)),
            time(Some(state.content_since)),
            time(state.verified_at),
        ];
        let mut row = fields.map(|field| cell(&field)).join(",");
        let digests = content.map(|content| split_digests(&content.digests, &self.algorithms));
        let mut digests = digests.into_iter().flatten();
        for _ in &self.algorithms {
            row.push(',');
            row.push_str(&digests.next().map(|digest| digest.to_string()).unwrap_or_default());
        }
        out.push_str(&row);
        out.push_str("\r\n");
    }

    pub(super) fn end(&self, out: &mut String, files: u64) {
        // As wide as the others: RFC 4180 wants the same number of fields in each.
        let commas = ",".repeat(6 + self.algorithms.iter().count());
        out.push_str(&format!("summary: {files} files{commas}\r\n"));
    }
}

/// A field that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    let mut field = Vec::new();
    write_field(&mut field, text.as_bytes());
    String::from_utf8_lossy(&field).into_owned()
}

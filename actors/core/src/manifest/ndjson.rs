//! NDJSON: one result of the API per line, and the summary last, so that a truncated manifest is recognised.

use std::io::BufRead;

use super::error::ManifestError;
use super::filters::RememberedFilters;
use super::item_json::{ItemRead, write_value};
use super::lines::{Limits, Lines};
use super::names::LineEnd;
use super::record::Record;
use crate::result::{ItemRef, Summary};

/// Appends the line of one result.
pub fn write_item(out: &mut Vec<u8>, item: &ItemRef<'_>) {
    write_line(out, item);
}

/// Appends the line of one result of any shape.
pub(super) fn write_line(out: &mut Vec<u8>, item: &impl serde::Serialize) {
    write_value(out, item);
    out.push(b'\n');
}

/// Appends the summary, which is the last line.
pub fn write_summary(out: &mut Vec<u8>, summary: &Summary) {
    out.extend_from_slice(br#"{"summary":"#);
    write_value(out, summary);
    out.extend_from_slice(b"}\n");
}

/// The same, with the globs that the manifest was made with.
pub(super) fn write_summary_and_filters(out: &mut Vec<u8>, summary: &Summary, filters: &RememberedFilters) {
    #[derive(serde::Serialize)]
    struct Members<'a> {
        #[serde(flatten)]
        summary: &'a Summary,
        filters: &'a RememberedFilters,
    }
    out.extend_from_slice(br#"{"summary":"#);
    write_value(out, &Members { summary, filters });
    out.extend_from_slice(b"}\n");
}

/// The last line.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryLine {
    summary: serde_json::Map<String, serde_json::Value>,
}

/// Reads the items of an NDJSON file.
pub(super) struct Items<R> {
    lines: Lines<R>,
    ended: bool,
    filters: Option<RememberedFilters>,
}

impl<R: BufRead> Items<R> {
    pub(super) fn new(reader: R, limits: Limits) -> Self {
        Self { lines: Lines::new(reader, LineEnd::Newline, limits), ended: false, filters: None }
    }

    /// The globs that the manifest was made with. They stand in its last line.
    pub(super) fn filters(&self) -> Option<&RememberedFilters> {
        self.filters.as_ref()
    }

    /// Reads the next item into the record. Returns the number of its line and whether it is valid, or `None` at the
    /// end of a complete manifest.
    pub(super) fn next_item(&mut self, record: &mut Record) -> Result<Option<(u64, bool)>, ManifestError> {
        loop {
            let Some(number) = self.lines.advance()? else {
                return if self.ended { Ok(None) } else { Err(ManifestError::Cut) };
            };
            let Some(line) = self.lines.line() else { return Ok(Some((number, false))) };
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if self.ended {
                return Ok(Some((number, false)));
            }
            if let Ok(SummaryLine { mut summary }) = serde_json::from_slice(line) {
                self.ended = true;
                self.filters = summary.remove("filters").and_then(RememberedFilters::of_json);
                continue;
            }
            let item = serde_json::from_slice::<ItemRead<'_>>(line).ok();
            return Ok(Some((number, item.and_then(|item| item.fill(record)).is_some())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = r#"{"path":"a","digests":{"crc32":"abababab"}}"#;

    fn read(text: &str) -> Result<Vec<(u64, bool)>, ManifestError> {
        let mut items = Items::new(text.as_bytes(), Limits::REQUEST);
        let mut all = Vec::new();
        while let Some(found) = items.next_item(&mut Record::default())? {
            all.push(found);
        }
        Ok(all)
    }

    #[test]
    fn a_manifest_without_its_summary_is_truncated() {
        assert_eq!(read(&format!("{ITEM}\r\n\n{ITEM}\n{{\"summary\":{{}}}}\n")).unwrap(), [(1, true), (3, true)]);
        assert!(matches!(read(&format!("{ITEM}\n")), Err(ManifestError::Cut)));
        assert_eq!(read(&format!("{{\"summary\":{{}}}}\n{ITEM}\n")).unwrap(), [(2, false)]);
        assert_eq!(read("junk\n{\"summary\":{}}\n").unwrap(), [(1, false)]);
    }
}

//! NDJSON: one result of the API a line, the summary last, so that a cut is visible.

use crate::job::item::ItemRef;
use crate::job::spec::Summary;

/// Appends the line of one result.
pub fn write_item(out: &mut Vec<u8>, item: &ItemRef<'_>) {
    write_value(out, item);
    out.push(b'\n');
}

/// Appends the last line.
pub fn write_summary(out: &mut Vec<u8>, summary: &Summary) {
    out.extend_from_slice(br#"{"summary":"#);
    write_value(out, summary);
    out.extend_from_slice(b"}\n");
}

/// Appends a value whose members are strings, numbers and maps of such.
pub(super) fn write_value(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(out, value).expect("a vector takes every write, and maps have strings for keys");
}

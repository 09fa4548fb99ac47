//! One JSON document: `{algorithms, items, summary}`, an item of the API on every line between.

use super::ndjson::write_value;
use crate::digest::Algorithms;
use crate::job::item::ItemRef;
use crate::job::spec::Summary;

/// Whether an item is the first one of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nothing stands before it.
    First,
    /// It needs a comma before it.
    Later,
}

/// Appends everything before the first item.
pub fn write_start(out: &mut Vec<u8>, algorithms: &Algorithms) {
    out.extend_from_slice(br#"{"algorithms":"#);
    write_value(out, algorithms);
    out.extend_from_slice(br#","items":["#);
}

/// Appends one item.
pub fn write_item(out: &mut Vec<u8>, item: &ItemRef<'_>, place: Place) {
    match place {
        Place::First => out.push(b'\n'),
        Place::Later => out.extend_from_slice(b",\n"),
    }
    write_value(out, item);
}

/// Appends everything after the last item.
pub fn write_end(out: &mut Vec<u8>, summary: &Summary) {
    out.extend_from_slice(b"\n],\"summary\":");
    write_value(out, summary);
    out.extend_from_slice(b"}\n");
}

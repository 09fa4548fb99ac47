//! Names of files as text that is safe to read: in markup, in a spreadsheet, and for the eye.
//!
//! A byte that is no UTF-8 is shown as `\xff`, a character that is not seen or changes the direction of writing as
//! `U+202E`.

use std::fmt::Write as _;

use hivesum_core::fixity::{Acknowledgement, Event, ranges_in_words};
use hivesum_core::result::{ErrorCode, is_hidden};

/// The name with everything shown that would not be seen.
pub(super) fn visible(name: &[u8]) -> String {
    let mut shown = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            // Writing to a string never fails.
            let _ = match is_hidden(character) {
                true => write!(shown, "U+{:04X}", u32::from(character)),
                false => write!(shown, "{character}"),
            };
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// Text as content or as a quoted attribute of HTML and XML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A size to read: `1.2 MB (1,234,567 bytes)`.
pub(super) fn bytes(bytes: u64) -> String {
    let exact = grouped(bytes);
    let mut unit = "bytes";
    let mut value = bytes as f64;
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        if value < 1000.0 {
            break;
        }
        (value, unit) = (value / 1000.0, larger);
    }
    if unit == "bytes" { format!("{exact} bytes") } else { format!("{value:.1} {unit} ({exact} bytes)") }
}

/// A number with a comma after each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `2 files`.
pub(super) fn plural(number: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// The words of a name in the API: `suspected rot`.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// What an event rests on, in words.
pub(super) fn happened(event: &Event) -> Option<String> {
    let mut told = Vec::new();
    told.extend(event.cause.stopped.map(|stopped| stopped.to_string()));
    if let Some(from) = event.moved_from() {
        told.push(format!("from {}", visible(from)));
    }
    if let Some(evidence) = event.cause.evidence.filter(|evidence| !evidence.is_none()) {
        told.push(evidence.to_string());
    }
    for count in &event.cause.reads {
        let reads = plural(u64::from(count.reads), "read");
        told.push(format!("{reads} found {}", hex::encode(&count.digests)));
    }
    if let Some(failure) = event.cause.failure {
        let code = ErrorCode::of_number(failure.errno).in_words();
        let at = failure.range.map(|range| format!(" at byte {}, {}", range.offset, plural(range.bytes, "byte")));
        told.push(format!("{code}{}", at.unwrap_or_default()));
    }
    told.extend(ranges_in_words(&event.cause.damaged).map(|ranges| format!("damaged: {ranges}")));
    if let Some(Acknowledgement { by, note, .. }) = event.acknowledged() {
        told.push(format!("by {}", visible(by.as_bytes())));
        told.extend(note.as_ref().map(|note| visible(note.as_bytes())));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

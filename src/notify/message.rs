//! What is told: of a message from the outbox, or as a test, once as JSON and once as a mail.
//!
//! Names are foreign bytes, so control and bidirectional characters are shown as escapes, and no line of a mail can be
//! forged by a name. The same message is always written the same.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::store::collections::{Message, SendFailure, StoredEvent};
use hivesum_core::fixity::{PassStopped, ranges_in_words};
use hivesum_core::result::is_hidden;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Characters of a name in a subject.
const SUBJECT_NAME: usize = 60;

/// A message as it is sent.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What the receiver tells a repeat by.
    pub id: String,
    /// When the first alert was queued.
    pub at: Timestamp,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) json: Value,
}

impl Letter {
    /// A test, which says that it is one.
    #[must_use]
    pub fn test(now: Timestamp) -> Self {
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            at: now,
            subject: "hivesum: a test".to_owned(),
            text: "This is a test by hivesum notify test. Alerts will come here.\n".to_owned(),
            json: json!({ "type": "test", "timestamp": now, "data": {} }),
        }
    }

    /// What a message says.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let name = message.collection.name();
        let shown: String = escaped(name).chars().take(SUBJECT_NAME).collect();
        let stopped = message.listed.iter().rev().find_map(|stored| stored.event.cause.stopped);
        let subject = match (message.is_mass_change(), message.alerts) {
            (false, _) if stopped == Some(PassStopped::Late) => format!("hivesum: {shown} is not looked at in time"),
            (false, _) if stopped == Some(PassStopped::Unmounted) => {
                format!("hivesum: a disk of {shown} is not mounted")
            }
            (false, _) if stopped.is_some() => format!("hivesum: {shown} is not looked at"),
            (true, alerts) => format!("hivesum: many changes in {shown}: {alerts} of {} files", message.files),
            (false, 1) => format!("hivesum: 1 file in {shown} is not what it should be"),
            (false, alerts) => format!("hivesum: {alerts} files in {shown} are not what they should be"),
        };
        let text = text(message, &subject);
        Self { id: message.id.clone(), at: message.queued_at, subject, text, json: json(message, name) }
    }
}

/// That a letter was not taken, in words that have nothing of what the receiver has said.
pub(super) fn failure(error: impl Into<String>) -> SendFailure {
    SendFailure { is_gone: false, retry_after: None, error: error.into() }
}

fn text(message: &Message, subject: &str) -> String {
    let mut text = format!("{subject}.\n");
    if message.is_mass_change() {
        text += "A disk that is not mounted, a restore, or a program that rewrites files looks like this.\n";
    }
    text.push('\n');
    for StoredEvent { event, .. } in &message.listed {
        let evidence = event.cause.evidence.filter(|evidence| !evidence.is_none());
        let damaged = ranges_in_words(&event.cause.damaged).map(|ranges| format!("damaged: {ranges}"));
        let details: Vec<_> = evidence.map(|evidence| evidence.to_string()).into_iter().chain(damaged).collect();
        let detail = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
        // Writing into a string never fails.
        let _ = match event.cause.stopped {
            Some(stopped) => writeln!(text, "{:.0}  {}: {stopped}", event.at, event.kind.name()),
            None => writeln!(text, "{:.0}  {}: {}{detail}", event.at, event.kind.name(), escaped(&event.path)),
        };
    }
    let more = message.alerts.saturating_sub(message.listed.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    let id = &message.collection.id;
    let _ = write!(
        text,
        "\nAll of them: hivesum collections files {id}\nAccept what is right: hivesum collections accept {id}\n"
    );
    text
}

fn json(message: &Message, name: &[u8]) -> Value {
    let mut collection = Map::new();
    collection.insert("id".to_owned(), json!(message.collection.id));
    add_name(&mut collection, "name", name);
    let listed = message.listed.iter().map(|StoredEvent { n, event }| {
        let mut one = Map::new();
        one.insert("n".to_owned(), json!(n));
        one.insert("at".to_owned(), json!(event.at));
        add_name(&mut one, "path", &event.path);
        one.insert("kind".to_owned(), json!(event.kind.name()));
        if let Some(evidence) = &event.cause.evidence {
            one.insert("evidence".to_owned(), json!(evidence));
        }
        if let Some(stopped) = event.cause.stopped {
            one.insert("stopped".to_owned(), json!(stopped.name()));
        }
        if !event.cause.damaged.is_empty() {
            one.insert("damaged".to_owned(), json!(event.cause.damaged));
        }
        Value::Object(one)
    });
    json!({
        "type": "collection.alerts",
        "timestamp": message.queued_at,
        "data": {
            "collection": collection,
            "alerts": message.alerts,
            "files": message.files,
            "mass_change": message.is_mass_change(),
            "first_event": message.range.0,
            "last_event": message.range.1,
            "events": listed.collect::<Vec<_>>(),
        },
    })
}

/// A name as the API writes it: the readable form, and the exact bytes where that is not the same.
fn add_name(map: &mut Map<String, Value>, key: &str, name: &[u8]) {
    map.insert(key.to_owned(), json!(String::from_utf8_lossy(name)));
    if std::str::from_utf8(name).is_err() {
        map.insert(format!("{key}_b64"), json!(STANDARD.encode(name)));
    }
}

/// A name with escapes for control characters, for those that turn the direction of text, and for bytes that are no text.
fn escaped(name: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => shown.push_str("\\\\"),
                character if is_hidden(character) => shown.extend(character.escape_unicode()),
                character => shown.push(character),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_text_and_what_is_none_is_shown_as_escapes() {
        assert_eq!(
            escaped("a\r\nBcc: x\u{202e}gpj.\u{200b}ä\\".as_bytes()),
            "a\\u{d}\\u{a}Bcc: x\\u{202e}gpj.\\u{200b}ä\\\\"
        );
        assert_eq!(escaped(b"\xff/b"), "\\xff/b");
    }
}

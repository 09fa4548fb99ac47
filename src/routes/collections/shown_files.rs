//! Files of collections and events as the API shows them. Digests are shown by the algorithms of the collection.

use hivesum_actors::store::collections::StoredEvent;
use hivesum_core::digest::Algorithms;
use hivesum_core::fixity::{Acknowledgement, Condition, Content, FileRange, FileState};
use hivesum_core::result::{DigestMap, ErrorCode, serialize_name, serialize_time};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// What is known of a file.
#[derive(Debug)]
pub(super) struct FileJson {
    pub(super) state: FileState,
    pub(super) is_alert: bool,
    /// Of the collection.
    pub(super) algorithms: Algorithms,
    /// Its last event, where that is told.
    pub(super) last_event: Option<Option<EventJson>>,
}

impl Serialize for FileJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { state, algorithms, .. } = self;
        let content = |content| ContentJson { content, algorithms };
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", &state.path)?;
        map.serialize_entry("condition", state.condition.name())?;
        map.serialize_entry("alert", &self.is_alert)?;
        map.serialize_entry("size", &state.present().and_then(|content| content.meta.known_size()))?;
        map.serialize_entry("digests", &digests_of(Some(state), algorithms))?;
        map.serialize_entry("expected", &state.expected.as_ref().map(content))?;
        if let Some(found) = &state.found {
            map.serialize_entry("found", &content(found))?;
        }
        map.serialize_entry("first_seen", &state.first_seen)?;
        map.serialize_entry("content_since", &state.content_since)?;
        map.serialize_entry("verified_at", &state.verified_at)?;
        map.serialize_entry("acknowledged", &state.acknowledged.as_ref().map(AcknowledgedJson))?;
        if let Some(last_event) = &self.last_event {
            map.serialize_entry("last_event", last_event)?;
        }
        map.end()
    }
}

/// Who knows of a file.
struct AcknowledgedJson<'a>(&'a Acknowledgement);

impl Serialize for AcknowledgedJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Acknowledgement { at, by, note } = self.0;
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("at", at)?;
        map.serialize_entry("by", by)?;
        map.serialize_entry("note", note)?;
        map.end()
    }
}

/// The digests that a file had when it was last read.
fn digests_of<'a>(state: Option<&'a FileState>, algorithms: &'a Algorithms) -> Option<DigestMap<'a>> {
    let content = state.and_then(FileState::present);
    content.map(|content| DigestMap { bytes: &content.digests, algorithms })
}

/// A content that a file has or should have.
#[derive(Debug)]
struct ContentJson<'a> {
    content: &'a Content,
    algorithms: &'a Algorithms,
}

impl Serialize for ContentJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Content { meta, stability, digests } = self.content;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("size", &meta.known_size())?;
        serialize_time(&mut map, "modified_at", "modified_at_ns", meta.modified_at())?;
        serialize_time(&mut map, "changed_at", "changed_at_ns", meta.changed_at())?;
        map.serialize_entry("inode", &meta.known_inode())?;
        map.serialize_entry("stability", stability)?;
        map.serialize_entry("digests", &DigestMap { bytes: digests, algorithms: self.algorithms })?;
        map.end()
    }
}

/// One change of what is known of a file.
#[derive(Debug)]
pub(super) struct EventJson {
    pub(super) stored: StoredEvent,
    /// Of the collection.
    pub(super) algorithms: Algorithms,
}

impl Serialize for EventJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (event, algorithms) = (&self.stored.event, &self.algorithms);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", &self.stored.n)?;
        map.serialize_entry("at", &event.at)?;
        serialize_name(&mut map, "path", "path_b64", &event.path)?;
        map.serialize_entry("kind", event.kind.name())?;
        map.serialize_entry("was", &event.was().map(Condition::name))?;
        map.serialize_entry("is", &event.after.as_ref().map(|after| after.condition.name()))?;
        if let Some(from) = event.moved_from() {
            serialize_name(&mut map, "moved_from", "moved_from_b64", from)?;
        }
        map.serialize_entry("digests_before", &digests_of(event.before.as_ref(), algorithms))?;
        map.serialize_entry("digests", &digests_of(event.after.as_ref(), algorithms))?;
        if let Some(said) = event.acknowledged() {
            map.serialize_entry("acknowledged", &AcknowledgedJson(said))?;
        }
        if let Some(evidence) = &event.cause.evidence {
            map.serialize_entry("evidence", evidence)?;
        }
        if let Some(from) = event.cause.read_from {
            map.serialize_entry("read_from", &from)?;
        }
        if !event.cause.reads.is_empty() {
            let reads = event.cause.reads.iter();
            let count = |bytes, reads| ReadsJson { digests: DigestMap { bytes, algorithms }, reads };
            map.serialize_entry("reads", &reads.map(|one| count(&one.digests, one.reads)).collect::<Vec<_>>())?;
        }
        if let Some(failure) = event.cause.failure {
            let code = ErrorCode::of_number(failure.errno).name();
            map.serialize_entry("failure", &FailureJson { code, errno: failure.errno, range: failure.range })?;
        }
        if let Some(stopped) = event.cause.stopped {
            map.serialize_entry("stopped", stopped.name())?;
        }
        if !event.cause.damaged.is_empty() {
            map.serialize_entry("damaged", &event.cause.damaged)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct ReadsJson<'a> {
    digests: DigestMap<'a>,
    reads: u32,
}

#[derive(Serialize)]
struct FailureJson {
    code: &'static str,
    errno: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<FileRange>,
}

//! Contents and events as JSON, in columns that only files which deviate have. Times of files are decimal strings of
//! nanoseconds, digests and paths are hexadecimal digits.
//!
//! The column `found` has the content that a file has instead, and since alerts can be acknowledged, who knows of it.

use hivesum_core::file::RootIdentity;
use hivesum_core::fixity::{
    Acknowledgement, Cause, Condition, Content, Event, EventKind, FileRange, FileState, Mount, PassStopped, ReadCount,
    ReadFailure,
};
use hivesum_core::result::{Evidence, FileMeta, ReadFrom, Stability};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::error::DbError;

const DAMAGED: DbError = DbError::Inconsistent("a collection's JSON with a value that hivesum never writes");

#[derive(Serialize, Deserialize)]
pub(super) struct ContentJson {
    size: u64,
    mtime_ns: String,
    ctime_ns: String,
    inode: u64,
    stability: Stability,
    digests: String,
}

/// A disk beneath the directory of a collection.
#[derive(Serialize, Deserialize)]
pub(super) struct MountText {
    path: String,
    device: u64,
    inode: u64,
    filesystem: u64,
}

impl MountText {
    pub(super) fn of(Mount { path, identity }: &Mount) -> Self {
        let RootIdentity { device, inode, filesystem_id: filesystem } = *identity;
        Self { path: hex::encode(path), device, inode, filesystem }
    }

    pub(super) fn read(self) -> Result<Mount, DbError> {
        let Self { device, inode, filesystem: filesystem_id, .. } = self;
        Ok(Mount { path: bytes(&self.path)?, identity: RootIdentity { device, inode, filesystem_id } })
    }
}

/// The column `found` of a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum FoundJson {
    Known {
        acknowledged: Acknowledgement,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<ContentJson>,
    },
    Content(ContentJson),
}

#[derive(Serialize, Deserialize)]
struct StateJson {
    path: String,
    condition: Condition,
    expected: Option<ContentJson>,
    found: Option<ContentJson>,
    first_seen: Timestamp,
    content_since: Timestamp,
    verified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acknowledged: Option<Acknowledgement>,
}

#[derive(Serialize, Deserialize)]
struct EventJson {
    before: Option<StateJson>,
    after: Option<StateJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_from: Option<ReadFrom>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reads: Vec<(String, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    /// Offset and bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<(u64, u64)>,
    /// Offsets and bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    damaged: Vec<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped: Option<PassStopped>,
}

impl ContentJson {
    fn of(content: &Content) -> Self {
        let FileMeta { size, mtime_ns, ctime_ns, inode, .. } = content.meta;
        let (mtime_ns, ctime_ns) = (mtime_ns.to_string(), ctime_ns.to_string());
        Self { size, mtime_ns, ctime_ns, inode, stability: content.stability, digests: hex::encode(&content.digests) }
    }

    fn read(self) -> Result<Content, DbError> {
        let time = |text: String| text.parse().map_err(|_| DAMAGED);
        let (mtime_ns, ctime_ns) = (time(self.mtime_ns)?, time(self.ctime_ns)?);
        let meta = FileMeta { size: self.size, mtime_ns, ctime_ns, inode: self.inode, device: 0 };
        Ok(Content { meta, stability: self.stability, digests: bytes(&self.digests)? })
    }
}

/// Whether somebody knows of a file that is not as it should be, in SQL over the column `found`.
pub(super) const IS_ACKNOWLEDGED: &str = "json_type(found, '$.acknowledged') IS NOT NULL";

/// What the column `found` holds of a state.
pub(super) fn found_text(state: &FileState) -> Result<Option<String>, DbError> {
    let content = state.found.as_ref().map(ContentJson::of);
    let found = match state.acknowledged.clone() {
        Some(acknowledged) => Some(FoundJson::Known { acknowledged, content }),
        None => content.map(FoundJson::Content),
    };
    Ok(found.map(|found| serde_json::to_string(&found)).transpose()?)
}

/// A content and an acknowledgement from their text.
pub(super) fn found(text: &str) -> Result<(Option<Content>, Option<Acknowledgement>), DbError> {
    Ok(match serde_json::from_str(text)? {
        FoundJson::Known { acknowledged, content } => (content.map(ContentJson::read).transpose()?, Some(acknowledged)),
        FoundJson::Content(content) => (Some(content.read()?), None),
    })
}

impl StateJson {
    fn of(state: &FileState) -> Self {
        Self {
            path: hex::encode(&state.path),
            condition: state.condition,
            expected: state.expected.as_ref().map(ContentJson::of),
            found: state.found.as_ref().map(ContentJson::of),
            first_seen: state.first_seen,
            content_since: state.content_since,
            verified_at: state.verified_at,
            acknowledged: state.acknowledged.clone(),
        }
    }

    fn read(self) -> Result<FileState, DbError> {
        Ok(FileState {
            path: bytes(&self.path)?,
            condition: self.condition,
            expected: self.expected.map(ContentJson::read).transpose()?,
            found: self.found.map(ContentJson::read).transpose()?,
            first_seen: self.first_seen,
            content_since: self.content_since,
            verified_at: self.verified_at,
            acknowledged: self.acknowledged,
        })
    }
}

/// What the columns of an event do not hold, as text.
pub(super) fn body_text(event: &Event) -> Result<String, DbError> {
    let Cause { evidence, read_from, reads, failure, damaged, stopped } = &event.cause;
    Ok(serde_json::to_string(&EventJson {
        before: event.before.as_ref().map(StateJson::of),
        after: event.after.as_ref().map(StateJson::of),
        evidence: evidence.map(|evidence| evidence.code().into_iter().map(char::from).collect()),
        read_from: *read_from,
        reads: reads.iter().map(|count| (hex::encode(&count.digests), count.reads)).collect(),
        errno: failure.map(|failure| failure.errno),
        range: failure.and_then(|failure| failure.range).map(|range| (range.offset, range.bytes)),
        damaged: damaged.iter().map(|range| (range.offset, range.bytes)).collect(),
        stopped: *stopped,
    })?)
}

/// An event from its text and its columns.
pub(super) fn event(text: &str, kind: EventKind, (at, path): (Timestamp, Vec<u8>)) -> Result<Event, DbError> {
    let body: EventJson = serde_json::from_str(text)?;
    let evidence = match body.evidence {
        Some(code) => Some(Evidence::from_code(code.as_bytes()).ok_or(DAMAGED)?),
        None => None,
    };
    let count = |(digests, reads): (String, u32)| Ok(ReadCount { digests: bytes(&digests)?, reads });
    let range = |(offset, bytes)| FileRange { offset, bytes };
    let cause = Cause {
        evidence,
        read_from: body.read_from,
        reads: body.reads.into_iter().map(count).collect::<Result<_, DbError>>()?,
        failure: body.errno.map(|errno| ReadFailure { errno, range: body.range.map(range) }),
        damaged: body.damaged.into_iter().map(range).collect(),
        stopped: body.stopped,
    };
    let before = body.before.map(StateJson::read).transpose()?;
    let after = body.after.map(StateJson::read).transpose()?;
    Ok(Event { at, path, kind, before, after, cause })
}

fn bytes(digits: &str) -> Result<Vec<u8>, DbError> {
    hex::decode(digits).map_err(|_| DAMAGED)
}

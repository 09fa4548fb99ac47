//! What the engine's types look like in answers, for the document alone: the engine knows no OpenAPI.
//!
//! Nothing is made of these types. That they tell the truth is tested: every documented answer is compared with
//! its schema, unknown members refused.

#![allow(dead_code, reason = "schemas are read from the types; no value of them exists")]

mod jobs;
mod results;
mod values;

use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

pub(crate) use jobs::*;
pub(crate) use results::*;
pub(crate) use values::*;

use crate::error::Code;
use values::words;

/// An RFC 9457 problem. `code` is stable.
#[derive(ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: `code` tells the kind.
    r#type: String,
    title: String,
    status: u16,
    /// What happened, in words.
    detail: String,
    #[schema(schema_with = code_schema)]
    code: String,
    /// The log knows the request by it.
    request_id: String,
    /// With `digest_mismatch`: whose digests they are.
    #[schema(nullable = false)]
    algorithm: Option<String>,
    /// With `digest_mismatch`: the digest that was sent along.
    #[schema(nullable = false)]
    expected: Option<String>,
    /// With `digest_mismatch`: the digest of the bytes that came.
    #[schema(nullable = false)]
    computed: Option<String>,
    /// With `manifest_invalid`: the line, counted from 1.
    #[schema(nullable = false)]
    line: Option<u64>,
}

fn code_schema() -> Object {
    words(Code::ALL.iter().map(|code| code.name()))
}

/// The engine's figures of this instant.
#[derive(ToSchema)]
pub(crate) struct Stats {
    hashers: HasherStats,
    queue: QueueStats,
    /// Quanta at hashers and waiting.
    active_tasks: u64,
    total_tasks: u64,
    bytes_hashed: u64,
    files_hashed: u64,
    latency: Latency,
    jobs: JobCounts,
    store: StoreStats,
    /// What the job store takes on the disk, its log included.
    database_bytes: u64,
    uptime_seconds: u64,
    /// Of the program.
    version: String,
    limits: Limits,
}

/// Jobs that wait and run now; those that ended since the start, by how.
#[derive(ToSchema)]
pub(crate) struct JobCounts {
    queued: u64,
    running: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
}

/// The job store: bytes on the disk, and what was committed since the start.
#[derive(ToSchema)]
pub(crate) struct StoreStats {
    database_bytes: u64,
    /// Of the write-ahead log.
    log_bytes: u64,
    /// Groups of results.
    commits: u64,
    /// Results in them.
    rows_committed: u64,
}

/// Bounds that a client meets; null where there is none.
#[derive(ToSchema)]
pub(crate) struct Limits {
    requests_per_second: Option<u32>,
    max_upload_bytes: u64,
    max_uploads: u64,
    max_uploads_per_client: Option<u64>,
    max_file_bytes: u64,
    max_running_jobs: u64,
    max_queued_jobs: u64,
    max_queued_jobs_per_client: Option<u64>,
    max_connections: u64,
    max_streams: u64,
    max_streams_per_client: Option<u64>,
}

/// The hashers.
#[derive(ToSchema)]
pub(crate) struct HasherStats {
    size: u64,
    alive: u64,
    busy: u64,
    panics: u64,
    restarts: u64,
    stuck: u64,
}

/// Quanta that wait for a hasher.
#[derive(ToSchema)]
pub(crate) struct QueueStats {
    interactive: u64,
    jobs: u64,
    /// How many of uploads may wait.
    limit: u64,
}

/// Of the last 1,024 quanta, in milliseconds.
#[derive(ToSchema)]
pub(crate) struct Latency {
    p50_ms: f64,
    p99_ms: f64,
}

/// What came of a body, or of one part of it.
#[derive(serde::Serialize, ToSchema)]
pub(crate) struct Hashed {
    /// Of a part: the file's name, else the field's.
    #[schema(nullable = false)]
    name: Option<String>,
    /// The exact bytes in base64, where `name` is not UTF-8.
    #[schema(nullable = false)]
    name_b64: Option<String>,
    size: u64,
    digests: Digests,
    /// With sha256 or sha512: the digests as RFC 9530 writes them.
    #[schema(nullable = false, example = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:")]
    repr_digest: Option<String>,
    elapsed_ms: u64,
}

/// One result, or one for each part of a `multipart/form-data` body.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum HashedBody {
    One(Hashed),
    Parts(Vec<Hashed>),
}

/// What an entry of a directory is; a symlink is never followed to tell.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum EntryKind {
    Directory,
    File,
    Symlink,
    Other,
}

/// How a root's file system is treated: time stamps of a local one show every finished write.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Filesystem {
    Local,
    Memory,
    Network,
    Fuse,
    Pseudo,
}

/// One name of a directory.
#[derive(ToSchema)]
pub(crate) struct Entry {
    name: String,
    /// The exact bytes in base64, where `name` is not UTF-8.
    #[schema(nullable = false)]
    name_b64: Option<String>,
    kind: EntryKind,
    size: u64,
    #[schema(required, format = DateTime)]
    modified_at: Option<String>,
}

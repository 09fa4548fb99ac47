//! Schemas of the engine's types for the OpenAPI document; the engine itself does not know OpenAPI.
//!
//! No value of these types exists. A test compares every documented answer with its schema and refuses unknown members,
//! so the two cannot drift apart.

#![allow(dead_code, reason = "schemas are read from the types; no value of them exists")]

mod collection_acceptance;
mod collection_changes;
mod collection_files;
mod collection_locate;
mod collections;
mod jobs;
mod results;
mod values;

use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

pub(crate) use collection_acceptance::*;
pub(crate) use collection_changes::*;
pub(crate) use collection_files::*;
pub(crate) use collection_locate::*;
pub(crate) use collections::*;
pub(crate) use jobs::*;
pub(crate) use results::*;
pub(crate) use values::*;

use crate::error::Code;
use values::words;

/// An RFC 9457 problem. `code` is stable.
#[derive(ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`; `code` says which problem it is.
    r#type: String,
    title: String,
    status: u16,
    /// What happened, for people to read.
    detail: String,
    #[schema(schema_with = code_schema)]
    code: String,
    /// The id of the request in the log.
    request_id: String,
    /// With `digest_mismatch`: the algorithm of the digests.
    #[schema(nullable = false)]
    algorithm: Option<String>,
    /// With `digest_mismatch`: the expected digest.
    #[schema(nullable = false)]
    expected: Option<String>,
    /// With `digest_mismatch`: the digest of the received bytes.
    #[schema(nullable = false)]
    computed: Option<String>,
    /// With `manifest_invalid`: the line, counted from 1.
    #[schema(nullable = false)]
    line: Option<u64>,
    /// With an invalid member of the body: a JSON pointer to it.
    #[schema(nullable = false)]
    pointer: Option<String>,
}

fn code_schema() -> Object {
    words(Code::ALL.iter().map(|code| code.name()))
}

/// The engine's current figures.
#[derive(ToSchema)]
pub(crate) struct Stats {
    hashers: HasherStats,
    queue: QueueStats,
    /// Quanta that are being hashed or waiting.
    active_tasks: u64,
    total_tasks: u64,
    bytes_hashed: u64,
    files_hashed: u64,
    latency: Latency,
    jobs: JobCounts,
    store: StoreStats,
    /// Disk space of the job store, including its log.
    database_bytes: u64,
    uptime_seconds: u64,
    /// The version of the program.
    version: String,
    limits: Limits,
}

/// Jobs that are queued and running now, and jobs that have ended since the start, by final state.
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
    /// The size of the write-ahead log.
    log_bytes: u64,
    /// Groups of results that were committed.
    commits: u64,
    /// Results in these groups.
    rows_committed: u64,
}

/// Limits for clients; null means unlimited.
#[derive(ToSchema)]
pub(crate) struct Limits {
    requests_per_second: Option<u32>,
    max_upload_bytes: u64,
    max_uploads: u64,
    max_uploads_per_client: Option<u64>,
    /// Manifests that are received at a time.
    max_manifests: u64,
    max_manifests_per_client: u64,
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
    /// Seconds that hashers have been busy since the start, all together: its growth by the time is the mean of `busy`.
    #[schema(minimum = 0)]
    busy_seconds: f64,
    panics: u64,
    restarts: u64,
    stuck: u64,
}

/// Quanta waiting for a hasher.
#[derive(ToSchema)]
pub(crate) struct QueueStats {
    interactive: u64,
    jobs: u64,
    /// How many upload quanta may wait.
    limit: u64,
}

/// The latency of the last 1,024 quanta, in milliseconds.
#[derive(ToSchema)]
pub(crate) struct Latency {
    p50_ms: f64,
    p99_ms: f64,
}

/// The result for a body or for one part of it.
#[derive(serde::Serialize, ToSchema)]
pub(crate) struct Hashed {
    /// For a part: the name of the file, or else of the field.
    #[schema(nullable = false)]
    name: Option<String>,
    /// The exact bytes in base64, if `name` is not UTF-8.
    #[schema(nullable = false)]
    name_b64: Option<String>,
    size: u64,
    digests: Digests,
    /// With sha256 or sha512: the digests in the form of RFC 9530.
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

/// What was read of a checksum file.
#[derive(ToSchema)]
pub(crate) struct ManifestRead {
    /// The form that was detected: `checksums`, `sfv`, `bagit`, ...
    form: String,
    /// The algorithm that the name of the file tells.
    #[schema(required)]
    algorithm: Option<String>,
    entries: Vec<ManifestEntry>,
    lines_not_read: LinesNotRead,
}

/// An entry of a checksum file.
#[derive(ToSchema)]
pub(crate) struct ManifestEntry {
    /// As it is written: it may be absolute.
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    #[schema(nullable = false)]
    size: Option<u64>,
    /// Digests whose algorithm is known.
    digests: Digests,
    /// Digests that may be of several algorithms.
    untagged: Vec<UntaggedDigest>,
}

/// A digest that does not name its algorithm.
#[derive(ToSchema)]
pub(crate) struct UntaggedDigest {
    hex: String,
    /// The algorithms that it may be of.
    candidates: Vec<String>,
}

/// The kind of a directory entry. Symlinks are not followed.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum EntryKind {
    Directory,
    File,
    Symlink,
    Other,
}

/// The kind of a root's file system. On a local one, timestamps show every finished write.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Filesystem {
    Local,
    Memory,
    Network,
    Fuse,
    Pseudo,
}

/// One entry of a directory.
#[derive(ToSchema)]
pub(crate) struct Entry {
    name: String,
    /// The exact bytes in base64, if `name` is not UTF-8.
    #[schema(nullable = false)]
    name_b64: Option<String>,
    kind: EntryKind,
    size: u64,
    /// For the years 0001 to 9999.
    #[schema(nullable = false, format = DateTime)]
    modified_at: Option<String>,
    /// For all other years: nanoseconds since 1970.
    #[schema(nullable = false, pattern = "^-?[0-9]+$")]
    modified_at_ns: Option<String>,
    /// Of directories: the newest job on exactly this directory, if there was one that the caller may see.
    #[schema(nullable = false)]
    last_run: Option<LastRun>,
}

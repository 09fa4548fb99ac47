//! What the engine's types look like in answers, for the document alone: the engine knows no OpenAPI.
//!
//! Nothing is made of these types. That they tell the truth is tested: every documented answer is compared with
//! its schema, unknown members refused.

#![allow(dead_code, reason = "schemas are read from the types; no value of them exists")]

use std::collections::BTreeMap;

use hivesum_actors::Algorithm;
use hivesum_actors::manifest::Format;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::Code;

/// The names of algorithms and their digests, in the order asked for.
#[derive(serde::Serialize, ToSchema)]
#[schema(example = json!({ "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" }))]
pub(crate) struct Digests(BTreeMap<String, String>);

/// The name of an algorithm.
pub(crate) struct AlgorithmName;

impl PartialSchema for AlgorithmName {
    fn schema() -> RefOr<Schema> {
        words(Algorithm::ALL.map(Algorithm::name)).into()
    }
}

impl ToSchema for AlgorithmName {}

/// Names of algorithms; one named twice is computed once.
pub(crate) struct AlgorithmNames;

impl PartialSchema for AlgorithmNames {
    fn schema() -> RefOr<Schema> {
        let names = ArrayBuilder::new().items(AlgorithmName::schema()).min_items(Some(1));
        names.build().into()
    }
}

impl ToSchema for AlgorithmNames {}

/// A digest of known algorithm: `sha256:HEX`.
pub(crate) struct ExpectedDigest;

impl PartialSchema for ExpectedDigest {
    fn schema() -> RefOr<Schema> {
        let each = Algorithm::ALL.map(|known| format!("{}:[0-9a-f]{{{}}}", known.name(), 2 * known.digest_bytes()));
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.pattern(Some(format!("^({})$", each.join("|")))).build().into()
    }
}

impl ToSchema for ExpectedDigest {}

/// A number of 64 bits, without the format that would halve it.
pub(crate) struct Whole;

/// The same, but for 0.
pub(crate) struct Positive;

/// A positive number of 32 bits.
pub(crate) struct Seconds;

impl PartialSchema for Whole {
    fn schema() -> RefOr<Schema> {
        whole(0, u64::MAX)
    }
}

impl PartialSchema for Positive {
    fn schema() -> RefOr<Schema> {
        whole(1, u64::MAX)
    }
}

impl PartialSchema for Seconds {
    fn schema() -> RefOr<Schema> {
        whole(1, u32::MAX.into())
    }
}

impl ToSchema for Whole {}
impl ToSchema for Positive {}
impl ToSchema for Seconds {}

fn whole(least: usize, most: u64) -> RefOr<Schema> {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most as usize));
    number.build().into()
}

/// A digest field of RFC 9530.
pub(crate) struct DigestField;

impl PartialSchema for DigestField {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.pattern(Some("^(sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:|sha-512=:[A-Za-z0-9+/]{85}[AQgw]==:)$"))
            .build()
            .into()
    }
}

impl ToSchema for DigestField {}

/// The form of a manifest.
pub(crate) struct ManifestFormat;

impl PartialSchema for ManifestFormat {
    fn schema() -> RefOr<Schema> {
        words(Format::ALL.map(Format::name)).into()
    }
}

impl ToSchema for ManifestFormat {}

/// One of these words.
fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

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

/// Where a job stands: `queued -> running -> completed | failed | cancelled`.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum JobState {
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// What a job does.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum JobKind {
    Hash,
    Verify,
}

/// Where the entries of a verify job come from: a walk held against the manifest, or the manifest alone.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum VerifyMode {
    Audit,
    Check,
}

/// What an audit says of a file.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Matched,
    Modified,
    Moved,
    Missing,
    New,
    Unreadable,
    SuspectedRot,
}

/// How many files came to which verdict; suspected rot counts as modified.
#[derive(ToSchema)]
pub(crate) struct VerdictCounts {
    matched: u64,
    modified: u64,
    moved: u64,
    missing: u64,
    new: u64,
    unreadable: u64,
}

/// A job's place among other jobs.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Priority {
    Normal,
    Low,
}

/// What was asked for.
#[derive(ToSchema)]
pub(crate) struct JobSpec {
    kind: JobKind,
    root: String,
    /// Relative to the root; empty for the root itself.
    path: String,
    /// The exact bytes in base64, where `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    algorithms: Vec<String>,
    #[schema(nullable = false)]
    include: Option<Vec<String>>,
    #[schema(nullable = false)]
    exclude: Option<Vec<String>>,
    cross_filesystems: bool,
    priority: Priority,
    #[schema(nullable = false, minimum = 1)]
    max_bytes_per_second: Option<u64>,
    #[schema(nullable = false, minimum = 1)]
    deadline_seconds: Option<u32>,
    #[schema(nullable = false, format = "uuid")]
    reuse_unchanged_from: Option<String>,
    /// Of a verify job.
    #[schema(nullable = false)]
    mode: Option<VerifyMode>,
    /// Of a verify job: the algorithm of digests that do not say theirs, where it was asked for.
    #[schema(nullable = false)]
    algorithm: Option<String>,
}

/// How far a job has come: committed results, and in `bytes_done` what is digested of large files under way.
#[derive(ToSchema)]
pub(crate) struct Progress {
    /// Known once the walk has ended.
    #[schema(nullable = false)]
    files_total: Option<u64>,
    files_done: u64,
    files_failed: u64,
    files_skipped: u64,
    #[schema(nullable = false)]
    bytes_total: Option<u64>,
    bytes_done: u64,
    bytes_per_second: u64,
    #[schema(nullable = false)]
    eta_seconds: Option<u64>,
}

/// What a job came to.
#[derive(ToSchema)]
pub(crate) struct Summary {
    files: u64,
    hashed: u64,
    errors: u64,
    skipped: u64,
    bytes: u64,
    elapsed_ms: u64,
    /// Whether the walk reached its end.
    complete: bool,
    /// Of a verify job.
    #[schema(nullable = false)]
    verdicts: Option<VerdictCounts>,
    /// Of a verify job: what digests that do not say their algorithm turned out to be.
    #[schema(nullable = false)]
    algorithm: Option<String>,
}

/// Why a job failed.
#[derive(ToSchema)]
pub(crate) struct JobError {
    /// Stable: `deadline`, `not_found`, `store_full`, `internal`, ...
    code: String,
    detail: String,
}

/// A job.
#[derive(ToSchema)]
pub(crate) struct Job {
    #[schema(format = "uuid")]
    id: String,
    kind: JobKind,
    spec: JobSpec,
    state: JobState,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(required, format = DateTime)]
    started_at: Option<String>,
    #[schema(required, format = DateTime)]
    finished_at: Option<String>,
    progress: Progress,
    /// Set when the job ended.
    #[schema(required)]
    summary: Option<Summary>,
    /// Set when it failed.
    #[schema(nullable = false)]
    error: Option<JobError>,
}

/// What came of a file.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ItemStatus {
    Hashed,
    Error,
    Skipped,
}

/// How far a digest can be trusted: `unverified` where a writer could not be ruled out.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Stability {
    Stable,
    Unverified,
}

/// One result.
#[derive(ToSchema)]
pub(crate) struct Item {
    /// Relative to the job's path; of a single file its name.
    path: String,
    /// The exact bytes in base64, where `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    size: u64,
    #[schema(required, format = DateTime)]
    modified_at: Option<String>,
    status: ItemStatus,
    /// Of hashed files.
    #[schema(nullable = false)]
    digests: Option<Digests>,
    /// Of hashed files.
    #[schema(nullable = false)]
    stability: Option<Stability>,
    /// `true` where the digests were taken over from an earlier job, and the file not read.
    #[schema(nullable = false)]
    reused: Option<bool>,
    /// Why, unless hashed: `not_found`, `permission`, `file_changed`, `symlink`, ...
    #[schema(nullable = false)]
    code: Option<String>,
    /// Of verify jobs.
    #[schema(nullable = false)]
    verdict: Option<Verdict>,
    /// Of a moved file: the path it had.
    #[schema(nullable = false)]
    moved_from: Option<String>,
    /// The exact bytes in base64, where `moved_from` is not UTF-8.
    #[schema(nullable = false)]
    moved_from_b64: Option<String>,
    /// What a verdict on a changed digest rests on.
    #[schema(nullable = false)]
    evidence: Option<Evidence>,
}

/// What became of a file from one job to another.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Change {
    Added,
    Removed,
    Modified,
    Moved,
    SuspectedRot,
    Unreadable,
}

/// How many files changed in which way.
#[derive(ToSchema)]
pub(crate) struct ChangeCounts {
    added: u64,
    removed: u64,
    modified: u64,
    moved: u64,
    suspected_rot: u64,
    unchanged: u64,
    /// Of files that could not be read at one of the two times.
    #[schema(nullable = false)]
    unreadable: Option<u64>,
}

/// What became of one recorded value.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trace {
    Same,
    Changed,
    Unknown,
}

/// What a verdict on a changed digest rests on; the word `none` where nothing was recorded.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Evidence {
    Traces { size: Trace, mtime: Trace, ctime: Trace, inode: Trace },
    None(String),
}

/// What was known of a file at one of the two times.
#[derive(ToSchema)]
pub(crate) struct Glimpse {
    #[schema(required)]
    size: Option<u64>,
    #[schema(required, format = DateTime)]
    modified_at: Option<String>,
    #[schema(required, format = DateTime)]
    changed_at: Option<String>,
    #[schema(required)]
    inode: Option<u64>,
    digests: Digests,
}

/// One file that is not what it was.
#[derive(ToSchema)]
pub(crate) struct Difference {
    /// Of a moved file the new one.
    path: String,
    /// The exact bytes in base64, where `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    verdict: Change,
    /// Of a moved file: the path it had.
    #[schema(nullable = false)]
    moved_from: Option<String>,
    /// The exact bytes in base64, where `moved_from` is not UTF-8.
    #[schema(nullable = false)]
    moved_from_b64: Option<String>,
    /// Of modified files and suspected rot.
    #[schema(nullable = false)]
    evidence: Option<Evidence>,
    #[schema(required)]
    old: Option<Glimpse>,
    #[schema(required)]
    new: Option<Glimpse>,
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
    uptime_seconds: u64,
    /// Of the program.
    version: String,
    limits: LimitsTold,
}

/// Bounds that a client meets; null where there is none.
#[derive(ToSchema)]
pub(crate) struct LimitsTold {
    requests_per_second: Option<u32>,
    max_upload_bytes: u64,
    max_file_bytes: u64,
    max_running_jobs: u64,
    max_queued_jobs: u64,
    max_connections: u64,
    max_streams: u64,
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

/// One event of a stream. `data` is JSON: the progress, `{state}`, the item, or the job.
#[derive(ToSchema)]
pub(crate) struct ServerSentEvent {
    /// `progress`, `state`, `item_error`, `snapshot` or `end`.
    event: String,
    /// The job's committed rows: where to go on.
    id: String,
    data: String,
    /// Milliseconds before a browser comes back.
    #[schema(nullable = false)]
    retry: Option<u64>,
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

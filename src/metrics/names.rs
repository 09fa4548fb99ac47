//! What each figure means, for who reads `/metrics` with the eyes or browses a dashboard.

use metrics::{KeyName, Recorder};

pub(super) const REQUESTS: &str = "hivesum_http_requests_total";
pub(super) const DURATIONS: &str = "hivesum_http_request_duration_seconds";

const GAUGES: &[(&str, &str)] = &[
    ("hivesum_hashers", "Hashers: slots, living, with work."),
    ("hivesum_queue_quanta", "Quanta that wait for a hasher, by lane."),
    ("hivesum_queue_limit", "Quanta of uploads that may wait."),
    ("hivesum_connections", "Connections that are open."),
    ("hivesum_uploads", "Uploads under way."),
    ("hivesum_manifests", "Manifests on their way in."),
    ("hivesum_event_streams", "Event streams that are open."),
    ("hivesum_quantum_seconds", "Of the last 1,024 quanta, from being handed to a hasher to the answer."),
    ("hivesum_jobs", "Jobs that wait and that run."),
    ("hivesum_active_jobs", "Jobs that have not ended."),
    ("hivesum_store_database_bytes", "Length of the job store's database."),
    ("hivesum_store_log_bytes", "Length of its write-ahead log."),
];

const COUNTERS: &[(&str, &str)] = &[
    (REQUESTS, "Requests answered, by route and status."),
    ("hivesum_hasher_panics_total", "Panics caught at a hasher's edge."),
    ("hivesum_hasher_restarts_total", "Hashers replaced."),
    ("hivesum_hasher_stuck_total", "Hashers replaced because they made no progress."),
    ("hivesum_quanta_total", "Quanta of work, and digests of small bodies."),
    ("hivesum_hashed_bytes_total", "Bytes digested."),
    ("hivesum_hashed_files_total", "Files and uploads digested."),
    ("hivesum_jobs_ended_total", "Jobs that have ended, by how."),
    ("hivesum_store_rows_committed_total", "Results committed to the job store."),
];

/// Tells the recorder what the figures mean.
pub(super) fn describe(recorder: &impl Recorder) {
    for &(name, meaning) in GAUGES {
        recorder.describe_gauge(KeyName::from_const_str(name), None, meaning.into());
    }
    for &(name, meaning) in COUNTERS {
        recorder.describe_counter(KeyName::from_const_str(name), None, meaning.into());
    }
    recorder.describe_histogram(KeyName::from_const_str(DURATIONS), None, "How long answers took, by route.".into());
}

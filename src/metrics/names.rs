//! The names of the metrics and what they mean.

use metrics::{KeyName, Recorder};

pub(super) const REQUESTS: &str = "hivesum_http_requests_total";
pub(super) const DURATIONS: &str = "hivesum_http_request_duration_seconds";

const GAUGES: &[(&str, &str)] = &[
    ("hivesum_hashers", "Hashers, by state: all, alive, and busy."),
    ("hivesum_queue_quanta", "Quanta waiting for a hasher, by lane."),
    ("hivesum_queue_limit", "The most upload quanta that may wait."),
    ("hivesum_connections", "Open connections."),
    ("hivesum_uploads", "Uploads in progress."),
    ("hivesum_manifests", "Manifests being received."),
    ("hivesum_event_streams", "Open event streams."),
    ("hivesum_quantum_seconds", "Time from handing a quantum to a hasher until its answer, of the last 1,024 quanta."),
    ("hivesum_jobs", "Queued and running jobs, by state."),
    ("hivesum_active_jobs", "Jobs that have not ended."),
    ("hivesum_store_database_bytes", "Size of the job store's database."),
    ("hivesum_store_log_bytes", "Size of the write-ahead log of the job store."),
];

const COUNTERS: &[(&str, &str)] = &[
    (REQUESTS, "Requests answered, by route and status."),
    ("hivesum_hasher_panics_total", "Panics caught in hashers."),
    ("hivesum_hasher_restarts_total", "Hashers replaced."),
    ("hivesum_hasher_stuck_total", "Hashers replaced because they made no progress."),
    ("hivesum_quanta_total", "Quanta of work, and digests of small bodies."),
    ("hivesum_hashed_bytes_total", "Bytes hashed."),
    ("hivesum_hashed_files_total", "Files and uploads hashed."),
    ("hivesum_jobs_ended_total", "Ended jobs, by final state."),
    ("hivesum_store_rows_committed_total", "Results committed to the job store."),
];

/// Registers the descriptions with the recorder.
pub(super) fn describe(recorder: &impl Recorder) {
    for &(name, meaning) in GAUGES {
        recorder.describe_gauge(KeyName::from_const_str(name), None, meaning.into());
    }
    for &(name, meaning) in COUNTERS {
        recorder.describe_counter(KeyName::from_const_str(name), None, meaning.into());
    }
    recorder.describe_histogram(KeyName::from_const_str(DURATIONS), None, "Time to answer a request, by route.".into());
}

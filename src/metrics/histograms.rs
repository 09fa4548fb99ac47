//! The engine's own histograms in the text format of Prometheus, and the names of all metrics.
//!
//! They are not handles of the `metrics` crate: the exporter keeps every sample until the next upkeep, and its
//! interface takes samples only, not the buckets that the engine fills with two atomic additions per quantum.

use std::fmt::Write;

use hivesum_actors::engine::{DURATION_BOUNDS, DurationFigures, HistogramFigures};
use metrics::{KeyName, Recorder};

/// All histograms, each as a family of its own.
pub(super) fn text(durations: &DurationFigures, commits: &HistogramFigures) -> String {
    let labelled = |label: &str, members: &[(&str, HistogramFigures)]| {
        members.iter().map(|(member, figures)| (format!("{label}=\"{member}\""), *figures)).collect::<Vec<_>>()
    };
    let mut text = String::new();
    family(
        &mut text,
        ("hivesum_operation_seconds", "Time per quantum and per whole upload, by kind of work."),
        &labelled("operation", &durations.works),
    );
    family(
        &mut text,
        ("hivesum_quantum_seconds", "Time from handing a quantum to a hasher until its answer."),
        &[(String::new(), of_all_quanta(durations))],
    );
    family(
        &mut text,
        ("hivesum_queue_wait_seconds", "Time that quanta waited for a hasher, by lane."),
        &labelled("lane", &durations.waits),
    );
    family(
        &mut text,
        ("hivesum_store_commit_seconds", "Time to commit a group of results, including the sync."),
        &[(String::new(), *commits)],
    );
    text
}

/// The histogram of quanta of all kinds. A whole upload is none.
fn of_all_quanta(durations: &DurationFigures) -> HistogramFigures {
    let none = HistogramFigures { at_most: [0; DURATION_BOUNDS.len() + 1], sum_seconds: 0.0 };
    let kinds = durations.works.iter().filter(|(operation, _)| *operation != "upload");
    kinds.fold(none, |mut all, (_, figures)| {
        for (sum, count) in all.at_most.iter_mut().zip(figures.at_most) {
            *sum += count;
        }
        all.sum_seconds += figures.sum_seconds;
        all
    })
}

/// Writes one family with its members by their labels. Writing to a string never fails.
fn family(text: &mut String, (name, help): (&str, &str), members: &[(String, HistogramFigures)]) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
    for (labels, figures) in members {
        let separator = if labels.is_empty() { "" } else { "," };
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let bounds = DURATION_BOUNDS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(figures.at_most) {
            let _ = writeln!(text, "{name}_bucket{{{labels}{separator}le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(text, "{name}_sum{braced} {}", figures.sum_seconds);
        let _ = writeln!(text, "{name}_count{braced} {}", figures.count());
    }
}

pub(super) const REQUESTS: &str = "hivesum_http_requests_total";
pub(super) const DURATIONS: &str = "hivesum_http_request_duration_seconds";
pub(super) const VERDICTS: &str = "hivesum_job_verdicts_total";

const GAUGES: &[(&str, &str)] = &[
    ("hivesum_hashers", "Hashers, by state: all, alive, and busy."),
    ("hivesum_queue_quanta", "Quanta waiting for a hasher, by lane."),
    ("hivesum_queue_limit", "The most upload quanta that may wait."),
    ("hivesum_connections", "Open connections."),
    ("hivesum_uploads", "Uploads in progress."),
    ("hivesum_manifests", "Manifests being received."),
    ("hivesum_event_streams", "Open event streams."),
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
    (VERDICTS, "Ended jobs that looked for recorded files, by kind and verdict."),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_written_as_prometheus_reads_it() {
        let mut at_most = [0; DURATION_BOUNDS.len() + 1];
        at_most[DURATION_BOUNDS.len()] = 2;
        let figures = HistogramFigures { at_most, sum_seconds: 140.5 };
        let mut text = String::new();
        family(&mut text, ("x_seconds", "X."), &[("lane=\"jobs\"".to_owned(), figures), (String::new(), figures)]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..3],
            ["# HELP x_seconds X.", "# TYPE x_seconds histogram", "x_seconds_bucket{lane=\"jobs\",le=\"0.0001\"} 0"]
        );
        let of_one = DURATION_BOUNDS.len() + 3;
        assert_eq!(
            lines[of_one - 1..of_one + 3],
            [
                "x_seconds_bucket{lane=\"jobs\",le=\"+Inf\"} 2",
                "x_seconds_sum{lane=\"jobs\"} 140.5",
                "x_seconds_count{lane=\"jobs\"} 2",
                "x_seconds_bucket{le=\"0.0001\"} 0",
            ]
        );
        assert_eq!(lines[lines.len() - 2..], ["x_seconds_sum 140.5", "x_seconds_count 2"]);
    }
}

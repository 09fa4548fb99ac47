//! The engine's own histograms in the text format of Prometheus.
//!
//! They are not handles of the `metrics` crate: the exporter keeps every sample until the next upkeep, and its
//! interface takes samples only, not the buckets that the engine fills with two atomic additions per quantum.

use std::fmt::Write;

use hivesum_actors::engine::{DURATION_BOUNDS, DurationFigures, HistogramFigures};

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

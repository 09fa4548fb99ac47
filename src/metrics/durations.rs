//! The engine's own histograms in Prometheus' text format.

use std::fmt::Write;

use hivesum_actors::engine::{DURATION_BOUNDS, DurationFigures, HistogramFigures};

/// All of them, each a family of its own.
pub(crate) fn durations(figures: &DurationFigures) -> String {
    let mut text = String::new();
    family(&mut text, "hivesum_operation_seconds", "operation", &figures.works);
    family(&mut text, "hivesum_queue_wait_seconds", "lane", &figures.waits);
    text
}

/// Writing into a string never fails.
fn family(text: &mut String, name: &str, label: &str, members: &[(&str, HistogramFigures)]) {
    let _ = writeln!(text, "# TYPE {name} histogram");
    for (member, figures) in members {
        let bounds = DURATION_BOUNDS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(figures.at_most) {
            let _ = writeln!(text, "{name}_bucket{{{label}=\"{member}\",le=\"{bound}\"}} {count}");
        }
        let count = figures.at_most.last().unwrap_or(&0);
        let _ = writeln!(text, "{name}_sum{{{label}=\"{member}\"}} {}", figures.sum_seconds);
        let _ = writeln!(text, "{name}_count{{{label}=\"{member}\"}} {count}");
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
        family(&mut text, "x_seconds", "lane", &[("jobs", figures)]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..2], ["# TYPE x_seconds histogram", "x_seconds_bucket{lane=\"jobs\",le=\"0.0001\"} 0"]);
        assert_eq!(
            lines[lines.len() - 3..],
            [
                "x_seconds_bucket{lane=\"jobs\",le=\"+Inf\"} 2",
                "x_seconds_sum{lane=\"jobs\"} 140.5",
                "x_seconds_count{lane=\"jobs\"} 2"
            ]
        );
    }
}

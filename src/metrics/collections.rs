//! The metrics of collections in the text format of Prometheus.
//!
//! They are not handles of the `metrics` crate, which keeps a series for ever: a collection that is forgotten has none.
//! Only the oldest [`MOST_TOLD`] collections have series, so that there is a bound.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use hivesum_actors::store::collections::Counted;
use hivesum_core::fixity::Condition;
use jiff::Timestamp;

/// Collections with series of their own; each has 12.
const MOST_TOLD: usize = 100;

/// What is known of the collections of a service.
#[derive(Debug, Default)]
pub(crate) struct CollectionFigures {
    /// As they were counted last, oldest first.
    pub(crate) counted: Vec<Arc<Counted>>,
    /// Whether they could be read just now. `None` while they are being counted.
    pub(crate) is_readable: Option<bool>,
    /// How the sinks of the configuration do, by name.
    pub(crate) sinks: BTreeMap<String, SinkFigures>,
    /// Heartbeats that have failed, if there is somebody who waits for them.
    pub(crate) heartbeat_failures: Option<u64>,
    /// How long ago all schedules were looked at.
    pub(crate) schedules_looked_at: Duration,
}

/// How one sink does, for all collections together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SinkFigures {
    /// Attempts that have failed.
    pub(crate) failures: u64,
    /// Whether nobody is told by it.
    pub(crate) is_failing: bool,
}

/// All families, at this time.
pub(super) fn text(figures: &CollectionFigures, now: Timestamp) -> String {
    let told: Vec<&Counted> = figures.counted.iter().take(MOST_TOLD).map(|counted| &**counted).collect();
    let mut text = String::new();
    if let Some(is_readable) = figures.is_readable {
        let help = "1 if what is known of collections can be read and is not damaged, else 0.";
        family(&mut text, ("hivesum_collections_readable", help), [(String::new(), f64::from(u8::from(is_readable)))]);
    }
    let help = "Collections. The oldest 100 have series of their own.";
    family(&mut text, ("hivesum_collections", help), [(String::new(), figures.counted.len() as f64)]);
    let each = |value: fn(&Counted) -> f64| told.iter().map(move |counted| (label(counted), value(counted)));
    let named = told.iter().map(|counted| (format!("{},name=\"{}\"", label(counted), name(counted)), 1.0));
    family(&mut text, ("hivesum_collection_info", "The name of each collection's directory."), named);
    let waits = told.iter().filter_map(|counted| {
        let waits = now.duration_since(counted.waits_since?);
        Some((label(counted), waits.as_secs_f64().max(0.0)))
    });
    let help = "Seconds since the file that waits longest was last verified, or first seen if it never was.";
    family(&mut text, ("hivesum_collection_oldest_verified_seconds", help), waits);
    let aims = told.iter().filter_map(|counted| {
        let aim = counted.collection().settings.schedule.aim()?;
        Some((label(counted), aim.as_secs_f64()))
    });
    let help = "Within how many seconds every file is to be verified again. Collections without an aim have none.";
    family(&mut text, ("hivesum_collection_aim_seconds", help), aims);
    let states = told.iter().flat_map(|counted| {
        Condition::ALL.into_iter().map(|condition| {
            let files = counted.by_condition.get(&condition).map_or(0, |count| count.files);
            (format!("{},state=\"{}\"", label(counted), condition.name()), files as f64)
        })
    });
    family(&mut text, ("hivesum_collection_files", "Known files of each collection, by condition."), states);
    let help = "Files of each collection that are not what they should be.";
    family(&mut text, ("hivesum_collection_open_alerts", help), each(|counted| counted.alerts() as f64));
    let sinks = |value: fn(&SinkFigures) -> f64| {
        figures.sinks.iter().map(move |(name, sink)| (format!("sink=\"{name}\""), value(sink)))
    };
    let help = "Attempts to tell somebody of alerts that have failed, by sink.";
    counters(&mut text, ("hivesum_notify_failures_total", help), sinks(|sink| sink.failures as f64));
    let help = "1 if a sink has not taken a message for a day or has said that it never will, else 0.";
    family(&mut text, ("hivesum_notify_failing", help), sinks(|sink| f64::from(u8::from(sink.is_failing))));
    let help = "Heartbeats that were not answered.";
    let failures = figures.heartbeat_failures.map(|failures| (String::new(), failures as f64));
    counters(&mut text, ("hivesum_heartbeat_failures_total", help), failures);
    let help = "Seconds since all schedules of collections were looked at, which is done once a minute.";
    let looked_at = [(String::new(), figures.schedules_looked_at.as_secs_f64())];
    family(&mut text, ("hivesum_collections_schedule_age_seconds", help), looked_at);
    text
}

fn label(counted: &Counted) -> String {
    format!("collection=\"{}\"", counted.collection().id)
}

/// What people call it, as the value of a label.
fn name(counted: &Counted) -> String {
    let name = String::from_utf8_lossy(counted.collection().name());
    name.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// Writes one family of gauges by their labels, unless it is empty.
pub(super) fn family(text: &mut String, named: (&str, &str), series: impl IntoIterator<Item = (String, f64)>) {
    of_kind("gauge", text, named, series);
}

/// Writes one family of counters.
pub(super) fn counters(text: &mut String, named: (&str, &str), series: impl IntoIterator<Item = (String, f64)>) {
    of_kind("counter", text, named, series);
}

/// Writing to a string never fails.
fn of_kind(kind: &str, text: &mut String, (name, help): (&str, &str), series: impl IntoIterator<Item = (String, f64)>) {
    let mut series = series.into_iter().peekable();
    if series.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in series {
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(text, "{name}{braced} {value}");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_collections_their_number_is_told_and_nothing_else() {
        let text = text(
            &CollectionFigures { is_readable: Some(false), ..CollectionFigures::default() },
            Timestamp::UNIX_EPOCH,
        );
        let series: Vec<_> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        let age = "hivesum_collections_schedule_age_seconds 0";
        assert_eq!(series, ["hivesum_collections_readable 0", "hivesum_collections 0", age]);
    }

    #[test]
    fn a_family_is_written_as_prometheus_reads_it_and_an_empty_one_is_not() {
        let mut out = String::new();
        family(&mut out, ("x", "X."), []);
        assert_eq!(out, "");
        family(&mut out, ("x", "X."), [("a=\"b\"".to_owned(), 2.5)]);
        assert_eq!(out, "# HELP x X.\n# TYPE x gauge\nx{a=\"b\"} 2.5\n\n");
    }
}

//! What is to come of a collection, as the API shows it: its schedule, its latest run, and how long a reading takes.

use hivesum_actors::jobs::ScheduleState;
use hivesum_actors::store::collections::{Counted, StoredCollection};
use hivesum_core::fixity::{Condition, Windows};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::shown_runs::RunJson;
use crate::service::Service;

/// What the schedule of a collection does now.
#[derive(Debug, Serialize)]
pub(super) struct ScheduleJson {
    state: &'static str,
    next_at: Option<Timestamp>,
    run: Option<RunJson>,
}

impl ScheduleJson {
    pub(super) fn of(service: &Service, collection: &StoredCollection, now: Timestamp) -> Self {
        let (state, next_at) = match service.jobs.schedule_state(collection, now) {
            ScheduleState::Off => ("off", None),
            ScheduleState::Paused => ("paused", None),
            ScheduleState::Closed { opens } => ("closed", opens),
            ScheduleState::Waiting { until } => ("waiting", Some(until)),
            ScheduleState::Due(_) => ("due", Some(now)),
        };
        let latest = service.jobs.scrubs().latest_of(&collection.id);
        let run = latest.and_then(|(key, of)| RunJson::of(service, key, &of));
        Self { state, next_at, run }
    }
}

/// What is to be read, and how long that takes.
#[derive(Debug, Serialize)]
pub(super) struct ForecastJson {
    files: u64,
    bytes: u64,
    seconds: Option<u64>,
    done_at: Option<Timestamp>,
    meets_aim: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl ForecastJson {
    /// The reading of everything. `None` for a collection without an aim.
    pub(super) fn of_aim(counted: &Counted, now: Timestamp) -> Option<Self> {
        counted.collection().settings.schedule.aim()?;
        Some(Self::of_all(counted, now))
    }

    /// The reading of everything that is known.
    pub(super) fn of_all(counted: &Counted, now: Timestamp) -> Self {
        let there = counted.by_condition.iter().filter(|(condition, _)| **condition != Condition::Missing);
        let (files, bytes) =
            there.fold((0, 0), |(files, bytes), (_, count)| (files + count.files, bytes + count.bytes));
        Self::of((files, bytes), counted.collection(), now)
    }

    pub(super) fn of((files, bytes): (u64, u64), collection: &StoredCollection, now: Timestamp) -> Self {
        let schedule = &collection.settings.schedule;
        let rate = schedule.max_bytes_per_second;
        let windows = Windows::new(&schedule.windows).ok();
        let done_at = windows.and_then(|windows| schedule.read_by(&windows, bytes, now));
        let takes = done_at.map(|at| at.duration_since(now));
        // Without a time it takes longer than any aim, or there is no rate.
        let meets_aim = schedule.aim().zip(rate).map(|(aim, _)| takes.is_some_and(|takes| takes <= aim));
        let detail = schedule.aim().zip(rate).filter(|_| meets_aim == Some(false)).map(|(aim, rate)| {
            let takes = takes.map_or_else(|| "more than ten years".to_owned(), in_days);
            let place = if schedule.windows.is_empty() { "" } else { " in the windows" };
            let (rate, bytes) = (in_units(rate.get()), in_units(bytes));
            format!("at {rate}/s{place} {bytes} take {takes}; aim {}", in_days(aim))
        });
        let seconds = rate.map(|rate| bytes.div_ceil(rate.get()));
        Self { files, bytes, seconds, done_at, meets_aim, detail }
    }
}

/// A number of bytes with a decimal unit, as drives are sold.
fn in_units(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut number, mut unit) = (bytes as f64, 0);
    while number >= 1000.0 && unit + 1 < UNITS.len() {
        number /= 1000.0;
        unit += 1;
    }
    format!("{} {}", rounded(number), UNITS[unit])
}

fn in_days(time: SignedDuration) -> String {
    let days = rounded(time.as_secs_f64() / 86_400.0);
    if days == "1" { "1 day".to_owned() } else { format!("{days} days") }
}

/// With one digit behind the point, unless that is 0.
fn rounded(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_days_are_told_as_people_say_them() {
        for (bytes, text) in [(0, "0 B"), (999, "999 B"), (40_000_000, "40 MB"), (12_300_000_000_000, "12.3 TB")] {
            assert_eq!(in_units(bytes), text);
        }
        assert_eq!(in_days(SignedDuration::from_hours(24)), "1 day");
        assert_eq!(in_days(SignedDuration::from_secs(300_000)), "3.5 days");
    }
}

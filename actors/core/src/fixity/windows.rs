//! When a collection may be read: cron patterns, each in a named time zone.
//!
//! A window is open in every minute that its pattern matches, as `* 22-23,0-5 * * mon-fri` is in the nights; several
//! windows are open together when one of them is. Without any window it is always open. What a pattern and a day mean is
//! decided by `croner`, and what a clock shows in a zone by `jiff`; here the minutes of a day become spans of time. Where
//! the clocks skip an hour a window of that hour does not open, and where they repeat it, it is open for both.

use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, Weekday};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The most windows of one collection.
pub const MAX_WINDOWS: usize = 16;

/// An opening is at least so long: a run walks the tree before it reads.
const LEAST_MINUTES: u16 = 15;

/// How far ahead an opening is looked for: a pattern may match a 29 February alone, and 2100 has none.
const HORIZON_DAYS: i64 = 9 * 366;

/// A window as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowText {
    /// Five fields: minute, hour, day of the month, month, day of the week. It is open in the minutes that match.
    pub cron: String,
    /// The name of a time zone, such as `Europe/Berlin` or `UTC`.
    pub time_zone: String,
}

/// Why a window cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowInvalid {
    /// There are more than [`MAX_WINDOWS`].
    #[error("there are at most {MAX_WINDOWS} windows")]
    TooMany,
    /// The pattern cannot be read.
    #[error("{cron:?} is no cron pattern of five fields: {why}")]
    Cron {
        /// The pattern.
        cron: String,
        /// What the parser says.
        why: String,
    },
    /// No time zone has this name.
    #[error("no time zone has the name {0:?}: it is one such as \"Europe/Berlin\" or \"UTC\"")]
    TimeZone(String),
    /// No day matches.
    #[error("{0:?} never opens: no day of the next nine years matches")]
    NeverOpens(String),
    /// It is shorter than a quarter of an hour.
    #[error("{0:?} is open for less than {LEAST_MINUTES} minutes at a time: `* 1-5 * * *` is open from 01:00 to 06:00")]
    TooShort(String),
}

/// A span of time, its end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
}

/// One window, parsed.
#[derive(Debug, Clone)]
struct Window {
    cron: Cron,
    zone: TimeZone,
    /// Minutes of the day, each with its end, which is 1440 for midnight.
    minutes: Vec<(u16, u16)>,
}

/// The windows of a collection.
#[derive(Debug, Clone, Default)]
pub struct Windows {
    windows: Vec<Window>,
}

impl Windows {
    /// Parses windows.
    ///
    /// # Errors
    /// The index of the first window that cannot be used, and why.
    pub fn new(texts: &[WindowText]) -> Result<Self, (usize, WindowInvalid)> {
        if texts.len() > MAX_WINDOWS {
            return Err((MAX_WINDOWS, WindowInvalid::TooMany));
        }
        let parsed = texts.iter().enumerate().map(|(at, text)| Window::new(text).map_err(|why| (at, why)));
        Ok(Self { windows: parsed.collect::<Result<_, _>>()? })
    }

    /// The openings in a span of time, cut at its ends, in order and apart from each other.
    #[must_use]
    pub fn within(&self, span: Opening) -> Vec<Opening> {
        if self.windows.is_empty() {
            return if span.from < span.to { vec![span] } else { Vec::new() };
        }
        let mut all: Vec<_> = self.windows.iter().flat_map(|window| window.within(span)).collect();
        all.sort_unstable();
        let mut merged: Vec<Opening> = Vec::with_capacity(all.len());
        for opening in all {
            match merged.last_mut() {
                Some(last) if opening.from <= last.to => last.to = last.to.max(opening.to),
                Some(_) | None => merged.push(opening),
            }
        }
        merged
    }

    /// The opening at this time, from its beginning within the last day on, or else the next one. It is cut at two days
    /// from its beginning or from `at`. `None` if none opens within nine years.
    #[must_use]
    pub fn at_or_after(&self, at: Timestamp) -> Option<Opening> {
        let mut days = 2;
        while days <= HORIZON_DAYS {
            let span = Opening { from: later(at, -1), to: later(at, days) };
            let found = self.within(span).into_iter().find(|opening| opening.to > at);
            if let Some(found) = found {
                let cut = later(found.from.max(at), 2);
                // One that begins with the last day of the span is cut by it.
                let whole = self.within(Opening { from: found.from, to: cut });
                return whole.first().copied();
            }
            days *= 4;
        }
        None
    }
}

impl Opening {
    /// How long it is.
    #[must_use]
    pub fn length(&self) -> SignedDuration {
        self.to.duration_since(self.from)
    }
}

impl Window {
    fn new(text: &WindowText) -> Result<Self, WindowInvalid> {
        let WindowText { cron: pattern, time_zone } = text;
        let invalid = |why: String| WindowInvalid::Cron { cron: pattern.clone(), why };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(pattern).map_err(|error| invalid(error.to_string()))?;
        let zone = TimeZone::get(time_zone).map_err(|_| WindowInvalid::TimeZone(time_zone.clone()))?;
        let minutes = minutes_of(&cron).map_err(|error| invalid(error.to_string()))?;
        let window = Self { cron, zone, minutes };
        if !window.opens(Timestamp::now()) {
            return Err(WindowInvalid::NeverOpens(pattern.clone()));
        }
        // The last minutes of a day and the first ones of the next may be one opening.
        let goes_on = |(from, to): &(u16, u16)| *from == 0 || *to == MINUTES_OF_DAY;
        let is_short = |span: &&(u16, u16)| span.1 - span.0 < LEAST_MINUTES && !goes_on(span);
        match window.minutes.iter().find(is_short) {
            Some(_) => Err(WindowInvalid::TooShort(pattern.clone())),
            None if window.minutes.iter().map(|(from, to)| to - from).sum::<u16>() < LEAST_MINUTES => {
                Err(WindowInvalid::TooShort(pattern.clone()))
            }
            None => Ok(window),
        }
    }

    /// Whether it opens within nine years.
    fn opens(&self, now: Timestamp) -> bool {
        let mut date = Some(self.zone.to_datetime(now).date());
        let days = std::iter::from_fn(|| {
            let day = date?;
            date = day.tomorrow().ok();
            Some(day)
        });
        !self.minutes.is_empty() && days.take(HORIZON_DAYS as usize).any(|day| self.matches(day))
    }

    /// Its openings in a span of time, cut at the ends of it, in order. Those of two days are apart even if they touch.
    fn within(&self, span: Opening) -> Vec<Opening> {
        let first = self.zone.to_datetime(span.from).date();
        let last = self.zone.to_datetime(span.to).date();
        let (mut found, mut day) = (Vec::new(), Some(first));
        while let Some(date) = day.filter(|date| *date <= last) {
            if self.matches(date) {
                let cut = |&(from, to): &(u16, u16)| {
                    let from = self.minute(date, from)?.max(span.from);
                    let to = self.minute(date, to)?.min(span.to);
                    (from < to).then_some(Opening { from, to })
                };
                found.extend(self.minutes.iter().filter_map(cut));
            }
            day = date.tomorrow().ok();
        }
        found
    }

    fn matches(&self, date: Date) -> bool {
        let weekday = Weekday::from_days_from_sunday(date.weekday().to_sunday_zero_offset().unsigned_abs().into());
        let (year, month, day) = (i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs());
        let matches = |found: Result<bool, _>| found.unwrap_or(false);
        matches(self.cron.pattern.month_match(month.into()))
            && matches(self.cron.pattern.day_match(year, month.into(), day.into(), weekday))
    }

    /// When a minute of a day begins. `None` beyond all calendars.
    fn minute(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let (date, minute) = match minute {
            MINUTES_OF_DAY => (date.tomorrow().ok()?, 0),
            minute => (date, minute),
        };
        let time = Time::new((minute / 60) as i8, (minute % 60) as i8, 0, 0).ok()?;
        self.zone.to_timestamp(date.to_datetime(time)).ok()
    }
}

const MINUTES_OF_DAY: u16 = 24 * 60;

/// The spans of minutes of a day that a pattern matches.
fn minutes_of(cron: &Cron) -> Result<Vec<(u16, u16)>, croner::errors::CronError> {
    let mut spans: Vec<(u16, u16)> = Vec::new();
    for minute in 0..MINUTES_OF_DAY {
        let (hour, of_hour) = (u32::from(minute / 60), u32::from(minute % 60));
        if !(cron.pattern.hour_match(hour)? && cron.pattern.minute_match(of_hour)?) {
            continue;
        }
        match spans.last_mut() {
            Some(last) if last.1 == minute => last.1 = minute + 1,
            Some(_) | None => spans.push((minute, minute + 1)),
        }
    }
    Ok(spans)
}

/// So many days later, or the last time of the calendar.
fn later(at: Timestamp, days: i64) -> Timestamp {
    let end = if days < 0 { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add((24 * days).hours()).unwrap_or(end)
}

#[cfg(test)]
mod tests;

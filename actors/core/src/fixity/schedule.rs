//! What a service does with a collection at a moment: nothing, a survey, or a scrub of so many bytes.
//!
//! Plain functions of the time and of what is stored, so a restart or a clock that jumps changes nothing but the time:
//! what was recorded at a time that is still to come was recorded by a wrong clock, and counts as not recorded. A scrub
//! reads what keeps every file within the aim, in slices of the time in which the collection may be read, and never more
//! than the rate allows in its slice. So after a time switched off it catches up at the rate and not faster.

use std::num::{NonZeroU16, NonZeroU64};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::windows::{Opening, WindowText, Windows};

/// Within how many days every file of a new collection is read again.
pub const DEFAULT_AIM_DAYS: NonZeroU16 = NonZeroU16::new(30).expect("thirty is not zero");

/// How often a new collection is surveyed, in hours.
pub const DEFAULT_SURVEY_HOURS: NonZeroU16 = NonZeroU16::new(24).expect("a day is not zero");

/// A scrub is planned for so long at most, since each walks the tree.
const LONGEST_SLICE: SignedDuration = SignedDuration::from_hours(6);

/// There are at least so many slices in an aim, unless they would be shorter than [`SHORTEST_SLICE`].
const SLICES_OF_AIM: i32 = 24;

/// A slice is at least so long.
const SHORTEST_SLICE: SignedDuration = SignedDuration::from_hours(1);

/// Of the aim so much is planned with, in tenths: the rest is for what cannot be planned.
const PLANNED_TENTHS: i32 = 9;

/// After so many times the time between two surveys without one, the tree was not looked at for too long.
const LATE_SURVEYS: i64 = 3;

/// But not before: there are windows that open once a week.
const LATE_AT_LEAST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// When a service reads a collection by itself, as somebody has decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Within so many days every file is read again. `None`: the service starts no scrub by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aim_days: Option<NonZeroU16>,
    /// So often the tree is walked, and what is new or changed is read. `None`: the service starts no survey by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey_every_hours: Option<NonZeroU16>,
    /// When it may do so; always without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowText>,
    /// No run of the service reads faster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// Whether nothing is started until somebody resumes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

impl Schedule {
    /// The aim as a duration.
    #[must_use]
    pub fn aim(&self) -> Option<SignedDuration> {
        self.aim_days.map(|days| SignedDuration::from_hours(24 * i64::from(days.get())))
    }

    /// What is done with the collection at this time. `windows` are those of this schedule.
    #[must_use]
    pub fn next(&self, windows: &Windows, past: &Past, now: Timestamp) -> Next {
        if self.aim_days.is_none() && self.survey_every_hours.is_none() {
            return Next::Off;
        }
        if self.paused {
            return Next::Paused;
        }
        let Some(opening) = windows.at_or_after(now) else { return Next::Closed { opens: None } };
        if opening.from > now {
            return Next::Closed { opens: Some(opening.from) };
        }
        let survey = Next::Survey { until: opening.to };
        if !past.has_baseline {
            return survey;
        }
        // What was recorded at a time to come was recorded by a wrong clock: it is done again.
        let known = |at: Option<Timestamp>| at.filter(|at| *at <= now);
        let slice_ends = |aim| known(past.last_scrub).map_or(now, |began| end_of_slice(windows, aim, began));
        let scrub_at = self.aim().map(slice_ends);
        if let Some(aim) = self.aim().filter(|_| scrub_at.is_some_and(|at| at <= now)) {
            return Next::Scrub { until: opening.to.min(after(now, slice_of(aim))) };
        }
        let every = self.survey_every_hours.map(|hours| SignedDuration::from_hours(hours.get().into()));
        let survey_at = every.map(|every| known(past.last_survey).map_or(now, |began| after(began, every)));
        match survey_at.into_iter().chain(scrub_at).min() {
            Some(until) if until > now => Next::Wait { until },
            Some(_) | None => survey,
        }
    }

    /// Whether files were not looked at for longer than is asked for: one that is as it should be was not verified within
    /// the aim, or the tree was not looked at for three times the time between surveys, a week at least. `None` if nothing
    /// is asked for. `since` is when the collection was made.
    #[must_use]
    pub fn is_late(
        &self,
        past: &Past,
        (since, verified): (Timestamp, Option<Timestamp>),
        now: Timestamp,
    ) -> Option<bool> {
        if self.paused || (self.aim_days.is_none() && self.survey_every_hours.is_none()) {
            return None;
        }
        let is_over = |at: Timestamp, within: SignedDuration| now.duration_since(at) > within;
        let first_or = |at: Option<Timestamp>| if past.has_baseline { at } else { Some(since) };
        let unverified = self.aim().zip(first_or(verified)).is_some_and(|(aim, at)| is_over(at, aim));
        let surveyed =
            self.survey_every_hours.map(|hours| SignedDuration::from_hours(LATE_SURVEYS * i64::from(hours.get())));
        let unseen = surveyed.is_some_and(|late| is_over(past.last_survey.unwrap_or(since), late.max(LATE_AT_LEAST)));
        Some(unverified || unseen)
    }

    /// How many bytes a scrub of the slice from `now` to `until` reads. The slice is open from its beginning to its end.
    #[must_use]
    pub fn share(&self, windows: &Windows, ages: &[Aged], (now, until): (Timestamp, Timestamp)) -> u64 {
        let Some(aim) = self.aim() else { return 0 };
        let planned = aim * PLANNED_TENTHS / 10;
        let slice = seconds(until.duration_since(now)).max(1);
        let openings = windows.within(Opening { from: now, to: after(now, planned) });
        let open_until = |deadline: Timestamp| {
            let before = openings.iter().filter(|one| one.from < deadline);
            before.map(|one| seconds(one.to.min(deadline).duration_since(one.from))).sum::<u128>()
        };
        let of_slice = |bytes: u128, open: u128| (bytes * slice).div_ceil(open.max(slice));
        let (mut bytes, mut needed, mut unproven) = (0_u128, 0_u128, 0_u128);
        for aged in ages {
            match aged.verified_at.filter(|at| is_credible(*at, now)) {
                // It was read, and it cannot be told whether from its device: it is read again as if it was of any age.
                None => unproven += aged.cost(),
                Some(at) => {
                    bytes += aged.cost();
                    needed = needed.max(of_slice(bytes, open_until(after(at.min(now), planned))));
                }
            }
        }
        needed += of_slice(unproven, open_until(after(now, planned)));
        let rate = self.max_bytes_per_second.map(|rate| u128::from(rate.get()) * slice);
        u64::try_from(needed.min(rate.unwrap_or(u128::MAX))).unwrap_or(u64::MAX)
    }

    /// Until when so many bytes are read at the rate, in the windows, if nothing else is. `None` without a rate, and if it
    /// takes longer than ten years.
    #[must_use]
    pub fn read_by(&self, windows: &Windows, bytes: u64, now: Timestamp) -> Option<Timestamp> {
        let rate = self.max_bytes_per_second?;
        let mut left = SignedDuration::from_secs(i64::try_from(bytes.div_ceil(rate.get())).ok()?);
        let (mut from, mut days) = (now, 8);
        while days <= 3660 {
            let to = after(now, SignedDuration::from_hours(24 * days));
            for opening in windows.within(Opening { from, to }) {
                if opening.length() >= left {
                    return opening.from.checked_add(left).ok();
                }
                left -= opening.length();
            }
            (from, days) = (to, days * 4);
        }
        None
    }
}

/// When runs of a collection began that came to their ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether everything was read once.
    pub has_baseline: bool,
    /// When the last run began that looked at every file; a scrub does, too.
    pub last_survey: Option<Timestamp>,
    /// When the last scrub began.
    pub last_scrub: Option<Timestamp>,
}

/// What is done with a collection at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing, ever: it has neither an aim nor surveys.
    Off,
    /// Nothing until somebody resumes it.
    Paused,
    /// Nothing until a window opens; `None` if none does.
    Closed {
        /// When the next one opens.
        opens: Option<Timestamp>,
    },
    /// Nothing is due before this time, at which a window may be closed.
    Wait {
        /// When something is due.
        until: Timestamp,
    },
    /// A survey, or the first reading of everything, which begins nothing after this time.
    Survey {
        /// When the window closes.
        until: Timestamp,
    },
    /// A scrub of [`Schedule::share`], which begins nothing after this time.
    Scrub {
        /// When the slice ends.
        until: Timestamp,
    },
}

/// Files that were last verified at the same time, more or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aged {
    /// When; `None` if it could never be told whether they were read from their device.
    pub verified_at: Option<Timestamp>,
    /// How many files.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

impl Aged {
    /// Every file costs something, also an empty one.
    fn cost(&self) -> u128 {
        u128::from(self.bytes) + u128::from(self.files)
    }
}

/// Whether a file can have been verified at this time. Clocks that differ by an hour are believed.
pub(super) fn is_credible(verified_at: Timestamp, now: Timestamp) -> bool {
    verified_at.duration_since(now) <= SignedDuration::from_hours(1)
}

/// How long a slice is.
fn slice_of(aim: SignedDuration) -> SignedDuration {
    (aim / SLICES_OF_AIM).clamp(SHORTEST_SLICE, LONGEST_SLICE)
}

/// When the slice of a scrub that began at this time ends.
fn end_of_slice(windows: &Windows, aim: SignedDuration, began: Timestamp) -> Timestamp {
    let end = after(began, slice_of(aim));
    match windows.at_or_after(began).filter(|opening| opening.from <= began) {
        Some(opening) => end.min(opening.to),
        None => end,
    }
}

fn after(at: Timestamp, time: SignedDuration) -> Timestamp {
    at.checked_add(time).unwrap_or(Timestamp::MAX)
}

fn seconds(time: SignedDuration) -> u128 {
    u128::from(time.as_secs().max(0).unsigned_abs())
}

#[cfg(test)]
mod tests;

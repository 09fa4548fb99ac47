//! The decision of a moment, and a year of such moments over a million files, in the clock of the test.

use std::collections::{BTreeMap, VecDeque};

use super::*;

const MB: u64 = 1_000_000;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Seconds from the beginning of 2026.
fn at(second: i64) -> Timestamp {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    begin.checked_add(SignedDuration::from_secs(second)).unwrap()
}

fn nights() -> Schedule {
    Schedule {
        aim_days: Some(DEFAULT_AIM_DAYS),
        survey_every_hours: Some(DEFAULT_SURVEY_HOURS),
        windows: vec![WindowText { cron: "* 22-23,0-5 * * *".to_owned(), time_zone: "UTC".to_owned() }],
        max_bytes_per_second: NonZeroU64::new(40 * MB),
        paused: false,
    }
}

fn past(last_survey: i64, last_scrub: i64) -> Past {
    Past { has_baseline: true, last_survey: Some(at(last_survey)), last_scrub: Some(at(last_scrub)) }
}

fn next(schedule: &Schedule, past: &Past, now: i64) -> Next {
    schedule.next(&Windows::new(&schedule.windows).unwrap(), past, at(now))
}

#[test]
fn it_is_late_when_a_good_file_was_not_verified_within_the_aim_or_no_survey_was_made_for_long() {
    let (both, past) = (nights(), past(30 * DAY, 30 * DAY));
    let late = |schedule: &Schedule, past: &Past, verified: i64, now: i64| {
        schedule.is_late(past, (at(0), Some(at(verified))), at(now))
    };
    assert_eq!(late(&both, &past, DAY, 31 * DAY), Some(false), "30 days, and not a moment longer");
    assert_eq!(late(&both, &past, DAY, 31 * DAY + 1), Some(true));
    assert_eq!(late(&both, &past, 30 * DAY, 37 * DAY), Some(false), "a window may open once a week");
    assert_eq!(late(&both, &past, 30 * DAY, 37 * DAY + 1), Some(true));
    let rare = Schedule { aim_days: None, survey_every_hours: NonZeroU16::new(20 * 24), ..nights() };
    assert_eq!(
        late(&rare, &past, 0, 90 * DAY),
        Some(false),
        "three times its twenty days, and nothing has to be verified"
    );
    assert_eq!(late(&rare, &past, 0, 90 * DAY + 1), Some(true));
    let unread = Past::default();
    assert_eq!(both.is_late(&unread, (at(0), None), at(7 * DAY)), Some(false));
    assert_eq!(both.is_late(&unread, (at(0), None), at(7 * DAY + 1)), Some(true), "it was never looked at");
    assert_eq!(both.is_late(&past, (at(0), None), at(37 * DAY)), Some(false), "no file is as it should be");
    let off = Schedule { aim_days: None, survey_every_hours: None, ..nights() };
    let paused = Schedule { paused: true, ..nights() };
    assert_eq!([off, paused].map(|schedule| late(&schedule, &past, 0, 99 * DAY)), [None, None]);
}

#[test]
fn without_aim_and_surveys_or_while_it_is_paused_nothing_is_done() {
    let off = Schedule { aim_days: None, survey_every_hours: None, ..nights() };
    assert_eq!(next(&off, &Past::default(), 0), Next::Off);
    let paused = Schedule { paused: true, ..nights() };
    assert_eq!(next(&paused, &Past::default(), 0), Next::Paused);
}

#[test]
fn outside_of_the_windows_it_stands_still_and_knows_the_next_one() {
    assert_eq!(next(&nights(), &Past::default(), 12 * HOUR), Next::Closed { opens: Some(at(22 * HOUR)) });
    let until = at(6 * HOUR);
    assert_eq!(next(&nights(), &Past::default(), 0), Next::Survey { until }, "the first reading of everything");
    assert_eq!(
        next(&nights(), &past(-2, -DAY), HOUR),
        Next::Scrub { until },
        "the window closes before the slice ends"
    );
    assert_eq!(next(&nights(), &past(HOUR, HOUR), 2 * HOUR), Next::Wait { until }, "its slice was cut by the window");
    assert_eq!(next(&nights(), &past(22 * HOUR, 22 * HOUR), 23 * HOUR), Next::Wait { until: at(28 * HOUR) });
}

#[test]
fn a_survey_is_due_each_day_unless_a_scrub_has_looked_at_every_file() {
    let always = Schedule { windows: Vec::new(), ..nights() };
    let until = at(3 * DAY);
    let no_aim = Schedule { aim_days: None, ..always.clone() };
    assert_eq!(next(&no_aim, &past(0, 0), DAY), Next::Survey { until });
    assert_eq!(next(&no_aim, &past(0, 0), DAY - 1), Next::Wait { until: at(DAY) });
    assert_eq!(next(&always, &past(0, 0), HOUR), Next::Wait { until: at(6 * HOUR) }, "the end of the slice");
    assert_eq!(next(&always, &past(0, 0), 6 * HOUR), Next::Scrub { until: at(12 * HOUR) });
}

#[test]
fn what_was_recorded_at_a_time_to_come_is_not_waited_for() {
    let always = Schedule { windows: Vec::new(), ..nights() };
    assert_eq!(next(&always, &past(400 * DAY, 400 * DAY), 0), Next::Scrub { until: at(6 * HOUR) });
}

#[test]
fn a_share_keeps_the_aim_and_the_rate_and_spreads_what_was_never_verified() {
    let always = Schedule { windows: Vec::new(), ..nights() };
    let share = |ages: &[(Option<i64>, u64)]| {
        let aged = |(day, bytes): &(Option<i64>, u64)| Aged {
            verified_at: day.map(|day| at(day * DAY)),
            files: 0,
            bytes: *bytes,
        };
        let ages: Vec<_> = ages.iter().map(aged).collect();
        always.share(&Windows::default(), &ages, (at(0), at(6 * HOUR)))
    };
    // 27 of 30 days are planned with: 108 slices.
    assert_eq!(share(&[(Some(0), 108 * MB)]), MB);
    assert_eq!(share(&[(None, 108 * MB)]), MB);
    assert_eq!(share(&[(Some(-26), 8 * MB), (Some(0), 100 * MB)]), 2 * MB, "one day is left for the older ones");
    assert_eq!(share(&[(Some(-40), 5 * MB), (Some(0), 1)]), 5 * MB, "overdue");
    assert_eq!(share(&[(Some(-40), u64::MAX)]), 6 * 3600 * 40 * MB, "never above the rate");
    assert_eq!(share(&[(Some(400), 108 * MB)]), MB, "a wrong clock has verified it");
    assert_eq!(share(&[]), 0);
}

#[test]
fn the_time_of_a_reading_is_told_at_the_rate_in_the_windows() {
    let by = |schedule: &Schedule, bytes| schedule.read_by(&Windows::new(&schedule.windows).unwrap(), bytes, at(0));
    let always = Schedule { windows: Vec::new(), ..nights() };
    // 12 TB at 40 MB a second are 300,000 seconds, three and a half days.
    assert_eq!(by(&always, 12_000_000 * MB), Some(at(300_000)));
    // Six hours of the first night, then eight a night.
    assert_eq!(by(&nights(), 40 * MB * (6 + 8 + 1) as u64 * 3600), Some(at(DAY + 23 * HOUR)));
    assert_eq!(by(&nights(), u64::MAX), None, "longer than ten years");
    assert_eq!(by(&Schedule { max_bytes_per_second: None, ..nights() }, 1), None, "no rate, no time");
}

/// A collection of files that are read in the clock of the test.
struct Simulation {
    schedule: Schedule,
    windows: Windows,
    past: Past,
    /// Those that were verified longest ago first: the true second, and the bytes.
    files: VecDeque<(i64, u64)>,
    /// By what the clock showed, in hours, as the store tells it.
    ages: BTreeMap<i64, Aged>,
    /// What each file was recorded with, in the order of `files`.
    recorded: VecDeque<i64>,
    /// How far the clock of the machine is ahead.
    clock_ahead: i64,
    now: i64,
    /// Bytes and the time that they took, of each run, with its true begin.
    runs: Vec<(i64, u64, i64)>,
    /// The greatest age of a file, by the day.
    oldest: Vec<i64>,
}

impl Simulation {
    /// A million files, verified evenly over the first days.
    fn new(schedule: Schedule) -> Self {
        let windows = Windows::new(&schedule.windows).unwrap();
        let mut one = Self {
            schedule,
            windows,
            past: past(0, 0),
            files: VecDeque::new(),
            ages: BTreeMap::new(),
            recorded: VecDeque::new(),
            clock_ahead: 0,
            now: 0,
            runs: Vec::new(),
            oldest: Vec::new(),
        };
        for number in 0..1_000_000 {
            // Of 10 TB in all: 1 KB to 20 MB.
            one.record(number / 100 - 10_000, 1000 + (number as u64 * 7919) % (20 * MB));
        }
        one
    }

    fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    fn record(&mut self, true_second: i64, bytes: u64) {
        let hour = (true_second + self.clock_ahead).div_euclid(HOUR);
        self.files.push_back((true_second, bytes));
        self.recorded.push_back(hour);
        let none = Aged { verified_at: Some(at(hour * HOUR)), files: 0, bytes: 0 };
        let aged = self.ages.entry(hour).or_insert(none);
        aged.files += 1;
        aged.bytes += bytes;
    }

    /// Reads one file and returns how many bytes it has. What was recorded latest by the clock is never the oldest.
    fn read_oldest(&mut self, second: i64) -> u64 {
        let ((_, bytes), hour) = self.files.pop_front().zip(self.recorded.pop_front()).unwrap();
        let aged = self.ages.get_mut(&hour).unwrap();
        aged.files -= 1;
        aged.bytes -= bytes;
        if aged.files == 0 {
            self.ages.remove(&hour);
        }
        self.record(second, bytes);
        bytes
    }

    /// Goes on until this day.
    fn until_day(&mut self, day: i64) {
        while self.now < day * DAY {
            let shown = at(self.now + self.clock_ahead);
            let next = self.schedule.next(&self.windows, &self.past, shown);
            let wake = |one: &Self, time: Timestamp| {
                (time.as_second() - at(0).as_second() - one.clock_ahead).max(one.now + 60)
            };
            // A scheduler looks at its clock at least once a minute; an hour is as good here.
            let no_later = self.now + HOUR;
            match next {
                Next::Closed { opens: Some(time) } | Next::Wait { until: time } => {
                    self.now = wake(self, time).min(no_later)
                }
                Next::Survey { .. } => {
                    self.past.last_survey = Some(shown);
                    self.now += 60;
                }
                Next::Scrub { until } => self.scrub(shown, until),
                Next::Off | Next::Paused | Next::Closed { opens: None } => panic!("{next:?}"),
            }
            while (self.oldest.len() as i64) < self.now / DAY {
                self.oldest.push(self.now - self.files.front().unwrap().0);
            }
        }
    }

    fn scrub(&mut self, shown: Timestamp, until: Timestamp) {
        let ages: Vec<_> = self.ages.values().copied().collect();
        let mut left = self.schedule.share(&self.windows, &ages, (shown, until));
        let rate = self.schedule.max_bytes_per_second.map_or(200 * MB, NonZeroU64::get);
        let (began, mut read) = (self.now, 0);
        while left > 0 && self.files[0].1 <= left.max(1) {
            let bytes = self.read_oldest(began + (read / rate) as i64);
            left = left.saturating_sub(bytes);
            read += bytes;
        }
        let took = read.div_ceil(rate) as i64;
        assert!(
            at(began + took + self.clock_ahead) <= until.checked_add(SignedDuration::from_secs(1)).unwrap(),
            "it reads in its slice"
        );
        self.runs.push((began, read, took));
        (self.past.last_survey, self.past.last_scrub) = (Some(shown), Some(shown));
        self.now += took.max(60);
    }

    /// The oldest file on each of these days.
    fn oldest_of(&self, days: std::ops::Range<usize>) -> i64 {
        self.oldest[days].iter().copied().max().unwrap() / DAY
    }
}

#[test]
fn over_a_year_of_a_million_files_the_aim_is_met_at_no_more_than_the_rate_whatever_happens() {
    let mut one = Simulation::new(nights());
    let total = one.bytes();
    assert!(total > 9_000_000 * MB, "{total}");
    one.until_day(100);
    assert!(one.oldest_of(0..100) <= 30, "{}", one.oldest_of(0..100));
    // In 27 days of 8 hours the total is read: more than half of that on each day, and not twice as much.
    for day in 40..99 {
        let of_day = one.runs.iter().filter(|(began, ..)| began / DAY == day).map(|(_, read, _)| read).sum::<u64>();
        assert!((total / 54..total / 13).contains(&of_day), "day {day}: {of_day} of {total}");
    }
    // Two weeks switched off: up to the rate it catches up.
    one.now = 114 * DAY;
    one.until_day(200);
    assert!(one.oldest_of(115..200) <= 44, "{}", one.oldest_of(115..200));
    let overdue_until = (115..200).find(|&day| one.oldest[day] <= 30 * DAY).unwrap();
    // Half of the total, 14 days of 27, is read in 4.4 nights at 40 MB a second.
    assert!(overdue_until <= 124, "day {overdue_until}");
    assert!(one.oldest_of(overdue_until..200) <= 30);
    // The clock jumps a day ahead, and later a day back.
    one.clock_ahead += DAY;
    one.until_day(250);
    one.clock_ahead -= DAY;
    one.until_day(365);
    assert!(one.oldest_of(200..365) <= 30, "{}", one.oldest_of(200..365));
    let rate = one.schedule.max_bytes_per_second.unwrap().get();
    let mut ended = 0;
    for &(began, read, took) in &one.runs {
        assert!(read <= rate * took.max(1) as u64 && began >= ended, "at {began}: {read} bytes in {took} s");
        let shown = began % DAY;
        assert!(read == 0 || !(6 * HOUR..22 * HOUR).contains(&shown), "at {began}: outside of the windows");
        ended = began + took;
    }
}

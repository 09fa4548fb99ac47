//! Windows: nights, weekends, changes of the clocks, rare days, and what is refused.

use super::*;

fn windows(all: &[(&str, &str)]) -> Result<Windows, (usize, WindowInvalid)> {
    let text = |(cron, zone): &(&str, &str)| WindowText { cron: (*cron).into(), time_zone: (*zone).into() };
    Windows::new(&all.iter().map(text).collect::<Vec<_>>())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn opening(from: &str, to: &str) -> Opening {
    Opening { from: at(from), to: at(to) }
}

/// How long windows are open between two times.
fn open_time(windows: &Windows, from: Timestamp, to: Timestamp) -> SignedDuration {
    windows.within(Opening { from, to }).iter().map(Opening::length).sum()
}

#[test]
fn nights_are_open_from_evening_to_morning_in_their_zone() {
    let nights = windows(&[("* 22-23,0-5 * * *", "Europe/Berlin")]).unwrap();
    let night = opening("2026-01-10T21:00:00Z", "2026-01-11T05:00:00Z");
    assert_eq!(nights.at_or_after(at("2026-01-10T12:00:00Z")), Some(night));
    assert_eq!(nights.at_or_after(at("2026-01-11T03:00:00Z")), Some(night), "it has begun before");
    assert_eq!(nights.at_or_after(night.to).unwrap().from, at("2026-01-11T21:00:00Z"), "its end is excluded");
    let week = open_time(&nights, at("2026-01-05T12:00:00Z"), at("2026-01-12T12:00:00Z"));
    assert_eq!(week, SignedDuration::from_hours(7 * 8));
}

#[test]
fn a_weekend_is_one_opening_and_windows_of_two_zones_are_open_together() {
    let weekend = windows(&[("* * * * sat,sun", "UTC"), ("* 20-23 * * fri", "UTC")]).unwrap();
    let open = opening("2026-01-09T20:00:00Z", "2026-01-11T20:00:00Z");
    assert_eq!(weekend.at_or_after(at("2026-01-07T00:00:00Z")), Some(open), "cut at two days");
    let both = windows(&[("* 1-2 * * *", "UTC"), ("* 3 * * *", "Europe/Berlin")]).unwrap();
    let day = opening("2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z");
    assert_eq!(both.within(day), [opening("2026-07-01T01:00:00Z", "2026-07-01T03:00:00Z")]);
}

#[test]
fn an_hour_that_the_clocks_skip_does_not_open_and_one_that_they_repeat_is_open_twice() {
    let two = windows(&[("* 2 * * *", "Europe/Berlin")]).unwrap();
    let day = |day: &str| open_time(&two, at(&format!("{day}T00:00:00Z")), at(&format!("{day}T12:00:00Z")));
    assert_eq!(day("2026-03-28"), SignedDuration::from_hours(1));
    assert_eq!(day("2026-03-29"), SignedDuration::ZERO);
    assert_eq!(day("2026-10-25"), SignedDuration::from_hours(2));
}

#[test]
fn without_windows_it_is_always_open() {
    let always = Windows::default();
    let now = at("2026-01-10T12:00:00Z");
    assert_eq!(always.at_or_after(now).unwrap().to, at("2026-01-12T12:00:00Z"), "cut at two days");
    assert_eq!(open_time(&always, now, later(now, 30)), SignedDuration::from_hours(30 * 24));
    assert_eq!(always.within(Opening { from: now, to: now }), []);
}

#[test]
fn a_rare_window_is_found_years_ahead() {
    let leap = windows(&[("* 3 29 2 *", "UTC")]).unwrap();
    assert_eq!(leap.at_or_after(at("2026-03-01T00:00:00Z")).unwrap().from, at("2028-02-29T03:00:00Z"));
}

#[test]
fn what_is_no_window_is_refused_in_words_with_its_index() {
    let utc = |cron| windows(&[("* 3 * * *", "UTC"), (cron, "UTC")]);
    for (cron, says) in [
        ("", "no cron pattern"),
        ("* 25 * * *", "no cron pattern"),
        ("* * * *", "no cron pattern"),
        ("* * * * * *", "no cron pattern"),
        ("* 3 31 2 *", "never opens"),
        ("0 3 * * *", "less than 15 minutes"),
        ("*/2 3 * * *", "less than 15 minutes"),
        ("0-5 0 * * *", "less than 15 minutes"),
    ] {
        let (index, why) = utc(cron).unwrap_err();
        assert!(index == 1 && why.to_string().contains(says), "{cron}: {why}");
    }
    let (index, why) = windows(&[("* 3 * * *", "Middle/Earth")]).unwrap_err();
    assert_eq!((index, why), (0, WindowInvalid::TimeZone("Middle/Earth".to_owned())));
    assert!(windows(&[("* 3 * * *", "UTC"); MAX_WINDOWS]).is_ok());
    assert_eq!(windows(&[("* 3 * * *", "UTC"); MAX_WINDOWS + 1]).unwrap_err().1, WindowInvalid::TooMany);
}

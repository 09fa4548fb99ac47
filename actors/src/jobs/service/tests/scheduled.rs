//! A run that the schedule starts and that fails: it is started again, after longer and longer waits, until one comes to
//! its end. The clock is turned by the test.

use std::num::NonZeroU16;
use std::time::Duration;

use hivesum_core::fixity::{CollectionKind, PassStopped, Schedule, WindowText};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::jobs::service::tests::*;
use crate::scrub::ScrubPhase;
use crate::store::collections::{CollectionSettings, Collections, RunEnd};

/// A collection of a directory beneath the root that is not there yet, which is to be surveyed each day. Its id.
fn make_collection(house: &House) -> String {
    let mut collections = Collections::open_locked(house.state.path()).unwrap();
    let schedule = Schedule { survey_every_hours: NonZeroU16::new(24), ..Schedule::default() };
    let settings =
        CollectionSettings { schedule, ..CollectionSettings::new(Algorithms::default(), CollectionKind::Fixed) };
    let directory = house.root.path().canonicalize().unwrap().join("photos");
    collections.insert(&directory, settings).unwrap().unwrap().id
}

/// The run after this one, once it has ended, and whether it has failed.
async fn ended_after(jobs: &Jobs, collection: &str, before: Option<Uuid>) -> (Uuid, bool) {
    loop {
        let latest = jobs.scrubs().latest_of(collection).map(|(key, _)| key).filter(|key| Some(*key) != before);
        let has_failed = |key| {
            let failed = |phase: &ScrubPhase| matches!(phase, ScrubPhase::Failed(_));
            jobs.scrubs().show(key, |told| told.has_ended().then(|| failed(&told.phase))).flatten()
        };
        if let Some((key, has_failed)) = latest.and_then(|key| Some((key, has_failed(key)?))) {
            return (key, has_failed);
        }
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn a_scheduled_run_that_failed_is_started_again_after_longer_and_longer_waits_until_one_ends() {
    let house = House::new();
    let id = make_collection(&house);
    // As long as a task blocks, a paused clock does not go on by itself.
    let (_blocks, until_dropped) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || until_dropped.recv());
    tokio::time::pause();
    let jobs = house.open().await;
    let (mut last, mut has_failed) = ended_after(&jobs, &id, None).await;
    for minutes in [1, 2, 4] {
        assert!(has_failed, "there is no directory");
        if minutes == 4 {
            house.write("photos/a", "abc");
        }
        let failed_at = Instant::now();
        while jobs.scrubs().latest_of(&id).is_some_and(|(key, _)| key == last) {
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(failed_at.elapsed() >= Duration::from_secs(60 * minutes), "{:?}", failed_at.elapsed());
        (last, has_failed) = ended_after(&jobs, &id, Some(last)).await;
    }
    assert!(!has_failed, "the directory is there");
    let collection = jobs.collections().by_id(id).await.unwrap().unwrap();
    assert_eq!((collection.passes, collection.stopped), (1, None));
}

#[actix::test]
async fn a_window_that_stands_still_is_told_like_an_alert_and_the_schedules_are_looked_at_each_minute() {
    let house = House::new();
    house.write("photos/a", "abc");
    let id = make_collection(&house);
    let (now, mut collections) = (Timestamp::now(), Collections::open_locked(house.state.path()).unwrap());
    let one = collections.list().unwrap().remove(0);
    let long_ago = now.checked_sub(SignedDuration::from_hours(8 * 24)).unwrap();
    collections.end(&one, long_ago, RunEnd::Complete.into()).unwrap();
    drop(collections);
    let (_blocks, until_dropped) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || until_dropped.recv());
    tokio::time::pause();
    let jobs = house.open().await;
    let known = async || jobs.collections().by_id(id.clone()).await.unwrap().unwrap();
    // The window opens in the hour that is twelve hours away.
    let hour = (now.to_string()[11..13].parse::<u8>().unwrap() + 12) % 24;
    let windows = vec![WindowText { cron: format!("* {hour} * * *"), time_zone: "UTC".to_owned() }];
    let settings = known().await.settings;
    let closed = CollectionSettings { schedule: Schedule { windows, ..settings.schedule.clone() }, ..settings.clone() };
    jobs.collections().update(id.clone(), settings.tag(), closed).await.unwrap();
    jobs.reschedule();
    while !known().await.is_late {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let events = jobs.collections().events(id.clone(), None, (0, 10)).await.unwrap().unwrap();
    assert!(events.iter().any(|stored| stored.event.cause.stopped == Some(PassStopped::Late)), "{events:?}");
    tokio::time::advance(Duration::from_secs(61)).await;
    while jobs.schedules_looked_at() > Duration::from_secs(60) {
        tokio::task::yield_now().await;
    }
}

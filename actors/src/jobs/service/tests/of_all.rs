//! The events of all jobs: each error and each end once, in order, for whoever comes and goes.

use std::collections::BTreeMap;

use super::super::super::events::{JobEventKind, SubscribeError};
use super::super::super::events_of_all::{EventCursor, EventCursorInvalid};
use crate::jobs::service::tests::*;

/// What a reader was told, over all its visits.
#[derive(Default)]
struct Diary {
    standing: Option<EventCursor>,
    errors: BTreeMap<(JobId, Vec<u8>), usize>,
    ended: Vec<JobId>,
}

impl Diary {
    /// Reads so many events and leaves.
    async fn visit(&mut self, jobs: &Jobs, events: usize) {
        // As a client has it: through its text.
        let from = self.standing.as_ref().map(|standing| standing.to_string().parse().unwrap());
        let mut stream = jobs.subscribe_to_all(None, from).await.unwrap();
        for _ in 0..events {
            let event = stream.next().await.unwrap();
            self.standing = Some(event.standing);
            match event.kind {
                JobEventKind::ItemError(item) => *self.errors.entry((event.job, item.path)).or_default() += 1,
                JobEventKind::End(job) => self.ended.push(job.id),
                JobEventKind::Progress(_) | JobEventKind::State(_) | JobEventKind::Snapshot(_) => {}
            }
        }
    }
}

#[actix::test]
async fn a_reader_that_comes_and_goes_is_told_of_each_error_and_each_end_once_also_over_a_restart() {
    let house = House::new();
    for number in 0..40 {
        house.write(&format!("{number:02}"), if number % 4 == 0 { "too long" } else { "" });
    }
    let jobs = house.open_with(4, |_| ()).await;
    let mut diary = Diary { standing: Some(EventCursor::default()), ..Diary::default() };
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(submit(&jobs, "").await);
    }
    for events in 1..8 {
        diary.visit(&jobs, events).await;
    }
    jobs.drain().await;
    drop(jobs);
    let jobs = house.open_with(4, |_| ()).await;
    ids.push(submit(&jobs, "").await);
    while diary.ended.len() < ids.len() {
        diary.visit(&jobs, 3).await;
    }
    assert_eq!(diary.errors.len(), 10 * ids.len());
    assert!(diary.errors.values().all(|&times| times == 1), "{:?}", diary.errors);
    let mut ended = diary.ended.clone();
    ended.sort();
    assert_eq!(ended, ids);
}

#[actix::test]
async fn the_stream_ends_with_the_service_and_gives_its_seat_back() {
    let house = House::new();
    house.write_endless("endless");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| config.max_streams = 1).await;
    submit(&jobs, "").await;
    let stream = jobs.subscribe_to_all(None, None).await.unwrap();
    assert!(matches!(jobs.subscribe_to_all(None, None).await, Err(SubscribeError::TooMany)));
    drop(stream);
    let mut stream = jobs.subscribe_to_all(None, None).await.unwrap();
    jobs.drain().await;
    while let Some(event) = stream.next().await {
        assert!(!matches!(event.kind, JobEventKind::End(_)), "the job goes on at the next start");
    }
}

#[test]
fn a_standing_comes_back_from_its_text_and_names_a_bounded_number_of_jobs() {
    let ids: Vec<JobId> = (0..100).map(|_| Uuid::now_v7()).collect();
    let text = |ids: &[JobId]| ids.iter().fold("7".to_owned(), |text, id| format!("{text},{id}:3"));
    let standing: EventCursor = text(&ids[..64]).parse().unwrap();
    assert_eq!(standing.to_string(), text(&ids[..64]));
    assert_eq!(text(&ids[..65]).parse::<EventCursor>(), Err(EventCursorInvalid));
    let mut more = standing;
    more.note(ids[99], 5);
    assert_eq!(more.to_string(), text(&ids[..64]));
}

//! Messages are queued with their events, wait, are repeated and given up, and nothing of them is lost or without a bound.

use hivesum_core::fixity::PassKind;

use super::super::tests::{content, second, step};
use super::super::{MAX_ROWS, events, files, passes, rows};
use super::*;
use crate::store::collections::messages::{AfterFailure, Message, SendFailure, SinkPace};
use crate::store::collections::stored::{CollectionSettings, Step};
use crate::store::testing::Bench;

const HOUR: i64 = 3600;

/// A collection of these files that tells a mail sink and a webhook.
fn watched(bench: &mut Bench, files: usize) -> StoredCollection {
    let (algorithms, kind) = (hivesum_core::digest::Algorithms::default(), hivesum_core::fixity::CollectionKind::Fixed);
    let notify = vec!["hook".to_owned(), "mail".to_owned()];
    let settings = CollectionSettings { notify, ..CollectionSettings::new(algorithms, kind) };
    let directory = std::path::Path::new("/photos");
    let collection = rows::insert(&mut bench.connection, directory, &settings, second(0)).unwrap().unwrap();
    let steps: Vec<_> =
        (0..files).map(|n| step(None, &format!("{n:05}"), content(1, 1), (PassKind::Baseline, 0))).collect();
    assert!(files::record(&mut bench.connection, collection.number, &steps).unwrap().is_empty());
    collection
}

/// These files are found with another content.
fn damaged(bench: &mut Bench, of: &StoredCollection, files: std::ops::Range<usize>, digest: u8) {
    let known = files::page(&bench.connection, of.number, None, MAX_ROWS).unwrap();
    let one = |state| step(Some(state), std::str::from_utf8(&state.path).unwrap(), content(digest, 2), at(5));
    let steps: Vec<Step> = known[files].iter().map(one).collect();
    assert!(files::record(&mut bench.connection, of.number, &steps).unwrap().is_empty());
}

const fn at(second: i64) -> (PassKind, i64) {
    (PassKind::Comparison, second)
}

fn hook(bench: &mut Bench, now: Timestamp) -> Option<Message> {
    claim(&mut bench.connection, ("hook", SinkPace::AtOnce), now).unwrap()
}

fn mail(bench: &mut Bench, now: Timestamp) -> Option<Message> {
    claim(&mut bench.connection, ("mail", SinkPace::Digests), now).unwrap()
}

fn refused() -> SendFailure {
    SendFailure { is_gone: false, retry_after: None, error: "status 500".to_owned() }
}

fn fail(bench: &mut Bench, id: &str, failure: &SendFailure, now: Timestamp) -> AfterFailure {
    failed(&mut bench.connection, id, failure, now).unwrap().unwrap()
}

/// So long after now, in the microseconds that are stored.
fn later(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(Timestamp::now().as_microsecond() + seconds * 1_000_000).unwrap()
}

fn paths(message: &Message) -> Vec<String> {
    message.listed.iter().map(|one| String::from_utf8(one.event.path.clone()).unwrap()).collect()
}

fn count(bench: &Bench, table: &str) -> i64 {
    bench.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn an_alert_is_queued_once_for_each_sink_and_a_baseline_and_a_restored_file_are_not() {
    let mut bench = Bench::new();
    let of = watched(&mut bench, 3);
    assert_eq!(count(&bench, "outbox"), 0, "a baseline tells nothing");
    damaged(&mut bench, &of, 1..2, 2);
    damaged(&mut bench, &of, 1..2, 1);
    assert_eq!(count(&bench, "outbox"), 2);
    let message = hook(&mut bench, later(0)).unwrap();
    assert_eq!((message.alerts, message.files, message.range, paths(&message)), (1, 3, (1, 1), vec!["00001".into()]));
    assert_eq!((hook(&mut bench, later(0)).unwrap(), message.attempts), (message.clone(), 0), "as after a kill");
    delivered(&mut bench.connection, &message.id, later(1)).unwrap();
    delivered(&mut bench.connection, &message.id, later(1)).unwrap();
    assert_eq!((hook(&mut bench, later(HOUR)), count(&bench, "outbox")), (None, 1), "the mail waits");
    assert_eq!(mail(&mut bench, later(0)).unwrap().alerts, 1);
}

#[test]
fn alerts_that_come_while_a_message_is_sent_join_the_next_one_however_many_they_are() {
    let mut bench = Bench::new();
    let of = watched(&mut bench, 9);
    damaged(&mut bench, &of, 0..1, 2);
    let first = hook(&mut bench, later(0)).unwrap();
    for n in 1..9 {
        damaged(&mut bench, &of, n..n + 1, 2);
    }
    assert_eq!(count(&bench, "outbox"), 3, "two for one sink, and one for the other");
    assert_eq!(hook(&mut bench, later(0)).unwrap(), first, "what was claimed does not change");
    delivered(&mut bench.connection, &first.id, later(0)).unwrap();
    let second = hook(&mut bench, later(0)).unwrap();
    assert_eq!((second.alerts, second.range, second.listed.len()), (8, (2, 9), 8));
    assert_ne!(first.id, second.id);
}

#[test]
fn a_mass_change_is_one_message_at_the_end_of_the_run_and_names_the_first_files() {
    let mut bench = Bench::new();
    let of = watched(&mut bench, 300);
    for chunk in 0..3 {
        damaged(&mut bench, &of, chunk * 100..(chunk + 1) * 100, 2);
        assert_eq!(hook(&mut bench, later(0)), None, "more may come");
    }
    passes::end(&mut bench.connection, of.number, second(9), super::super::RunEnd::Complete.into()).unwrap();
    let message = hook(&mut bench, later(0)).unwrap();
    assert_eq!((message.alerts, message.listed.len(), message.is_mass_change()), (300, LISTED_ALERTS, true));
    assert_eq!(paths(&message)[99], "00099");
    delivered(&mut bench.connection, &message.id, later(1)).unwrap();
    assert_eq!(hook(&mut bench, later(HOUR)), None);
}

#[test]
fn a_message_of_a_run_that_does_not_end_is_held_for_an_hour_at_most() {
    let mut bench = Bench::new();
    let of = watched(&mut bench, 300);
    damaged(&mut bench, &of, 0..11, 2);
    assert_eq!(hook(&mut bench, later(HOUR - 60)), None);
    let message = hook(&mut bench, later(HOUR + 60)).unwrap();
    assert_eq!((message.alerts, message.is_mass_change()), (11, false), "not a tenth of the files");
}

#[test]
fn waits_grow_and_obey_the_receiver_up_to_a_bound_and_after_a_day_the_sink_is_failing() {
    let mut bench = Bench::new();
    let of = watched(&mut bench, 3);
    damaged(&mut bench, &of, 0..1, 2);
    let began = later(0);
    let first = hook(&mut bench, began).unwrap();
    let (mut now, mut waits, mut last) = (began, Vec::new(), None);
    while last.is_none() {
        let again = hook(&mut bench, now).unwrap();
        assert_eq!((&again.id, again.attempts as usize), (&first.id, waits.len()), "a repeat has the same id");
        let after = fail(&mut bench, &first.id, &refused(), now);
        if after.is_failing {
            last = Some(after);
        } else {
            waits.push(after.next_at.duration_since(now).as_secs());
            assert_eq!(hook(&mut bench, after.next_at - SignedDuration::from_millis(1)), None);
            now = after.next_at;
        }
    }
    assert_eq!(waits[..7], [5, 20, 80, 320, 1280, 5120, 7200]);
    assert!(now.duration_since(began) >= SignedDuration::from_hours(24) && waits.len() < 20);
    let how = deliveries(&bench.connection).unwrap().remove(0).1;
    assert_eq!(
        (how.failures, how.failing_since, how.error.as_deref()),
        (waits.len() as u64 + 1, Some(now), Some("status 500"))
    );
    assert_eq!(hook(&mut bench, now + SignedDuration::from_hours(23)), None, "once a day");
    let again = hook(&mut bench, now + SignedDuration::from_hours(24)).unwrap();
    assert_eq!((again.alerts, again.id == first.id), (1, false), "nothing is lost");
    delivered(&mut bench.connection, &again.id, now).unwrap();
    let how = deliveries(&bench.connection).unwrap().remove(0).1;
    assert_eq!((how.failing_since, how.error, how.sent_at), (None, None, Some(now)));
}

#[test]
fn what_a_failing_sink_did_not_take_is_told_with_the_next_alert() {
    let mut bench = Bench::new();
    let of = watched(&mut bench, 3);
    damaged(&mut bench, &of, 0..1, 2);
    let gone = SendFailure { is_gone: true, ..refused() };
    let first = hook(&mut bench, later(0)).unwrap();
    assert!(fail(&mut bench, &first.id, &gone, later(0)).is_failing, "410 is said once");
    damaged(&mut bench, &of, 1..2, 2);
    let both = hook(&mut bench, later(0)).unwrap();
    assert_eq!((both.alerts, paths(&both)), (2, vec!["00000".to_owned(), "00001".to_owned()]));
    damaged(&mut bench, &of, 2..3, 2);
    assert!(fail(&mut bench, &both.id, &gone, later(0)).is_failing);
    assert_eq!(hook(&mut bench, later(1)).unwrap().alerts, 3, "it joins the one that was being filled");
    let long = SendFailure { error: "ä".repeat(200), retry_after: Some(SignedDuration::from_hours(9)), ..refused() };
    let third = hook(&mut bench, later(1)).unwrap();
    let now = later(1);
    let after = fail(&mut bench, &third.id, &long, now);
    assert_eq!(after.next_at.duration_since(now), SignedDuration::from_hours(2), "no receiver makes it wait longer");
    assert_eq!(deliveries(&bench.connection).unwrap()[0].1.error.as_ref().unwrap().len(), 200);
}

#[test]
fn mails_are_digests_and_a_clock_that_was_ahead_holds_nothing_up() {
    let mut bench = Bench::new();
    let of = watched(&mut bench, 3);
    damaged(&mut bench, &of, 0..1, 2);
    let (first, sent) = (mail(&mut bench, later(0)).unwrap(), later(0));
    delivered(&mut bench.connection, &first.id, sent).unwrap();
    damaged(&mut bench, &of, 1..2, 2);
    damaged(&mut bench, &of, 2..3, 2);
    let hour = SignedDuration::from_hours(1);
    assert_eq!(mail(&mut bench, sent + hour - SignedDuration::from_secs(1)), None);
    assert_eq!(next_due(&bench.connection, ("mail", SinkPace::Digests), sent).unwrap(), Some(sent + hour));
    assert!(mail(&mut bench, sent - SignedDuration::from_hours(48)).is_some(), "the last one is in the future");
    let message = mail(&mut bench, sent + hour).unwrap();
    assert_eq!(message.alerts, 2);
    let after = fail(&mut bench, &message.id, &refused(), sent + SignedDuration::from_hours(99));
    assert!(after.is_failing, "a day has passed for all that is known");
    assert!(mail(&mut bench, sent + hour).is_some(), "the next attempt would be days away");
}

#[test]
fn messages_go_with_their_collection_and_with_the_name_of_their_sink() {
    let mut bench = Bench::new();
    let of = watched(&mut bench, 3);
    damaged(&mut bench, &of, 0..1, 2);
    let place = hivesum_core::file::RootIdentity { device: 1, inode: 2, filesystem_id: 3 };
    let (kind, notify) = (of.settings.kind, Some(vec!["mail".to_owned()]));
    let run = super::super::RunBegin { place, kind, notify, is_of_pass: true };
    passes::begin(&mut bench.connection, of.number, run, second(1)).unwrap();
    assert_eq!((hook(&mut bench, later(0)), count(&bench, "outbox")), (None, 1), "nobody names the sink any more");
    let message = mail(&mut bench, later(0)).unwrap();
    fail(&mut bench, &message.id, &refused(), later(0));
    assert!(rows::delete(&mut bench.connection, &of.id).unwrap());
    assert_eq!((count(&bench, "outbox"), count(&bench, "deliveries")), (0, 0));
    assert_eq!(failed(&mut bench.connection, &message.id, &refused(), later(0)).unwrap(), None);
    delivered(&mut bench.connection, &message.id, later(0)).unwrap();
    assert_eq!(count(&bench, "deliveries"), 0);
}

#[test]
fn a_pass_that_cannot_begin_is_told_once_for_each_reason_until_one_has_ended() {
    use hivesum_core::fixity::PassStopped::{Empty, Unreachable};
    let mut bench = Bench::new();
    let of = watched(&mut bench, 3);
    for (stopped, at) in [(Empty, 1), (Empty, 2), (Unreachable, 3), (Unreachable, 4)] {
        passes::stop(&mut bench.connection, of.number, stopped, second(at)).unwrap();
    }
    let message = hook(&mut bench, later(0)).unwrap();
    let told: Vec<_> = message.listed.iter().map(|stored| (stored.n, stored.event.cause.stopped)).collect();
    assert_eq!((told, message.alerts), (vec![(1, Some(Empty)), (2, Some(Unreachable))], 2));
    delivered(&mut bench.connection, &message.id, later(0)).unwrap();
    assert_eq!(rows::get(&bench.connection, of.number).unwrap().unwrap().stopped, Some(Unreachable));
    for at in [9, 10] {
        passes::end(&mut bench.connection, of.number, second(at), super::super::RunEnd::Surveyed.into()).unwrap();
    }
    assert_eq!(rows::get(&bench.connection, of.number).unwrap().unwrap().stopped, None);
    let kinds: Vec<_> = events::page(&bench.connection, of.number, 0, 10).unwrap();
    let kinds: Vec<_> = kinds.iter().map(|stored| stored.event.kind.name()).collect();
    assert_eq!(kinds, ["stopped", "stopped", "resumed"]);
    assert_eq!(hook(&mut bench, later(1)), None, "that it goes on is no alert");
    assert_eq!(files::page(&bench.connection, of.number, None, 10).unwrap().len(), 3, "no file has changed");
}

#[test]
fn that_files_are_not_looked_at_in_time_is_told_once_whatever_runs_end_until_they_are() {
    use hivesum_core::fixity::PassStopped::Late;
    let mut bench = Bench::new();
    let of = watched(&mut bench, 3);
    let late =
        |bench: &mut Bench, is_late, at| passes::late(&mut bench.connection, &of.id, is_late, second(at)).unwrap();
    assert!(!late(&mut bench, false, 1), "it is not late");
    assert!(late(&mut bench, true, 2) && !late(&mut bench, true, 3), "it is said once");
    let message = hook(&mut bench, later(0)).unwrap();
    let told: Vec<_> = message.listed.iter().map(|stored| stored.event.cause.stopped).collect();
    assert_eq!((told, message.alerts), (vec![Some(Late)], 1));
    delivered(&mut bench.connection, &message.id, later(0)).unwrap();
    passes::end(&mut bench.connection, of.number, second(4), super::super::RunEnd::Limited.into()).unwrap();
    let known = rows::get(&bench.connection, of.number).unwrap().unwrap();
    assert_eq!((known.is_late, known.stopped), (true, None), "a run that has ended may have been too short");
    assert!(late(&mut bench, false, 5));
    let kinds: Vec<_> = events::page(&bench.connection, of.number, 0, 10).unwrap();
    let kinds: Vec<_> = kinds.iter().map(|stored| stored.event.kind.name()).collect();
    assert_eq!(kinds, ["stopped", "resumed"]);
    assert_eq!(hook(&mut bench, later(1)), None, "that it goes on is no alert");
    assert!(!passes::late(&mut bench.connection, "unknown", true, second(6)).unwrap());
}

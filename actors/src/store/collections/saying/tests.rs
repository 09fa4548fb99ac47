//! What people say and what a scrub finds, one after the other.

use hivesum_core::fixity::{AcceptRefused, Condition, EventKind, FileState, PassKind};

use super::super::file_pages::{self, FileQuery};
use super::super::tests::{baseline, content, made, second, states, step};
use super::super::{conditions, files};
use super::*;
use crate::store::testing::Bench;

fn say_in(bench: &mut Bench, number: i64, said: (&[(Vec<u8>, Seen)], &Said)) -> Vec<Accepted> {
    let of = rows::get(&bench.connection, number).unwrap().unwrap();
    say(&mut bench.connection, &of, said).unwrap()
}

#[test]
fn a_person_who_accepts_and_a_scrub_do_not_undo_each_other() {
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    files::record(&mut bench.connection, number, &baseline(&["a"])).unwrap();
    let ok = states(&bench.connection, number).remove(0);
    let modified = step(Some(&ok), "a", content(2, 9), (PassKind::Comparison, 1));
    files::record(&mut bench.connection, number, std::slice::from_ref(&modified)).unwrap();
    let shown = states(&bench.connection, number).remove(0);
    // The scrub decides from what it has read, and meanwhile the file is accepted.
    let late = step(Some(&shown), "a", content(3, 20), (PassKind::Comparison, 2));
    let seen = Seen::of(&shown);
    let accept = |bench: &mut Bench, path: &[u8]| {
        let shown = [(path.to_vec(), seen.clone())];
        say_in(bench, number, (&shown, &Said::Right { at: second(3) })).remove(0)
    };
    assert_eq!(accept(&mut bench, b"a"), Accepted::Done);
    assert_eq!(files::record(&mut bench.connection, number, &[late]).unwrap(), [b"a".to_vec()]);
    let accepted = states(&bench.connection, number).remove(0);
    assert_eq!((accepted.condition, &accepted.expected), (Condition::Ok, &Some(content(2, 9))));
    assert_eq!(accept(&mut bench, b"a"), Accepted::Done, "a command that was not answered asks again");
    // The other way round: something else is found before the person accepts.
    let found = step(Some(&accepted), "a", content(4, 30), (PassKind::Comparison, 4));
    assert!(files::record(&mut bench.connection, number, &[found]).unwrap().is_empty());
    assert_eq!(accept(&mut bench, b"a"), Accepted::Refused(AcceptRefused::Changed));
    assert_eq!(accept(&mut bench, b"none"), Accepted::Unknown);
    let kinds: Vec<_> =
        events::page(&bench.connection, number, 0, 10).unwrap().iter().map(|stored| stored.event.kind).collect();
    let once = [EventKind::Modified, EventKind::Accepted, EventKind::Modified];
    assert_eq!(kinds, once, "nothing was recorded twice");
}

/// A collection of three files; the first was written to, and the second is rotten.
fn with_two_alerts(bench: &mut Bench) -> (i64, Vec<FileState>) {
    let number = made(&mut bench.connection);
    files::record(&mut bench.connection, number, &baseline(&["a", "b", "c"])).unwrap();
    let ok = states(&bench.connection, number);
    let steps = [
        step(Some(&ok[0]), "a", content(2, 9), (PassKind::Comparison, 1)),
        step(Some(&ok[1]), "b", content(2, 1), (PassKind::Comparison, 1)),
    ];
    assert!(files::record(&mut bench.connection, number, &steps).unwrap().is_empty());
    let shown = states(&bench.connection, number);
    assert_eq!([0, 1].map(|file| shown[file].condition), [Condition::Modified, Condition::SuspectedRot]);
    (number, shown)
}

fn acknowledge(bench: &mut Bench, number: i64, (state, note): (&FileState, Option<&str>)) -> Accepted {
    let said = Acknowledgement::new(second(5), "somebody", note.map(str::to_owned)).unwrap();
    let shown = [(state.path.clone(), Seen::of(state))];
    say_in(bench, number, (&shown, &Said::Known(said))).remove(0)
}

/// How many alerts are open, and how many somebody knows of.
fn alerts(bench: &Bench, number: i64) -> (u64, u64) {
    let of = rows::get(&bench.connection, number).unwrap().unwrap();
    let counts = conditions::counts(&bench.connection, number).unwrap();
    let counted = super::super::counted::count(&bench.connection, &of.id, second(9)).unwrap().unwrap();
    let told = (of.alerts(&counts), of.acknowledged(&counts));
    assert_eq!((counted.alerts(), counted.acknowledged()), told, "a count is the same however it is made");
    told
}

#[test]
fn what_somebody_acknowledges_is_no_open_alert_until_something_else_happens_to_it() {
    let mut bench = Bench::new();
    let (number, shown) = with_two_alerts(&mut bench);
    assert_eq!(alerts(&bench, number), (2, 0));
    for _ in 0..2 {
        // A command that was not answered asks again.
        assert_eq!(acknowledge(&mut bench, number, (&shown[1], Some("a new disk is ordered"))), Accepted::Done);
    }
    assert_eq!((alerts(&bench, number), events::last(&bench.connection, number).unwrap()), ((1, 1), 3));
    let known = states(&bench.connection, number).remove(1);
    assert_eq!(known.acknowledged.as_ref().and_then(|said| said.note.as_deref()), Some("a new disk is ordered"));
    assert_eq!(FileState { acknowledged: None, ..known.clone() }, shown[1], "the file is what it was");
    // The same damage again is no news, and another one is.
    let seen_again = step(Some(&known), "b", content(2, 1), (PassKind::Comparison, 6));
    assert!(seen_again.event.is_none());
    files::record(&mut bench.connection, number, &[seen_again]).unwrap();
    assert_eq!(alerts(&bench, number), (1, 1));
    let known = states(&bench.connection, number).remove(1);
    let worse = step(Some(&known), "b", content(3, 1), (PassKind::Comparison, 7));
    assert_eq!(worse.event.as_ref().map(|event| event.kind), Some(EventKind::SuspectedRot));
    files::record(&mut bench.connection, number, &[worse]).unwrap();
    assert_eq!(alerts(&bench, number), (2, 0));
}

#[test]
fn a_note_may_be_changed_and_events_keep_the_former_one() {
    let mut bench = Bench::new();
    let (number, shown) = with_two_alerts(&mut bench);
    for note in [None, Some("restored tomorrow"), None] {
        assert_eq!(acknowledge(&mut bench, number, (&shown[0], note)), Accepted::Done);
    }
    let events = events::page(&bench.connection, number, 2, 10).unwrap();
    let notes: Vec<_> = events.iter().map(|stored| stored.event.after.as_ref().unwrap().acknowledged.clone()).collect();
    let notes: Vec<_> = notes.into_iter().map(|said| said.unwrap().note).collect();
    assert_eq!(notes, [None, Some("restored tomorrow".to_owned()), None]);
    let states = states(&bench.connection, number);
    let before: Vec<_> = events.iter().rev().map(|stored| stored.event.before.clone().unwrap()).collect();
    assert_eq!((before[2].clone(), states[0].acknowledged.is_some()), (shown[0].clone(), true));
}

#[test]
fn what_is_no_alert_or_was_not_shown_is_not_acknowledged() {
    let mut bench = Bench::new();
    let (number, shown) = with_two_alerts(&mut bench);
    let refused = |refused| Accepted::Refused(refused);
    let nothing = refused(AcceptRefused::NothingToAcknowledge);
    assert_eq!(acknowledge(&mut bench, number, (&shown[2], None)), nothing);
    let other = FileState { condition: Condition::Unreadable, ..shown[0].clone() };
    assert_eq!(acknowledge(&mut bench, number, (&other, None)), refused(AcceptRefused::Changed));
    let unknown = FileState { path: b"none".to_vec(), ..shown[0].clone() };
    assert_eq!(acknowledge(&mut bench, number, (&unknown, None)), Accepted::Unknown);
    assert_eq!((alerts(&bench, number), events::last(&bench.connection, number).unwrap()), ((2, 0), 2));
    // What is accepted is right, so nobody needs to know of it.
    assert_eq!(acknowledge(&mut bench, number, (&shown[0], None)), Accepted::Done);
    let seen = [(shown[0].path.clone(), Seen::of(&shown[0]))];
    assert_eq!(say_in(&mut bench, number, (&seen, &Said::Right { at: second(6) })), [Accepted::Done]);
    let accepted = states(&bench.connection, number).remove(0);
    assert_eq!((accepted.condition, accepted.acknowledged), (Condition::Ok, None));
}

#[test]
fn files_are_listed_by_whether_somebody_knows_of_them_with_what_has_made_them_so() {
    let mut bench = Bench::new();
    let (number, shown) = with_two_alerts(&mut bench);
    acknowledge(&mut bench, number, (&shown[1], None));
    let page = |is_acknowledged| {
        let query = FileQuery { is_acknowledged, limit: 10, ..FileQuery::default() };
        let page = file_pages::page(&bench.connection, number, &query).unwrap();
        page.files.into_iter().map(|state| String::from_utf8(state.path).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(
        (page(None), page(Some(true)), page(Some(false))),
        (vec!["a".into(), "b".into(), "c".into()], vec!["b".into()], vec!["a".into(), "c".into()])
    );
    let files = states(&bench.connection, number);
    let last = file_pages::last_events(&bench.connection, number, &files).unwrap();
    let kinds: Vec<_> = last.into_iter().map(|stored| stored.map(|stored| stored.event.kind)).collect();
    assert_eq!(kinds, [Some(EventKind::Modified), Some(EventKind::SuspectedRot), None]);
}

//! Settings of collections: kept beside what came later, changed from what was seen, made once for each request.

use std::num::NonZeroU16;

use hivesum_core::fixity::Schedule;

use super::*;

fn new(directory: &str, key: Option<(&str, &str)>) -> NewCollection {
    let request = key.map(|(key, fingerprint)| {
        let [owner, key, fingerprint] = ["me", key, fingerprint].map(str::to_owned);
        NamedRequest { owner, key, fingerprint }
    });
    NewCollection { directory: directory.into(), settings: settings(CollectionKind::Fixed), request }
}

#[test]
fn a_directory_has_one_collection_and_a_repeated_request_makes_no_second_one_for_a_day() {
    let mut bench = Bench::new();
    let mut make = |directory, key, at| rows::make(&mut bench.connection, &new(directory, key), second(at)).unwrap();
    let Made::New(first) = make("/one", Some(("k", "f")), 0) else { panic!("it is new") };
    assert_eq!(make("/one", Some(("k", "f")), 5), Made::Before(first.clone()));
    assert_eq!(make("/two", Some(("k", "other")), 5), Made::KeyUsed);
    assert_eq!(make("/one", None, 5), Made::Exists(first));
    assert!(matches!(make("/two", Some(("k", "other")), 86_400), Made::New(_)), "a day later");
}

#[test]
fn settings_are_changed_from_what_was_seen_and_a_run_that_begins_changes_the_kind_alone() {
    let mut bench = Bench::new();
    let connection = &mut bench.connection;
    let before = insert(connection, "/one").unwrap();
    let aim_days = NonZeroU16::new(7);
    let changed = CollectionSettings {
        name: Some("Photos".to_owned()),
        schedule: Schedule { aim_days, ..Schedule::default() },
        ..before.settings.clone()
    };
    let update =
        |connection: &mut Connection, tag: &str| rows::update(connection, &before.id, (tag, &changed)).unwrap();
    let Updated::Done(after) = update(connection, &before.settings.tag()) else { panic!("nobody has changed it") };
    assert_eq!((&after.settings, after.name()), (&changed, &b"Photos"[..]));
    assert_eq!(update(connection, &before.settings.tag()), Updated::Changed);
    assert_eq!(rows::update(connection, "none", ("", &changed)).unwrap(), Updated::Unknown);
    let place = RootIdentity { device: 1, inode: 2, filesystem_id: 3 };
    let run = RunBegin { place, kind: CollectionKind::Living, notify: None, is_of_pass: false };
    let begun = passes::begin(connection, before.number, run, second(1)).unwrap().unwrap();
    assert_eq!(begun.settings, CollectionSettings { kind: CollectionKind::Living, ..changed });
    assert_eq!(begun.pass_began, None, "a survey is part of no pass");
}

#[test]
fn a_survey_that_has_ended_is_remembered_and_is_no_pass() {
    let mut bench = Bench::new();
    let connection = &mut bench.connection;
    let one = insert(connection, "/one").unwrap();
    let ends = |connection: &mut Connection, at, end: RunEnd| {
        passes::end(connection, one.number, second(at), end.into()).unwrap();
        let ended = rows::get(connection, one.number).unwrap().unwrap();
        (ended.passes, ended.last_run, ended.last_survey)
    };
    assert_eq!(ends(connection, 1, RunEnd::Limited), (0, Some(second(1)), None), "not every file was read");
    assert_eq!(ends(connection, 2, RunEnd::Complete), (1, Some(second(2)), Some(second(2))));
    assert_eq!(ends(connection, 3, RunEnd::Surveyed), (1, Some(second(2)), Some(second(3))));
}

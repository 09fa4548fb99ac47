//! Collections in a database: what is written is read, batches are whole, nobody's change is undone by another's.

mod repeated;
mod settings;
mod verified;

use hivesum_core::digest::Algorithms;
use hivesum_core::file::RootIdentity;
use hivesum_core::fixity::{
    CollectionKind, Content, EventKind, Lying, Observation, Occasion, Outcome, PassKind, Reading, apply, observe,
    revert,
};
use hivesum_core::result::{FileMeta, ReadFrom, Stability};
use rusqlite::Connection;

use super::*;
use crate::store::error::DbError;
use crate::store::sealed::COLLECTION_EVENTS;
use crate::store::testing::{Bench, connect_to_damage};

pub(super) fn settings(kind: CollectionKind) -> CollectionSettings {
    CollectionSettings { exclude: vec!["*.tmp".to_owned()], ..CollectionSettings::new(Algorithms::default(), kind) }
}

pub(super) fn insert(connection: &mut Connection, directory: &str) -> Option<StoredCollection> {
    rows::insert(connection, Path::new(directory), &settings(CollectionKind::Fixed), second(0)).unwrap()
}

pub(super) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub(super) fn content(digest: u8, ctime_ns: i128) -> Content {
    let mtime_ns = 1_790_000_000_123_456_789;
    let meta = FileMeta { size: 4_000_000, mtime_ns, ctime_ns, inode: u64::MAX - 5, device: 0 };
    Content { meta, stability: Stability::Stable, digests: vec![digest; 32] }
}

/// What a pass makes of a file that has this content.
pub(super) fn step(before: Option<&FileState>, path: &str, content: Content, pass: (PassKind, i64)) -> Step {
    let again = vec![content.digests.clone(); 2];
    let seen = Observation::Read(Reading { content, from: ReadFrom::Device, again });
    let path = path.as_bytes();
    let on =
        Occasion { path, collection: CollectionKind::Fixed, pass: pass.0, at: second(pass.1), lying: Lying::There };
    let Outcome::Known { after, event } = observe(before, &seen, &on) else { panic!("it was read") };
    let (after, event) = (after.map(|after| *after), event.map(|event| *event));
    Step { path: path.to_vec(), before: before.cloned(), after, event, pieces: None, seal: None }
}

pub(super) fn baseline(paths: &[&str]) -> Vec<Step> {
    paths.iter().map(|path| step(None, path, content(1, 1), (PassKind::Baseline, 0))).collect()
}

pub(super) fn made(connection: &mut Connection) -> i64 {
    insert(connection, "/photos").unwrap().number
}

/// A collection of these files, taken as they are.
pub(super) fn made_with(connection: &mut Connection, paths: &[&str]) -> StoredCollection {
    let collection = insert(connection, "/photos").unwrap();
    assert!(files::record(connection, collection.number, &baseline(paths)).unwrap().is_empty());
    collection
}

pub(super) fn states(connection: &Connection, number: i64) -> Vec<FileState> {
    files::page(connection, number, None, MAX_ROWS).unwrap()
}

#[test]
fn a_collection_remembers_its_runs_and_is_removed_with_all_rows_in_pieces() {
    let mut bench = Bench::new();
    let connection = &mut bench.connection;
    let first = insert(connection, "/one").unwrap();
    let other = insert(connection, "/two").unwrap();
    assert_eq!((&*first.directory, first.passes, first.place), (Path::new("/one"), 0, None));
    let earlier: CollectionSettings = serde_json::from_str(r#"{"algorithms":["blake3"],"kind":"fixed"}"#).unwrap();
    assert_eq!(
        (earlier.include, earlier.exclude),
        (Vec::new(), Vec::new()),
        "a collection without globs has all files"
    );
    let place = RootIdentity { device: u64::MAX, inode: 2, filesystem_id: 3 };
    let living = settings(CollectionKind::Living);
    let begin = |connection: &mut Connection, at| {
        let run = RunBegin { place, kind: CollectionKind::Living, notify: None, is_of_pass: true };
        passes::begin(connection, first.number, run, second(at)).unwrap().unwrap()
    };
    let begun = begin(connection, 5);
    assert_eq!((begun.place, &begun.settings, begun.pass_began), (Some(place), &living, Some(second(5))));
    assert_eq!(begin(connection, 6).pass_began, Some(second(5)), "an interrupted pass goes on");
    passes::end(connection, first.number, second(6), RunEnd::Limited.into()).unwrap();
    let limited = rows::get(connection, first.number).unwrap().unwrap();
    assert_eq!((limited.passes, limited.pass_began, limited.last_run), (0, Some(second(5)), Some(second(6))));
    passes::end(connection, first.number, second(7), RunEnd::Complete.into()).unwrap();
    let ended = rows::get(connection, first.number).unwrap().unwrap();
    assert_eq!((ended.passes, ended.pass_began, ended.last_run), (1, None, Some(second(7))));
    for number in [first.number, other.number] {
        assert!(files::record(connection, number, &baseline(&["a", "b", "c"])).unwrap().is_empty());
    }
    assert!(rows::delete(connection, &first.id).unwrap() && !rows::delete(connection, &first.id).unwrap());
    let run = RunBegin { place, kind: CollectionKind::Living, notify: None, is_of_pass: true };
    assert_eq!(passes::begin(connection, first.number, run, second(8)).unwrap(), None);
    assert_eq!(rows::list(connection).unwrap(), std::slice::from_ref(&other));
    let mut pieces = 0;
    while rows::sweep(connection, 2).unwrap() {
        pieces += 1;
    }
    assert_eq!(pieces, 2, "two files, then one with the collection");
    assert_eq!((states(connection, first.number).len(), states(connection, other.number).len()), (0, 3));
}

#[test]
fn there_is_a_bound_for_collections() {
    let mut bench = Bench::new();
    let many = format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {})
         INSERT INTO collections (number, id, directory, settings, created_at, passes, is_deleted)
         SELECT n, 'id ' || n, x'2f', '{{}}', '2026-01-01T00:00:00Z', 0, 0 FROM n",
        MAX_COLLECTIONS - 1
    );
    bench.connection.execute(&many, []).unwrap();
    assert!(insert(&mut bench.connection, "/last").is_some());
    assert!(insert(&mut bench.connection, "/more").is_none());
}

#[test]
fn files_come_in_walk_order_page_by_page_and_as_they_were_written() {
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    let mut steps = baseline(&["a b/1", "a/x", "a.c", "b", "a/y/1"]);
    // Times that a column does not hold, and a deviation.
    let far = Content { stability: Stability::Unverified, ..content(1, i128::from(i64::MAX) * 7) };
    steps.push(step(None, "far", far, (PassKind::Baseline, 0)));
    files::record(&mut bench.connection, number, &steps).unwrap();
    let all = states(&bench.connection, number);
    let paths: Vec<_> = all.iter().map(|state| String::from_utf8_lossy(&state.path)).collect();
    assert_eq!(paths, ["a/x", "a/y/1", "a b/1", "a.c", "b", "far"]);
    let rotten = step(Some(&all[4]), "b", content(2, 1), (PassKind::Comparison, 5));
    files::record(&mut bench.connection, number, std::slice::from_ref(&rotten)).unwrap();
    let written: Vec<_> = [steps[1].after.clone(), steps[4].after.clone(), rotten.after, steps[5].after.clone()].into();
    let stored = states(&bench.connection, number);
    assert_eq!([0, 1, 4, 5].map(|index| Some(stored[index].clone())).to_vec(), written);
    let page = files::page(&bench.connection, number, Some(b"a/y/1"), 2).unwrap();
    assert_eq!(page, stored[2..4]);
    let counts = conditions::counts(&bench.connection, number).unwrap();
    let ok = Count { files: 5, bytes: 20_000_000, oldest_verified_at: Some(second(0)), ..Count::default() };
    assert_eq!((counts[&Condition::Ok], counts[&Condition::SuspectedRot].files), (ok, 1));
}

#[test]
fn events_are_kept_in_order_and_lead_to_every_earlier_state() {
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    let by_path = |states: Vec<FileState>| -> BTreeMap<Vec<u8>, FileState> {
        states.into_iter().map(|state| (state.path.clone(), state)).collect()
    };
    files::record(&mut bench.connection, number, &baseline(&["a", "b/c"])).unwrap();
    let then = by_path(states(&bench.connection, number));
    for (index, (path, seen)) in
        [("a", content(2, 9)), ("b/c", content(3, 1)), ("a", content(1, 9)), ("new", content(4, 4))]
            .into_iter()
            .enumerate()
    {
        let current = by_path(states(&bench.connection, number));
        let step = step(current.get(path.as_bytes()), path, seen, (PassKind::Comparison, 10 + index as i64));
        assert!(files::record(&mut bench.connection, number, &[step]).unwrap().is_empty());
    }
    let events = events::page(&bench.connection, number, 0, 10).unwrap();
    let kinds: Vec<_> = events.iter().map(|stored| (stored.n, stored.event.kind)).collect();
    let expected = [EventKind::Modified, EventKind::SuspectedRot, EventKind::Restored, EventKind::New];
    assert_eq!(kinds, (1..5).zip(expected).collect::<Vec<_>>());
    assert_eq!(events::page(&bench.connection, number, 1, 2).unwrap(), events[1..3]);
    let now = by_path(states(&bench.connection, number));
    let (mut forward, mut backward) = (then.clone(), now.clone());
    events.iter().for_each(|stored| apply(&mut forward, &stored.event));
    events.iter().rev().for_each(|stored| revert(&mut backward, &stored.event));
    assert_eq!((forward, backward), (now, then));
}

#[test]
fn a_moved_file_takes_its_state_along_and_never_replaces_another() {
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    files::record(&mut bench.connection, number, &baseline(&["a", "b"])).unwrap();
    let before = states(&bench.connection, number).remove(0);
    let reading = Reading { content: content(1, 40), from: ReadFrom::Device, again: Vec::new() };
    let moved_to = |path: &str| {
        let path = path.as_bytes();
        let on = Occasion {
            path,
            collection: CollectionKind::Fixed,
            pass: PassKind::Comparison,
            at: second(9),
            lying: Lying::There,
        };
        let event = hivesum_core::fixity::moved(&before, &reading, &on).unwrap();
        Step {
            path: path.to_vec(),
            before: Some(before.clone()),
            after: event.after.clone(),
            event: Some(event),
            pieces: None,
            seal: None,
        }
    };
    assert_eq!(files::record(&mut bench.connection, number, &[moved_to("b")]).unwrap(), [b"b".to_vec()]);
    for _ in 0..2 {
        assert!(files::record(&mut bench.connection, number, &[moved_to("z")]).unwrap().is_empty());
    }
    assert_eq!(events::last(&bench.connection, number).unwrap(), 1, "a repeated step is not told again");
    let paths: Vec<_> = states(&bench.connection, number).into_iter().map(|state| state.path).collect();
    assert_eq!(paths, [b"b".to_vec(), b"z".to_vec()]);
}

#[test]
fn a_lost_event_or_file_is_damage_and_not_absence() {
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    files::record(&mut bench.connection, number, &baseline(&["a", "b"])).unwrap();
    for file in states(&bench.connection, number) {
        let path = String::from_utf8(file.path.clone()).unwrap();
        let step = step(Some(&file), &path, content(2, 9), (PassKind::Comparison, 1));
        files::record(&mut bench.connection, number, &[step]).unwrap();
    }
    let damage = connect_to_damage(bench.dir.path());
    let is_damage = |read: Result<(), DbError>| matches!(read, Err(DbError::Inconsistent(_)));
    for lost in [1, 2] {
        damage.execute_batch(&format!("BEGIN; DELETE FROM collection_events WHERE n = {lost}")).unwrap();
        assert!(is_damage(events::page(&damage, number, 0, 10).map(drop)), "event {lost}");
        assert!(is_damage(COLLECTION_EVENTS.verify(&damage)));
        damage.execute_batch("ROLLBACK; BEGIN; DELETE FROM collection_files WHERE path = x'62'").unwrap();
        assert!(is_damage(COLLECTION_FILES.verify(&damage)));
        damage.execute_batch("ROLLBACK; BEGIN; UPDATE collection_files SET digests = zeroblob(32)").unwrap();
        assert!(is_damage(files::page(&damage, number, None, 10).map(drop)));
        damage.execute_batch("ROLLBACK").unwrap();
    }
}

#[test]
fn a_file_takes_at_most_250_bytes_beside_its_name() {
    const FILES: usize = 20_000;
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    let pages = |bench: &Bench| -> i64 {
        let sql =
            "SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)";
        bench.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let before = pages(&bench);
    let paths: Vec<String> = (0..FILES)
        .map(|file| format!("photos/{:03}/holiday-{:03}/IMG_{file:06}.jpeg", file / 2000, file / 50))
        .collect();
    let paths: Vec<&str> = paths.iter().map(|path| &**path).collect();
    let mut steps = baseline(&paths);
    for chunk in steps.chunks(MAX_ROWS) {
        files::record(&mut bench.connection, number, chunk).unwrap();
    }
    // Verified again, in another order and at other times.
    for (index, step) in steps.iter_mut().enumerate() {
        step.before = step.after.clone();
        step.after.as_mut().unwrap().verified_at = Some(second(1000 + (index * 7919 % FILES) as i64));
    }
    for chunk in steps.chunks(MAX_ROWS) {
        assert!(files::record(&mut bench.connection, number, chunk).unwrap().is_empty());
    }
    let names: usize = paths.iter().map(|path| path.len()).sum();
    let bytes = (pages(&bench) - before) as usize * 8192;
    let each = (bytes - names) / FILES;
    assert!(each <= 250, "{each} bytes a file beside names of {} bytes", names / FILES);
}

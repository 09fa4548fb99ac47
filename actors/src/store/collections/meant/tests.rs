//! Files that are meant, page by page, and what has happened to them after the events that somebody has seen.

use hivesum_core::fixity::PassKind;

use super::super::tests::{baseline, content, made, step};
use super::*;
use crate::store::testing::{Bench, connect_to_damage};

/// A collection of files that were all written to, in the order of these paths: an event each.
fn written(bench: &mut Bench, paths: &[&str]) -> StoredCollection {
    let number = made(&mut bench.connection);
    files::record(&mut bench.connection, number, &baseline(paths)).unwrap();
    write(bench, number, paths, 9);
    rows::get(&bench.connection, number).unwrap().unwrap()
}

/// Another content is found in these files.
fn write(bench: &mut Bench, number: i64, paths: &[&str], ctime_ns: i128) {
    let written = |path: &&str| {
        let before = files::find(&bench.connection, number, path.as_bytes()).unwrap();
        step(before.as_ref(), path, content(ctime_ns as u8, ctime_ns), (PassKind::Comparison, 1))
    };
    let steps: Vec<_> = paths.iter().map(written).collect();
    assert!(files::record(&mut bench.connection, number, &steps).unwrap().is_empty());
}

fn look(bench: &Bench, of: &StoredCollection, globs: &[&str], from: &MeantFrom) -> MeantFiles {
    let globs: Vec<_> = globs.iter().map(|&glob| glob.to_owned()).collect();
    let meant = Meant::new(vec![Condition::Modified], &globs, Acknowledged::Not).unwrap();
    page(&bench.connection, of, (&meant, from)).unwrap()
}

/// The paths of a page, with `!` after those to which something has happened since, and its end.
fn told(found: MeantFiles) -> (Vec<String>, Option<Vec<u8>>) {
    let MeantFiles::Page { files, next } = found else { panic!("{found:?}") };
    let name = |(state, since): &(FileState, HappenedSince)| {
        let mark = if *since == HappenedSince::Something { "!" } else { "" };
        format!("{}{mark}", String::from_utf8_lossy(&state.path))
    };
    (files.iter().map(name).collect(), next)
}

#[test]
fn files_that_are_meant_come_page_by_page_in_walk_order() {
    let mut bench = Bench::new();
    let of = written(&mut bench, &["a/1", "a/2", "b", "c"]);
    let from = |after: Option<&[u8]>| MeantFrom { after: after.map(<[u8]>::to_vec), upto: 4, limit: 2 };
    let (paths, next) = told(look(&bench, &of, &[], &from(None)));
    assert_eq!((paths, next.as_deref()), (vec!["a/1".to_owned(), "a/2".to_owned()], Some(&b"a/2"[..])));
    let (paths, next) = told(look(&bench, &of, &[], &from(next.as_deref())));
    assert_eq!((paths, next), (vec!["b".to_owned(), "c".to_owned()], None), "just as many as there are");
    assert_eq!(told(look(&bench, &of, &["a/*", "{c,d}"], &from(Some(b"a/1")))).0, ["a/2", "c"]);
}

#[test]
fn what_has_happened_after_an_event_shows_and_an_event_that_is_not_there_yet_is_refused() {
    let mut bench = Bench::new();
    let of = written(&mut bench, &["a", "b", "c"]);
    write(&mut bench, of.number, &["b"], 20);
    let from = |upto| MeantFrom { after: None, upto, limit: 9 };
    assert_eq!(told(look(&bench, &of, &[], &from(4))).0, ["a", "b", "c"]);
    assert_eq!(told(look(&bench, &of, &[], &from(3))).0, ["a", "b!", "c"]);
    assert_eq!(told(look(&bench, &of, &[], &from(1))).0, ["a", "b!", "c!"]);
    assert_eq!(look(&bench, &of, &[], &from(5)), MeantFiles::NoSuchEvent { last: 4 });
}

#[test]
fn no_more_rows_are_read_at_a_time_than_one_call_may() {
    let mut bench = Bench::new();
    let names: Vec<_> = (0..=MAX_ROWS).map(|name| format!("{name:05}")).collect();
    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
    names.push("z");
    let of = written(&mut bench, &names);
    let from = |after| MeantFrom { after, upto: names.len() as u64, limit: 9 };
    let (paths, next) = told(look(&bench, &of, &["z"], &from(None)));
    assert_eq!((paths, next.as_deref()), (Vec::new(), Some(&b"09999"[..])), "none matches so far");
    assert_eq!(told(look(&bench, &of, &["z"], &from(next))), (vec!["z".to_owned()], None));
}

#[test]
fn a_lost_event_is_damage_and_not_nothing() {
    let mut bench = Bench::new();
    let of = written(&mut bench, &["a", "b"]);
    let damage = connect_to_damage(bench.dir.path());
    damage.execute("DELETE FROM collection_events WHERE n = 2", []).unwrap();
    let meant = Meant::new(Vec::new(), &[], Acknowledged::Too).unwrap();
    let from = MeantFrom { after: None, upto: 0, limit: 9 };
    let found = page(&bench.connection, &of, (&meant, &from));
    assert!(matches!(found, Err(DbError::Inconsistent(_))), "{found:?}");
}

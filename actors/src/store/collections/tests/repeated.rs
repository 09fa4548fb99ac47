//! A batch that is recorded again, and one of a collection that is gone: neither changes anything.

use super::*;

#[test]
fn a_batch_that_is_recorded_again_changes_nothing_and_tells_nothing_twice() {
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    let first = baseline(&["a", "b", "gone"]);
    for _ in 0..2 {
        assert!(files::record(&mut bench.connection, number, &first).unwrap().is_empty());
    }
    let known = states(&bench.connection, number);
    let gone = Occasion {
        path: b"gone",
        collection: CollectionKind::Fixed,
        pass: PassKind::Comparison,
        at: second(2),
        lying: Lying::There,
    };
    let Outcome::Known { after, event } = observe(Some(&known[2]), &Observation::Absent, &gone) else { panic!("gone") };
    let (after, event) = (after.map(|after| *after), event.map(|event| *event));
    let batch = [
        step(Some(&known[0]), "a", content(2, 9), (PassKind::Comparison, 2)),
        step(Some(&known[1]), "b", content(1, 1), (PassKind::Comparison, 2)),
        step(None, "new", content(5, 5), (PassKind::Comparison, 2)),
        Step { path: b"gone".to_vec(), before: Some(known[2].clone()), after, event, pieces: None, seal: None },
    ];
    assert!(files::record(&mut bench.connection, number, &batch).unwrap().is_empty());
    let (then, events) = (states(&bench.connection, number), events::page(&bench.connection, number, 0, 10).unwrap());
    assert_eq!(events.len(), 3);
    assert!(files::record(&mut bench.connection, number, &batch).unwrap().is_empty(), "nothing was changed meanwhile");
    assert_eq!(states(&bench.connection, number), then);
    assert_eq!(events::page(&bench.connection, number, 0, 10).unwrap(), events);
}

#[test]
fn a_run_writes_nothing_to_a_collection_that_took_the_number_of_a_forgotten_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut collections = Collections::open_locked(dir.path()).unwrap();
    let insert = |collections: &mut Collections| {
        collections.insert(Path::new("/photos"), settings(CollectionKind::Fixed)).unwrap().unwrap()
    };
    let forgotten = insert(&mut collections);
    assert!(collections.forget(&forgotten).unwrap());
    let other = insert(&mut collections);
    assert_eq!(other.number, forgotten.number);
    let steps: Arc<[Step]> = baseline(&["a"]).into();
    assert_eq!(collections.record(&forgotten, &steps).unwrap(), None);
    let place = RootIdentity { device: 1, inode: 2, filesystem_id: 3 };
    let run = RunBegin { place, kind: other.settings.kind, notify: None, is_of_pass: true };
    assert_eq!(collections.begin(&forgotten, run, second(1)).unwrap(), None);
    collections.end(&forgotten, second(1), RunEnd::Complete.into()).unwrap();
    assert_eq!(collections.list().unwrap(), std::slice::from_ref(&other));
    assert_eq!(
        (collections.record(&other, &steps).unwrap(), collections.last_event(&other).unwrap()),
        (Some(vec![]), 0)
    );
}

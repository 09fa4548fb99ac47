//! The handle: bounds, panics, locks and full disks.

use super::testing::job;
use super::worker::MAILBOX;
use super::*;
use futures_util::FutureExt as _;
use std::os::unix::fs::MetadataExt;
use std::sync::mpsc;

#[actix::test]
async fn a_panic_fails_its_work_and_the_writer_survives() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    for _ in 0..3 {
        let answer: Result<(), _> = store.write(|_| panic!("as the test demands")).await;
        assert!(matches!(answer, Err(StoreError::Failed(_))));
    }
    let taken = job();
    store.insert(taken.clone(), None, None).await.unwrap();
    assert_eq!(store.job(taken.id).await.unwrap().unwrap().job, taken);
}

#[actix::test]
async fn changes_that_a_panic_left_uncommitted_are_rolled_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let taken = job();
    let id = taken.id;
    let answer: Result<(), _> = store
        .write(move |connection| {
            jobs::insert(connection, &taken, None, None)?;
            let change = connection.transaction()?;
            change.execute("DELETE FROM jobs", [])?;
            panic!("before the commit")
        })
        .await;
    assert!(answer.is_err());
    assert!(store.job(id).await.unwrap().is_some());
}

#[actix::test]
async fn the_mailbox_never_exceeds_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let (release, released) = mpsc::channel::<()>();
    let held = store.write(move |_| Ok(released.recv().is_ok()));
    let asks: Vec<_> = (0..2 * MAILBOX).map(|_| store.write(|_| Ok(()))).collect();
    let mut all = Box::pin(async { tokio::join!(held, futures_util::future::join_all(asks)) });
    assert!(all.as_mut().now_or_never().is_none());
    assert_eq!(store.writer.permits.available_permits(), 0);
    release.send(()).unwrap();
    let (held, answers) = all.await;
    assert!(held.unwrap());
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(store.writer.permits.available_permits(), MAILBOX);
}

#[actix::test]
async fn a_second_server_is_refused_while_the_first_runs() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    assert!(matches!(Store::open(dir.path()).await, Err(StoreError::Locked)));
    drop(store);
}

#[actix::test]
async fn a_full_disk_is_reported_and_reading_still_works() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let taken = job();
    store.insert(taken.clone(), None, None).await.unwrap();
    store.bound_pages(1).await;
    let big = |store: &Store| {
        let mut big = job();
        big.spec.exclude = vec!["x".repeat(100_000)];
        let store = store.clone();
        async move { store.insert(big, None, None).await }
    };
    assert!(matches!(big(&store).await, Err(StoreError::Full)));
    assert_eq!(store.job(taken.id).await.unwrap().unwrap().job, taken);
    store.bound_pages(1_000_000).await;
    big(&store).await.unwrap();
}

#[actix::test]
async fn the_store_knows_its_own_files_by_identity() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    store.insert(job(), None, None).await.unwrap();
    let own = store.own_files().unwrap();
    for name in ["", "hivesum.db", "hivesum.db-wal", "hivesum.db-shm", "hivesum.lock"] {
        let meta = std::fs::symlink_metadata(dir.path().join(name)).unwrap();
        assert!(own.contains(&FileIdentity { device: meta.dev(), inode: meta.ino() }), "{name}");
    }
}

//! Exports are whole or an error, whatever happens to the job meanwhile, and few at a time.

use super::super::testing::{Bench, connect_beside, connect_to_damage};
use super::super::{jobs, sweep};
use super::*;
use crate::job::{JobState, Sort, SortBy};
use crate::store::history::History;

/// Rows of the job: more than a client that has read the first piece has been sent.
const ROWS: usize = 6000;

/// A store with one ended job, and the bench that has made it.
async fn store_of_one_job() -> (Store, Bench, JobId) {
    let (bench, id) = tokio::task::spawn_blocking(bench_of_one_job).await.unwrap();
    (Store::open(bench.dir.path()).await.unwrap(), bench, id)
}

fn bench_of_one_job() -> (Bench, JobId) {
    let mut bench = Bench::new();
    let paths: Vec<String> = (0..ROWS).map(|number| format!("d/{number:05}")).collect();
    let id = bench.job_with_rows(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    bench.end(id, JobState::Completed);
    bench.index(id);
    (bench, id)
}

async fn rest(export: &mut Export) -> Result<usize, StoreError> {
    let mut rows = 0;
    while let Some(items) = export.next().await? {
        rows += items.len();
    }
    Ok(rows)
}

fn queries() -> [ResultQuery; 2] {
    let by_size = Sort { by: SortBy::Size, descending: true };
    [ResultQuery::default(), ResultQuery { sort: Some(by_size), ..ResultQuery::default() }]
}

#[actix::test]
async fn a_job_that_is_deleted_while_it_is_exported_is_exported_to_its_end() {
    for query in queries() {
        let (store, _bench, id) = store_of_one_job().await;
        let mut export = store.export(id, query.clone()).await.unwrap().unwrap();
        let first = export.next().await.unwrap().unwrap();
        assert!(store.delete(id).await.unwrap());
        while store.sweep().await.unwrap() {}
        assert_eq!(first.len() + rest(&mut export).await.unwrap(), ROWS, "{query:?}");
        assert_eq!(export.job().id, id);
        assert!(store.export(id, query).await.unwrap().is_none(), "afterwards there is no such job");
    }
}

#[test]
fn an_export_of_a_command_is_whole_though_the_job_is_deleted_meanwhile() {
    let (bench, id) = bench_of_one_job();
    let mut history = History::open(bench.dir.path()).unwrap().unwrap();
    let mut beside = connect_beside(bench.dir.path());
    let mut rows = 0;
    let exported = history.export(id, &ResultQuery::default(), |_, items| {
        if rows == 0 {
            assert!(jobs::delete(&mut beside, id).unwrap());
            while sweep::sweep(&mut beside, sweep::SWEEP_ROWS).unwrap() {}
        }
        rows += items.len();
        Ok::<_, StoreError>(())
    });
    assert_eq!((exported.unwrap().unwrap().id, rows), (id, ROWS));
    assert!(history.export(id, &ResultQuery::default(), |_, _| Ok::<_, StoreError>(())).unwrap().is_none());
}

#[actix::test]
async fn an_export_that_meets_damage_ends_with_an_error_and_never_as_complete() {
    for (query, damage) in queries()
        .into_iter()
        .zip(["DELETE FROM results WHERE position = 5500", "DELETE FROM order_pieces WHERE by = 1 AND piece = 1"])
    {
        let (store, bench, id) = store_of_one_job().await;
        connect_to_damage(bench.dir.path()).execute(damage, []).unwrap();
        let mut export = store.export(id, query).await.unwrap().unwrap();
        assert!(matches!(rest(&mut export).await, Err(StoreError::Corrupt)), "{damage}");
        assert!(export.next().await.is_err(), "{damage}: it is not complete afterwards either");
    }
}

#[actix::test]
async fn exports_are_bounded_in_number_and_one_that_is_dropped_makes_room() {
    let (store, _bench, id) = store_of_one_job().await;
    let mut running = Vec::new();
    for _ in 0..EXPORTS {
        running.push(store.export(id, ResultQuery::default()).await.unwrap().unwrap());
    }
    let all_wait = store.waiting_exports.try_acquire_many(WAITING as u32).unwrap();
    let refused = store.export(id, ResultQuery::default()).await;
    assert!(matches!(refused, Err(StoreError::Busy)));
    drop(all_wait);
    let (next, ()) = tokio::join!(store.export(id, ResultQuery::default()), async { running.truncate(EXPORTS - 1) });
    assert_eq!(rest(&mut next.unwrap().unwrap()).await.unwrap(), ROWS);
}

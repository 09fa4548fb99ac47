//! Runs are kept up to a bound, and what has no end is told as interrupted by the next process.

use super::super::tests::{insert, made, second};
use super::*;
use crate::store::testing::Bench;

fn run(number: u64) -> RunRecord {
    RunRecord {
        id: Uuid::from_u128(u128::from(number)),
        kind: RunKind::Scrub,
        starter: Starter::Command,
        started_at: second(number as i64),
        end: None,
    }
}

fn ended(number: u64) -> RunRecord {
    let error = RunError { code: "aborted".to_owned(), detail: "it was aborted".to_owned() };
    let counts = RunCounts { files: 3, bytes: 4, from_device: 1, from_cache: 1, from_unknown: 1, events: 2 };
    let (at, counts, error) = (Some(second(9)), Some(counts), Some(error));
    RunRecord { end: Some(RunEnded { outcome: RunOutcome::Failed, at, error, counts }), ..run(number) }
}

fn outcomes(bench: &Bench, collection: i64) -> Vec<Option<RunOutcome>> {
    let runs = latest(&bench.connection, collection).unwrap();
    runs.iter().map(|run| run.end.as_ref().map(|end| end.outcome)).collect()
}

#[test]
fn a_run_is_kept_as_it_began_and_as_it_ended_the_last_one_first() {
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    for run in [run(1), run(2), ended(1)] {
        keep(&mut bench.connection, number, &run).unwrap();
    }
    assert_eq!(latest(&bench.connection, number).unwrap(), [run(2), ended(1)]);
}

#[test]
fn the_oldest_runs_of_each_collection_are_forgotten() {
    let mut bench = Bench::new();
    let [one, other] = ["/one", "/other"].map(|path| insert(&mut bench.connection, path).unwrap().number);
    keep(&mut bench.connection, other, &run(1)).unwrap();
    (1..=MAX_RUNS as u64 + 2).for_each(|number| keep(&mut bench.connection, one, &ended(number)).unwrap());
    let kept = latest(&bench.connection, one).unwrap();
    assert_eq!((kept.len(), kept[MAX_RUNS - 1].id), (MAX_RUNS, ended(3).id));
    assert_eq!(latest(&bench.connection, other).unwrap().len(), 1);
    let id = rows::get(&bench.connection, one).unwrap().unwrap().id;
    assert!(rows::delete(&mut bench.connection, &id).unwrap());
    while rows::sweep(&mut bench.connection, 10).unwrap() {}
    assert!(latest(&bench.connection, one).unwrap().is_empty());
    assert_eq!(latest(&bench.connection, other).unwrap().len(), 1);
}

#[test]
fn whoever_takes_the_lock_tells_of_runs_without_an_end_that_they_were_interrupted() {
    let mut bench = Bench::new();
    let number = made(&mut bench.connection);
    for run in [ended(1), run(2)] {
        keep(&mut bench.connection, number, &run).unwrap();
    }
    assert_eq!(outcomes(&bench, number), [None, Some(RunOutcome::Failed)]);
    interrupt(&mut bench.connection).unwrap();
    assert_eq!(outcomes(&bench, number), [Some(RunOutcome::Interrupted), Some(RunOutcome::Failed)]);
    assert_eq!(latest(&bench.connection, number).unwrap(), [run(2).interrupted(), ended(1)]);
}

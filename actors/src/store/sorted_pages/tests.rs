//! Sorted results against plain sorts, ascending and descending, in pages and as a stream.

use super::super::testing::{Bench, connect_to_damage, hashed};
use crate::job::JobState;
use crate::store::sorted_pages::*;
use crate::store::{jobs, sweep};
use hivesum_core::result::{RowRef, Rows, Status};

/// Inserts an ended job: sizes decrease, times go up and down from the far past to the far future, and every fifth file is an error.
fn ended_job(bench: &mut Bench, files: u64) -> JobId {
    let job = bench.insert_job();
    let mut rows = Rows::new(job.spec.algorithms);
    for number in 0..files {
        let name = format!("{number:04}");
        let mut row = hashed("d", &name);
        row.meta.size = files - number;
        row.meta.mtime_ns = (i128::from(number * 7 % files) - 25) * i128::from(i64::MAX) / 8;
        let digest = [(number % 3) as u8; 32];
        row.digests = &digest;
        if number % 5 == 4 {
            let status = Status::Error { code: hivesum_core::result::ErrorCode::Permission, errno: 13 };
            row = RowRef { status, digests: &[], ..row };
        }
        rows.push(row);
    }
    bench.add_rows(&job, rows);
    bench.end(job.id, JobState::Completed);
    bench.index(job.id);
    job.id
}

fn numbers(bench: &mut Bench, id: JobId, query: ResultQuery) -> (Vec<u64>, u64) {
    let page = page(&mut bench.connection, id, &ResultQuery { limit: 1000, ..query }).unwrap().unwrap();
    let number = |path: &[u8]| std::str::from_utf8(&path[2..]).unwrap().parse().unwrap();
    (page.items.iter().map(|item| number(&item.path)).collect(), page.total)
}

fn sort(word: &str) -> ResultQuery {
    ResultQuery { sort: Some(word.parse().unwrap()), ..ResultQuery::default() }
}

#[test]
fn every_order_equals_a_plain_sort_in_both_directions_at_every_position() {
    let mut bench = Bench::new();
    let id = ended_job(&mut bench, 50);
    let mut by_time: Vec<u64> = (0..50).collect();
    by_time.sort_by_key(|number| (number * 7 % 50, *number));
    for (word, wanted) in
        [("path", (0..50).collect::<Vec<_>>()), ("size", (0..50).rev().collect()), ("modified_at", by_time)]
    {
        let backwards: Vec<u64> = wanted.iter().rev().copied().collect();
        assert_eq!(numbers(&mut bench, id, sort(word)), (wanted.clone(), 50), "{word}");
        assert_eq!(numbers(&mut bench, id, sort(&format!("-{word}"))), (backwards.clone(), 50), "-{word}");
        for position in [1, 49, 50, u64::MAX] {
            let from = (position as usize).min(50);
            let query = ResultQuery { position, ..sort(word) };
            assert_eq!(numbers(&mut bench, id, query).0, wanted[from..]);
            let query = ResultQuery { position, ..sort(&format!("-{word}")) };
            assert_eq!(numbers(&mut bench, id, query).0, backwards[from..]);
        }
    }
}

#[test]
fn filters_work_in_every_order() {
    let mut bench = Bench::new();
    let id = ended_job(&mut bench, 50);
    let errors = ResultQuery { status: Some(StatusFilter::Error), position: 1, ..sort("size") };
    assert_eq!(numbers(&mut bench, id, errors), (vec![44, 39, 34, 29, 24, 19, 14, 9, 4], 10));
    let prefix = ResultQuery { path_prefix: Some(b"d/001".to_vec()), ..sort("-path") };
    assert_eq!(numbers(&mut bench, id, prefix), ((10..20).rev().collect(), 10));
    let q = ResultQuery { q: Some(b"7".to_vec()), status: Some(StatusFilter::Hashed), ..sort("-size") };
    assert_eq!(numbers(&mut bench, id, q), (vec![7, 17, 27, 37, 47], 5));
}

#[test]
fn exactly_the_files_with_a_digest_are_found_by_it() {
    let mut bench = Bench::new();
    let id = ended_job(&mut bench, 50);
    let digest = |byte: u8| Digest::new(hivesum_core::digest::Algorithm::Blake3, &[byte; 32]).unwrap();
    let with = |byte| ResultQuery { digest: Some(digest(byte)), ..ResultQuery::default() };
    let wanted: Vec<u64> = (0..50).filter(|number| number % 3 == 1 && number % 5 != 4).collect();
    assert_eq!(numbers(&mut bench, id, with(1)), (wanted.clone(), wanted.len() as u64));
    let narrowed = ResultQuery { path_prefix: Some(b"d/000".to_vec()), ..with(1) };
    assert_eq!(numbers(&mut bench, id, narrowed), (vec![1, 7], 2));
    assert_eq!(numbers(&mut bench, id, with(9)), (Vec::new(), 0));
    let other = Digest::new(hivesum_core::digest::Algorithm::Md5, &[1; 16]).unwrap();
    let other = ResultQuery { digest: Some(other), ..ResultQuery::default() };
    assert_eq!(numbers(&mut bench, id, other), (Vec::new(), 0));
}

#[test]
fn a_changed_lost_or_exchanged_piece_of_a_sort_index_is_damage() {
    let size = |position| ResultQuery { position, limit: 10, ..sort("size") };
    for (what, damage) in [
        ("changed", "UPDATE order_pieces SET entries = zeroblob(length(entries)) WHERE by = 1 AND piece = 1"),
        ("shortened", "UPDATE order_pieces SET entries = substr(entries, 9) WHERE by = 1 AND piece = 1"),
        ("lost", "DELETE FROM order_pieces WHERE by = 1 AND piece = 1"),
        (
            "of another order",
            "REPLACE INTO order_pieces SELECT run, 1, piece, entries, seal FROM order_pieces WHERE by = 2 AND piece = 1",
        ),
        (
            "of another place",
            "REPLACE INTO order_pieces SELECT run, by, 1, entries, seal FROM order_pieces WHERE by = 1 AND piece = 0",
        ),
    ] {
        let mut bench = Bench::new();
        let id = ended_job(&mut bench, 600);
        connect_to_damage(bench.dir.path()).execute_batch(damage).unwrap();
        assert!(page(&mut bench.connection, id, &size(235)).is_err(), "{what}");
        assert!(page(&mut bench.connection, id, &size(300)).is_err(), "{what}");
        assert_eq!(page(&mut bench.connection, id, &size(10)).unwrap().unwrap().items.len(), 10, "{what}");
        assert_eq!(page(&mut bench.connection, id, &size(490)).unwrap().unwrap().items.len(), 10, "{what}");
    }
}

#[test]
fn a_sort_index_over_rows_that_are_missing_is_not_built() {
    let mut bench = Bench::new();
    let id = ended_job(&mut bench, 50);
    connect_to_damage(bench.dir.path()).execute("DELETE FROM results WHERE position = 30", []).unwrap();
    let stored = job_row::get(&bench.connection, id).unwrap().unwrap();
    let state_dir = crate::store::state_dir::StateDir::open(bench.dir.path()).unwrap();
    let mut chunks = crate::store::sort_index::sort(&state_dir, stored);
    let last = std::iter::from_fn(|| chunks.blocking_recv()).last();
    assert!(matches!(last, Some(Err(crate::error::StoreError::Corrupt))));
}

#[test]
fn a_job_that_is_deleted_before_it_is_sorted_or_meanwhile_is_not_taken_for_damage() {
    // More rows than the chunks that are sorted ahead of the writer.
    for (rows, chunks_before) in [(50, 0), (40_000, 1)] {
        let mut bench = Bench::new();
        let id = ended_job(&mut bench, rows);
        let stored = job_row::get(&bench.connection, id).unwrap().unwrap();
        let state_dir = crate::store::state_dir::StateDir::open(bench.dir.path()).unwrap();
        let mut delete = || {
            assert!(jobs::delete(&mut bench.connection, id).unwrap());
            while sweep::sweep(&mut bench.connection, sweep::SWEEP_ROWS).unwrap() {}
        };
        if chunks_before == 0 {
            delete();
        }
        let mut chunks = crate::store::sort_index::sort(&state_dir, stored);
        if chunks_before > 0 {
            chunks.blocking_recv().unwrap().unwrap();
            delete();
        }
        while let Some(chunk) = chunks.blocking_recv() {
            chunk.unwrap();
        }
    }
}

#[test]
fn a_stream_yields_what_the_pages_hold_in_the_same_order_whatever_the_filter() {
    let mut bench = Bench::new();
    let id = ended_job(&mut bench, 50);
    let stored = job_row::get(&bench.connection, id).unwrap().unwrap();
    let digest = Digest::new(hivesum_core::digest::Algorithm::Blake3, &[1; 32]).unwrap();
    let filters = [
        ResultQuery::default(),
        ResultQuery { status: Some(StatusFilter::Error), ..ResultQuery::default() },
        ResultQuery { path_prefix: Some(b"d/001".to_vec()), q: Some(b"7".to_vec()), ..ResultQuery::default() },
        ResultQuery { q: Some(b"nowhere".to_vec()), ..ResultQuery::default() },
        ResultQuery { digest: Some(digest), ..ResultQuery::default() },
    ];
    for (filter, word) in filters.iter().flat_map(|filter| ["-path", "size", "-modified_at"].map(|word| (filter, word)))
    {
        let query = ResultQuery { sort: filter.digest.is_none().then(|| word.parse().unwrap()), ..filter.clone() };
        let wanted = page(&mut bench.connection, id, &ResultQuery { limit: 1000, ..query.clone() }).unwrap().unwrap();
        let query = ResultQuery { limit: 3, ..query };
        let (mut streamed, mut after) = (Vec::new(), None);
        loop {
            let rows = rows_after(&bench.connection, &stored, &query, after).unwrap();
            assert!(rows.items.len() <= 3);
            streamed.extend(rows.items);
            after = rows.last_row;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(streamed, wanted.items, "{query:?}");
    }
}

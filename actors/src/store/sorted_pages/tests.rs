//! Sorted results against plain sorts, ascending and descending, in pages and as a stream.

use super::super::testing::{Bench, hashed};
use crate::job::JobState;
use crate::store::sorted_pages::*;
use hivesum_core::result::{RowRef, Rows, Status};

/// Inserts an ended job: sizes decrease, times go up and down, and every fifth file is an error.
fn ended_job(bench: &mut Bench, files: u64) -> JobId {
    let job = bench.insert_job();
    let mut rows = Rows::new(job.spec.algorithms);
    for number in 0..files {
        let name = format!("{number:04}");
        let mut row = hashed("d", &name);
        row.meta.size = files - number;
        row.meta.mtime_ns = (number * 7 % files) as i64;
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
fn a_damaged_sort_index_leads_to_an_error_or_to_fewer_files_and_never_to_another_digest() {
    let mut bench = Bench::new();
    let id = ended_job(&mut bench, 50);
    let digest = Digest::new(hivesum_core::digest::Algorithm::Blake3, &[1; 32]).unwrap();
    let query = ResultQuery { digest: Some(digest), limit: 1000, ..ResultQuery::default() };
    let mut refused = 0;
    for position in (1..50).step_by(3) {
        let swap = |from: u32, to: u32| {
            format!("UPDATE orders SET position = {to} WHERE by = 16 AND position = {from} AND rank > 3")
        };
        bench.connection.execute(&swap(position, 0), []).unwrap();
        match page(&mut bench.connection, id, &query) {
            Ok(page) => assert!(page.unwrap().items.iter().all(|item| item.digests == [1; 32])),
            Err(_) => refused += 1,
        }
        bench.connection.execute(&swap(0, position), []).unwrap();
    }
    assert!(refused > 0);
}

#[test]
fn a_sort_index_that_leads_to_a_row_without_digests_is_damage() {
    let mut bench = Bench::new();
    let id = ended_job(&mut bench, 50);
    let digest = Digest::new(hivesum_core::digest::Algorithm::Blake3, &[1; 32]).unwrap();
    bench.connection.execute("UPDATE orders SET position = 4 WHERE by = 16", []).unwrap();
    let query = ResultQuery { digest: Some(digest), limit: 1000, ..ResultQuery::default() };
    assert!(matches!(page(&mut bench.connection, id, &query), Err(DbError::Inconsistent(_))));
}

#[test]
fn a_stream_yields_what_the_pages_hold_in_the_same_order_whatever_the_filter() {
    let mut bench = Bench::new();
    let id = ended_job(&mut bench, 50);
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
            let rows = rows_after(&mut bench.connection, id, &query, after).unwrap();
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

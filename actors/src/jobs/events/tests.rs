use std::time::Duration;

use tokio::sync::Semaphore;

use super::super::active::NOTICE_BYTES;
use super::*;
use crate::store::testing::{Bench, hashed, job};
use crate::store::{Batcher, NumberedItem};
use hivesum_core::result::{ErrorCode, RowRef, Rows, Status};

/// The length of a path: long, so that the bytes of a page are its bound.
const PATH_BYTES: usize = 3000;

/// Rows of files that could not be opened.
fn failed(job: &Job, count: usize) -> Rows {
    let mut rows = Rows::new(job.spec.algorithms);
    let name = "x".repeat(PATH_BYTES);
    let status = Status::Error { code: ErrorCode::Permission, errno: 13 };
    (0..count).for_each(|_| rows.push(RowRef { status, digests: &[], ..hashed("", &name) }));
    rows
}

fn permit() -> StreamPermit {
    Arc::new(Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap())
}

/// The bytes of errors that a stream holds.
fn held(stream: &EventStream) -> usize {
    let bytes = |item: &Item| size_of::<NumberedItem>() + item.path.len() + item.digests.len();
    let ready = stream.ready.iter().map(|event| match &event.kind {
        JobEventKind::ItemError(item) => bytes(item),
        JobEventKind::Progress(_) | JobEventKind::State(_) | JobEventKind::Snapshot(_) | JobEventKind::End(_) => 0,
    });
    ready.sum::<usize>()
        + stream.unsent.as_ref().map_or(0, |unsent| unsent.errors.iter().map(|(_, item)| bytes(item)).sum())
}

/// Reads errors up to this row. Checks that none is missing, and that the stream never holds more than a page.
async fn read_errors(stream: &mut EventStream, rows: std::ops::RangeInclusive<u64>) {
    for row in rows {
        loop {
            let event = stream.next().await.unwrap();
            let held = held(stream);
            assert!(held <= NOTICE_BYTES + 2 * PATH_BYTES, "{held} bytes at row {row}");
            if let JobEventKind::ItemError(_) = event.kind {
                assert_eq!(event.id, row);
                break;
            }
        }
    }
}

#[actix::test]
async fn a_stream_holds_one_page_of_the_errors_that_it_reads_from_the_store() {
    let mut bench = Bench::new();
    let job = bench.insert_job();
    bench.add_rows(&job, failed(&job, 300));
    let store = Store::open(bench.dir.path()).await.unwrap();
    let live = ActiveJob::new(job, 300);
    let mut stream = EventStream::of_live(store, &live, None, permit());
    read_errors(&mut stream, 1..=300).await;
}

#[actix::test]
async fn a_stream_holds_one_notice_of_the_errors_of_a_large_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let live = ActiveJob::new(job(), 0);
    let mut stream = EventStream::of_live(store, &live, None, permit());
    // The store has nothing of this job: its errors come with the commit.
    let mut bench = Bench::new();
    let stored = bench.insert_job();
    let mut batcher = Batcher::new(stored.id, bench.run_state_of(stored.id));
    batcher.add(failed(&stored, 500));
    let group = batcher.take_group(Duration::ZERO);
    live.committed(group.counts, group.errors.clone());
    read_errors(&mut stream, 1..=500).await;
}

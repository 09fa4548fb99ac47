//! How the files of one directory are shared out: to all hashers, and in quanta that a byte budget can count.

use std::collections::HashSet;
use std::fs;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use hivesum_actors::scan::ScanSpec;
use tempfile::TempDir;

use crate::stage::{PATIENT, engine, on_reaching, run, spec};

const FILES: usize = 48;
const BYTES: usize = 1 << 20;

fn tree() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        fs::write(tree.path().join(format!("{number:02}")), vec![number as u8; BYTES]).unwrap();
    }
    tree
}

#[test]
fn what_one_quantum_leaves_is_shared_out_to_all_hashers() {
    let scenario = fail::FailScenario::setup();
    let tree = tree();
    let (engine, background) = engine(PATIENT);
    let threads: Arc<Mutex<HashSet<ThreadId>>> = Arc::default();
    let seen = threads.clone();
    on_reaching("hash_entry", FILES, move || {
        seen.lock().unwrap().insert(std::thread::current().id());
    });
    // BLAKE3 takes 8 MiB at a time.
    let scanned = run(&engine, spec(tree.path()));
    assert_eq!((scanned.end.summary.hashed, scanned.end.summary.errors), (FILES as u64, 0));
    // Or more, where a test beside this one hashes, too.
    assert!(threads.lock().unwrap().len() >= 2, "one of the two hashers had nothing to do");
    scenario.teardown();
    background.join();
}

#[test]
fn where_bytes_are_rationed_no_quantum_reads_many_more_than_were_reserved() {
    // Its files are not counted by the test above.
    let _scenario = fail::FailScenario::setup();
    let tree = tree();
    let (engine, background) = engine(PATIENT);
    let quanta = |rate: Option<NonZeroU64>| {
        let before = engine.stats().total_tasks;
        let (algorithms, of_tree) = ("md5".parse().unwrap(), spec(tree.path()));
        let scanned = run(&engine, ScanSpec { algorithms, max_bytes_per_second: rate, ..of_tree });
        assert_eq!((scanned.end.summary.hashed, scanned.end.summary.errors), (FILES as u64, 0));
        engine.stats().total_tasks - before
    };
    let rationed = quanta(NonZeroU64::new(1 << 40));
    assert!(rationed >= (FILES * BYTES / (8 << 20)) as u64, "{rationed} quanta of 8 MiB for {FILES} files");
    if cfg!(target_arch = "x86_64") && std::arch::is_x86_feature_detected!("avx2") {
        assert_eq!(quanta(None), 1, "in lanes they are read at once");
    }
    background.join();
}

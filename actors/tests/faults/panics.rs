//! Panics, dead threads and stuck threads, and what each may cost.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hivesum_actors::engine::{Engine, EngineConfig};
use hivesum_actors::error::{Refused, UploadError};
use hivesum_actors::jobs::{Jobs, JobsConfig};
use hivesum_actors::scan::{ScanEnd, ScanSpec};
use hivesum_actors::scrub::{ScrubOrder, ScrubRequest, ScrubTold, Starter};
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::result::{ErrorCode, Status};
use uuid::Uuid;

use crate::stage::{PATIENT, Scanned, append, await_alive, engine, engine_with, on_reaching, run, spec, tree_of};

fn hash(engine: &Engine, tree: &Path) -> (Vec<Status>, ScanEnd) {
    let scanned = run(engine, spec(tree));
    (scanned.lines.iter().map(|line| line.status).collect(), scanned.end)
}

fn errors_of(statuses: &[Status], wanted: ErrorCode) -> usize {
    statuses.iter().filter(|status| matches!(status, Status::Error { code, .. } if *code == wanted)).count()
}

#[test]
fn a_dead_hasher_thread_is_replaced_and_the_scan_goes_on() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(3000);
    let (engine, background) = engine(PATIENT);
    fail::cfg("hasher_thread", "3*panic").unwrap();
    let (statuses, end) = hash(&engine, tree.path());
    assert_eq!(statuses.len(), 3000);
    assert!(end.summary.errors <= 3, "a dead thread costs at most the file it was on: {:?}", end.summary);
    let stats = engine.stats();
    assert_eq!(stats.hashers.restarts, 3);
    await_alive(&engine, 2);
    scenario.teardown();
    background.join();
}

#[test]
fn a_panic_in_a_large_file_is_an_error_of_that_file_only() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(10);
    fs::File::create(tree.path().join("large")).unwrap().set_len(40 << 20).unwrap();
    let (engine, background) = engine(PATIENT);
    fail::cfg("digest_segment", "1*panic").unwrap();
    let (statuses, end) = hash(&engine, tree.path());
    assert_eq!((errors_of(&statuses, ErrorCode::Internal), end.summary.hashed), (1, 10));
    scenario.teardown();
    background.join();
}

#[test]
fn a_panic_while_files_are_digested_together_costs_nothing_and_alone_only_its_file() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(300);
    let algorithms: Algorithms = "crc32,md5,sha3-256".parse().unwrap();
    let (engine, background) = engine(PATIENT);
    let hash = || run(&engine, ScanSpec { algorithms, ..spec(tree.path()) });
    let well = hash();
    assert_eq!(well.end.summary.hashed, 300);
    fail::cfg("digest_kept", "panic").unwrap();
    let together = hash();
    let digests = |scanned: &Scanned| scanned.lines.iter().map(|line| line.digests.clone()).collect::<Vec<_>>();
    assert_eq!((digests(&together), together.end.summary.hashed), (digests(&well), 300));
    // On a machine without lanes no file is digested together with others, and none can be lost so.
    let lanes = cfg!(target_arch = "x86_64") && std::arch::is_x86_feature_detected!("avx2");
    let lost = if lanes { 2 } else { 0 };
    fail::cfg("digest_kept_alone", "5*off->2*panic->off").unwrap();
    let alone = hash();
    assert_eq!((alone.end.summary.hashed, alone.end.summary.errors), (300 - lost, lost));
    let mut kept = 0;
    for (one, before) in alone.lines.iter().zip(&well.lines) {
        match one.status {
            Status::Hashed(_) => kept += u64::from(one.digests == before.digests),
            status => assert_eq!(errors_of(&[status], ErrorCode::Internal), 1),
        }
    }
    assert_eq!(kept, 300 - lost, "no digest moves to another file");
    scenario.teardown();
    background.join();
}

#[test]
fn a_panic_in_an_upload_is_an_error_for_its_client_and_the_next_upload_works() {
    let scenario = fail::FailScenario::setup();
    let (engine, background) = engine(PATIENT);
    fail::cfg("absorb_chunk", "1*panic").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let body = Bytes::from(vec![7; 300_000]);
    let mut upload = engine.upload(Algorithms::default()).unwrap();
    runtime.block_on(upload.absorb(body.clone())).unwrap();
    assert_eq!(runtime.block_on(upload.finish()).unwrap_err(), UploadError::HasherFailed);
    let mut upload = engine.upload(Algorithms::default()).unwrap();
    runtime.block_on(upload.absorb(body)).unwrap();
    assert_eq!(runtime.block_on(upload.finish()).unwrap().size, 300_000);
    scenario.teardown();
    background.join();
}

#[test]
fn an_algorithm_that_fails_its_self_test_computes_nothing_and_the_others_go_on() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(3);
    let (engine, background) = engine(PATIENT);
    // No other test here computes it, so it has not passed yet.
    let tiger = Algorithms::single(Algorithm::Tiger);
    fail::cfg("self_test", "return").unwrap();
    let refused = Refused::SelfTest(Algorithm::Tiger);
    assert_eq!(engine.upload(tiger).unwrap_err(), refused);
    assert_eq!(engine.scan(ScanSpec { algorithms: tiger, ..spec(tree.path()) }).unwrap_err(), refused);
    assert_eq!(refused.to_string(), "self-test failed: tiger gives a wrong digest on this machine");
    assert_eq!(hash(&engine, tree.path()).1.summary.hashed, 3);
    fail::remove("self_test");
    assert!(engine.upload(tiger).is_ok(), "what failed is tested again");
    scenario.teardown();
    background.join();
}

#[test]
fn a_hasher_that_makes_no_progress_is_replaced_and_its_file_times_out() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(3);
    // Longer than a hasher waits for a core on a busy machine: the sound one must not seem to be stuck.
    let (engine, background) = engine(Duration::from_secs(4));
    fail::cfg("hash_entry", "1*pause").unwrap();
    let (statuses, end) = hash(&engine, tree.path());
    assert_eq!((errors_of(&statuses[..1], ErrorCode::Timeout), end.summary.hashed), (1, 2));
    let stats = engine.stats();
    assert_eq!(stats.hashers.stuck, 1);
    await_alive(&engine, 2);
    scenario.teardown();
    background.join();
}

#[test]
fn a_hasher_that_is_stuck_and_not_replaced_is_not_alive_until_it_makes_progress() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(3);
    let (engine, background) = engine_with(|config| {
        config.quantum_deadline = Duration::from_millis(100);
        config.max_stuck_hashers = 0;
    });
    assert_eq!(engine.stats().hashers.alive, 2, "an engine starts with all of its hashers");
    fail::cfg("hash_entry", "1*pause").unwrap();
    let mut scan = engine.scan(spec(tree.path())).unwrap();
    await_alive(&engine, 1);
    assert_eq!(engine.stats().hashers.size, 2);
    fail::remove("hash_entry");
    while scan.blocking_next().is_some() {}
    assert_eq!(scan.blocking_finish().summary.hashed, 3);
    await_alive(&engine, 2);
    scenario.teardown();
    background.join();
}

#[test]
fn a_file_written_to_during_the_read_is_read_again() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(1);
    let file = tree.path().join("00000");
    let (engine, background) = engine(PATIENT);
    on_reaching("after_read", 2, move || append(&file, b"more"));
    let (statuses, end) = hash(&engine, tree.path());
    assert!(matches!(statuses[0], Status::Hashed(_)), "{statuses:?}");
    assert_eq!(end.summary.bytes, 9, "the digest is of the last version");
    scenario.teardown();
    background.join();
}

#[test]
fn a_file_written_to_during_every_read_has_no_digest() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(2);
    let file = tree.path().join("00001");
    let (engine, background) = engine(PATIENT);
    on_reaching("after_read", 100, move || append(&file, b"more"));
    let (statuses, end) = hash(&engine, tree.path());
    assert!(matches!(statuses[0], Status::Hashed(_)), "{statuses:?}");
    assert_eq!((errors_of(&statuses[1..], ErrorCode::FileChanged), end.summary.hashed), (1, 1));
    scenario.teardown();
    background.join();
}

#[test]
fn a_large_file_truncated_between_its_segments_is_refused_and_the_process_survives() {
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(1);
    let large = tree.path().join("large");
    fs::File::create(&large).unwrap().set_len(64 << 20).unwrap();
    let (engine, background) = engine(PATIENT);
    on_reaching("after_piece", 1, move || {
        fs::OpenOptions::new().write(true).open(&large).unwrap().set_len(0).unwrap();
    });
    let (statuses, end) = hash(&engine, tree.path());
    assert_eq!((errors_of(&statuses, ErrorCode::FileChanged), end.summary.hashed), (1, 1));
    await_alive(&engine, 2);
    scenario.teardown();
    background.join();
}

#[test]
fn a_large_file_that_grows_once_is_digested_in_its_new_length() {
    let scenario = fail::FailScenario::setup();
    let tree = tempfile::tempdir().unwrap();
    let large = tree.path().join("large");
    fs::File::create(&large).unwrap().set_len(20 << 20).unwrap();
    let (engine, background) = engine(PATIENT);
    on_reaching("after_piece", 1, move || append(&large, b"more"));
    let (statuses, end) = hash(&engine, tree.path());
    assert!(matches!(statuses[..], [Status::Hashed(_)]), "{statuses:?}");
    assert_eq!(end.summary.bytes, (20 << 20) + 4);
    scenario.teardown();
    background.join();
}

#[test]
fn no_more_hashers_are_replaced_than_may_be_stuck_at_a_time() {
    use hivesum_actors::scan::ScanOutcome;
    let scenario = fail::FailScenario::setup();
    let tree = tree_of(1000);
    let (engine, background) = engine_with(|config| {
        // Longer than the first quantum of the second scan takes on a busy machine.
        config.quantum_deadline = Duration::from_secs(4);
        config.max_stuck_hashers = 1;
    });
    fail::cfg("hash_entry", "pause").unwrap();
    let stuck = engine.scan(spec(tree.path())).unwrap();
    // One is replaced; the others, its successor among them, make no progress either and stay where they are.
    await_alive(&engine, 0);
    assert_eq!(engine.stats().hashers.stuck, 1);
    stuck.canceller().cancel();
    assert_eq!(stuck.blocking_finish().outcome, ScanOutcome::Cancelled);
    fail::remove("hash_entry");
    // A scan that begins before they go on finds nobody to hash.
    await_alive(&engine, 2);
    let scanned = run(&engine, spec(tree.path()));
    assert_eq!(scanned.end.summary.hashed, 1000);
    scenario.teardown();
    background.join();
}

#[test]
fn a_scrub_that_panics_has_failed_and_the_service_goes_on() {
    let scenario = fail::FailScenario::setup();
    let (tree, state) = (tree_of(3), tempfile::tempdir().unwrap());
    fail::cfg("scrub_thread", "1*panic").unwrap();
    actix_rt::System::new().block_on(async {
        let engine = Engine::start(EngineConfig::default()).await.unwrap();
        let jobs = Jobs::open(engine, JobsConfig::new(state.path(), Vec::new())).await.unwrap();
        for expected in ["Failed(Aborted)", "Ended("] {
            let (key, scrubs) = (Uuid::now_v7(), jobs.scrubs());
            scrubs
                .start(
                    key,
                    ScrubOrder { request: ScrubRequest::new(tree.path()), max_time: None, starter: Starter::Request },
                )
                .unwrap();
            while !scrubs.show(key, ScrubTold::has_ended).unwrap() {
                tokio::task::yield_now().await;
            }
            let phase = scrubs.show(key, |told| format!("{:?}", told.phase)).unwrap();
            assert!(phase.starts_with(expected), "{phase}");
        }
        jobs.drain().await;
    });
    scenario.teardown();
}

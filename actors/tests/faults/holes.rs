//! A hole costs no more time and memory than digesting zeros.
//!
//! `HIVESUM_HOLE_GIB=100 cargo test --release -p hivesum-actors --all-features --test faults -- --nocapture zeros`
//! compares the time with the same number of zeros from one buffer, digested by the same number of threads. The suite
//! takes 1 GiB and checks only the digest and the memory, as times need an otherwise idle machine.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hivesum_core::digest::subtree::{SubtreeMerger, Subtrees};
use hivesum_test_support::number_from_env;
use hivesum_test_support::process::peak_bytes;

use crate::stage::{PATIENT, engine_with, run, spec};

/// The size of the engine's segments.
const PIECE: u64 = 8 << 20;
const HASHERS: usize = 2;

/// The digest of a file of zeros and the time that it takes, from one buffer that stays in the core's cache.
fn digest_of_zeros(bytes: u64) -> (String, Duration) {
    let zeros = vec![0; 256 << 10];
    let subtrees = Subtrees::new(PIECE).unwrap();
    let (next, pieces) = (AtomicU64::new(0), bytes / PIECE);
    let began = Instant::now();
    let mut values: Vec<(u64, [u8; 32])> = std::thread::scope(|scope| {
        let digest = || {
            let mut values = Vec::new();
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= pieces {
                    return values;
                }
                let mut subtree = hivesum_core::digest::subtree::SubtreeHasher::new(piece * subtrees.piece_bytes());
                for _ in 0..PIECE / zeros.len() as u64 {
                    subtree.update(&zeros);
                }
                values.push((piece, subtree.chaining_value()));
            }
        };
        let threads: Vec<_> = (0..HASHERS).map(|_| scope.spawn(digest)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    values.sort_unstable();
    let mut merger = SubtreeMerger::new();
    values.into_iter().for_each(|(_, value)| merger.push(value));
    (hex::encode(merger.finish().unwrap()), began.elapsed())
}

pub(crate) fn a_hole_is_digested_like_zeros() {
    let gib = number_from_env("HIVESUM_HOLE_GIB").unwrap_or(1);
    let tree = tempfile::tempdir().unwrap();
    fs::File::create(tree.path().join("hole")).unwrap().set_len(gib << 30).unwrap();
    let (expected, by_zeros) = digest_of_zeros(gib << 30);
    let (engine, background) =
        engine_with(|config| (config.hashers, config.quantum_deadline) = (HASHERS.try_into().unwrap(), PATIENT));
    let idle = peak_bytes(std::process::id());
    let began = Instant::now();
    let scanned = run(&engine, spec(tree.path()));
    let by_engine = began.elapsed();
    assert_eq!(scanned.line("hole").digests[0], expected);
    let used = peak_bytes(std::process::id()) - idle;
    assert!(used <= HASHERS as u64 * (16 << 20) + (32 << 20), "{used} bytes over idle");
    let ratio = by_engine.as_secs_f64() / by_zeros.as_secs_f64();
    println!("{gib} GiB of hole: {by_engine:.2?}, of zeros {by_zeros:.2?}, ratio {ratio:.3}, {} MiB", used >> 20);
    if gib >= 100 {
        assert!(ratio <= 1.1, "a hole takes {ratio:.3} of the time of zeros");
    }
    background.join();
}

//! Hashing speed by algorithm and size: from memory, by read calls, and through the whole engine, read or mapped.
//!
//! Every iteration uses another page offset of a large buffer or file, or other files of a large set, so that the
//! processor's caches do not help. `memory`, `messages` and `read` run on one core; `files`, `large` and `tree` run on
//! the engine with one hasher per core at normal priority, as on the command line. Mapping is measured through the
//! engine only, because it takes `unsafe`, which only `actors/core/src/sys` may use.
//! `cargo bench --bench hashing [FILTER]`.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on must fail")]

mod corpus;

use std::fs::File;
use std::hint::black_box;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use corpus::{Corpus, Random};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use hivesum_actors::engine::{HasherPriority, SelfTest};
use hivesum_actors::scan::{ScanOutcome, ScanSpec};
use hivesum_actors::{Engine, EngineConfig};
use hivesum_core::digest::{Algorithm, Algorithms, Chain, MultiHasher, digest_messages};
use hivesum_core::file::IoMode;
use hivesum_core::result::NameList;
use hivesum_core::walk::Target;

/// Larger than the caches of most machines, so that random offsets are not cached.
const POOL_BYTES: usize = 256 << 20;

/// Bytes that one iteration hashes in files of one size.
const ITERATION_BYTES: usize = 16 << 20;

/// File sizes at which reading and mapping are compared.
const FILE_BYTES: [usize; 5] = [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];

/// The ways to read a file.
const MODES: [(&str, IoMode); 2] = [("read", IoMode::Read), ("map", IoMode::Map)];

/// Number of files in the tree.
const TREE_FILES: usize = 8192;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut corpus = Corpus::new();
    let large = corpus.add_files("large", 1, POOL_BYTES).remove(0);
    let tree = corpus.add_tree("tree", TREE_FILES);
    let by_size = FILE_BYTES.map(|bytes| (bytes, corpus.add_files(&in_words(bytes), POOL_BYTES / 2 / bytes, bytes)));
    over_memory(&mut criterion);
    messages_together(&mut criterion);
    by_read_calls(&mut criterion, &large);
    let (engine, background) = Engine::start_in_background(EngineConfig {
        priority: HasherPriority::Normal,
        self_test: SelfTest::Only(set("blake3,sha256,md5")),
        ..EngineConfig::default()
    })
    .unwrap();
    small_tree(&mut criterion, &engine, &corpus, &tree);
    one_large_file(&mut criterion, &engine, &large);
    files_by_size(&mut criterion, &engine, &corpus, &by_size);
    background.join();
    criterion.final_summary();
}

/// A group with short measurements, as there are hundreds of them.
fn group<'a>(criterion: &'a mut Criterion, name: &str, measured_for: Duration) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(measured_for / 3).measurement_time(measured_for);
    group
}

fn over_memory(criterion: &mut Criterion) {
    let pool = Random::new(1).bytes(POOL_BYTES);
    let mut group = group(criterion, "memory", Duration::from_millis(300));
    let sets = Algorithm::ALL.map(Algorithms::single).into_iter().chain([set("blake3,sha256,md5")]);
    for algorithms in sets {
        for bytes in [1 << 10, 64 << 10, 1 << 20] {
            let mut random = Random::new(2);
            let mut states = MultiHasher::new(&algorithms);
            let mut digests = Vec::new();
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(BenchmarkId::new(algorithms.to_string(), in_words(bytes)), |bencher| {
                bencher.iter(|| {
                    let from = random.page_offset(POOL_BYTES, bytes);
                    states.update(&pool[from..][..bytes]);
                    digests.clear();
                    states.finalize_reset_into(&mut digests);
                    black_box(&digests);
                });
            });
        }
    }
}

/// Many short messages: one after the other, and together in the lanes that this machine has.
fn messages_together(criterion: &mut Criterion) {
    let pool = Random::new(1).bytes(POOL_BYTES);
    let mut group = group(criterion, "messages", Duration::from_millis(300));
    let algorithms = ["blake3", "md5", "sha1", "sha256", "sha512", "sha3-256"];
    for (algorithm, bytes) in algorithms.into_iter().flat_map(|name| [500, 6 << 10].map(|bytes| (name, bytes))) {
        let mut random = Random::new(2);
        let mut chain = Chain::new(algorithm.parse().unwrap());
        let count = (1 << 20) / bytes;
        group.throughput(Throughput::Bytes((count * bytes) as u64));
        for together in [false, true] {
            let name = format!("{algorithm} {}", if together { "together" } else { "alone" });
            group.bench_function(BenchmarkId::new(name, in_words(bytes)), |bencher| {
                bencher.iter(|| {
                    let from = random.page_offset(POOL_BYTES, count * bytes);
                    let messages: Vec<&[u8]> = pool[from..][..count * bytes].chunks(bytes).collect();
                    for some in messages.chunks(if together { count } else { 1 }) {
                        digest_messages(&mut chain, some, |_, digest| {
                            black_box(digest);
                        });
                    }
                });
            });
        }
    }
}

fn by_read_calls(criterion: &mut Criterion, large: &Path) {
    let file = File::open(large).unwrap();
    let mut group = group(criterion, "read", Duration::from_millis(300));
    for algorithms in ["blake3", "sha256", "xxh3_128"].map(set) {
        for bytes in [4 << 10, 64 << 10, 256 << 10, 1 << 20] {
            let mut random = Random::new(3);
            let mut states = MultiHasher::new(&algorithms);
            let (mut buffer, mut digests) = (vec![0; bytes], Vec::new());
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(BenchmarkId::new(algorithms.to_string(), in_words(bytes)), |bencher| {
                bencher.iter(|| {
                    file.read_exact_at(&mut buffer, random.page_offset(POOL_BYTES, bytes) as u64).unwrap();
                    states.update(&buffer);
                    digests.clear();
                    states.finalize_reset_into(&mut digests);
                    black_box(&digests);
                });
            });
        }
    }
}

/// Small files, walked and hashed as by `hivesum hash DIR`. One element is one file.
fn small_tree(criterion: &mut Criterion, engine: &Engine, corpus: &Corpus, tree: &Path) {
    let mut group = group(criterion, "tree", Duration::from_secs(2));
    group.throughput(Throughput::Elements(TREE_FILES as u64));
    for algorithms in ["blake3", "sha256", "blake3,sha256"].map(set) {
        group.bench_function(BenchmarkId::from_parameter(algorithms), |bencher| {
            corpus.settle();
            bencher.iter(|| {
                let dir = File::open(tree).unwrap().into();
                let hashed = hash_all(engine, Target::Directory { dir, shown: Vec::new() }, algorithms, IoMode::Auto);
                assert_eq!(hashed, TREE_FILES as u64);
            });
        });
    }
}

/// One large file: BLAKE3 as subtrees on every hasher, each other algorithm as one chain of segments.
fn one_large_file(criterion: &mut Criterion, engine: &Engine, large: &Path) {
    let mut group = group(criterion, "large", Duration::from_secs(2));
    group.throughput(Throughput::Bytes(POOL_BYTES as u64));
    for algorithms in ["blake3", "sha256", "blake3,sha256,md5"].map(set) {
        for (mode_name, mode) in MODES {
            group.bench_function(BenchmarkId::new(algorithms.to_string(), mode_name), |bencher| {
                bencher.iter(|| assert_eq!(hash_all(engine, names([large]), algorithms, mode), 1));
            });
        }
    }
}

/// Files of one size, others in every iteration: is mapping faster than reading at any size?
fn files_by_size(criterion: &mut Criterion, engine: &Engine, corpus: &Corpus, by_size: &[(usize, Vec<PathBuf>)]) {
    let mut group = group(criterion, "files", Duration::from_secs(1));
    group.throughput(Throughput::Bytes(ITERATION_BYTES as u64));
    for (bytes, files) in by_size {
        let per_iteration = ITERATION_BYTES / bytes;
        for algorithms in ["blake3", "sha256"].map(set) {
            for (mode_name, mode) in MODES {
                let mut random = Random::new(5);
                let name = format!("{algorithms}/{mode_name}");
                group.bench_function(BenchmarkId::new(name, in_words(*bytes)), |bencher| {
                    corpus.settle();
                    bencher.iter(|| {
                        let chosen = (0..per_iteration).map(|_| &files[random.below(files.len())]);
                        assert_eq!(hash_all(engine, names(chosen), algorithms, mode), per_iteration as u64);
                    });
                });
            }
        }
    }
}

fn names<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Target {
    let mut names = NameList::new();
    for path in paths {
        names.push(path.as_ref().as_os_str().as_bytes());
    }
    Target::Names { names }
}

/// Hashes a target. The number of files with digests.
fn hash_all(engine: &Engine, target: Target, algorithms: Algorithms, io: IoMode) -> u64 {
    let mut scan = engine.scan(ScanSpec { io, ..ScanSpec::new(vec![target], algorithms) }).unwrap();
    while let Some(rows) = scan.blocking_next() {
        black_box(&rows);
    }
    let end = scan.blocking_finish();
    assert_eq!(end.outcome, ScanOutcome::Completed);
    end.summary.hashed
}

fn set(names: &str) -> Algorithms {
    names.parse().unwrap()
}

fn in_words(bytes: usize) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{} KiB", bytes >> 10),
    }
}

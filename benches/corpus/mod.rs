//! Files for the benches, created in Cargo's directory for temporary files and removed at the end.
//!
//! Names, sizes and contents are the same in every run. Contents are pseudo-random, so that no file equals another.

#![allow(dead_code, reason = "each bench uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on must fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Files changed within the last minute are probed for writers (about 2 us each), older ones are not.
const SETTLED_AFTER: Duration = Duration::from_secs(61);

/// Bytes of a memory page.
pub(crate) const PAGE_BYTES: usize = 4096;

/// A directory of files, removed on drop.
#[derive(Debug)]
pub(crate) struct Corpus {
    home: TempDir,
    made: Instant,
    random: Random,
}

impl Corpus {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new().prefix("corpus-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { home, made: Instant::now(), random: Random::new(1) }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// Adds a tree of `files` files of 1 byte to 16 KiB in 64 directories.
    pub(crate) fn add_tree(&mut self, name: &str, files: usize) -> PathBuf {
        let tree = self.path().join(name);
        let content = self.random.bytes(17 << 10);
        for number in 0..files {
            let directory = tree.join(format!("{:02}", number % 64));
            fs::create_dir_all(&directory).unwrap();
            let from = self.random.below(1 << 10);
            let size = self.random_size();
            fs::write(directory.join(format!("file-{number:05}.dat")), &content[from..][..size]).unwrap();
        }
        self.made = Instant::now();
        tree
    }

    /// Small files are more frequent than large ones: the size is random below a random power of two.
    fn random_size(&mut self) -> usize {
        let bound = 1 << (10 + self.random.below(5));
        1 + self.random.below(bound)
    }

    /// Adds `files` files of `bytes` each.
    pub(crate) fn add_files(&mut self, name: &str, files: usize, bytes: usize) -> Vec<PathBuf> {
        let directory = self.path().join(name);
        fs::create_dir_all(&directory).unwrap();
        let mut paths = Vec::with_capacity(files);
        for number in 0..files {
            let path = directory.join(format!("file-{number:05}.dat"));
            fs::write(&path, self.random.bytes(bytes)).unwrap();
            paths.push(path);
        }
        self.made = Instant::now();
        paths
    }

    /// Waits until no file counts as recently changed. Call it right before a measurement. A smoke test does not wait.
    pub(crate) fn settle(&self) {
        if is_measured() {
            std::thread::sleep(SETTLED_AFTER.saturating_sub(self.made.elapsed()));
        }
    }
}

/// Whether this is `cargo bench`. Anything else is a smoke test, which runs each bench only briefly.
pub(crate) fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
#[derive(Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// Each seed gives its own sequence.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A page-aligned offset, with at least `bytes` from there to `length`.
    pub(crate) fn page_offset(&mut self, length: usize, bytes: usize) -> usize {
        self.below((length - bytes) / PAGE_BYTES + 1) * PAGE_BYTES
    }

    /// Random bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).collect();
        bytes.truncate(length);
        bytes
    }
}

//! Files for the benches, made below Cargo's own directory for temporary files and removed at the end.
//!
//! Names and sizes are the same in every run. Their content is drawn, so that no file equals another.

#![allow(dead_code, reason = "each bench uses its part")]
#![allow(clippy::unwrap_used, reason = "a bench without its files has nothing to measure")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Files touched within the last minute are probed for writers, which settled files are spared (some 2 us a file).
const SETTLED_AFTER: Duration = Duration::from_secs(61);

/// Bytes of a memory page, for offsets.
pub(crate) const PAGE_BYTES: usize = 4096;

/// A directory of files, gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Corpus {
    home: TempDir,
    made: Instant,
    dice: Dice,
}

impl Corpus {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new().prefix("corpus-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { home, made: Instant::now(), dice: Dice::new(1) }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// Adds a tree called `name`: `files` files of 1 byte to 16 KiB in 64 directories.
    pub(crate) fn add_tree(&mut self, name: &str, files: usize) -> PathBuf {
        let tree = self.path().join(name);
        let content = self.dice.bytes(17 << 10);
        for number in 0..files {
            let directory = tree.join(format!("{:02}", number % 64));
            fs::create_dir_all(&directory).unwrap();
            let from = self.dice.below(1 << 10);
            let size = self.drawn_size();
            fs::write(directory.join(format!("file-{number:05}.dat")), &content[from..][..size]).unwrap();
        }
        self.made = Instant::now();
        tree
    }

    /// Small files are more frequent than large ones: the size is drawn below a power of two that is drawn first.
    fn drawn_size(&mut self) -> usize {
        let bound = 1 << (10 + self.dice.below(5));
        1 + self.dice.below(bound)
    }

    /// Adds `files` files of `bytes` each.
    pub(crate) fn add_files(&mut self, name: &str, files: usize, bytes: usize) -> Vec<PathBuf> {
        let directory = self.path().join(name);
        fs::create_dir_all(&directory).unwrap();
        let mut paths = Vec::with_capacity(files);
        for number in 0..files {
            let path = directory.join(format!("file-{number:05}.dat"));
            fs::write(&path, self.dice.bytes(bytes)).unwrap();
            paths.push(path);
        }
        self.made = Instant::now();
        paths
    }

    /// Waits until the files count as untouched. Call it right before the measurement. A smoke test does not wait.
    pub(crate) fn settle(&self) {
        if is_measured() {
            std::thread::sleep(SETTLED_AFTER.saturating_sub(self.made.elapsed()));
        }
    }
}

/// Whether this is `cargo bench`; anything else runs the benches for moments, to see that they run.
pub(crate) fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
#[derive(Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// One series a seed.
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

    /// A page offset from which `bytes` still lie within `length`.
    pub(crate) fn page_offset(&mut self, length: usize, bytes: usize) -> usize {
        self.below((length - bytes) / PAGE_BYTES + 1) * PAGE_BYTES
    }

    /// Drawn bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).collect();
        bytes.truncate(length);
        bytes
    }
}

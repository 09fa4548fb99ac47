//! Chaos: a writer changes files without pause while scans run without pause, and an oracle knows every version.
//!
//! The oracle records a version before the file has it. A digest that a scan calls stable must be of a version that
//! existed under that name; an unverified one may be of any bytes. When the writer is done, a last scan must match
//! every file. The suite has 5,000 events, `HIVESUM_CHAOS_EVENTS` sets another number.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hivesum_core::file::IoMode;
use hivesum_core::guards::write_mapped;
use hivesum_core::result::{ErrorCode, Stability, Status};
use hivesum_test_support::{cycle, number_from_env};

use crate::stage::{Line, PATIENT, engine, run, spec};

/// Files that the writer changes. The first are hashed in segments, the next are mapped, the rest are read.
const NAMES: usize = 40;
const LARGE_NAMES: usize = 2;
const MAPPED_NAMES: usize = 6;

fn first_size(number: usize) -> usize {
    match number {
        _ if number < LARGE_NAMES => (17 << 20) + 1000,
        _ if number < MAPPED_NAMES => (1 << 20) + 1000 * number,
        _ => 500 * number,
    }
}

/// The content of a file and all its versions, under whatever names.
#[derive(Debug, Default)]
struct Life {
    content: Vec<u8>,
    versions: HashSet<String>,
}

/// Every version of every file, and all files that a name ever belonged to.
#[derive(Debug, Default)]
struct Oracle {
    lives: Vec<Life>,
    /// The file that has the name now.
    now: BTreeMap<String, usize>,
    ever: BTreeMap<String, BTreeSet<usize>>,
}

impl Oracle {
    fn begin(&mut self, name: &str, content: Vec<u8>) {
        let life = self.lives.len();
        self.lives.push(Life::default());
        self.names(name, life);
        self.becomes(life, content);
    }

    fn names(&mut self, name: &str, life: usize) {
        self.now.insert(name.to_owned(), life);
        self.ever.entry(name.to_owned()).or_default().insert(life);
    }

    fn becomes(&mut self, life: usize, content: Vec<u8>) {
        let digest = blake3::hash(&content).to_hex().to_string();
        self.lives[life].versions.insert(digest);
        self.lives[life].content = content;
    }

    fn had(&self, name: &str, digest: &str) -> bool {
        let lives = self.ever.get(name).into_iter().flatten();
        lives.map(|&life| &self.lives[life]).any(|life| life.versions.contains(digest))
    }
}

/// The writer. Its choices come from a fixed seed, so that a run can be repeated.
struct Writer<'a> {
    dir: PathBuf,
    oracle: &'a Mutex<Oracle>,
    random: u64,
}

impl Writer<'_> {
    /// xorshift64 (Marsaglia, 2003).
    fn next(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % below as u64) as usize
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// One event on one file.
    fn act(&mut self) {
        let number = self.next(NAMES);
        // The oracle takes long to digest large files, so most events go to small ones.
        let number = if number < MAPPED_NAMES && self.next(4) > 0 { MAPPED_NAMES + number } else { number };
        let name = format!("{number:02}");
        let Some(life) = self.oracle.lock().unwrap().now.get(&name).copied() else {
            return self.create(&name, number);
        };
        let content = self.oracle.lock().unwrap().lives[life].content.clone();
        match self.next(6) {
            0 => self.truncate(&name, life, content),
            1 => self.append(&name, life, content),
            2 => self.overwrite(&name, life, content),
            3 => self.write_mapped(&name, life, content),
            4 => self.rename(&name, life),
            _ if self.next(3) == 0 => self.unlink(&name),
            _ => self.overwrite(&name, life, content),
        }
    }

    fn becomes(&self, life: usize, content: Vec<u8>) {
        self.oracle.lock().unwrap().becomes(life, content);
    }

    fn open(&self, name: &str) -> File {
        OpenOptions::new().read(true).write(true).open(self.path(name)).unwrap()
    }

    fn create(&mut self, name: &str, number: usize) {
        let content = cycle(first_size(number));
        let oracle = self.oracle;
        let temporary = self.path(&format!(".{name}"));
        fs::write(&temporary, &content).unwrap();
        oracle.lock().unwrap().begin(name, content);
        fs::rename(temporary, self.path(name)).unwrap();
    }

    fn truncate(&mut self, name: &str, life: usize, mut content: Vec<u8>) {
        let to = self.next(content.len() + 1);
        content.truncate(to);
        self.becomes(life, content);
        self.open(name).set_len(to as u64).unwrap();
    }

    fn append(&mut self, name: &str, life: usize, mut content: Vec<u8>) {
        let more: Vec<u8> = (0..=self.next(3000)).map(|_| self.next(256) as u8).collect();
        let at = content.len() as u64;
        content.extend_from_slice(&more);
        self.becomes(life, content);
        self.open(name).write_all_at(&more, at).unwrap();
    }

    fn overwrite(&mut self, name: &str, life: usize, mut content: Vec<u8>) {
        if content.is_empty() {
            return self.append(name, life, content);
        }
        let at = self.next(content.len());
        let len = (content.len() - at).min(1 + self.next(3000));
        let bytes: Vec<u8> = (0..len).map(|_| self.next(256) as u8).collect();
        content[at..at + len].copy_from_slice(&bytes);
        self.becomes(life, content);
        self.open(name).write_all_at(&bytes, at as u64).unwrap();
    }

    /// Byte by byte, so that every intermediate state is a version of its own.
    fn write_mapped(&mut self, name: &str, life: usize, mut content: Vec<u8>) {
        if content.is_empty() {
            return self.append(name, life, content);
        }
        let changes: Vec<_> = (0..3).map(|_| (self.next(content.len()), self.next(256) as u8)).collect();
        for &(at, byte) in &changes {
            content[at] = byte;
            self.becomes(life, content.clone());
        }
        assert_eq!(write_mapped(&self.open(name), changes).unwrap(), 3);
    }

    /// To a name that may belong to another file, which is then gone.
    fn rename(&mut self, name: &str, life: usize) {
        // Sizes stay with their names, so that the tree keeps its shape.
        let (low, high) = match name.parse::<usize>().unwrap() {
            number if number < MAPPED_NAMES => (0, MAPPED_NAMES),
            _ => (MAPPED_NAMES, NAMES),
        };
        let to = format!("{:02}", low + self.next(high - low));
        if to == name {
            return;
        }
        self.oracle.lock().unwrap().names(&to, life);
        fs::rename(self.path(name), self.path(&to)).unwrap();
        self.oracle.lock().unwrap().now.remove(name);
    }

    fn unlink(&mut self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
        self.oracle.lock().unwrap().now.remove(name);
    }
}

/// Whether a result is allowed for a file that is being changed.
fn is_allowed(line: &Line, oracle: &Oracle) -> bool {
    let name = std::str::from_utf8(&line.path).unwrap();
    match line.status {
        Status::Hashed(Stability::Stable) => name.starts_with('.') || oracle.had(name, &line.digests[0]),
        Status::Hashed(Stability::Unverified) => true,
        Status::Error { code: ErrorCode::NotFound | ErrorCode::FileChanged, .. } => true,
        Status::Error { .. } | Status::Skipped(_) => false,
    }
}

#[test]
fn no_digest_called_stable_is_of_bytes_that_were_never_there() {
    // Failpoints are global: while this runs, no other test sets one.
    let _scenario = fail::FailScenario::setup();
    let events = number_from_env("HIVESUM_CHAOS_EVENTS").unwrap_or(5000);
    let dir = tempfile::tempdir().unwrap();
    let oracle = Mutex::new(Oracle::default());
    let mut writer = Writer { dir: dir.path().to_owned(), oracle: &oracle, random: 0x9E37_79B9_7F4A_7C15 };
    for number in 0..NAMES {
        writer.create(&format!("{number:02}"), number);
    }
    let (engine, background) = engine(PATIENT);
    let (done, happened) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut seen = Seen::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..events {
                writer.act();
                happened.fetch_add(1, Ordering::Relaxed);
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let mut spec = spec(dir.path());
            spec.io = if seen.scans.is_multiple_of(2) { IoMode::Map } else { IoMode::Read };
            let scanned = run(&engine, spec);
            let oracle = oracle.lock().unwrap();
            for line in &scanned.lines {
                assert!(is_allowed(line, &oracle), "after {happened:?} events, {} scans: {line:?}", seen.scans);
            }
            seen.take(&scanned.lines);
        }
    });
    println!("{events} events, {seen:?}");
    assert!(seen.scans > 0 && seen.stable > 0, "nothing was tested: {seen:?}");
    check_at_rest(&engine, dir.path(), &oracle.into_inner().unwrap());
    let stats = engine.stats();
    assert_eq!((stats.hashers.panics, stats.hashers.restarts), (0, 0));
    background.join();
}

/// Without a writer, every file must be stable and have the digest that the oracle knows.
fn check_at_rest(engine: &hivesum_actors::Engine, dir: &Path, oracle: &Oracle) {
    let scanned = run(engine, spec(dir));
    assert_eq!(scanned.lines.len(), oracle.now.len());
    for (name, &life) in &oracle.now {
        let line = scanned.line(name);
        assert!(line.is_of(&oracle.lives[life].content), "{line:?}");
        assert_eq!(line.stability(), Some(Stability::Stable), "{line:?}");
    }
}

/// Counts of the results of all scans.
#[derive(Debug, Default)]
struct Seen {
    scans: usize,
    stable: usize,
    unverified: usize,
    changed: usize,
    gone: usize,
}

impl Seen {
    fn take(&mut self, lines: &[Line]) {
        self.scans += 1;
        for line in lines {
            match line.status {
                Status::Hashed(Stability::Stable) => self.stable += 1,
                Status::Hashed(Stability::Unverified) => self.unverified += 1,
                Status::Error { code: ErrorCode::FileChanged, .. } => self.changed += 1,
                Status::Error { .. } | Status::Skipped(_) => self.gone += 1,
            }
        }
    }
}

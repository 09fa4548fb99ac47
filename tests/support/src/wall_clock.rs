//! A wall clock that a test sets for the programs that it starts, by a library that is loaded before libc.
//!
//! It shifts the time of day alone: what measures durations, and the times that the kernel gives to files, are as they
//! are. Programs that are linked statically do not see it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::has_tool;

/// A wall clock for the programs that are started with its variables.
#[derive(Debug)]
pub struct WallClock {
    dir: TempDir,
    shift: File,
}

impl WallClock {
    /// A clock that is right. `None` without a C compiler, which has been reported.
    pub fn new() -> Option<Self> {
        if !has_tool("cc") {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wall_clock/shift.c");
        let mut build = Command::new("cc");
        build.args(["-shared", "-fPIC", "-O1", "-o"]).arg(dir.path().join("shift.so")).arg(source);
        assert!(build.status().unwrap().success());
        let shift = File::options().create_new(true).write(true).open(dir.path().join("shift")).unwrap();
        let clock = Self { dir, shift };
        clock.set(0);
        Some(clock)
    }

    /// Sets it so many seconds ahead, also for programs that run.
    pub fn set(&self, seconds: i64) {
        self.shift.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    /// The environment of the programs that have this clock.
    pub fn variables(&self) -> [(&'static str, PathBuf); 2] {
        [("LD_PRELOAD", "shift.so"), ("CLOCK_SHIFT", "shift")].map(|(name, file)| (name, self.dir.path().join(file)))
    }
}

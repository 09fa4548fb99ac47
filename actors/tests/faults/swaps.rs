//! The swap race: a directory and a symlink to the outside are exchanged without pause while scans run.
//!
//! The suite makes 50,000 exchanges, `HIVESUM_SWAPS` sets another number; exchanges go on until scans met both sides.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use hivesum_core::result::{ErrorCode, SkipReason};
use hivesum_test_support::number_from_env;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::stage::{Line, PATIENT, engine, run, spec};

/// So many scans that met only one side of the exchanges are a failure.
const SCANS_AT_MOST: u64 = 1_000_000;
const CANARY: &[u8] = b"what lies outside must never be read";

#[test]
fn nothing_outside_is_read_while_a_directory_and_a_link_are_exchanged() {
    // Failpoints are global: while this runs, no other test sets one.
    let _scenario = fail::FailScenario::setup();
    let swaps = number_from_env("HIVESUM_SWAPS").unwrap_or(50_000);
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for directory in ["root/d/e", "outside/e"] {
        fs::create_dir_all(path(directory)).unwrap();
    }
    for name in ["root/d/a", "root/d/e/a"] {
        fs::write(path(name), "inside").unwrap();
    }
    // The same names outside, so that following the link would find files.
    for name in ["outside/a", "outside/e/a", "outside/canary"] {
        fs::write(path(name), CANARY).unwrap();
    }
    symlink(path("outside"), path("root/link")).unwrap();
    symlink(path("outside/a"), path("root/file-link")).unwrap();
    fs::write(path("root/file"), "inside").unwrap();
    let (engine, background) = engine(PATIENT);
    let (exchanged, enough) = (AtomicBool::new(false), AtomicBool::new(false));
    let (mut scans, mut inside, mut links) = (0_u64, 0_u64, 0_u64);
    std::thread::scope(|scope| {
        let exchanges = scope.spawn(|| {
            let mut number = 0;
            while number < swaps || !enough.load(Ordering::Acquire) {
                let (one, other) =
                    if number % 2 == 0 { ("root/d", "root/link") } else { ("root/file", "root/file-link") };
                renameat_with(CWD, path(one), CWD, path(other), RenameFlags::EXCHANGE).unwrap();
                number += 1;
                exchanged.store(number >= swaps, Ordering::Release);
            }
        });
        let _ends = EndsExchanges(&enough);
        while !exchanges.is_finished() && (!exchanged.load(Ordering::Acquire) || inside == 0 || links == 0) {
            assert!(scans < SCANS_AT_MOST, "{inside} files inside, {links} links after {scans} scans");
            let scanned = run(&engine, spec(&path("root")));
            for line in &scanned.lines {
                assert!(is_inside(line), "after {scans} scans: {line:?}");
                inside += u64::from(line.is_hashed());
                links += u64::from(line.is_skipped(SkipReason::Symlink));
            }
            scans += 1;
        }
    });
    println!("at least {swaps} exchanges, {scans} scans, {inside} files inside, {links} links skipped");
    assert!(scans > 0 && inside > 0 && links > 0, "scans and exchanges never overlapped");
    background.join();
}

/// Ends the exchanges, also when a scan did not pass: else the test would wait for them for ever.
struct EndsExchanges<'a>(&'a AtomicBool);

impl Drop for EndsExchanges<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn is_inside(line: &Line) -> bool {
    let hashed = line.is_of(b"inside");
    // Every exchange changes the ctime of the file, so a file exchanged during each of three reads is refused.
    let refused = [ErrorCode::NotFound, ErrorCode::FileChanged].into_iter().any(|code| line.is(code));
    !line.path.ends_with(b"canary") && (hashed || refused || line.is_skipped(SkipReason::Symlink))
}

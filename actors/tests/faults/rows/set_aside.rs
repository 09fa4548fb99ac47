//! F02 to F04, F07, F10, F11 and F22 of files that are set aside until their bytes are in memory.
//!
//! A failpoint stands for bytes that are not: it makes every first read fail that was not to wait.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hivesum_core::file::ReadBuffers;
use hivesum_core::hash::{BatchTask, Heartbeat, ScanRules, SharedSlots, hash_batch};
use hivesum_core::result::{ErrorCode, Stability};
use hivesum_core::sys::slots::Slots;
use hivesum_core::walk::{Plan, PlanReceiver, ReceiverGone, WalkSpec, walk};
use tempfile::TempDir;

use super::side_by_side::{FILES, STRUCK, content_of, name};
use crate::stage::{PATIENT, Scanned, append, directory, on_reaching, scan_with, set_len};

/// Files of one length.
struct Stage {
    tree: TempDir,
    bytes: usize,
    _scenario: fail::FailScenario<'static>,
}

impl Stage {
    fn content(&self, number: usize) -> Vec<u8> {
        content_of(self.bytes, number)
    }

    fn path(&self, number: usize) -> PathBuf {
        self.tree.path().join(name(number))
    }

    fn scan(&self, require_stable: bool) -> Scanned {
        scan_with(self.tree.path(), |spec| spec.require_stable = require_stable)
    }

    /// Scans, and finds that all files but the one that was struck are right.
    fn scan_all_but_one(&self) -> Scanned {
        let scanned = self.scan(false);
        self.assert_others(&scanned);
        scanned
    }

    fn assert_others(&self, scanned: &Scanned) {
        for number in (0..FILES).filter(|number| *number != STRUCK) {
            let line = scanned.line(&name(number));
            assert!(line.is_of(&self.content(number)), "{line:?}");
        }
    }
}

/// Runs it with files that are kept in the arena, and with longer ones. None of their bytes are in memory.
fn each(act: impl Fn(&Stage)) {
    for bytes in [2000, 100_000] {
        let stage = Stage { tree: tempfile::tempdir().unwrap(), bytes, _scenario: fail::FailScenario::setup() };
        for number in 0..FILES {
            fs::write(stage.path(number), stage.content(number)).unwrap();
        }
        fail::cfg("not_in_memory", "return").unwrap();
        act(&stage);
    }
}

/// Acts once, when all files were opened and none was read.
fn once_all_are_aside(act: impl Fn() + Send + Sync + 'static) {
    on_reaching("hash_aside", 1, act);
}

pub(super) fn written_to_once() {
    each(|stage| {
        let (file, end) = (stage.path(STRUCK), stage.bytes as u64 - 1);
        once_all_are_aside(move || {
            fs::OpenOptions::new().write(true).open(&file).unwrap().write_all_at(b"!", end).unwrap();
        });
        let scanned = stage.scan_all_but_one();
        assert_eq!(scanned.end.summary.hashed, FILES as u64);
        let (line, before) = (scanned.line(&name(STRUCK)), stage.content(STRUCK));
        let expected = [&before[..stage.bytes - 1], b"!"].concat();
        assert!(line.is_of(&expected) && !line.is_of(&before), "{line:?}");
    });
}

pub(super) fn cut_short() {
    each(|stage| {
        let (file, left) = (stage.path(STRUCK), stage.bytes / 2);
        once_all_are_aside(move || set_len(&file, left as u64));
        let line = stage.scan_all_but_one().line(&name(STRUCK)).clone();
        assert!(line.is_of(&stage.content(STRUCK)[..left]) && line.size == left as u64, "{line:?}");
    });
}

pub(super) fn written_to_during_every_read() {
    each(|stage| {
        let file = stage.path(STRUCK);
        on_reaching("after_read", 1000, move || append(&file, b"more"));
        let scanned = stage.scan(false);
        fail::remove("after_read");
        stage.assert_others(&scanned);
        assert!(scanned.line(&name(STRUCK)).is(ErrorCode::FileChanged), "{:?}", scanned.line(&name(STRUCK)));
    });
}

pub(super) fn a_writer_that_opens_meanwhile() {
    each(|stage| {
        static WRITERS: Mutex<Vec<fs::File>> = Mutex::new(Vec::new());
        for require_stable in [false, true] {
            let file = stage.path(STRUCK);
            once_all_are_aside(move || {
                WRITERS.lock().unwrap().push(fs::OpenOptions::new().write(true).open(&file).unwrap())
            });
            let scanned = stage.scan(require_stable);
            WRITERS.lock().unwrap().clear();
            stage.assert_others(&scanned);
            assert_eq!(scanned.count(|line| line.stability() == Some(Stability::Stable)), FILES - 1);
            let line = scanned.line(&name(STRUCK));
            match require_stable {
                true => assert!(line.is(ErrorCode::FileBusy), "{line:?}"),
                false => assert!(line.is_of(&stage.content(STRUCK)), "{line:?}"),
            }
        }
    });
}

pub(super) fn deleted() {
    each(|stage| {
        let file = stage.path(STRUCK);
        once_all_are_aside(move || fs::remove_file(&file).unwrap());
        let line = stage.scan_all_but_one().line(&name(STRUCK)).clone();
        // The open file is still there, but the removal of its name was stamped.
        assert!(line.is_of(&stage.content(STRUCK)), "{line:?}");
    });
}

pub(super) fn panics() {
    each(|stage| {
        fail::cfg("hash_aside", "1*panic->off").unwrap();
        let scanned = stage.scan(false);
        assert_eq!((scanned.end.summary.hashed, scanned.end.summary.errors), (FILES as u64 - 1, 1));
        assert_eq!(scanned.count(|line| line.is(ErrorCode::Internal)), 1);
        for number in 0..FILES {
            let line = scanned.line(&name(number));
            assert!(line.is(ErrorCode::Internal) || line.is_of(&stage.content(number)), "{line:?}");
        }
    });
}

pub(super) fn no_descriptor_to_spare() {
    each(|stage| {
        fail::cfg("no_permit", "return").unwrap();
        fail::cfg("hash_aside", "panic").unwrap();
        let scanned = stage.scan(true);
        assert_eq!((scanned.end.summary.hashed, scanned.end.summary.errors), (FILES as u64, 0), "{:?}", scanned.end);
        stage.assert_others(&scanned);
    });
}

/// More bytes than are asked for ahead at once.
pub(super) fn more_than_is_asked_for_ahead() {
    const LONG: usize = 3 << 20;
    let _scenario = fail::FailScenario::setup();
    let tree = tempfile::tempdir().unwrap();
    let write = |path: &Path, number: usize| fs::write(path, vec![number as u8; LONG]).unwrap();
    (0..FILES).for_each(|number| write(&tree.path().join(name(number)), number));
    fail::cfg("not_in_memory", "return").unwrap();
    let opened = Arc::new(Mutex::new((0_usize, 0_usize)));
    let (counts, more) = (opened.clone(), opened.clone());
    on_reaching("hash_entry", FILES, move || counts.lock().unwrap().0 += 1);
    on_reaching("hash_aside", FILES, move || {
        let mut counts = more.lock().unwrap();
        counts.1 = counts.1.max(counts.0);
        counts.0 -= 1;
    });
    let scanned = scan_with(tree.path(), |_| {});
    assert_eq!((scanned.end.summary.hashed, scanned.end.summary.errors), (FILES as u64, 0));
    // Two hashers, each with 16 MiB and one file more.
    let most = opened.lock().unwrap().1;
    assert!((6..=12).contains(&most), "{most} files were set aside at once");
}

/// Collects the plans of a walk.
#[derive(Default)]
struct Plans(RefCell<Vec<Plan>>);

impl PlanReceiver for Plans {
    fn take(&self, plan: Plan) -> Result<(), ReceiverGone> {
        self.0.borrow_mut().push(plan);
        Ok(())
    }

    fn is_gone(&self) -> bool {
        false
    }
}

/// The file that kills the process is the one that is read, not the one that was opened last.
pub(super) fn noted_when_they_are_read() {
    each(|stage| {
        let (state, copy) = (stage.tree.path().join("slots"), stage.tree.path().join("copy"));
        let walked = tempfile::tempdir().unwrap();
        (0..FILES).for_each(|number| fs::write(walked.path().join(name(number)), stage.content(number)).unwrap());
        let slots: SharedSlots = Arc::default();
        slots.set(Slots::open(&state, 1).unwrap().0).unwrap();
        let noted: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let notes = noted.clone();
        on_reaching("hash_aside", FILES, move || {
            fs::copy(&state, &copy).unwrap();
            notes.lock().unwrap().extend(Slots::open(&copy, 1).unwrap().1.into_iter().map(|note| note.path));
        });
        let plans = Plans::default();
        walk(WalkSpec::new(vec![directory(walked.path())]), &plans);
        let rules = ScanRules { job_tag: Some([7; 16]), ..ScanRules::new("blake3".parse().unwrap()) };
        let plan = Arc::new(plans.0.into_inner().remove(0));
        let task = BatchTask { range: 0..FILES, plan, rules: rules.into(), most_bytes: None };
        let done = hash_batch(&mut ReadBuffers::new(PATIENT), &task, &Heartbeat::new(0, slots));
        assert_eq!(done.hashed, FILES as u64);
        let names: Vec<Vec<u8>> = (0..FILES).map(|number| name(number).into_bytes()).collect();
        assert_eq!(*noted.lock().unwrap(), names);
    });
}

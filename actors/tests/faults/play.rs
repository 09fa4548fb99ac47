//! Rows of the table of faults, each played in a process and a mount namespace of its own.
//!
//! A row may kill its process, hang it, or mount what nobody else should see. The parent sees how it ended.
//! A row is a plain function that panics when the engine did not do what the table says; with a guard
//! taken out it has to end otherwise than it should, or the guard guards nothing.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use hivesum_core::guards::Guard;
use hivesum_test_support::process;
use hivesum_test_support::requirement::{repeat_skip_report, skip_report};

use crate::rows::{ROWS, Row};

const ROW: &str = "HIVESUM_ROW";
const GUARD_OUT: &str = "HIVESUM_GUARD_OUT";

/// How a row ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// It could not be played here; why.
    Skipped(String),
    /// What it said last.
    Failed(String),
    /// By this signal.
    Killed(i32),
    /// It did not end in time.
    Hung,
}

/// What a row has to end like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Well,
    /// Killed by SIGBUS, as a process without hivesum in it would be.
    BySigbus,
}

impl Ended {
    fn is(&self, ending: Ending) -> bool {
        match ending {
            Ending::Well => *self == Self::Well,
            Ending::BySigbus => *self == Self::Killed(libc::SIGBUS),
        }
    }
}

/// Whether this row may mount something where nobody else sees it.
pub(crate) fn may_mount() -> bool {
    process::MAY_MOUNT.is_met(process::has_own_mounts)
}

/// Whether this row may mount the fault file system.
pub(crate) fn has_fuse() -> bool {
    process::MAY_MOUNT_FUSE.is_met(|| process::has_own_mounts() && process::can_open_fuse())
}

/// Plays one row in a child, with this guard out.
pub(crate) fn play(row: &Row, out: Option<Guard>, limit: Duration) -> Ended {
    let place = tempfile::tempdir().unwrap();
    let mut command = match process::can_unshare_mounts() {
        true => process::this_binary_with_own_mounts(),
        false => Command::new(std::env::current_exe().unwrap()),
    };
    command.args(["--exact", "play::a_row_in_a_child", "--nocapture", "--test-threads", "1"]);
    command.env(ROW, row.name).env("TMPDIR", place.path());
    if let Some(guard) = out {
        command.env(GUARD_OUT, format!("{guard:?}"));
    }
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let (told, ended) = mpsc::channel();
    std::thread::spawn(move || told.send(child.wait_with_output()));
    let output = match ended.recv_timeout(limit) {
        Ok(output) => output.unwrap(),
        Err(_) => {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            let _ = ended.recv();
            return Ended::Hung;
        }
    };
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    if let Some(signal) = output.status.signal() {
        return Ended::Killed(signal);
    }
    match skip_report(&said) {
        Some(report) => Ended::Skipped(report.to_owned()),
        None if output.status.success() => Ended::Well,
        None => Ended::Failed(said.lines().filter(|line| !line.starts_with("   ")).collect::<Vec<_>>().join("\n")),
    }
}

#[test]
fn a_row_in_a_child() {
    let Ok(name) = std::env::var(ROW) else { return };
    let row = ROWS.iter().find(|row| row.name == name).expect("the parent knows the rows");
    if let Ok(out) = std::env::var(GUARD_OUT) {
        Guard::ALL.into_iter().find(|guard| format!("{guard:?}") == out).expect("a guard's name").take_out();
    }
    (row.run)();
}

/// A row with every guard up.
pub(crate) fn holds(name: &str) {
    let row = ROWS.iter().find(|row| row.name == name).expect("a row of this name");
    match play(row, None, Duration::from_secs(300)) {
        Ended::Skipped(report) => repeat_skip_report(&report),
        ended => assert!(ended.is(row.ending), "{name}: {ended:#?}"),
    }
}

/// How long a row may hang before that is how it ends. Those that do not hang take far less.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(8);

/// Rows played at a time: most of them wait.
const AT_A_TIME: usize = 6;

#[test]
fn each_guard_that_is_taken_out_lets_its_fault_through() {
    let all: Vec<_> = Guard::ALL.into_iter().map(|guard| (guard, rows_of(guard))).collect();
    let cases: Vec<_> = all.iter().flat_map(|(guard, rows)| rows.iter().map(|row| (*guard, *row))).collect();
    for (guard, rows) in &all {
        assert!(!rows.is_empty(), "no row needs the guard {guard:?}");
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let useless = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((guard, row)) = cases.get(next.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) {
                    match play(row, Some(*guard), GIVEN_UP_AFTER) {
                        Ended::Skipped(report) => println!("{guard:?}: {report}"),
                        ended if ended.is(row.ending) => useless.lock().unwrap().push((*guard, row.name)),
                        _ => {}
                    }
                }
            });
        }
    });
    let useless = useless.into_inner().unwrap();
    assert!(useless.is_empty(), "these rows hold although their guard is out: {useless:?}");
}

fn rows_of(guard: Guard) -> Vec<&'static Row> {
    ROWS.iter().filter(|row| row.guards.contains(&guard)).collect()
}

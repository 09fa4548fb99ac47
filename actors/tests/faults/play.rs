//! Runs each row of the table of faults in a process and a mount namespace of its own.
//!
//! A row may kill its process, hang it, or mount what nobody else should see; the parent sees how it ended. A row is a
//! plain function that panics when the engine does not do what the table says. With a guard taken out it has to fail,
//! or the guard is useless.

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
    /// It was skipped, with this report.
    Skipped(String),
    /// With this output.
    Failed(String),
    /// By this signal.
    Killed(i32),
    /// It did not end in time.
    Hung,
}

/// How a row has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Well,
    /// Killed by SIGBUS, as a process without hivesum would be.
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

/// Runs one row in a child, with one guard taken out or none.
pub(crate) fn play(row: &Row, out: Option<Guard>, limit: Duration) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    let mut command = match process::can_unshare_mounts() {
        true => process::this_binary_with_own_mounts(),
        false => Command::new(std::env::current_exe().unwrap()),
    };
    command.args(["--exact", "play::a_row_in_a_child", "--nocapture", "--test-threads", "1"]);
    command.env(ROW, row.name).env("TMPDIR", dir.path());
    if let Some(guard) = out {
        command.env(GUARD_OUT, format!("{guard:?}"));
    }
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
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

/// Asserts that a row ends as it has to, with every guard in.
pub(crate) fn holds(name: &str) {
    let row = ROWS.iter().find(|row| row.name == name).expect("a row of this name");
    match play(row, None, Duration::from_secs(300)) {
        Ended::Skipped(report) => repeat_skip_report(&report),
        ended => assert!(ended.is(row.ending), "{name}: {ended:#?}"),
    }
}

/// A row that takes longer counts as hung. The others take far less.
const HUNG_AFTER: Duration = Duration::from_secs(8);

/// Rows that run at a time. Most of them only wait.
const AT_A_TIME: usize = 6;

#[test]
fn without_its_guard_each_fault_gets_through() {
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
                    match play(row, Some(*guard), HUNG_AFTER) {
                        Ended::Skipped(report) => println!("{guard:?}: {report}"),
                        ended if ended.is(row.ending) => useless.lock().unwrap().push((*guard, row.name)),
                        _ => {}
                    }
                }
            });
        }
    });
    let useless = useless.into_inner().unwrap();
    assert!(useless.is_empty(), "these rows pass without their guard: {useless:?}");
}

fn rows_of(guard: Guard) -> Vec<&'static Row> {
    ROWS.iter().filter(|row| row.guards.contains(&guard)).collect()
}

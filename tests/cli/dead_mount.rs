//! A mount that stops answering costs its own files, and no command waits for it longer than its timeout.

use std::fs::File;
use std::time::{Duration, Instant};

use hivesum_test_support::faultfs::{self, Fault, FaultyFile};
use hivesum_test_support::process::is_child_with_fuse;

use super::work_dir::{HIVESUM, WorkDir};

/// Longer than the command takes on any machine. Without its timeouts it would never end.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Files of one size: two that never answer, each in its own way, and two that do.
fn dead_and_sound() -> Vec<FaultyFile> {
    let content = [7; 20_000];
    vec![
        FaultyFile::file("never read", &content, Fault::NeverReads),
        FaultyFile::file("never stat", &content, Fault::NeverStats),
        FaultyFile::file("sound 1", &content, Fault::None),
        FaultyFile::file("sound 2", &content, Fault::None),
    ]
}

#[test]
fn the_fault_file_system_is_served_by_a_child() {
    faultfs::serve(|_| dead_and_sound());
}

#[test]
fn duplicates_are_found_beside_files_of_a_mount_that_does_not_answer() {
    if !is_child_with_fuse("dead_mount::duplicates_are_found_beside_files_of_a_mount_that_does_not_answer") {
        return;
    }
    let dir = WorkDir::new();
    std::fs::create_dir(dir.path("mount")).unwrap();
    let mounted = faultfs::mount("dead_mount::the_fault_file_system_is_served_by_a_child", "", &dir.path("mount"));
    let (report, errors) = (dir.path("report"), dir.path("errors"));
    let mut command = dir.command(HIVESUM);
    command.args(["duplicates", "mount", "--read-timeout-seconds", "1", "--format", "json"]);
    command.stdout(File::create(&report).unwrap()).stderr(File::create(&errors).unwrap());
    let mut hivesum = command.spawn().unwrap();
    let since = Instant::now();
    let report = loop {
        let written = std::fs::read(&report).unwrap();
        if let Ok(report) = serde_json::from_slice::<serde_json::Value>(&written) {
            break report;
        }
        let said = std::fs::read_to_string(&errors).unwrap();
        assert!(since.elapsed() < LONGEST_WAIT, "{said}");
        std::thread::yield_now();
    };
    // The kernel ends a process only once the mount has answered its threads, or is gone.
    drop(mounted);
    let said = std::fs::read_to_string(&errors).unwrap();
    assert_eq!(hivesum.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.contains("'never read': ") && said.contains("'never stat': cannot be looked at"), "{said}");
    assert_eq!(report["groups"][0]["paths"], serde_json::json!(["sound 1", "sound 2"]), "{report}");
}

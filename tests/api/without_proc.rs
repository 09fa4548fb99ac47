//! A system without /proc: every directory would seem to be missing, so the start says what is.

use std::process::{Command, Output};

use hivesum_test_support::has_tool;

use crate::damage::can_mount;

/// Runs the program where /proc is an empty directory.
fn without_proc(arguments: &[&str]) -> Output {
    let script = "mount -t tmpfs tmpfs /proc && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_hivesum")]).args(arguments);
    command.output().unwrap()
}

#[test]
fn without_proc_the_service_and_the_commands_say_so() {
    if !has_tool("unshare") || !can_mount() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, state) = (dir.path().join("root"), dir.path().join("state"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("a"), "abc").unwrap();
    std::fs::write(root.join("MD5SUMS"), "900150983cd24fb0d6963f7d28e17f72  a\n").unwrap();
    let (root, state) = (root.to_str().unwrap(), state.to_str().unwrap());
    for arguments in [
        &["serve", "--no-auth", "--listen", "127.0.0.1:0", "--state", state, root][..],
        &["hash", root],
        &["audit", root],
        &["duplicates", root],
    ] {
        let output = without_proc(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("/proc is not mounted: directories are listed through /proc/self/fd"), "{said}");
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}: {output:?}");
    }
}

//! Processes: the memory they use, and mount namespaces of their own.
//!
//! A test that mounts something runs itself once more in a child with its own mount namespace, where nobody else
//! sees what it mounts and the kernel removes it when the child ends.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Requirement;

/// What mounting takes.
pub const MAY_MOUNT: Requirement<'_> =
    Requirement::condition("the right to mount (root, or CAP_SYS_ADMIN in its namespace)");

/// What mounting a file system in user space takes.
pub const MAY_MOUNT_FUSE: Requirement<'_> =
    Requirement::condition("/dev/fuse and the right to mount (root, or CAP_SYS_ADMIN in its namespace)");

/// Set in a child that has a mount namespace of its own.
const OWN_MOUNTS: &str = "HIVESUM_OWN_MOUNTS";

/// Whether this process has a mount namespace of its own, and so may mount what it likes.
pub fn has_own_mounts() -> bool {
    std::env::var_os(OWN_MOUNTS).is_some()
}

/// Whether this user may create mount namespaces.
pub fn can_unshare_mounts() -> bool {
    let tried = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// This test binary, to be run with a mount namespace of its own.
pub fn this_binary_with_own_mounts() -> Command {
    let mut command = Command::new("unshare");
    command.arg("-m").arg(std::env::current_exe().unwrap()).env(OWN_MOUNTS, "1");
    command
}

/// Whether this process may open `/dev/fuse`.
pub fn can_open_fuse() -> bool {
    std::fs::File::options().read(true).write(true).open("/dev/fuse").is_ok()
}

/// Runs a test once more in a child that may mount a FUSE file system. True in that child, which goes on with the
/// test. False in the parent, which returns: the child has passed, or the reason to skip it has been reported.
///
/// # Panics
/// Where the child fails.
pub fn is_child_with_fuse(test: &str) -> bool {
    if has_own_mounts() {
        return true;
    }
    if MAY_MOUNT_FUSE.is_met(|| can_unshare_mounts() && Path::new("/dev/fuse").exists()) {
        let mut child = this_binary_with_own_mounts();
        assert!(child.args(["--exact", test, "--nocapture"]).status().unwrap().success(), "{test} failed in a child");
    }
    false
}

/// The memory that a process uses now, in bytes.
pub fn resident_bytes(process: u32) -> u64 {
    memory(process, "VmRSS:").unwrap()
}

/// The most memory that a process has used so far, in bytes.
pub fn peak_bytes(process: u32) -> u64 {
    peak_bytes_if_running(process).unwrap()
}

/// The same. `None` if the process has ended.
pub fn peak_bytes_if_running(process: u32) -> Option<u64> {
    memory(process, "VmHWM:")
}

/// A line of `/proc/PID/status`, which counts in KiB (`proc_pid_status(5)`). A process that has ended lacks it.
fn memory(process: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10)
}

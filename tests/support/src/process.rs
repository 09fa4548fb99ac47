//! Processes: the memory they use, mount namespaces of their own, and addresses where none of them listens.
//!
//! A test that mounts something runs itself once more in a child with its own mount namespace, where nobody else
//! sees what it mounts and the kernel removes it when the child ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

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

/// A Python program that runs a command on a pseudo-terminal, and prints what came out of it with Unix line ends. Its
/// arguments are a mode and the command: `stderr` leaves stdout out, `bar` ends the command's standard input once it
/// has shown a number of files, `serve` stops it once it listens, `both` does nothing else. It exits as the command did.
pub const PSEUDO_TERMINAL: &str = r"
import os, pty, subprocess, sys
leader, follower = pty.openpty()
mode = sys.argv[1]
out = subprocess.DEVNULL if mode == 'stderr' else follower
stdin = subprocess.PIPE if mode == 'bar' else subprocess.DEVNULL
child = subprocess.Popen(sys.argv[2:], stdin=stdin, stdout=out, stderr=follower, close_fds=True)
os.close(follower)
seen, listens = b'', False
while True:
    try:
        part = os.read(leader, 65536)
    except OSError:
        break
    if not part:
        break
    seen += part
    if child.stdin and b' files' in seen and not child.stdin.closed:
        child.stdin.close()
    if mode == 'serve' and b'listening on ' in seen and not listens:
        listens = True
        child.terminate()
sys.stdout.buffer.write(seen.replace(b'\r\n', b'\n'))
sys.exit(child.wait())
";

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
    is_child_with(&MAY_MOUNT_FUSE, "/dev/fuse", test)
}

/// The same for a test that mounts by this device, and is skipped for want of it by this requirement.
pub(crate) fn is_child_with(requirement: &Requirement, device: &str, test: &str) -> bool {
    if has_own_mounts() {
        return true;
    }
    if requirement.is_met(|| can_unshare_mounts() && Path::new(device).exists()) {
        let mut child = this_binary_with_own_mounts();
        assert!(child.args(["--exact", test, "--nocapture"]).status().unwrap().success(), "{test} failed in a child");
    }
    false
}

/// An address of this machine where nothing listens, and nobody else can as long as the socket is kept.
pub fn silent_address() -> (OwnedFd, SocketAddr) {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = getsockname(&socket).unwrap().try_into().unwrap();
    (socket, address)
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

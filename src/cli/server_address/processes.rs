//! Which processes have a socket open, as far as `/proc` shows it to this user.
//!
//! Processes begin and end while they are looked at: one that is gone has nothing open.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use hivesum::control::socket::NAME;

use super::sockets::{Listening, UnixTable};
use crate::cli::error::path_error;

/// A process, and the sockets that it has open.
pub(super) struct Process {
    number: u32,
    sockets: Vec<u64>,
}

/// The processes that have a socket open.
pub(super) struct Holders {
    pub(super) processes: Vec<Process>,
    /// Whether all processes that `/proc` shows could be looked at.
    pub(super) is_complete: bool,
}

/// Those that have one of these sockets open. A service manager may have it open besides the service.
pub(super) fn holders_of(listening: &[Listening]) -> anyhow::Result<Holders> {
    let failed = |error: &io::Error| path_error("/proc".as_ref(), error);
    let (mut processes, mut is_complete) = (Vec::new(), true);
    for entry in fs::read_dir("/proc").map_err(|error| failed(&error))? {
        let name = entry.map_err(|error| failed(&error))?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        match sockets_of(number) {
            Ok(sockets) if listening.iter().any(|one| sockets.contains(&one.inode)) => {
                processes.push(Process { number, sockets });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => is_complete = false,
            Err(_) => {}
        }
    }
    Ok(Holders { processes, is_complete })
}

/// The numbers of the sockets that a process has open: `socket:[4242]`.
fn sockets_of(process: u32) -> io::Result<Vec<u64>> {
    let mut sockets = Vec::new();
    for entry in fs::read_dir(format!("/proc/{process}/fd"))? {
        // It may be closed by now.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        sockets.extend(socket_in(target.as_os_str()));
    }
    Ok(sockets)
}

fn socket_in(target: &OsStr) -> Option<u64> {
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

impl Process {
    /// The descriptor of the state directory, through which the service has bound its control socket; none if it has
    /// no such socket.
    pub(super) fn control_socket(&self, sockets: &UnixTable) -> Option<u32> {
        self.sockets.iter().find_map(|&socket| directory_of(sockets.address_of(socket)?))
    }

    /// What one of its descriptors is open on.
    pub(super) fn descriptor(&self, descriptor: u32) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{descriptor}", self.number))
    }
}

impl fmt::Display for Process {
    /// As in `process 42 (nginx)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = fs::read_to_string(format!("/proc/{}/comm", self.number)).unwrap_or_default();
        write!(f, "process {} ({})", self.number, name.trim_end().escape_debug())
    }
}

/// The descriptor in the address of a control socket, `/proc/self/fd/N/hivesum.sock`.
fn directory_of(address: &[u8]) -> Option<u32> {
    let below = Path::new(OsStr::from_bytes(address)).strip_prefix("/proc/self/fd").ok()?;
    let number = below.parent()?.to_str()?.parse().ok()?;
    (below.file_name() == Some(OsStr::new(NAME))).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_socket_is_told_by_its_address() {
        assert_eq!(directory_of(b"/proc/self/fd/12/hivesum.sock"), Some(12));
        for other in ["/proc/self/fd/12/x.sock", "/proc/self/fd/hivesum.sock", "/run/hivesum.sock", "/proc/self/fd"] {
            assert_eq!(directory_of(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_socket_is_told_from_a_file_with_such_a_name() {
        assert_eq!(socket_in("socket:[42]".as_ref()), Some(42));
        for other in ["/tmp/socket:[42]", "pipe:[42]", "socket:[42", "anon_inode:[eventfd]"] {
            assert_eq!(socket_in(other.as_ref()), None, "{other}");
        }
    }
}

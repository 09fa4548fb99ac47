//! The socket in the state directory: where it is bound, who may connect, and how a client does.
//!
//! The address of a Unix socket is a path of at most 107 bytes (`unix(7)`), so both sides reach it through the
//! descriptor of its directory in `/proc/self/fd`. Only the process that holds the server's lock binds it: what lies
//! there then is left over from a service that was killed.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::UnixListener;

/// The name of the socket in the state directory.
pub const NAME: &str = "hivesum.sock";

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 64;

/// The socket of a running service. It is removed on drop, which must come before the server's lock is released.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    pub(super) listener: UnixListener,
    directory: OwnedFd,
}

impl ControlSocket {
    /// Listens in the state directory whose lock this process holds. Removes a socket that was left there. `None`, and
    /// a warning, where no socket can be made: on a full disk, by the kind of file system, by a filter of the service
    /// manager. The service is whole without it; commands beside it are told that it holds the lock.
    ///
    /// # Errors
    /// When something else has its name.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(crate) fn bind(state_dir: &Path) -> io::Result<Option<Self>> {
        match Self::try_bind(state_dir) {
            Ok(socket) => Ok(Some(socket)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            Err(error) => {
                tracing::warn!(%error, "commands beside this service change nothing: it has no control socket");
                Ok(None)
            }
        }
    }

    fn try_bind(state_dir: &Path) -> io::Result<Self> {
        let directory = open(state_dir)?;
        remove_stale(&directory)?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        // Linux gives the name the mode of the socket, so at no time may anybody else connect.
        rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(address(&directory, state_dir))?)?;
        rustix::net::listen(&socket, BACKLOG)?;
        let listener = UnixListener::from_std(socket.into())?;
        Ok(Self { listener, directory })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // One that stays is removed at the next start.
        let _ = rustix::fs::unlinkat(&self.directory, NAME, AtFlags::empty());
    }
}

fn open(state_dir: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(state_dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// The socket's path: one through the descriptor of its directory, which is never too long. Without /proc a short path
/// still does.
fn address(directory: &OwnedFd, state_dir: &Path) -> PathBuf {
    match Path::new("/proc/self/fd").exists() {
        true => PathBuf::from(format!("/proc/self/fd/{}/{NAME}", directory.as_raw_fd())),
        false => state_dir.join(NAME),
    }
}

fn remove_stale(directory: &OwnedFd) -> io::Result<()> {
    match rustix::fs::statat(directory, NAME, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Socket => {
            Ok(rustix::fs::unlinkat(directory, NAME, AtFlags::empty())?)
        }
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{NAME} is there and is not a socket"))),
        Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Connects to the service of a state directory. `None` if none listens: there is no socket, or it was left over.
/// Nothing on the connection blocks for longer than `wait`. Blocks.
///
/// # Errors
/// `PermissionDenied` if the service belongs to another user; `WouldBlock` if it accepted no connection in time.
pub fn connect(state_dir: &Path, wait: Duration) -> io::Result<Option<BlockingStream>> {
    let directory = match open(state_dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        opened => opened?,
    };
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    for timeout in [Timeout::Send, Timeout::Recv] {
        set_socket_timeout(&socket, timeout, Some(wait.max(Duration::from_millis(1))))?;
    }
    match rustix::net::connect(&socket, &SocketAddrUnix::new(address(&directory, state_dir))?) {
        Ok(()) => Ok(Some(socket.into())),
        // The last one: something that is not a socket.
        Err(Errno::NOENT | Errno::CONNREFUSED | Errno::NOTSOCK) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

    const SHORT: Duration = Duration::from_millis(50);

    fn bound(dir: &Path) -> ControlSocket {
        ControlSocket::bind(dir).unwrap().unwrap()
    }

    #[actix_web::test]
    async fn a_socket_is_for_its_owner_alone_and_is_removed_with_the_service() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        assert!(connect(dir.path(), SHORT).unwrap().is_none());
        let socket = bound(dir.path());
        let meta = path.metadata().unwrap();
        assert!(meta.file_type().is_socket());
        assert_eq!(meta.permissions().mode() & 0o7777, 0o600);
        assert!(connect(dir.path(), SHORT).unwrap().is_some());
        drop(socket);
        assert!(!path.exists());
    }

    #[actix_web::test]
    async fn a_socket_that_a_killed_service_left_is_replaced_and_anything_else_is_not() {
        let dir = tempfile::tempdir().unwrap();
        drop(std::os::unix::net::UnixListener::bind(dir.path().join(NAME)).unwrap());
        assert!(connect(dir.path(), SHORT).unwrap().is_none(), "nobody listens");
        drop(bound(dir.path()));
        for target in ["elsewhere", "other"] {
            std::os::unix::fs::symlink(dir.path().join(target), dir.path().join(NAME)).unwrap();
            let refused = ControlSocket::bind(dir.path()).unwrap_err();
            assert!(refused.to_string().contains("is not a socket"), "{refused}");
            std::fs::remove_file(dir.path().join(NAME)).unwrap();
        }
        std::fs::write(dir.path().join(NAME), "notes").unwrap();
        assert!(ControlSocket::bind(dir.path()).is_err());
        assert_eq!(std::fs::read(dir.path().join(NAME)).unwrap(), b"notes");
    }

    #[actix_web::test]
    async fn a_state_directory_with_a_long_path_has_a_socket_too() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("d".repeat(200)).join("e".repeat(200));
        std::fs::create_dir_all(&deep).unwrap();
        let _socket = bound(&deep);
        assert!(connect(&deep, SHORT).unwrap().is_some());
    }
    #[actix_web::test]
    async fn a_service_goes_on_where_no_socket_can_be_made() {
        assert!(ControlSocket::bind(Path::new("/proc/self")).unwrap().is_none());
    }
}

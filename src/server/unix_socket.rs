//! The Unix socket that the service listens on instead of a port: how it is made, and what may lie in its place.
//!
//! It is made after the state directory is locked, so that two services with one configuration cannot take it from each
//! other. What lies there is removed only if it is a socket on which nobody listens. At no time has it more rights than
//! at last. It is removed at the end, unless another one is there by then.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::ServeError;
use crate::config::Access;

/// Connections that may wait to be accepted, as many as for a port.
const BACKLOG: i32 = 1024;

/// The name of a socket in a directory. It is removed on drop, which must come before the state's lock is released.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// Device, inode, and where the file system tells it, the time at which it was made: the inode of a file that was removed
/// is soon that of another one. Changed rights change none of them.
type Identity = (u64, u64, Option<SystemTime>);

fn identity(meta: &Metadata) -> Identity {
    (meta.dev(), meta.ino(), meta.created().ok())
}

/// Listens on a socket at this path. The state directory must be locked.
///
/// # Errors
/// [`ServeError::Socket`] if something is in its place, or if it cannot be made there.
pub(super) fn bind(path: &Path, access: Access) -> Result<(UnixListener, SocketFile), ServeError> {
    let failed = |source| ServeError::Socket { path: path.to_owned(), source };
    remove_stale(path).and_then(|()| listen(path, mode(access))).map_err(failed)
}

/// What others than the user of the service may do: without tokens, nothing. The umask may take more.
fn mode(access: Access) -> Mode {
    let own = Mode::RUSR | Mode::WUSR;
    match access {
        Access::Tokens => own | Mode::RGRP | Mode::WGRP,
        Access::Open => own,
    }
}

fn listen(path: &Path, mode: Mode) -> io::Result<(UnixListener, SocketFile)> {
    let socket = socket()?;
    // Linux gives the name the mode of the socket.
    rustix::fs::fchmod(&socket, mode)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    let meta = path.symlink_metadata()?;
    let file = SocketFile { path: path.to_owned(), identity: identity(&meta) };
    rustix::net::listen(&socket, BACKLOG)?;
    Ok((socket.into(), file))
}

fn socket() -> io::Result<std::os::fd::OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?)
}

/// Removes a socket on which nobody listens.
fn remove_stale(path: &Path) -> io::Result<()> {
    let in_the_way = |why| Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => return in_the_way("something is there that is not a socket"),
        Err(error) => return Err(error),
    }
    match rustix::net::connect(&socket()?, &SocketAddrUnix::new(path)?) {
        Err(Errno::CONNREFUSED) => std::fs::remove_file(path),
        // Whoever listens has many connections that wait.
        Ok(()) | Err(Errno::AGAIN) => in_the_way("another process listens on it"),
        // It was removed meanwhile.
        Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = |meta: Metadata| meta.file_type().is_socket() && identity(&meta) == self.identity;
        // One that stays is removed at the next start.
        if self.path.symlink_metadata().is_ok_and(is_ours) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_socket_is_for_the_group_at_most_and_for_its_owner_alone_without_tokens() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("h.sock");
        for (access, most) in [(Access::Tokens, 0o660), (Access::Open, 0o600)] {
            let (_listener, _file) = bind(&path, access).unwrap();
            let mode = path.metadata().unwrap().permissions().mode() & 0o7777;
            assert_eq!((mode & !most, mode & 0o600), (0, 0o600), "{mode:o}");
        }
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_that_was_left_is_replaced_and_everything_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("h.sock");
        let refusal = || bind(&path, Access::Tokens).unwrap_err().to_string();
        let other = UnixListener::bind(&path).unwrap();
        assert!(refusal().ends_with("another process listens on it"), "{}", refusal());
        drop(other);
        let (listener, file) = bind(&path, Access::Tokens).unwrap();
        drop(listener);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "notes").unwrap();
        drop(file);
        assert!(refusal().ends_with("something is there that is not a socket"), "{}", refusal());
        assert_eq!(std::fs::read(&path).unwrap(), b"notes", "it is not the socket that was made");
        std::fs::remove_file(&path).unwrap();
        let (listener, file) = bind(&path, Access::Tokens).unwrap();
        drop(listener);
        std::fs::remove_file(&path).unwrap();
        let _of_another = UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(path.exists(), "the socket of another service, perhaps with the same inode");
        std::fs::remove_file(&path).unwrap();
        let _elsewhere = UnixListener::bind(dir.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        assert!(refusal().ends_with("something is there that is not a socket"), "{}", refusal());
        assert!(bind(&dir.path().join("absent/h.sock"), Access::Tokens).is_err());
    }
}

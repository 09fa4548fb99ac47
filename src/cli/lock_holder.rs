//! Who holds the lock of a state directory, as far as the kernel tells: for messages, and to see what the holder sees.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::{IN_USE, StatusError};
use super::quote::quoted;

/// The error of a command that does not get the lock. It names the process that holds it.
pub(super) fn in_use(state_dir: &Path, more: &str) -> anyhow::Error {
    let holder = holder_of_lock(state_dir).unwrap_or_else(|| "another process".to_owned());
    let message = format!("the state directory {} is in use by {holder}{more}", quoted(state_dir.as_os_str()));
    StatusError { status: IN_USE, message }.into()
}

/// The process that holds the lock, as `process 42 (hivesum)`. `None` if `/proc` does not tell, as for a process in
/// another container.
fn holder_of_lock(state_dir: &Path) -> Option<String> {
    let process = process_with_lock(state_dir)?;
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(format!("process {process} ({})", name.trim_end().escape_debug()))
}

/// The number of the process that holds the lock, as far as `/proc` tells.
pub(super) fn process_with_lock(state_dir: &Path) -> Option<u32> {
    let file = fs::metadata(state_dir.join("hivesum.lock")).ok()?;
    holder_in(&fs::read_to_string("/proc/locks").ok()?, &file)
}

/// Whether the service is known to see something else at this path, or nothing: it may run in a mount namespace of its
/// own. If `/proc` does not tell, the paths are taken to be the same.
pub(super) fn sees_another(state_dir: &Path, path: &Path) -> bool {
    let Some(process) = process_with_lock(state_dir) else { return false };
    let root = PathBuf::from(format!("/proc/{process}/root"));
    let Ok(below) = path.strip_prefix("/") else { return false };
    match (fs::metadata(path), fs::metadata(root.join(below))) {
        (Ok(ours), Ok(theirs)) => (ours.dev(), ours.ino()) != (theirs.dev(), theirs.ino()),
        (Ok(_), Err(error)) => error.kind() == io::ErrorKind::NotFound && root.read_link().is_ok(),
        (Err(_), _) => false,
    }
}

/// The process in the list of locks (`proc_locks(5)`): `1: FLOCK ADVISORY WRITE 42 08:01:12345 0 EOF`.
fn holder_in(locks: &str, file: &fs::Metadata) -> Option<u32> {
    let (major, minor) = (rustix::fs::major(file.dev()), rustix::fs::minor(file.dev()));
    let file = format!("{major:02x}:{minor:02x}:{}", file.ino());
    locks.lines().find_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [_, "FLOCK", _, "WRITE", process, of, ..] if of == file => process.parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_found_by_the_file_s_device_and_inode() {
        let file = tempfile::tempfile().unwrap().metadata().unwrap();
        let (major, minor) = (rustix::fs::major(file.dev()), rustix::fs::minor(file.dev()));
        let device = format!("{major:02x}:{minor:02x}");
        let locks = format!(
            "1: POSIX  ADVISORY  WRITE 7 {device}:{0} 0 EOF\n2: -> FLOCK  ADVISORY  WRITE 8 {device}:{0} 0 EOF\n\
             3: FLOCK  ADVISORY  WRITE 9 {device}:{1} 0 EOF\n4: FLOCK  ADVISORY  WRITE 42 {device}:{0} 0 EOF\n",
            file.ino(),
            file.ino() + 1
        );
        assert_eq!(holder_in(&locks, &file), Some(42));
        assert_eq!(holder_in("", &file), None);
    }
}

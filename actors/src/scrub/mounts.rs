//! Which disks are mounted beneath a directory, and which of those that were recorded are gone.
//!
//! Without `/proc` none is recorded. What is recorded is looked at by opening it, so a disk that is mounted when somebody
//! asks for it is there. A look that takes too long has found nothing: what is not known is not called missing.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use hivesum_core::file::{Opened, RelPath, Root, RootIdentity};
use hivesum_core::fixity::{MAX_MOUNTS, Mount, MountPlace, Survey};

/// The place of a directory beneath another one, if it can be opened.
fn place_of(root: &Root, path: &[u8]) -> Option<MountPlace> {
    let identity_of = |path: &[u8]| match root.open_beneath(&RelPath::new(path).ok()?) {
        Ok(Opened::Directory(dir)) => RootIdentity::of(dir.as_fd()).ok(),
        Ok(_) | Err(_) => None,
    };
    let above = path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |slash| &path[..slash]);
    let (identity, above) = (identity_of(path)?, identity_of(above)?);
    Some(MountPlace { identity, is_mounted: identity.device != above.device })
}

/// The answer of a look in a thread of its own. `None` if it takes too long; nobody waits for the thread then.
fn within<T: Send + 'static>(timeout: Duration, look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (answer, answers) = channel();
    let look = move || drop(answer.send(look()));
    let looking = std::thread::Builder::new().name("mounts".to_owned()).spawn(look);
    looking.ok().and_then(|_| answers.recv_timeout(timeout).ok())
}

/// Looks at the places of these mounts. `None` for all of them if that takes too long.
fn places(root: &Root, paths: Vec<Vec<u8>>, timeout: Duration) -> Vec<Option<MountPlace>> {
    let (count, root) = (paths.len(), root.clone());
    let found = within(timeout, move || paths.iter().map(|path| place_of(&root, path)).collect());
    found.unwrap_or_else(|| vec![None; count])
}

/// The recorded mounts that are gone.
pub(super) fn gone(root: &Root, recorded: &[Mount], timeout: Duration) -> Vec<Vec<u8>> {
    if recorded.is_empty() {
        return Vec::new();
    }
    let places = places(root, recorded.iter().map(|mount| mount.path.clone()).collect(), timeout);
    let gone = recorded.iter().zip(places).filter(|(mount, now)| mount.is_gone(*now));
    gone.map(|(mount, _)| mount.path.clone()).collect()
}

/// What is mounted beneath a directory and has files of it, up to [`MAX_MOUNTS`].
pub(super) fn present(root: &Root, survey: &Survey, timeout: Duration) -> Vec<Mount> {
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mut paths = beneath(&table, &root.path());
    paths.retain(|path| survey.has_found_beneath(path));
    paths.truncate(MAX_MOUNTS);
    if paths.is_empty() {
        return Vec::new();
    }
    let found = places(root, paths.clone(), timeout);
    let mount = |(path, now): (Vec<u8>, Option<MountPlace>)| Some(Mount { path, identity: now?.identity });
    paths.into_iter().zip(found).filter_map(mount).collect()
}

/// The mount points beneath a directory, relative to it, each once and in the order of their bytes. They are the fifth
/// field of a line, with blanks and backslashes as octal digits: `proc_pid_mountinfo(5)`.
fn beneath(table: &[u8], directory: &Path) -> Vec<Vec<u8>> {
    let relative = |line: &[u8]| {
        let point = unescaped(line.split(|byte| *byte == b' ').nth(4)?);
        let path = Path::new(OsStr::from_bytes(&point)).strip_prefix(directory).ok()?.as_os_str().as_bytes();
        (!path.is_empty()).then(|| path.to_vec())
    };
    let mut paths: Vec<_> = table.split(|byte| *byte == b'\n').filter_map(relative).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn unescaped(field: &[u8]) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(field.len()), field);
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_beneath_a_directory_are_found_in_the_table() {
        let table = br"36 35 98:0 / /srv rw - ext4 /dev/a rw
37 36 98:1 / /srv/b\040\134c/d rw shared:1 - ext4 /dev/b rw
38 36 98:2 /mnt /srv/a rw - xfs /dev/c rw
39 38 98:3 / /srv/a rw - xfs /dev/d rw
40 35 0:5 / /srv2/x rw - tmpfs x rw
";
        assert_eq!(beneath(table, Path::new("/srv")), [&b"a"[..], br"b \c/d"]);
        assert_eq!(beneath(table, Path::new("/")).len(), 4);
        assert_eq!(beneath(b"no table\n\\7", Path::new("/")), Vec::<Vec<u8>>::new());
        assert_eq!(unescaped(br"\40\777\1a"), br"\40\777\1a", "as it is, if it is no byte in octal digits");
    }

    #[test]
    fn a_recorded_mount_is_looked_at_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
        let root = Root::open(Some("root"), dir.path()).unwrap();
        let at = |path: &[u8]| place_of(&root, path);
        let there = at(b"a/b").unwrap();
        assert!(!there.is_mounted);
        assert_eq!(at(b"a/gone"), None);
        let limit = Duration::from_secs(60);
        let mount = |path: &[u8], identity| Mount { path: path.to_vec(), identity };
        let recorded = [mount(b"a/b", there.identity), mount(b"a", there.identity), mount(b"gone", there.identity)];
        assert_eq!(gone(&root, &recorded, limit), [&b"a"[..], b"gone"]);
        let (_never, answers) = channel::<()>();
        assert_eq!(
            within(Duration::from_millis(1), move || answers.recv()),
            None,
            "what takes too long has found nothing"
        );
    }
}

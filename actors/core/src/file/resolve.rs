//! Opening a path without following links: by `openat2`, or component by component where that call is not to be had.
//!
//! A system call filter takes `openat2` away: systemd's `RestrictSUIDSGID=`, and so `DynamicUser=`, answers it with
//! ENOSYS, because a filter cannot look into its arguments; container runtimes have answered EPERM. The walk by hand
//! keeps what callers ask of `openat2`: no link is followed, `..` and absolute paths do not lead out, and mount points
//! are not crossed where that is asked. Each component is opened in the descriptor of the one before, so a directory
//! that is renamed meanwhile, or replaced by a link, leads nowhere else.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;

/// Whether `openat2` works in this process, once there was a reason to ask.
static HAS_OPENAT2: OnceLock<bool> = OnceLock::new();

/// Whether `openat2` works in this process. Filters are never lifted, so the kernel is asked once.
pub fn has_openat2() -> bool {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let probe = || rustix::fs::openat2(CWD, "/", flags, Mode::empty(), ResolveFlags::NO_SYMLINKS);
    *HAS_OPENAT2.get_or_init(|| !probe().is_err_and(is_of_a_filter))
}

/// Whether a filter may have answered so. A file may be refused with two of these errors, too.
fn is_of_a_filter(errno: Errno) -> bool {
    matches!(errno, Errno::NOSYS | Errno::PERM | Errno::ACCESS)
}

/// `openat2(dir, path, flags, resolve)`, where `resolve` forbids links, or the same by hand. The walk by hand refuses
/// every `..` where `resolve` has `BENEATH`; `openat2` allows those that stay beneath.
pub(super) fn open_resolved(
    dir: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    if HAS_OPENAT2.get() != Some(&false) {
        let opened = rustix::fs::openat2(dir, path, flags, Mode::empty(), resolve);
        match opened {
            Err(errno) if is_of_a_filter(errno) && !has_openat2() => {}
            opened => return opened,
        }
    }
    open_by_components(dir, path, flags, resolve)
}

fn open_by_components(
    dir: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let beneath = resolve.contains(ResolveFlags::BENEATH);
    let is_absolute = path.starts_with(b"/");
    let names: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).collect();
    if beneath && (is_absolute || names.contains(&b"..".as_slice())) {
        return Err(Errno::XDEV);
    }
    let entered = if is_absolute { Some(open_component(dir, b"/", DIRECTORY_ON_THE_WAY)?) } else { None };
    let start = entered.as_ref().map_or(dir, |entered| entered.as_fd());
    let (last, on_the_way) = match names.split_last() {
        Some((last, on_the_way)) => (*last, on_the_way),
        None if is_absolute => (b".".as_slice(), &[][..]),
        None => return Err(Errno::NOENT),
    };
    let mount = match resolve.contains(ResolveFlags::NO_XDEV) {
        true => Some(Mount::of(start)?),
        false => None,
    };
    let mut parent: Option<OwnedFd> = None;
    for name in on_the_way {
        let at = parent.as_ref().map_or(start, |parent| parent.as_fd());
        parent = Some(open_within(at, name, DIRECTORY_ON_THE_WAY, mount)?);
    }
    let as_directory = if path.ends_with(b"/") { OFlags::DIRECTORY } else { OFlags::empty() };
    open_within(parent.as_ref().map_or(start, |parent| parent.as_fd()), last, flags | as_directory, mount)
}

/// How a directory on the way is opened: it need not be readable, and `O_DIRECTORY` mounts what is mounted on demand.
const DIRECTORY_ON_THE_WAY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);

fn open_within(dir: BorrowedFd<'_>, name: &[u8], flags: OFlags, mount: Option<Mount>) -> Result<OwnedFd, Errno> {
    let opened = open_component(dir, name, flags)?;
    match mount {
        Some(mount) if Mount::of(opened.as_fd())? != mount => Err(Errno::XDEV),
        Some(_) | None => Ok(opened),
    }
}

/// Opens one component, and fails with `ELOOP` if it is a link.
fn open_component(dir: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let opened = rustix::fs::openat(dir, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    let is_link = match &opened {
        // `O_DIRECTORY` refuses a link like a file.
        Err(Errno::NOTDIR) => rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW),
        // `O_PATH` opens the link itself.
        Ok(opened) if flags.contains(OFlags::PATH) => rustix::fs::fstat(opened),
        Ok(_) | Err(_) => return opened,
    };
    match is_link {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => Err(Errno::LOOP),
        Ok(_) | Err(_) => opened,
    }
}

/// The mount that a file is on. The device alone would not tell a directory that is mounted a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mount {
    /// Its id, since Linux 5.8.
    Id(u64),
    /// The device of its file system, before that.
    Device(u64),
}

impl Mount {
    fn of(file: BorrowedFd<'_>) -> Result<Self, Errno> {
        let found = rustix::fs::statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID);
        match found {
            Ok(found) if found.stx_mask & StatxFlags::MNT_ID.bits() != 0 => Ok(Self::Id(found.stx_mnt_id)),
            Ok(_) | Err(_) => Ok(Self::Device(rustix::fs::fstat(file)?.st_dev)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::RenameFlags;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const CONFINED: ResolveFlags =
        ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

    fn open(path: &Path) -> OwnedFd {
        rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    /// Both ways to open, with the identity of what they opened.
    fn both(dir: &OwnedFd, path: &str, flags: OFlags, resolve: ResolveFlags) -> [Result<(u64, u64), Errno>; 2] {
        let flags = flags | OFlags::CLOEXEC;
        let by_call = rustix::fs::openat2(dir, path, flags, Mode::empty(), resolve);
        let by_hand = open_by_components(dir.as_fd(), path.as_bytes(), flags, resolve);
        [by_call, by_hand].map(|opened| opened.and_then(rustix::fs::fstat).map(|stat| (stat.st_dev, stat.st_ino)))
    }

    const SWAPS: usize = 2_000;

    const WAYS: [OFlags; 4] =
        [OFlags::NONBLOCK, OFlags::DIRECTORY, OFlags::PATH, OFlags::PATH.union(OFlags::DIRECTORY)];

    #[test]
    fn by_hand_opens_and_refuses_what_openat2_does() {
        let at = tempfile::tempdir().unwrap();
        let deep = at.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("f"), "abc").unwrap();
        symlink("b", at.path().join("a/to_directory")).unwrap();
        symlink("f", deep.join("to_file")).unwrap();
        symlink("/", at.path().join("to_root")).unwrap();
        symlink("itself", at.path().join("itself")).unwrap();
        rustix::fs::mknodat(CWD, deep.join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let dir = open(at.path());
        let paths = [
            "a",
            "a/",
            "a/b",
            "a//b/f",
            "a/b/f",
            "a/b/f/",
            "a/b/f/x",
            "a/b/fifo",
            "a/./b/f",
            ".",
            "./",
            "",
            "/",
            "/etc",
            "..",
            "../x",
            "a/to_directory",
            "a/to_directory/",
            "a/to_directory/f",
            "a/b/to_file",
            "to_root",
            "to_root/etc",
            "itself",
            "nothing",
            "a/nothing/f",
        ];
        for path in paths {
            for flags in WAYS {
                for resolve in [CONFINED, CONFINED | ResolveFlags::NO_XDEV] {
                    let [by_call, by_hand] = both(&dir, path, flags, resolve);
                    assert_eq!(by_hand, by_call, "{path:?} {flags:?} {resolve:?}");
                }
            }
        }
    }

    #[test]
    fn by_hand_refuses_every_parent_directory() {
        let at = tempfile::tempdir().unwrap();
        std::fs::create_dir(at.path().join("a")).unwrap();
        for path in ["a/..", "a/../a", "a/../.."] {
            let opened = open_by_components(open(at.path()).as_fd(), path.as_bytes(), OFlags::PATH, CONFINED);
            assert_eq!(opened.unwrap_err(), Errno::XDEV, "{path}");
        }
    }

    #[test]
    fn by_hand_crosses_no_mount_where_that_is_asked_and_follows_no_magic_link() {
        let top = open(Path::new("/"));
        let own = format!("proc/{}", std::process::id());
        for path in
            ["proc".to_owned(), "proc/self".to_owned(), own.clone(), format!("{own}/cwd"), format!("{own}/fd/0")]
        {
            for flags in WAYS {
                for resolve in [CONFINED, CONFINED | ResolveFlags::NO_XDEV] {
                    let [by_call, by_hand] = both(&top, &path, flags, resolve);
                    assert_eq!(by_hand, by_call, "{path:?} {flags:?} {resolve:?}");
                }
            }
        }
        assert_eq!(both(&top, "proc", OFlags::PATH, CONFINED | ResolveFlags::NO_XDEV), [Err(Errno::XDEV); 2]);
        assert_eq!(both(&top, &format!("{own}/cwd"), OFlags::PATH, CONFINED), [Err(Errno::LOOP); 2]);
    }

    #[test]
    fn by_hand_opens_an_absolute_path_without_links() {
        let at = tempfile::tempdir().unwrap();
        let real = at.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("d")).unwrap();
        symlink("d", real.join("link")).unwrap();
        let here = open(&real);
        for path in [real.join("d"), real.join("link"), real.join("gone"), "/".into()] {
            let [by_call, by_hand] =
                both(&here, path.to_str().unwrap(), WAYS[3], CONFINED.difference(ResolveFlags::BENEATH));
            assert_eq!(by_hand, by_call, "{path:?}");
        }
    }

    #[test]
    fn a_directory_that_is_swapped_for_a_link_meanwhile_never_leads_outside() {
        let at = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::create_dir(at.path().join("d")).unwrap();
        std::fs::write(at.path().join("d/f"), "inside").unwrap();
        std::fs::write(outside.path().join("f"), "outside").unwrap();
        symlink(outside.path(), at.path().join("other")).unwrap();
        let dir = open(at.path());
        let swapped = AtomicUsize::new(0);
        let opened: Vec<_> = std::thread::scope(|scope| {
            let swaps = scope.spawn(|| {
                for _ in 0..SWAPS {
                    rustix::fs::renameat_with(&dir, "d", &dir, "other", RenameFlags::EXCHANGE).unwrap();
                    swapped.fetch_add(1, Ordering::Relaxed);
                }
            });
            let open_one = || open_by_components(dir.as_fd(), b"d/f", OFlags::RDONLY, CONFINED);
            let opened =
                std::iter::from_fn(|| (swapped.load(Ordering::Relaxed) < SWAPS && !swaps.is_finished()).then(open_one));
            opened
                .map(|file| file.map(std::fs::File::from).map(|file| std::io::read_to_string(file).unwrap()))
                .collect()
        });
        for opened in opened {
            match opened {
                Ok(content) => assert_eq!(content, "inside"),
                // By the time of the question what it is, it may be the directory again.
                Err(errno) => assert!(matches!(errno, Errno::LOOP | Errno::NOTDIR), "{errno}"),
            }
        }
    }
}

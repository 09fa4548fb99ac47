//! A file system in user space whose files do what no sound disk does: stall, trickle, lie and refuse.
//!
//! Read without the page cache (direct I/O), so that every reply reaches the reader as it was given. It is
//! served by a process of its own: a thread that waits for a reply cannot be killed, and were the server in
//! its process, the two would wait for each other beyond the end. Killing the server answers everybody.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    ReplyAttr, ReplyData, ReplyDirectory, ReplyEntry, ReplyOpen, Request,
};

/// What a name stands for.
pub(crate) struct Odd {
    name: &'static str,
    size: u64,
    content: Vec<u8>,
    habit: Habit,
}

/// What is odd about it.
pub(crate) enum Habit {
    /// Nothing.
    None,
    /// A read gives so many bytes at most.
    ShortReads(usize),
    /// A read gives one byte, after so long.
    Trickles(Duration),
    /// No read is ever answered.
    NeverReads,
    /// The content is followed by itself, for ever.
    Endless,
    /// It opens after so many refusals.
    OpensAfter(AtomicUsize, Errno),
    /// Every second read fails so.
    EverySecondRead(AtomicUsize, Errno),
    /// A directory that is never listed.
    NeverLists,
}

impl Odd {
    /// A file that says its size.
    pub(crate) fn file(name: &'static str, content: &[u8], habit: Habit) -> Self {
        Self { name, size: content.len() as u64, content: content.to_vec(), habit }
    }

    /// A file that says another size than it has.
    pub(crate) fn lying(name: &'static str, size: u64, content: &[u8], habit: Habit) -> Self {
        Self { name, size, content: content.to_vec(), habit }
    }

    pub(crate) fn silent_directory(name: &'static str) -> Self {
        Self { name, size: 0, content: Vec::new(), habit: Habit::NeverLists }
    }

    fn kind(&self) -> FileType {
        match self.habit {
            Habit::NeverLists => FileType::Directory,
            _ => FileType::RegularFile,
        }
    }
}

struct FaultFs {
    files: Vec<Odd>,
    /// Replies that are never given; dropping one would be an answer.
    unanswered: Mutex<Vec<Unanswered>>,
}

#[allow(dead_code, reason = "kept, not used: that is the point")]
enum Unanswered {
    Read(ReplyData),
    Listing(ReplyDirectory),
}

const ROOT: u64 = 1;
const FIRST_FILE: u64 = 2;
const NOT_CACHED: Duration = Duration::ZERO;

const SET: &str = "HIVESUM_FAULTFS_SET";
const AT: &str = "HIVESUM_FAULTFS_AT";
const READY: &str = "the fault file system is mounted";

/// A mounted file system; its drop answers every reader that still waits, and unmounts it.
pub(crate) struct Mounted {
    server: Child,
    at: PathBuf,
}

/// Mounts the files of this set, as `rows` has them.
pub(crate) fn mount(set: &str, at: &Path) -> Mounted {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "faultfs::serves_in_a_child", "--nocapture"]).env(SET, set).env(AT, at);
    let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(server.stdout.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains(READY)), "the fault file system could not be mounted");
    Mounted { server, at: at.to_owned() }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

#[test]
fn serves_in_a_child() {
    let (Ok(set), Some(at)) = (std::env::var(SET), std::env::var_os(AT)) else { return };
    // Whoever reads from it may be killed: the server goes with them.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    let filesystem = FaultFs { files: crate::files_of(&set), unanswered: Mutex::default() };
    let session = fuser::spawn_mount(filesystem, at, &Config::default()).unwrap();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{READY}").and_then(|()| stdout.flush()).unwrap();
    session.join().unwrap();
}

impl FaultFs {
    fn file(&self, inode: INodeNo) -> Option<&Odd> {
        self.files.get(u64::from(inode).checked_sub(FIRST_FILE)? as usize)
    }

    fn attributes(&self, inode: u64) -> Option<FileAttr> {
        let (kind, size) = match inode {
            ROOT => (FileType::Directory, 0),
            _ => self.file(INodeNo(inode)).map(|file| (file.kind(), file.size))?,
        };
        Some(FileAttr {
            ino: INodeNo(inode),
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm: 0o755,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }

    fn keep(&self, reply: Unanswered) {
        self.unanswered.lock().unwrap().push(reply);
    }
}

impl Filesystem for FaultFs {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.files.iter().position(|file| u64::from(parent) == ROOT && name == file.name);
        match found.and_then(|index| self.attributes(index as u64 + FIRST_FILE)) {
            Some(attributes) => reply.entry(&NOT_CACHED, &attributes, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(inode.into()) {
            Some(attributes) => reply.attr(&NOT_CACHED, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn open(&self, _: &Request, inode: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        if let Some(Odd { habit: Habit::OpensAfter(refusals, errno), .. }) = self.file(inode)
            && refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            return reply.error(*errno);
        }
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let Some(file) = self.file(inode) else { return reply.error(Errno::ENOENT) };
        let rest = file.content.get(offset as usize..).unwrap_or_default();
        let asked = &rest[..rest.len().min(size as usize)];
        match &file.habit {
            Habit::ShortReads(most) => reply.data(&asked[..asked.len().min(*most)]),
            Habit::Trickles(pause) => {
                std::thread::sleep(*pause);
                reply.data(&asked[..asked.len().min(1)]);
            }
            Habit::NeverReads => self.keep(Unanswered::Read(reply)),
            Habit::Endless => {
                let at = offset as usize % file.content.len();
                let again = file.content.iter().cycle().skip(at).take(size as usize);
                reply.data(&again.copied().collect::<Vec<_>>());
            }
            Habit::EverySecondRead(reads, errno) if reads.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) => {
                reply.error(*errno);
            }
            Habit::None | Habit::OpensAfter(..) | Habit::EverySecondRead(..) | Habit::NeverLists => reply.data(asked),
        }
    }

    fn readdir(&self, _: &Request, inode: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        if u64::from(inode) != ROOT {
            return self.keep(Unanswered::Listing(reply));
        }
        let entries = self.files.iter().zip(FIRST_FILE..).enumerate();
        for (place, (file, inode)) in entries.skip(offset as usize) {
            if reply.add(INodeNo(inode), place as u64 + 1, file.kind(), file.name) {
                break;
            }
        }
        reply.ok();
    }
}

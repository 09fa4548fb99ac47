//! A file system in user space whose files do what no sound disk does: stall, trickle, lie and refuse.
//!
//! It is read without the page cache (direct I/O), so every reply reaches the reader unchanged. A process of its own
//! serves it: a thread that waits for a reply cannot be killed, so a server in the reader's process would wait for
//! the reader forever, and the reader for it. Killing the server ends every wait.
//!
//! That process is the test binary again, running one test that calls [`serve`]. A binary that mounts needs such a
//! test and passes its name to [`mount`].

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

pub use fuser::Errno;
use fuser::{
    Config, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    ReplyAttr, ReplyData, ReplyDirectory, ReplyEntry, ReplyOpen, Request,
};

/// One entry of the file system.
#[derive(Debug)]
pub struct FaultyFile {
    name: &'static str,
    size: u64,
    content: Vec<u8>,
    fault: Fault,
}

/// What is wrong with an entry.
#[derive(Debug)]
pub enum Fault {
    /// Nothing.
    None,
    /// A read returns at most this many bytes.
    ShortReads(usize),
    /// A read returns one byte, after this delay.
    Trickles(Duration),
    /// No read is ever answered.
    NeverReads,
    /// The content repeats without end.
    Endless,
    /// It opens after this many refusals with this error.
    OpensAfter(AtomicUsize, Errno),
    /// The first read and every second one after it fail with this error.
    EverySecondRead(AtomicUsize, Errno),
    /// The first byte is another one each time it is opened, and its times stay the same.
    AnotherByteEachTime(AtomicUsize),
    /// A directory whose listing is never answered.
    NeverLists,
    /// A file whose size and times are never answered.
    NeverStats,
}

impl FaultyFile {
    /// A file that reports its true size.
    pub fn file(name: &'static str, content: &[u8], fault: Fault) -> Self {
        Self { name, size: content.len() as u64, content: content.to_vec(), fault }
    }

    /// A file that reports a false size.
    pub fn with_false_size(name: &'static str, size: u64, content: &[u8], fault: Fault) -> Self {
        Self { name, size, content: content.to_vec(), fault }
    }

    /// A directory whose listing is never answered.
    pub fn silent_directory(name: &'static str) -> Self {
        Self { name, size: 0, content: Vec::new(), fault: Fault::NeverLists }
    }

    fn kind(&self) -> FileType {
        match self.fault {
            Fault::NeverLists => FileType::Directory,
            _ => FileType::RegularFile,
        }
    }
}

struct FaultFs {
    files: Vec<FaultyFile>,
    /// Replies that are never sent. Dropping one would send an error.
    unanswered: Mutex<Vec<Unanswered>>,
}

#[allow(dead_code, reason = "held so that it is not dropped")]
enum Unanswered {
    Attributes(ReplyAttr),
    Read(ReplyData),
    Listing(ReplyDirectory),
}

const ROOT: u64 = 1;
const FIRST_FILE: u64 = 2;
const NOT_CACHED: Duration = Duration::ZERO;

const SET: &str = "HIVESUM_FAULTFS_SET";
const AT: &str = "HIVESUM_FAULTFS_AT";
const READY: &str = "the fault file system is mounted";

/// A mounted file system. Dropping it ends every pending read and unmounts it.
#[derive(Debug)]
pub struct Mounted {
    server: Child,
    at: PathBuf,
}

/// Mounts a set of files. `server_test` is the full name of the test that calls [`serve`].
///
/// # Panics
/// Where it cannot be mounted.
pub fn mount(server_test: &str, set: &str, at: &Path) -> Mounted {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", server_test, "--nocapture"]).env(SET, set).env(AT, at);
    let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(READY)), "the fault file system could not be mounted");
    Mounted { server, at: at.to_owned() }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

/// Serves the files of a set until this process is killed. Returns at once where [`mount`] did not start the process.
///
/// # Panics
/// Where it cannot be mounted.
pub fn serve(files_of: impl FnOnce(&str) -> Vec<FaultyFile>) {
    let (Ok(set), Some(at)) = (std::env::var(SET), std::env::var_os(AT)) else { return };
    // The reader may be killed, and the server should not outlive it.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    let filesystem = FaultFs { files: files_of(&set), unanswered: Mutex::default() };
    let session = fuser::spawn_mount(filesystem, at, &Config::default()).unwrap();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{READY}").and_then(|()| stdout.flush()).unwrap();
    session.join().unwrap();
}

impl FaultFs {
    fn file(&self, inode: INodeNo) -> Option<&FaultyFile> {
        self.files.get(u64::from(inode).checked_sub(FIRST_FILE)? as usize)
    }

    fn attributes(&self, inode: u64) -> Option<FileAttr> {
        let (kind, size) = match inode {
            ROOT => (FileType::Directory, 0),
            _ => self.file(INodeNo(inode)).map(|file| (file.kind(), file.size))?,
        };
        let changed = match self.file(INodeNo(inode)).map(|file| &file.fault) {
            Some(Fault::AnotherByteEachTime(_)) => UNIX_EPOCH + Duration::new(1_700_000_000, 5),
            _ => UNIX_EPOCH,
        };
        Some(FileAttr {
            ino: INodeNo(inode),
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: changed,
            ctime: changed,
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
        if let Some(FaultyFile { fault: Fault::NeverStats, .. }) = self.file(inode) {
            return self.keep(Unanswered::Attributes(reply));
        }
        match self.attributes(inode.into()) {
            Some(attributes) => reply.attr(&NOT_CACHED, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn open(&self, _: &Request, inode: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        if let Some(FaultyFile { fault: Fault::OpensAfter(refusals, errno), .. }) = self.file(inode)
            && refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            return reply.error(*errno);
        }
        if let Some(FaultyFile { fault: Fault::AnotherByteEachTime(opened), .. }) = self.file(inode) {
            opened.fetch_add(1, Ordering::SeqCst);
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
        match &file.fault {
            Fault::ShortReads(most) => reply.data(&asked[..asked.len().min(*most)]),
            Fault::Trickles(pause) => {
                std::thread::sleep(*pause);
                reply.data(&asked[..asked.len().min(1)]);
            }
            Fault::NeverReads => self.keep(Unanswered::Read(reply)),
            Fault::Endless => {
                let at = offset as usize % file.content.len();
                let again = file.content.iter().cycle().skip(at).take(size as usize);
                reply.data(&again.copied().collect::<Vec<_>>());
            }
            Fault::EverySecondRead(reads, errno) if reads.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) => {
                reply.error(*errno);
            }
            Fault::AnotherByteEachTime(opened) if offset == 0 && !asked.is_empty() => {
                let mut other = asked.to_vec();
                other[0] = other[0].wrapping_add(opened.load(Ordering::SeqCst) as u8);
                reply.data(&other);
            }
            Fault::None
            | Fault::AnotherByteEachTime(_)
            | Fault::OpensAfter(..)
            | Fault::EverySecondRead(..)
            | Fault::NeverLists
            | Fault::NeverStats => reply.data(asked),
        }
    }

    fn readdir(&self, _: &Request, inode: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        if u64::from(inode) != ROOT {
            return self.keep(Unanswered::Listing(reply));
        }
        let entries = self.files.iter().zip(FIRST_FILE..).enumerate();
        for (index, (file, inode)) in entries.skip(offset as usize) {
            if reply.add(INodeNo(inode), index as u64 + 1, file.kind(), file.name) {
                break;
            }
        }
        reply.ok();
    }
}

//! The PATHs of a command line, in order, split into inputs that are hashed one after the other; and reading stdin.
//!
//! A path that does not exist or cannot be opened is passed on as a name, so that the engine reports it in order.
//! Each path is looked at once; if it changes afterwards, what the engine finds when it opens the path counts.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::iter::Peekable;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::vec::IntoIter;

use bytes::{Bytes, BytesMut};
use hivesum_actors::engine::{Engine, UploadDigests};
use hivesum_core::digest::Algorithms;
use hivesum_core::result::NameList;
use hivesum_core::sys::std_streams::StdStream;
use hivesum_core::walk::Target;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use tokio::sync::mpsc;

/// The most directories of one scan. Each uses a file descriptor from the start of the scan.
pub(super) const DIRECTORIES_PER_SCAN: usize = 64;

/// `PIPEFS_MAGIC` from Linux `include/uapi/linux/magic.h`: the file system of unnamed pipes.
const PIPEFS_MAGIC: u64 = 0x5049_5045;

/// What is hashed next.
#[derive(Debug)]
pub(super) enum Input {
    /// Directories and names, for one scan.
    Scan(Vec<Target>),
    /// Standard input or a pipe.
    Stream {
        /// Its name in the output.
        shown: Vec<u8>,
        /// The pipe; `None` is standard input.
        source: Option<File>,
    },
    /// A FIFO, socket or character device. It is not read.
    Special {
        /// Its name in the output.
        shown: Vec<u8>,
        /// What it is, in words.
        what: &'static str,
    },
}

/// The inputs of a list of paths.
#[derive(Debug)]
pub(super) struct Inputs {
    paths: Peekable<IntoIter<OsString>>,
    /// Looked at already, but not part of the input before it.
    next: Option<Found>,
    directories_per_scan: usize,
}

#[derive(Debug)]
enum Found {
    Name(Vec<u8>),
    Directory(Vec<u8>, OwnedFd),
    Other(Input),
}

impl Inputs {
    /// An empty list means standard input.
    pub(super) fn new(mut paths: Vec<OsString>, directories_per_scan: usize) -> Self {
        if paths.is_empty() {
            paths.push(OsString::from("-"));
        }
        Self { paths: paths.into_iter().peekable(), next: None, directories_per_scan }
    }

    fn next_path(&mut self) -> Option<Found> {
        self.next.take().or_else(|| self.paths.next().map(|path| classify(path.into_vec())))
    }
}

impl Iterator for Inputs {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        let mut targets = Vec::new();
        let mut names = NameList::new();
        let mut directories = 0;
        while let Some(found) = self.next_path() {
            match found {
                Found::Name(name) => names.push(&name),
                Found::Directory(shown, dir) if directories < self.directories_per_scan => {
                    end_names(&mut names, &mut targets);
                    targets.push(Target::Directory { dir, shown });
                    directories += 1;
                }
                Found::Other(input) if targets.is_empty() && names.is_empty() => return Some(input),
                found @ (Found::Directory(..) | Found::Other(_)) => {
                    self.next = Some(found);
                    break;
                }
            }
        }
        end_names(&mut names, &mut targets);
        (!targets.is_empty()).then_some(Input::Scan(targets))
    }
}

fn end_names(names: &mut NameList, targets: &mut Vec<Target>) {
    if !names.is_empty() {
        targets.push(Target::Names { names: std::mem::take(names) });
    }
}

fn classify(path: Vec<u8>) -> Found {
    if path == b"-" {
        return Found::Other(Input::Stream { shown: path, source: None });
    }
    let Ok(stat) = rustix::fs::stat(path.as_slice()) else { return Found::Name(path) };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile | FileType::BlockDevice => Found::Name(path),
        FileType::Directory => match open(&path, OFlags::DIRECTORY) {
            Ok(dir) => Found::Directory(path, dir),
            Err(_) => Found::Name(path),
        },
        FileType::Fifo if is_anonymous_pipe(&path) => match open(&path, OFlags::empty()) {
            Ok(pipe) => Found::Other(Input::Stream { shown: path, source: Some(File::from(pipe)) }),
            Err(_) => Found::special(path, "a FIFO"),
        },
        FileType::Fifo => Found::special(path, "a FIFO"),
        FileType::Socket => Found::special(path, "a socket"),
        FileType::CharacterDevice => Found::special(path, "a character device"),
        FileType::Symlink | FileType::Unknown => Found::special(path, "not a regular file"),
    }
}

impl Found {
    fn special(shown: Vec<u8>, what: &'static str) -> Self {
        Self::Other(Input::Special { shown, what })
    }
}

/// Opens a directory. A symbolic link to one is followed.
pub(super) fn open_directory(path: &OsStr) -> io::Result<OwnedFd> {
    Ok(open(path.as_bytes(), OFlags::DIRECTORY)?)
}

/// Follows symbolic links, as for every path on the command line.
fn open(path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(CWD, path, flags | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

/// Whether this is an unnamed pipe, such as `/dev/stdin` or a shell's `<(...)`. Its end comes by itself; that of a
/// named FIFO may never come.
fn is_anonymous_pipe(path: &[u8]) -> bool {
    rustix::fs::statfs(path).is_ok_and(|statfs| statfs.f_type as u64 == PIPEFS_MAGIC)
}

/// Standard input. If it was closed when the program started, reading fails with `EBADF`, where [`io::stdin`] would be
/// at its end.
#[derive(Debug)]
pub(super) struct Stdin;

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match StdStream::Input.was_closed() {
            true => Err(io::Error::from_raw_os_error(libc::EBADF)),
            false => io::stdin().read(buffer),
        }
    }
}

/// Bytes of one read: twice the capacity of a Linux pipe.
const CHUNK_BYTES: usize = 128 << 10;

/// Chunks that are read before the engine takes them.
const CHUNKS_AHEAD: usize = 4;

/// Reads `source` to its end and computes its digests.
///
/// # Errors
/// If reading fails, or the engine aborts the upload.
pub(super) fn hash_stream(
    engine: &Engine,
    algorithms: Algorithms,
    source: impl Read + Send + 'static,
) -> io::Result<UploadDigests> {
    let mut upload = engine.upload(algorithms).map_err(io::Error::other)?;
    let (chunks_in, mut chunks) = mpsc::channel(CHUNKS_AHEAD);
    std::thread::Builder::new().name("hivesum-stream".to_owned()).spawn(move || read_all(source, &chunks_in))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        while let Some(chunk) = chunks.recv().await {
            upload.absorb(chunk?).await.map_err(io::Error::other)?;
        }
        upload.finish().await.map_err(io::Error::other)
    })
}

/// Stops at the end of the source, after an error, or when the receiver is gone.
fn read_all(mut source: impl Read, chunks: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut buffer = BytesMut::zeroed(CHUNK_BYTES);
        let chunk = match source.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                buffer.truncate(read);
                Ok(buffer.freeze())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = chunk.is_err();
        if chunks.blocking_send(chunk).is_err() || failed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(paths: &[&std::path::Path]) -> Vec<String> {
        let paths = paths.iter().map(|path| path.as_os_str().to_owned()).collect();
        Inputs::new(paths, DIRECTORIES_PER_SCAN).map(|input| shape(&input)).collect()
    }

    fn shape(input: &Input) -> String {
        match input {
            Input::Stream { .. } => "stream".to_owned(),
            Input::Special { what, .. } => (*what).to_owned(),
            Input::Scan(targets) => targets
                .iter()
                .map(|target| match target {
                    Target::Names { names } => format!("{} names", names.len()),
                    Target::Listed { names, .. } => format!("{} listed", names.len()),
                    Target::Directory { .. } => "directory".to_owned(),
                    Target::File { .. } => "file".to_owned(),
                })
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    #[test]
    fn paths_stay_in_order_and_neighbours_share_a_scan() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path(), &link).unwrap();
        let (missing, stdin, device) = (directory.path().join("missing"), "-".as_ref(), "/dev/null".as_ref());
        assert_eq!(
            shapes(&[&file, &missing, &link, &file, stdin, device, directory.path()]),
            ["2 names, directory, 1 names", "stream", "a character device", "directory"]
        );
        assert_eq!(shapes(&[]), ["stream"]);
    }

    #[test]
    fn a_scan_holds_a_bounded_number_of_directories() {
        let directory = tempfile::tempdir().unwrap();
        let inputs = shapes(&vec![directory.path(); DIRECTORIES_PER_SCAN + 1]);
        assert_eq!(inputs.len(), 2);
        assert_eq!(inputs[1], "directory");
    }

    #[test]
    fn only_pipes_without_a_name_are_streamed() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert!(!is_anonymous_pipe(fifo.as_os_str().as_bytes()));
        assert_eq!(shapes(&[&fifo]), ["a FIFO"]);
        let (reader, _writer) = std::io::pipe().unwrap();
        let through_proc = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        assert_eq!(shapes(&[through_proc.as_ref()]), ["stream"]);
    }
}

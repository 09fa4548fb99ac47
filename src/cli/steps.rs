//! The PATHs of a command line, in order, cut into what the engine takes at a time.
//!
//! A missing or forbidden path is handed on as a name, so that the engine reports it in its place. Whether a
//! path is a directory is asked once; what it is when it is opened decides.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::iter::Peekable;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::vec::IntoIter;

use hivesum_core::result::NameList;
use hivesum_core::walk::Target;
use rustix::fs::{CWD, FileType, Mode, OFlags};

/// Directories of one scan: each holds a descriptor from its start on.
const DIRECTORIES_A_SCAN: usize = 64;

/// `PIPEFS_MAGIC`, Linux `include/uapi/linux/magic.h`: pipes without a name.
const PIPEFS_MAGIC: u64 = 0x5049_5045;

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    /// Directories and names, for one scan.
    Scan(Vec<Target>),
    /// Bytes to be read as they come.
    Stream {
        /// How the source is shown.
        shown: Vec<u8>,
        /// Nothing for standard input.
        source: Option<File>,
    },
    /// A FIFO, socket or device, which is not read.
    Special(Vec<u8>),
}

/// The steps of some paths.
#[derive(Debug)]
pub(super) struct Steps {
    paths: Peekable<IntoIter<OsString>>,
    /// Met already, but it did not go with what came before.
    next: Option<Met>,
}

#[derive(Debug)]
enum Met {
    Name(Vec<u8>),
    Directory(Vec<u8>, OwnedFd),
    Other(Step),
}

impl Steps {
    /// Takes the paths in order; none at all means standard input.
    pub(super) fn new(mut paths: Vec<OsString>) -> Self {
        if paths.is_empty() {
            paths.push(OsString::from("-"));
        }
        Self { paths: paths.into_iter().peekable(), next: None }
    }

    fn meet(&mut self) -> Option<Met> {
        self.next.take().or_else(|| self.paths.next().map(|path| classify(path.into_vec())))
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let mut targets = Vec::new();
        let mut names = NameList::new();
        let mut directories = 0;
        while let Some(met) = self.meet() {
            match met {
                Met::Name(name) => names.push(&name),
                Met::Directory(shown, dir) if directories < DIRECTORIES_A_SCAN => {
                    end_names(&mut names, &mut targets);
                    targets.push(Target::Directory { dir, shown });
                    directories += 1;
                }
                Met::Other(step) if targets.is_empty() && names.is_empty() => return Some(step),
                later @ (Met::Directory(..) | Met::Other(_)) => {
                    self.next = Some(later);
                    break;
                }
            }
        }
        end_names(&mut names, &mut targets);
        (!targets.is_empty()).then_some(Step::Scan(targets))
    }
}

fn end_names(names: &mut NameList, targets: &mut Vec<Target>) {
    if !names.is_empty() {
        targets.push(Target::Names { names: std::mem::take(names) });
    }
}

fn classify(path: Vec<u8>) -> Met {
    if path == b"-" {
        return Met::Other(Step::Stream { shown: path, source: None });
    }
    let Ok(stat) = rustix::fs::stat(path.as_slice()) else { return Met::Name(path) };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Met::Name(path),
        FileType::Directory => match open(&path, OFlags::DIRECTORY) {
            Ok(dir) => Met::Directory(path, dir),
            Err(_) => Met::Name(path),
        },
        FileType::Fifo if is_anonymous_pipe(&path) => match open(&path, OFlags::empty()) {
            Ok(pipe) => Met::Other(Step::Stream { shown: path, source: Some(File::from(pipe)) }),
            Err(_) => Met::Other(Step::Special(path)),
        },
        _ => Met::Other(Step::Special(path)),
    }
}

/// Opens a directory; a link to one is followed.
pub(super) fn open_directory(path: &OsStr) -> io::Result<OwnedFd> {
    Ok(open(path.as_bytes(), OFlags::DIRECTORY)?)
}

/// Follows links, as every path on a command line is.
fn open(path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(CWD, path, flags | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

/// `/dev/stdin` and what a shell makes of `<(...)`, which end by themselves; a FIFO may never do.
fn is_anonymous_pipe(path: &[u8]) -> bool {
    rustix::fs::statfs(path).is_ok_and(|statfs| statfs.f_type as u64 == PIPEFS_MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(paths: &[&std::path::Path]) -> Vec<String> {
        let paths = paths.iter().map(|path| path.as_os_str().to_owned()).collect();
        Steps::new(paths).map(|step| shape(&step)).collect()
    }

    fn shape(step: &Step) -> String {
        match step {
            Step::Stream { .. } => "stream".to_owned(),
            Step::Special(_) => "special".to_owned(),
            Step::Scan(targets) => targets
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
    fn paths_stay_in_order_and_neighbours_go_together() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path(), &link).unwrap();
        let (missing, stdin, device) = (directory.path().join("missing"), "-".as_ref(), "/dev/null".as_ref());
        assert_eq!(
            shapes(&[&file, &missing, &link, &file, stdin, device, directory.path()]),
            ["2 names, directory, 1 names", "stream", "special", "directory"]
        );
        assert_eq!(shapes(&[]), ["stream"]);
    }

    #[test]
    fn a_scan_holds_a_bounded_number_of_directories() {
        let directory = tempfile::tempdir().unwrap();
        let steps = shapes(&vec![directory.path(); DIRECTORIES_A_SCAN + 1]);
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[1], "directory");
    }

    #[test]
    fn only_pipes_without_a_name_are_streamed() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert!(!is_anonymous_pipe(fifo.as_os_str().as_bytes()));
        assert_eq!(shapes(&[&fifo]), ["special"]);
        let (reader, _writer) = std::io::pipe().unwrap();
        let through_proc = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        assert_eq!(shapes(&[through_proc.as_ref()]), ["stream"]);
    }
}

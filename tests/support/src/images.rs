//! Disk images, mounted by loop devices and damaged below their file systems, where no file system sees it.
//!
//! A test mounts them in a mount namespace of its own; see [`crate::process`].

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::fs::{SeekFrom, seek};

use crate::process::{MAY_MOUNT, is_child_with};
use crate::{Requirement, comes_true, has_tool};

/// The smallest image that every file system here accepts, in bytes. It is sparse.
const IMAGE_BYTES: u64 = 1 << 30;

/// How a file system is made and mounted.
#[derive(Debug, Clone, Copy)]
pub struct Disk<'a> {
    /// Its name to the kernel.
    pub filesystem: &'a str,
    /// More arguments of `mkfs`.
    pub made_with: &'a [&'a str],
    /// Options of `mount`; empty for none.
    pub mounted_with: &'a str,
}

/// An image with a file system, mounted until it is dropped.
#[derive(Debug)]
pub struct Image {
    image: PathBuf,
    /// The image of its second device, if it has one.
    second: Option<PathBuf>,
    at: PathBuf,
    options: String,
}

/// Runs a test once more in a child that may mount images. True in that child, which goes on with the test. False in
/// the parent, which returns: the child has passed, or the reason to skip it has been reported.
///
/// # Panics
/// Where the child fails.
pub fn is_child_with_mounts(test: &str) -> bool {
    is_child_with(&MAY_MOUNT, "/dev/loop-control", test)
}

fn does(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Image {
    /// Makes an image in a directory and mounts it there. `None` where the test has to be skipped.
    ///
    /// # Panics
    /// Where the file system cannot be made.
    pub fn mounted(dir: &Path, disk: &Disk<'_>) -> Option<Self> {
        Self::made(dir, disk, None)
    }

    /// The same with a second device, as large. What is read and damaged below the file system is on the first one.
    ///
    /// # Panics
    /// Where the file system cannot be made.
    pub fn mounted_on_two(dir: &Path, disk: &Disk<'_>) -> Option<Self> {
        Self::made(dir, disk, Some(dir.join("second")))
    }

    fn made(dir: &Path, disk: &Disk<'_>, second: Option<PathBuf>) -> Option<Self> {
        let Disk { filesystem, made_with, mounted_with } = *disk;
        let known = format!("a kernel with {filesystem}");
        let _ = does("modprobe", &[filesystem]);
        let is_known =
            || fs::read_to_string("/proc/filesystems").is_ok_and(|all| all.contains(&format!("\t{filesystem}\n")));
        let mkfs = format!("mkfs.{filesystem}");
        if !Requirement::condition(&known).is_met(is_known) || !has_tool(&mkfs) {
            return None;
        }
        let (image, at) = (dir.join("image"), dir.join("mounted"));
        fs::create_dir(&at).unwrap();
        let mut make = Command::new(&mkfs);
        make.args(made_with);
        for device in std::iter::once(&image).chain(&second) {
            File::create(device).unwrap().set_len(IMAGE_BYTES).unwrap();
            make.arg(device);
        }
        let made = make.output().unwrap();
        assert!(made.status.success(), "{mkfs}: {made:?}");
        let options = ["loop", mounted_with].into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(",");
        let may = format!("the right to mount a loop device with {filesystem} and {options}");
        let image = Self { image, second, at, options };
        Requirement::condition(&may).is_met(|| image.mount()).then_some(image)
    }

    fn mount(&self) -> bool {
        let mount = |options: &str| does("mount", &["-o", options, text(&self.image), text(&self.at)]);
        let Some(second) = &self.second else { return mount(&self.options) };
        let attached = Command::new("losetup").args(["--find", "--show"]).arg(second).output().unwrap();
        let device = String::from_utf8(attached.stdout).unwrap();
        let mounted = attached.status.success() && mount(&format!("{},device={}", self.options, device.trim()));
        // The kernel detaches it when it is unmounted.
        does("losetup", &["--detach", device.trim()]);
        mounted
    }

    /// The directory that it is mounted at.
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// Unmounts and mounts it: everything is on the disk then, and nothing in memory.
    ///
    /// # Panics
    /// Where something still uses it.
    pub fn remount(&self) {
        assert!(self.unmount(), "{} is in use", self.at.display());
        assert!(self.mount(), "{} cannot be mounted again", self.at.display());
    }

    fn unmount(&self) -> bool {
        // A process that ended may hold the mount for a moment.
        comes_true(|| does("umount", &[text(&self.at)]))
    }

    /// Flips one bit of the first byte of every copy of `content` on the disk, below the mounted file system. Returns
    /// how many there are.
    ///
    /// # Panics
    /// Where the image cannot be read or written to.
    pub fn flip(&self, content: &[u8]) -> usize {
        let places = self.copies(content);
        self.flip_at(&places);
        places.len()
    }

    /// Flips one bit of the byte at each of these places of the disk, below the mounted file system.
    ///
    /// # Panics
    /// Where the image cannot be written to.
    pub fn flip_at(&self, places: &[u64]) {
        let file = File::options().read(true).write(true).open(&self.image).unwrap();
        for &place in places {
            let mut byte = [0];
            file.read_exact_at(&mut byte, place).unwrap();
            file.write_all_at(&[byte[0] ^ 1], place).unwrap();
        }
    }

    /// The bytes at a place of the disk.
    ///
    /// # Panics
    /// Where the image cannot be read.
    pub fn bytes_at<const N: usize>(&self, place: u64) -> [u8; N] {
        let mut bytes = [0; N];
        File::open(&self.image).unwrap().read_exact_at(&mut bytes, place).unwrap();
        bytes
    }

    /// Where copies of `content` begin on the disk.
    ///
    /// # Panics
    /// Where the image cannot be read.
    pub fn copies(&self, content: &[u8]) -> Vec<u64> {
        let file = File::open(&self.image).unwrap();
        let mut found = Vec::new();
        let mut at = 0;
        while let Ok(start) = seek(&file, SeekFrom::Data(at)) {
            let end = seek(&file, SeekFrom::Hole(start)).unwrap();
            let mut data = vec![0; (end - start) as usize];
            file.read_exact_at(&mut data, start).unwrap();
            found.extend(places(&data, content).map(|place| start + place as u64));
            at = end;
        }
        found
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        assert!(self.unmount() || std::thread::panicking(), "{} is in use", self.at.display());
    }
}

fn places<'a>(data: &'a [u8], content: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = content[0];
    let starts = data.iter().enumerate().filter(move |(_, byte)| **byte == first).map(|(place, _)| place);
    starts.filter(move |&place| data[place..].starts_with(content))
}

/// Maps a file, reads every page and then waits.
const HOLDER: &str = "
import mmap, sys
file = open(sys.argv[1], 'rb')
view = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
print(sum(view[at] for at in range(0, len(view), 4096)), flush=True)
sys.stdin.read()
";

/// A process that holds a file mapped, with every page of it in memory, until this is dropped. It needs python3.
#[derive(Debug)]
pub struct HeldMapped(Child);

impl HeldMapped {
    /// Maps a file of at least one byte.
    ///
    /// # Panics
    /// Where it cannot be mapped.
    pub fn on(path: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", HOLDER]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{} was not mapped", path.display());
        Self(child)
    }
}

impl Drop for HeldMapped {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Makes a file of these bytes that is on the disk when this returns.
///
/// # Panics
/// Where it cannot be written.
pub fn write_synced(path: &Path, content: &[u8]) {
    let mut file = File::create(path).unwrap();
    file.write_all(content).unwrap();
    file.sync_all().unwrap();
}

/// Reads a file whole, through the page cache.
///
/// # Panics
/// Where it cannot be read.
pub fn read_cached(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    File::open(path).unwrap().read_to_end(&mut content).unwrap();
    content
}

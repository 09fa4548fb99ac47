//! The files that stdout and stderr go to. Where they are in a tree that is read they are left out, as `grep -r` leaves
//! out its own output: their digests would be wrong with the next line.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use hivesum_core::result::FileIdentity;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat};

use super::terminal::Terminal;

/// Regular files that are written to.
#[derive(Debug, Default)]
pub(super) struct OwnOutputs {
    files: Vec<FileIdentity>,
    /// Those of which it was not said yet that they are left out.
    unsaid: Vec<FileIdentity>,
}

impl OwnOutputs {
    /// The files behind stdout and stderr, for commands that print their results.
    pub(super) fn of_streams() -> Self {
        let mut outputs = Self::of_messages();
        outputs.add(io::stdout());
        outputs
    }

    /// The file behind stderr.
    pub(super) fn of_messages() -> Self {
        let mut outputs = Self::default();
        outputs.add(io::stderr());
        outputs
    }

    fn add(&mut self, stream: impl AsFd) {
        let is_regular = |stat: rustix::fs::Stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if fstat(&stream).is_ok_and(is_regular)
            && let Ok(identity) = FileIdentity::of(&stream)
            && !self.files.contains(&identity)
        {
            self.files.push(identity);
            self.unsaid.push(identity);
        }
    }

    /// What a scan has to leave out.
    pub(super) fn identities(&self) -> &[FileIdentity] {
        &self.files
    }

    /// Says that a file was left out if it is one of these, once for each of them. `shown` is its name in messages.
    pub(super) fn say_left_out(&mut self, terminal: &Terminal, shown: &[u8], path: &Path) {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(io::Error::from);
        let Ok(identity) = opened.and_then(FileIdentity::of) else { return };
        if let Some(index) = self.unsaid.iter().position(|output| *output == identity) {
            self.unsaid.swap_remove(index);
            terminal.message_about(shown, LEFT_OUT);
        }
    }
}

/// What is said of an output file that is left out.
pub(super) const LEFT_OUT: &str = "is the output, left out";

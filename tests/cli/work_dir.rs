//! A temporary directory for every test, and ways to run programs in it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use hivesum_test_support::tools::{digest_of_file, feed};
use tempfile::TempDir;

/// A temporary directory that programs run in.
pub(crate) struct WorkDir {
    _directory: TempDir,
    /// Where programs run: the directory, or one in it.
    within: PathBuf,
}

impl WorkDir {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { within: directory.path().to_owned(), _directory: directory }
    }

    /// A directory inside of a temporary one, so that `../` can be used, too.
    pub(crate) fn nested() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let within = directory.path().join("within");
        std::fs::create_dir(&within).unwrap();
        Self { _directory: directory, within }
    }

    /// A directory with these files.
    pub(crate) fn with(files: &[(&[u8], &[u8])]) -> Self {
        let dir = Self::new();
        for (name, content) in files {
            dir.write(name, content);
        }
        dir
    }

    pub(crate) fn path(&self, name: impl AsRef<[u8]>) -> PathBuf {
        self.within.join(OsStr::from_bytes(name.as_ref()))
    }

    /// Writes a file, and the directories on the way to it.
    pub(crate) fn write(&self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn link(&self, name: &str, target: &str) {
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
    }

    pub(crate) fn fifo(&self, name: &str) {
        assert!(self.command("mkfifo").arg(name).status().unwrap().success());
    }

    /// Every name in the directory, sorted.
    pub(crate) fn names(&self) -> Vec<OsString> {
        let entries = std::fs::read_dir(&self.within).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    /// A program to run in the directory, with empty standard input.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.within).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, program: &str, args: impl IntoIterator<Item = A>) -> Ran {
        Ran::of(self.command(program).args(args).output().unwrap())
    }

    pub(crate) fn hivesum<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        self.run(HIVESUM, args)
    }

    /// Runs a program with these bytes on its standard input, through a pipe.
    pub(crate) fn feed<A: AsRef<OsStr>>(&self, program: &str, input: &[u8], args: impl IntoIterator<Item = A>) -> Ran {
        let mut command = self.command(program);
        Ran::of(feed(command.args(args), input))
    }

    /// The digest that a system tool prints for a file.
    pub(crate) fn digest(&self, tool: &str, name: impl AsRef<[u8]>) -> String {
        digest_of_file(tool, &self.path(name))
    }
}

/// The program under test.
pub(crate) const HIVESUM: &str = env!("CARGO_BIN_EXE_hivesum");

/// What a program printed, and its exit status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) code: Option<i32>,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self { stdout: output.stdout, stderr: output.stderr, code: output.status.code() }
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Asserts success and an empty stderr, and returns stdout.
    pub(crate) fn expect_success(self) -> String {
        assert_eq!((self.code, self.stderr().as_str()), (Some(0), ""));
        self.stdout()
    }
}

/// Lines, sorted by bytes.
pub(crate) fn sorted(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.sort();
    lines
}

/// A name of any bytes, as an argument.
pub(crate) fn arg(name: impl AsRef<[u8]>) -> OsString {
    OsString::from_vec(name.as_ref().to_vec())
}

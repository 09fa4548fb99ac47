//! Bytes that change and leave no trace, with no right to mount anything: as far as the file system can tell, rot.
//!
//! A shared mapping sets a file's times when a page of it is first written to, and not again before the kernel has
//! written that page back. Python holds the mapping, so that no test needs `unsafe`.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Attempts to change a file before the kernel writes its page back.
const ATTEMPTS: usize = 20;

/// Maps a file, and for each line that comes in changes its first byte and says so.
const WRITER: &str = "
import mmap, sys
file = open(sys.argv[1], 'r+b')
view = mmap.mmap(file.fileno(), 0)
file.close()
for line in sys.stdin:
    view[0] ^= int(line)
    print('done', flush=True)
";

/// A program that holds a file mapped.
struct Writer {
    child: Child,
    lines_in: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Writer {
    fn on(path: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", WRITER]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { lines_in: child.stdin.take(), child, answers }
    }

    /// Flips bits of the first byte.
    fn flip(&mut self, bits: u8) {
        writeln!(self.lines_in.as_ref().unwrap(), "{bits}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n");
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.lines_in.take());
        let _ = self.child.wait();
    }
}

/// Looks at a file, changes its first byte unseen, and gives what was seen before.
pub(crate) fn change_unseen<T>(path: &Path, mut look: impl FnMut() -> T) -> T {
    for _ in 0..ATTEMPTS {
        let mut writer = Writer::on(path);
        writer.flip(0);
        // What is in its place on the disk already is not written back before its time.
        File::open(path).unwrap().sync_all().unwrap();
        writer.flip(0);
        let times = times(path);
        let seen = look();
        writer.flip(1);
        drop(writer);
        if self::times(path) == times {
            return seen;
        }
    }
    panic!("the kernel wrote the page back {ATTEMPTS} times in between");
}

fn times(path: &Path) -> [i64; 4] {
    let meta = path.metadata().unwrap();
    [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()]
}

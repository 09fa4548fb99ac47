//! A byte that changes while the file's times stay the same: to the file system it is rot. It needs no right to mount.
//!
//! A shared mapping updates a file's times when one of its pages is first written to, and not again until the kernel
//! has written that page back. Python holds the mapping, so no test needs `unsafe`.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Attempts to change a file before the kernel writes its page back.
const ATTEMPTS: usize = 20;

/// Maps a file. Each number read from standard input is XORed into the first byte, and answered with a line.
const WRITER: &str = "
import mmap, sys
file = open(sys.argv[1], 'r+b')
view = mmap.mmap(file.fileno(), 0)
file.close()
for line in sys.stdin:
    view[0] ^= int(line)
    print('done', flush=True)
";

/// A process that keeps a file mapped.
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

/// Changes the first byte of a file without changing its times, and returns what `observe` found before that. It needs
/// python3.
///
/// # Panics
/// Where the kernel writes the page back too early in every attempt.
pub fn corrupt_silently<T>(path: &Path, mut observe: impl FnMut() -> T) -> T {
    for _ in 0..ATTEMPTS {
        let mut writer = Writer::on(path);
        writer.flip(0);
        // A page that has just been synced is not written back again soon.
        File::open(path).unwrap().sync_all().unwrap();
        writer.flip(0);
        let times = times(path);
        let observed = observe();
        writer.flip(1);
        drop(writer);
        if self::times(path) == times {
            return observed;
        }
    }
    panic!("the kernel wrote the page back too early in {ATTEMPTS} attempts");
}

fn times(path: &Path) -> [i64; 4] {
    let meta = path.metadata().unwrap();
    [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()]
}

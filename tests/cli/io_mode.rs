//! `--io`: how large files are read, for every command that reads files.

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, WorkDir};

const LARGE: &str = "large-file";

/// How often a command maps the large file.
fn maps(dir: &WorkDir, command: &[&str], mode: &str) -> usize {
    let tracing = ["-f", "-y", "-e", "trace=mmap", "-o", "trace", HIVESUM];
    let ran = dir.run("strace", tracing.iter().chain(command).chain(&["--io", mode]));
    assert_eq!(ran.code, Some(0), "{command:?}: {}{}", ran.stdout(), ran.stderr());
    dir.read("trace").lines().filter(|line| line.contains(LARGE)).count()
}

#[test]
fn every_command_reads_files_in_the_mode_that_io_names() {
    if !has_tool("strace") {
        return;
    }
    let content = vec![7; 3_000_000];
    let dir = WorkDir::new();
    for name in ["d/large-file-1", "d/large-file-2", "mapped/large-file", "read/large-file"] {
        dir.write(name, &content);
    }
    dir.hivesum(["hash", "d", "-o", "SUMS"]).expect_success();
    for (when_mapped, when_read) in [
        (&["hash", "d"][..], &["hash", "d"][..]),
        (&["check", "SUMS"], &["check", "SUMS"]),
        (&["audit", "d", "--manifest", "SUMS"], &["audit", "d", "--manifest", "SUMS"]),
        (&["duplicates", "d"], &["duplicates", "d"]),
        (&["bag", "make", "mapped"], &["bag", "make", "read"]),
        (&["bag", "check", "mapped"], &["bag", "check", "read"]),
    ] {
        assert_ne!(maps(&dir, when_mapped, "map"), 0, "{when_mapped:?} does not map");
        assert_eq!(maps(&dir, when_read, "read"), 0, "{when_read:?} maps");
    }
}

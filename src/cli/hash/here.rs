//! A few small files, hashed where the process stands: an engine's threads would take longer to start than the files to
//! read. Only on file systems of this machine, which answer.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;

use hivesum_actors::error::StartError;
use hivesum_actors::scan::ScanSpec;
use hivesum_core::digest::self_test_once;
use hivesum_core::file::FilesystemKind;
use hivesum_core::hash::{ScanRules, hash_targets};
use hivesum_core::walk::{Target, WalkSpec};
use rustix::fs::{CWD, FileType, Mode, OFlags};

use super::setup::Rules;
use super::{ABORTED, Run};
use crate::cli::output::OutputClosed;

/// Files of such a run, and bytes of all of them, at most.
const MOST_FILES: usize = 64;
const MOST_BYTES: u64 = 1 << 20;

/// Whether these paths are so few files, and so small.
pub(super) fn are_few_and_small(paths: &[OsString]) -> bool {
    let bytes = |path: &OsString| bytes_of(path.as_bytes());
    let all = || paths.iter().map(bytes).try_fold(0_u64, |all, bytes| all.checked_add(bytes?));
    (1..=MOST_FILES).contains(&paths.len()) && all().is_some_and(|all| all <= MOST_BYTES)
}

/// The size of a regular file on a file system of this machine. Standard input is none.
fn bytes_of(path: &[u8]) -> Option<u64> {
    let file = rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let stat = rustix::fs::fstat(&file).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && path != b"-";
    let answers = matches!(FilesystemKind::of(file.as_fd()), FilesystemKind::Local | FilesystemKind::Memory);
    (is_file && answers).then_some(stat.st_size as u64)
}

/// Tests the algorithms, as an engine does when it starts.
///
/// # Errors
/// If one fails.
pub(super) fn self_test(rules: &Rules) -> Result<(), StartError> {
    self_test_once(&rules.algorithms).map_err(|failure| StartError::SelfTest(failure.algorithm))
}

impl Run {
    /// Hashes on this thread.
    pub(super) fn scan_here(&mut self, targets: Vec<Target>) -> Result<(), OutputClosed> {
        let (walk, rules) = self.rules.of_scan(targets);
        let mut emitted = Ok(());
        let summary = hash_targets(walk, rules, |rows| {
            if emitted.is_ok() {
                emitted = self.emit_rows(rows);
            }
        });
        match summary.complete {
            true => emitted,
            false => emitted.and_then(|()| self.mark_incomplete(ABORTED)),
        }
    }
}

impl Rules {
    /// What a scan would walk, and how it would read.
    fn of_scan(&self, targets: Vec<Target>) -> (WalkSpec, ScanRules) {
        let spec = self.spec(targets);
        let (rules, timeout) = (spec.rules(), self.engine.read_timeout());
        let ScanSpec { targets, filters, reach, devices, leave_out, .. } = spec;
        (WalkSpec { targets, filters, reach, devices, leave_out, timeout }, rules)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn so_few_and_so_small_and_files_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str, bytes: u64| {
            let path = dir.path().join(name);
            File::create(&path).unwrap().set_len(bytes).unwrap();
            path.into_os_string()
        };
        let (half, empty) = (path("half", MOST_BYTES / 2), path("empty", 0));
        assert!(
            are_few_and_small(&[half.clone(), half.clone()]) && are_few_and_small(&vec![empty.clone(); MOST_FILES])
        );
        assert!(!are_few_and_small(&vec![empty.clone(); MOST_FILES + 1]));
        assert!(!are_few_and_small(&[half.clone(), half, path("one", 1)]));
        for other in [dir.path().as_os_str(), "-".as_ref(), "/proc/self/status".as_ref(), "/no/such/file".as_ref()] {
            assert!(!are_few_and_small(&[empty.clone(), other.to_owned()]), "{}", other.display());
        }
        assert!(!are_few_and_small(&[]), "standard input");
    }
}

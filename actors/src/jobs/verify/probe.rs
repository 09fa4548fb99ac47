//! Tells the algorithm of digests that do not name theirs before a verify job is accepted, by hashing a few of the listed
//! files with all that they may be of, so that the job need not hash the whole tree with each of them.
//!
//! The smallest files are read first, as `hivesum audit` does, and reading ends when one algorithm is left for every
//! length of digest. Only a file that matches its entry decides. The request waits for this, so it reads at most
//! [`MOST_BYTES`] and gives up after [`WAITS`]; what is not decided then is computed for every file by the job. Empty
//! files are not read: several checksums of nothing are 0.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use hivesum_core::compare::probe;
use hivesum_core::digest::Algorithms;
use hivesum_core::file::{Opened, RelPath, Root};
use hivesum_core::manifest::Candidates;
use hivesum_core::result::FileIdentity;
use hivesum_core::walk::Target;
use rustix::fs::{AtFlags, FileType};

use super::manifest::Expected;
use crate::job::JobSpec;
use crate::jobs::service::Jobs;
use crate::listing::ask::ask;
use crate::scan::ScanSpec;

/// The most bytes that are read, so that the request is answered soon.
const MOST_BYTES: u64 = 64 << 20;

/// How long a request waits for the files.
const WAITS: Duration = Duration::from_secs(2);

/// What is read to tell the algorithms.
struct Probe {
    dir: Arc<OwnedFd>,
    /// The smallest files, the smallest first.
    names: Vec<Vec<u8>>,
    algorithms: Algorithms,
    /// The lengths of digests that may be of several algorithms, in bytes.
    undecided: Vec<usize>,
}

impl Jobs {
    /// What the untagged digests may be of, after a few files have been read.
    pub(super) async fn told_apart(&self, expected: &Arc<Expected>, spec: &JobSpec) -> Candidates {
        let mut candidates = expected.candidates.clone();
        let (Some(root), Ok(own)) = (self.shared.roots.find(&spec.root), self.shared.store.own_files()) else {
            return candidates;
        };
        let (asked, path, left_out) = (expected.clone(), spec.path.clone(), own.clone());
        let looked = ask(root, move |root, _| probe_of(&asked, root, &path, &left_out)).await;
        let Ok(Some(probe)) = looked else { return candidates };
        let narrow = async {
            for round in probe::rounds(&probe.names) {
                if probe.undecided.iter().all(|length| candidates.decided(*length).is_some()) {
                    return;
                }
                let Ok(dir) = probe.dir.try_clone() else { return };
                let target = Target::Listed { dir, names: round.iter().collect() };
                let spec = ScanSpec { leave_out: own.clone(), ..ScanSpec::new(vec![target], probe.algorithms) };
                self.narrow_by(spec, expected, &mut candidates).await;
            }
        };
        // What was read until then has decided what it could.
        let _ = tokio::time::timeout(WAITS, narrow).await;
        candidates
    }

    /// Narrows by the files of one scan. One that breaks off has read fewer files, and so decided less.
    async fn narrow_by(&self, spec: ScanSpec, expected: &Expected, candidates: &mut Candidates) {
        let Ok(mut scan) = self.shared.engine.scan_on(spec, None) else { return };
        let mut path = Vec::new();
        while let Some(rows) = scan.next().await {
            probe::narrow_by(&expected.baseline, candidates, &rows, &mut path);
        }
        let _ = scan.finish().await;
    }
}

/// Finds the files to read. Asks the file system. None if nothing is undecided, or a file is verified.
fn probe_of(expected: &Expected, root: &Root, path: &RelPath, own: &[FileIdentity]) -> Option<Probe> {
    let Expected { baseline, candidates, .. } = expected;
    let undecided: Vec<usize> = baseline.undecided(candidates).iter().map(|set| set.first().digest_bytes()).collect();
    // To read the only file twice would cost more than it saves.
    if undecided.is_empty() || baseline.len() < 2 {
        return None;
    }
    let (Opened::Directory(dir), _) = root.enter(path).ok()? else { return None };
    let looked_at = probe::names(baseline, candidates, probe::LOOKED_AT);
    let found = looked_at.filter_map(|name| Some((size_of(&dir, name, own)?, name)));
    let mut bytes = 0;
    let within = probe::smallest(found, probe::MOST_FILES).take_while(|(size, _)| {
        bytes += size;
        bytes <= MOST_BYTES
    });
    let names = within.map(|(_, name)| name.to_vec()).collect();
    Some(Probe { dir: Arc::new(dir), names, algorithms: baseline.algorithms(candidates).ok()?, undecided })
}

/// The size of a regular file that is none of hivesum's own, in bytes. It is not opened.
fn size_of(dir: &OwnedFd, name: &[u8], own: &[FileIdentity]) -> Option<u64> {
    let stat = rustix::fs::statat(dir.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT).ok()?;
    let is_own = own.contains(&FileIdentity { device: stat.st_dev, inode: stat.st_ino });
    let size = u64::try_from(stat.st_size).ok()?;
    (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && !is_own).then_some(size)
}

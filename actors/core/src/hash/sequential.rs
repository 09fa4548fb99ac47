//! Hashing on the calling thread, for programs that do not need the engine.
//!
//! The work is the same as that of the engine's hashers: batches of small files, and large files piece by piece. The
//! same files are read again, and the same ones are refused. Results are in walk order.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use super::batch::hash_batch;
use super::found::LargeFound;
use super::heartbeat::Heartbeat;
use super::rules::{READ_ATTEMPTS, ScanRules};
use super::segment::read_on;
use super::task::{BatchDone, BatchTask, catch_panic};
use crate::digest::MultiHasher;
use crate::file::{Now, PIECE_BYTES, Piece, ReadBuffers, ReadFailure, UnsizedRead};
use crate::result::{ErrorCode, FileMeta, Origin, ReadFrom, Rows, Stability, Status, Summary};
use crate::walk::{self, Plan, PlanReceiver, ReceiverGone, WalkSpec};

/// Walks the targets and hashes every file. `receive` gets the results, a batch at a time.
///
/// ```
/// use hivesum_core::hash::{ScanRules, hash_targets};
/// use hivesum_core::walk::{Target, WalkSpec};
///
/// # let dir = tempfile::tempdir()?;
/// # std::fs::write(dir.path().join("a"), "abc")?;
/// let spec = WalkSpec::new(vec![Target::directory(dir.path())?]);
/// let rules = ScanRules::new("crc32".parse()?);
/// let mut lines = Vec::new();
/// let summary = hash_targets(spec, rules, |batch| {
///     for row in batch.iter() {
///         for digest in row.digests(batch.algorithms()) {
///             lines.push(format!("{digest}  {}", row.name.escape_ascii()));
///         }
///     }
/// });
/// assert_eq!(lines, ["352441c2  a"]);
/// assert_eq!((summary.hashed, summary.bytes, summary.complete), (1, 3, true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hash_targets(spec: WalkSpec, rules: ScanRules, receive: impl FnMut(&Rows)) -> Summary {
    let started = Instant::now();
    let scan =
        Scan { buffers: ReadBuffers::new(spec.timeout), rules: rules.into(), receive, summary: Summary::default() };
    let receiver = SameThread(RefCell::new(scan));
    let complete = walk::walk(spec, &receiver).is_some();
    let summary = receiver.0.into_inner().summary;
    Summary { elapsed_ms: started.elapsed().as_millis() as u64, complete, ..summary }
}

struct Scan<F> {
    buffers: ReadBuffers,
    rules: Arc<ScanRules>,
    receive: F,
    summary: Summary,
}

/// Hashes each plan as soon as the walk has made it.
struct SameThread<F>(RefCell<Scan<F>>);

impl<F: FnMut(&Rows)> PlanReceiver for SameThread<F> {
    fn take(&self, plan: Plan) -> Result<(), ReceiverGone> {
        let Scan { buffers, rules, receive, summary } = &mut *self.0.borrow_mut();
        let rows = hash_plan(buffers, &Arc::new(plan), rules);
        for row in rows.iter() {
            summary.count(row.status, row.meta.size);
        }
        receive(&rows);
        Ok(())
    }

    fn is_gone(&self) -> bool {
        false
    }
}

/// Hashes all entries of a plan, for programs that walk by themselves; see [`walk::walk`].
pub fn hash_plan(buffers: &mut ReadBuffers, plan: &Arc<Plan>, rules: &Arc<ScanRules>) -> Rows {
    let mut rows = plan.unsettled_rows(rules.algorithms);
    let heartbeat = Heartbeat::default();
    let mut next = 0;
    while next < plan.entries.len() {
        let task =
            BatchTask { plan: plan.clone(), range: next..plan.entries.len(), rules: rules.clone(), most_bytes: None };
        let done = hash_batch(buffers, &task, &heartbeat);
        settle_batch(&mut rows, &done);
        next = done.next;
        for large in done.large {
            let index = large.index;
            let digests_at = rows.digests.len();
            let hashed = catch_panic(|| LargeRead::new(buffers, rules, large).hash(&mut rows.digests));
            let (meta, status, origin) =
                hashed.unwrap_or_else(|_| (FileMeta::default(), Status::error(ErrorCode::Internal), Origin::Read));
            let row = &mut rows.rows[index];
            (row.meta, row.status, row.origin, row.digests_at) = (meta, status, origin, digests_at as u32);
        }
    }
    rows
}

fn settle_batch(rows: &mut Rows, done: &BatchDone) {
    let stride = rows.algorithms.digest_bytes() as u32;
    let mut digests_at = rows.digests.len() as u32;
    rows.digests.extend_from_slice(&done.digests);
    for outcome in &done.outcomes {
        let row = &mut rows.rows[outcome.index];
        (row.meta, row.status, row.origin, row.digests_at) = (outcome.meta, outcome.status, outcome.origin, digests_at);
        if let Status::Hashed(_) = outcome.status {
            digests_at += stride;
        }
    }
}

/// A large file, read piece by piece.
struct LargeRead<'a> {
    buffers: &'a mut ReadBuffers,
    rules: &'a ScanRules,
    found: LargeFound,
}

/// Why one read of a file does not count.
enum Trouble {
    /// It changed, and is now this.
    Changed(FileMeta),
    Failed(Status),
}

impl<'a> LargeRead<'a> {
    fn new(buffers: &'a mut ReadBuffers, rules: &'a ScanRules, found: LargeFound) -> Self {
        Self { buffers, rules, found }
    }

    /// Reads the file until it stays the same, and appends its digests.
    fn hash(mut self, out: &mut Vec<u8>) -> (FileMeta, Status, Origin) {
        for attempt in 1..=READ_ATTEMPTS {
            if attempt > 1 && !self.probe_again() {
                return (self.found.meta, Status::error(ErrorCode::FileBusy), Origin::Read);
            }
            let mut digests = MultiHasher::new(&self.rules.algorithms);
            match self.read(&mut digests) {
                Ok((size, read_from)) => {
                    digests.finalize_reset_into(out);
                    let (meta, status) = (FileMeta { size, ..self.found.meta }, Status::Hashed(self.found.stability));
                    return (meta, status, Origin::of_read(read_from));
                }
                Err(Trouble::Failed(status)) => return (self.found.meta, status, Origin::Read),
                Err(Trouble::Changed(meta)) => self.found.meta = meta,
            }
        }
        (self.found.meta, Status::error(ErrorCode::FileChanged), Origin::Read)
    }

    /// Asks for writers again before the file is read again. False where the digest would be refused.
    fn probe_again(&mut self) -> bool {
        let LargeFound { file, meta, stability, mapped, .. } = &mut self.found;
        *stability = file.stability(meta, Now::read(), *mapped);
        *stability == Stability::Stable || !self.rules.refuses_unverified()
    }

    /// Reads the file once. Gives the number of its bytes, and where they came from.
    fn read(&mut self, digests: &mut MultiHasher) -> Result<(u64, Option<ReadFrom>), Trouble> {
        let (mut offset, mut source) = (0, None);
        loop {
            let read = self.read_piece(offset, digests);
            let later = self.found.file.meta_now().map_err(|errno| Trouble::Failed(Status::of_errno(errno)))?;
            if !self.found.meta.same_content(&later) {
                return Err(Trouble::Changed(later));
            }
            let UnsizedRead { bytes, is_end, read_from } =
                read.map_err(|failure| Trouble::Failed(Status::of_errno(failure.errno())))?;
            offset += bytes;
            source = ReadFrom::joined(source, read_from);
            if self.found.meta.size == 0 && offset > self.rules.max_unsized_bytes {
                return Err(Trouble::Failed(Status::error(ErrorCode::TooLarge)));
            }
            if is_end {
                return Ok((offset, source));
            }
        }
    }

    fn read_piece(&mut self, offset: u64, digests: &mut MultiHasher) -> Result<UnsizedRead, ReadFailure> {
        let LargeFound { file, meta, mapped, .. } = &self.found;
        let bytes = meta.size.saturating_sub(offset).min(PIECE_BYTES as u64);
        let piece = Piece { offset, bytes: bytes as usize, mapped: *mapped };
        read_on(self.buffers, (file, meta.size), piece, |bytes| digests.update(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::result::{Item, SkipReason};
    use crate::walk::Target;

    /// Twice a piece and some bytes: the second piece differs from the first.
    const LARGE_BYTES: usize = 2 * PIECE_BYTES + 1000;

    fn items(dir: &std::path::Path, rules: ScanRules) -> (Vec<Item>, Summary) {
        let mut items = Vec::new();
        let spec = WalkSpec::new(vec![Target::directory(dir).unwrap()]);
        let summary = hash_targets(spec, rules, |rows| items.extend(rows.items()));
        (items, summary)
    }

    #[test]
    fn results_of_small_and_large_files_and_links_are_in_walk_order() {
        let dir = tempfile::tempdir().unwrap();
        let large = hivesum_test_support::cycle(LARGE_BYTES);
        std::fs::create_dir(dir.path().join("b")).unwrap();
        for (name, bytes) in [("a", &b"abc"[..]), ("b/large", &large), ("c", b"")] {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        std::os::unix::fs::symlink("a", dir.path().join("link")).unwrap();
        let (items, summary) = items(dir.path(), ScanRules::new("blake3,crc32".parse().unwrap()));
        let paths: Vec<_> = items.iter().map(|item| std::str::from_utf8(&item.path).unwrap()).collect();
        assert_eq!(paths, ["a", "b/large", "c", "link"]);
        assert_eq!(items[1].digests[..32], *blake3::hash(&large).as_bytes());
        assert_eq!(items[2].digests[..32], *blake3::hash(b"").as_bytes());
        assert_eq!(
            Digest::new(crate::digest::Algorithm::Crc32, &items[0].digests[32..]).unwrap().to_string(),
            "352441c2"
        );
        assert_eq!(items[3].status, Status::Skipped(SkipReason::Symlink));
        let expected = (4, 3, 1, LARGE_BYTES as u64 + 3, true);
        assert_eq!((summary.files, summary.hashed, summary.skipped, summary.bytes, summary.complete), expected);
    }

    #[test]
    fn a_large_file_is_digested_the_same_when_it_is_mapped_and_when_it_has_holes() {
        let dir = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(dir.path().join("sparse")).unwrap();
        file.set_len(LARGE_BYTES as u64).unwrap();
        let io = crate::file::IoMode::Map;
        let (items, _) = items(dir.path(), ScanRules { io, ..ScanRules::new("blake3".parse().unwrap()) });
        assert_eq!(items[0].digests, blake3::hash(&vec![0; LARGE_BYTES]).as_bytes());
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "abcd").unwrap();
        let rules = ScanRules { max_file_bytes: 3, ..ScanRules::new("md5".parse().unwrap()) };
        assert_eq!(items(dir.path(), rules).0[0].status, Status::error(ErrorCode::TooLarge));
    }
}

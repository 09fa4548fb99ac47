//! What the reads of files say, as observations: the scan of a chunk is begun, its results are taken in the order of its
//! names and counted.
//!
//! Decides which error says something of the file, and which only that this run learns nothing of it. What an
//! observation means is decided by `hivesum_core::fixity`.

use hivesum_core::digest::pieces::Pieces;
use hivesum_core::fixity::{CollectionKind, Content, Observation, ReadFailure, Reading};
use hivesum_core::result::{ErrorCode, NameList, ReadFrom, RowRef, Rows, Status};
use hivesum_core::walk::Target;

use super::error::ScrubError;
use super::observer::Notice;
use super::reading::Reader;
use crate::scan::{Scan, ScanOutcome, ScanSpec};

impl Reader<'_> {
    /// Begins to read files from their device.
    pub(super) fn begin(&self, names: &NameList) -> Result<Scan, ScrubError> {
        let dir = self.dir.try_clone().map_err(ScrubError::Open)?;
        let targets = vec![Target::Listed { dir, names: names.clone() }];
        let spec = ScanSpec::new(targets, self.collection.settings.algorithms);
        let budget = self.budget.clone();
        let cancel = Some(self.cancel.clone());
        let scan = self.engine.scan(ScanSpec {
            from_device: true,
            keeps_pieces: true,
            priority: self.priority,
            budget,
            cancel,
            ..spec
        })?;
        Ok(scan)
    }

    /// Passes the results of a scan in the order of its names.
    pub(super) fn take(&mut self, mut scan: Scan, mut take: impl FnMut(&mut Self, &Rows)) -> Result<(), ScrubError> {
        self.observer.scan_began(scan.progress());
        while let Some(rows) = scan.blocking_next() {
            take(self, &rows);
        }
        match scan.blocking_finish().outcome {
            ScanOutcome::Completed => Ok(()),
            ScanOutcome::Cancelled => Err(ScrubError::Cancelled),
            ScanOutcome::DeadlineExceeded | ScanOutcome::WalkFailed | ScanOutcome::Diverged => Err(ScrubError::Aborted),
        }
    }

    /// What a result says, after it was counted, and the pieces of what was read.
    pub(super) fn seen<'r>(&mut self, path: &[u8], rows: &'r Rows, index: usize) -> (Observation, Option<&'r Pieces>) {
        let seen = rows.get(index).map_or(Observation::Unreachable, |row| self.seen_in(path, &row));
        (seen, rows.pieces_of(index))
    }

    fn seen_in(&mut self, path: &[u8], row: &RowRef<'_>) -> Observation {
        match row.status {
            Status::Hashed(stability) => {
                self.tally.count(&row.meta, row.origin.read_from());
                let content = Content { meta: row.meta, stability, digests: row.digests.to_vec() };
                let from = row.origin.read_from().unwrap_or(ReadFrom::Unknown);
                Observation::Read(Reading { content, from, again: Vec::new() })
            }
            Status::Error { code: code @ (ErrorCode::FileChanged | ErrorCode::FileBusy), .. } => {
                self.is_written_to(path, code);
                Observation::ChangedWhileRead
            }
            // It was there a moment ago: the next run tells what became of it.
            Status::Error { code: ErrorCode::NotFound, .. } | Status::Skipped(_) => Observation::Unreachable,
            Status::Error { code: ErrorCode::Permission | ErrorCode::IoError, errno } => {
                Observation::Unreadable(ReadFailure { errno, range: None })
            }
            Status::Error {
                code: code @ (ErrorCode::TooLarge | ErrorCode::Timeout | ErrorCode::Internal | ErrorCode::CrashLoop),
                errno,
            } => {
                self.observer.noticed(Notice::NotCompared { path: path.to_vec(), code, errno });
                Observation::Unreachable
            }
        }
    }

    /// Somebody writes to a file, so it is not compared: in a living collection there is nothing to say of it.
    pub(super) fn is_written_to(&mut self, path: &[u8], code: ErrorCode) {
        if self.collection.settings.kind == CollectionKind::Fixed {
            self.observer.noticed(Notice::NotCompared { path: path.to_vec(), code, errno: 0 });
        }
    }
}

//! What the service asks of the store to take jobs up again: the files that killed the last process, the jobs that it left
//! unfinished, and what each of them resumes from. [`recovery`] does it.

use jiff::Timestamp;

use super::recovery::ResumePoint;
use super::{Store, StoredJob, recovery};
use crate::error::StoreError;
use crate::job::JobId;
use hivesum_core::file::RootIdentity;
use hivesum_core::sys::slots::{Note, Slots};

impl Store {
    /// Opens the file in which hashers note what they read; none if that fails. Returns what the last process had noted,
    /// too.
    pub(crate) async fn open_slots(&self, hashers: usize) -> Result<(Option<Slots>, Vec<Note>), StoreError> {
        let path = self.state_dir.slots();
        let opened = tokio::task::spawn_blocking(move || Slots::open(&path, hashers)).await;
        match opened.map_err(|error| StoreError::Failed(Box::new(error)))? {
            Ok((slots, notes)) => Ok((Some(slots), notes)),
            Err(error) => {
                tracing::warn!(%error, "files that kill the process cannot be identified: the notes file does not open");
                Ok((None, Vec::new()))
            }
        }
    }

    /// Queues the unfinished jobs, and returns them, oldest first. The notes are those of the last process.
    pub(crate) async fn unfinished(&self, notes: Vec<Note>) -> Result<Vec<StoredJob>, StoreError> {
        self.write(move |connection| recovery::unfinished(connection, &notes)).await
    }

    /// Marks a job as running on this directory of its root, and gives what it resumes from.
    pub(crate) async fn begin(
        &self,
        id: JobId,
        at: Timestamp,
        root: Option<RootIdentity>,
    ) -> Result<ResumePoint, StoreError> {
        self.write_step(move |connection| recovery::begin(connection, id, at, root)).await
    }

    /// Gives a job a new run; unchanged files are taken from the one it had.
    pub(crate) async fn start_over(&self, id: JobId) -> Result<(), StoreError> {
        self.write(move |connection| recovery::start_over(connection, id)).await
    }
}

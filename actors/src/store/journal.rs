//! The journal, `hivesum.journal`: which commit the store had reached when it last acknowledged one.
//!
//! SQLite reads its write-ahead log up to the first damaged frame and takes what it finds for everything. So the
//! number of the latest commit is kept outside of it: written after SQLite's commit and before anybody is told. It is
//! synced, too, unless the commit is only a step of work that is repeated if it is lost ([`NoteKind`]). The database may be ahead of its journal, after a kill between the two; behind it, commits are missing. What
//! follows from that decides [`completeness`](super::completeness).
//!
//! Two slots are written in turn, each with a checksum, so that a torn write damages one of them at most. Processes
//! take turns by `flock`; a lower number never replaces a higher one.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::fs::{FlockOperation, OFlags};

use super::commit_number::{self, CHAIN_BYTES, CommitMark, STATE_ID_BYTES};
use super::error::{DbError, system_failure};
use super::state_dir::{StateDir, regular};
use crate::error::StoreError;

/// The first bytes of a slot: the format, with its version.
const MAGIC: &[u8; 8] = b"hivejrn1";

/// Where the slots begin: in sectors of their own, so that writing one never tears the other.
const SLOT_OFFSETS: [usize; 2] = [0, 4096];

/// Magic, id of the store, number, chain, and the BLAKE3 of these.
const SLOT_BYTES: usize = CHECKED_BYTES + 32;

const CHECKED_BYTES: usize = MAGIC.len() + STATE_ID_BYTES + 8 + CHAIN_BYTES;

/// The whole file. All of it is allocated when it is made, so that a full disk does not keep it from being written.
const FILE_BYTES: usize = 8192;

/// How long one process waits for another that writes the journal: a sync takes milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Between two tries to take the lock.
const LOCK_RETRY: Duration = Duration::from_millis(1);

/// What the journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JournalState {
    /// The latest commit that it names; none if both slots are damaged.
    pub(crate) newest: Option<CommitMark>,
    /// Whether a slot is damaged, which may have named a later one.
    pub(crate) is_damaged: bool,
    /// The slot to be written next.
    next_slot: usize,
}

/// How a commit is noted in the journal. Either way the note survives the death of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteKind {
    /// Synced: somebody is told of the commit, so its loss must be noticed after a power cut, too.
    Synced,
    /// Not synced: a step of work that goes on from the step before. A sync takes as long as the commit.
    Written,
}

/// The open journal of one connection. Every call blocks.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    lock_wait: Duration,
    /// Rows that the connection had changed when the journal was last brought up to it.
    rows_changed: u64,
    /// The slot that this process wrote last, if it did not sync it. It is written again, so that the other keeps what
    /// was synced.
    unsynced_slot: Option<usize>,
}

/// What the journal says; nothing if there is none.
pub(crate) fn read(state_dir: &StateDir) -> Result<Option<JournalState>, DbError> {
    let opened = OpenOptions::new().read(true).custom_flags(flags()).open(state_dir.journal());
    match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(system_failure(error).into()),
        Ok(file) => {
            let journal = Journal::on(file)?;
            journal.lock(FlockOperation::NonBlockingLockShared)?;
            Ok(Some(journal.state()?))
        }
    }
}

/// Makes the journal, or replaces it, completely or not at all.
pub(crate) fn replace(state_dir: &StateDir, mark: &CommitMark) -> Result<(), DbError> {
    let (path, new) = (state_dir.journal(), state_dir.journal().with_extension("journal.new"));
    let make = || {
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        let mut bytes = [0; FILE_BYTES];
        for offset in SLOT_OFFSETS {
            bytes[offset..offset + SLOT_BYTES].copy_from_slice(&slot_of(mark));
        }
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, &path)
    };
    make().map_err(system_failure)?;
    Ok(state_dir.sync()?)
}

impl Journal {
    /// Opens the journal for a connection that has changed nothing yet.
    pub(crate) fn open(state_dir: &StateDir) -> Result<Self, DbError> {
        let opened = OpenOptions::new().read(true).write(true).custom_flags(flags()).open(state_dir.journal());
        Self::on(opened.map_err(system_failure)?)
    }

    fn on(file: File) -> Result<Self, DbError> {
        regular(&file, "hivesum.journal")?;
        Ok(Self { file, lock_wait: LOCK_WAIT, rows_changed: 0, unsynced_slot: None })
    }

    /// Brings the journal up to what the connection has committed since the last call. To be called before anybody is
    /// told of it.
    pub(crate) fn keep_up(&mut self, connection: &Connection, kind: NoteKind) -> Result<(), DbError> {
        let rows_changed = connection.total_changes();
        if rows_changed != self.rows_changed {
            let raised = self.raise(&commit_number::read(connection)?, kind);
            raised.map_err(|error| match error {
                // Not to be tried again by its caller: the commit itself is done.
                DbError::Store(StoreError::Busy) => {
                    StoreError::Failed("another process keeps the journal locked".into()).into()
                }
                error => error,
            })?;
            self.rows_changed = rows_changed;
        }
        Ok(())
    }

    /// Writes a mark, unless the journal is as far or further. Another process may have written it without a sync.
    ///
    /// # Errors
    /// [`StoreError::SyncFailed`] where the disk does not confirm it.
    pub(crate) fn raise(&mut self, mark: &CommitMark, kind: NoteKind) -> Result<(), DbError> {
        self.lock(FlockOperation::NonBlockingLockExclusive)?;
        let raised = self.raise_locked(mark, kind);
        // Without it the next process would wait. The kernel releases it with the file in any case.
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
        raised
    }

    fn raise_locked(&mut self, mark: &CommitMark, kind: NoteKind) -> Result<(), DbError> {
        let state = self.state()?;
        if state.newest.is_none_or(|newest| newest.number < mark.number) {
            let newest_slot = 1 - state.next_slot;
            let slot = if self.unsynced_slot == Some(newest_slot) { newest_slot } else { state.next_slot };
            self.file.write_all_at(&slot_of(mark), SLOT_OFFSETS[slot] as u64).map_err(system_failure)?;
            self.unsynced_slot = Some(slot);
        }
        match kind {
            NoteKind::Written => return Ok(()),
            NoteKind::Synced => self.unsynced_slot = None,
        }
        self.file.sync_data().map_err(|error| {
            tracing::error!(%error, "the journal could not be synced");
            StoreError::SyncFailed.into()
        })
    }

    fn state(&self) -> Result<JournalState, DbError> {
        let mut marks = [None, None];
        for (mark, offset) in marks.iter_mut().zip(SLOT_OFFSETS) {
            let mut slot = [0; SLOT_BYTES];
            match self.file.read_exact_at(&mut slot, offset as u64) {
                Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(system_failure(error).into()),
                _ => *mark = mark_in(&slot),
            }
        }
        let is_damaged = marks.iter().any(Option::is_none);
        let number = |slot: usize| marks[slot].as_ref().map(|mark: &CommitMark| mark.number);
        let newest_slot = usize::from(number(1) > number(0));
        Ok(JournalState { newest: marks[newest_slot].take(), is_damaged, next_slot: 1 - newest_slot })
    }

    /// Takes the lock within [`LOCK_WAIT`].
    ///
    /// # Errors
    /// [`StoreError::Busy`] after that.
    fn lock(&self, operation: FlockOperation) -> Result<(), DbError> {
        let begun = Instant::now();
        loop {
            match rustix::fs::flock(&self.file, operation) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if begun.elapsed() < self.lock_wait => {
                    std::thread::sleep(LOCK_RETRY);
                }
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    tracing::warn!("another process keeps the journal of the job store locked");
                    return Err(StoreError::Busy.into());
                }
                Err(errno) => return Err(system_failure(errno.into()).into()),
            }
        }
    }
}

/// Neither a link is followed, nor a FIFO waited for.
fn flags() -> i32 {
    (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32
}

fn slot_of(mark: &CommitMark) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    let mut rest = &mut slot[..];
    for part in [&MAGIC[..], &mark.state, &mark.number.to_le_bytes(), &mark.chain] {
        let (here, after) = rest.split_at_mut(part.len());
        here.copy_from_slice(part);
        rest = after;
    }
    let checksum = blake3::hash(&slot[..CHECKED_BYTES]);
    slot[CHECKED_BYTES..].copy_from_slice(checksum.as_bytes());
    slot
}

/// The mark in a slot, unless it is damaged.
fn mark_in(slot: &[u8; SLOT_BYTES]) -> Option<CommitMark> {
    let (checked, checksum) = slot.split_at(CHECKED_BYTES);
    let rest = checked.strip_prefix(MAGIC)?;
    if blake3::hash(checked).as_bytes() != checksum {
        return None;
    }
    let (state, rest) = rest.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (chain, _) = rest.split_first_chunk()?;
    Some(CommitMark { state: *state, number: u64::from_le_bytes(*number), chain: *chain })
}

#[cfg(test)]
mod tests;

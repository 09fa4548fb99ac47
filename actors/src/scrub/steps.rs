//! Steps: what follows from a look at a file, with the pieces that were read, and how a batch of them is recorded.

use std::sync::Arc;

use hivesum_core::digest::pieces::Pieces;
use hivesum_core::fixity::{FileState, Observation, Outcome};

use crate::error::StoreError;
use crate::scan::Canceller;
use crate::store::collections::{Collections, Step, StoredCollection};

/// How often a batch is tried while others use the store. Each attempt waits for its turn as long as SQLite is told to.
const RECORD_ATTEMPTS: usize = 5;

/// Repeats a batch while others keep the store busy: whether it was recorded is not known then.
pub(super) fn record_patiently(
    (collections, collection): (&mut Collections, &StoredCollection),
    steps: &Arc<[Step]>,
    cancel: &Canceller,
) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
    for _ in 1..RECORD_ATTEMPTS {
        match collections.record(collection, steps) {
            Err(StoreError::Busy) if !cancel.is_cancelled() => {}
            recorded => return recorded,
        }
    }
    collections.record(collection, steps)
}

/// The step of a file, with the pieces that were read if they are to be kept.
pub(super) fn with_pieces(step: Step, pieces: Option<&Pieces>, seen: &Observation) -> Step {
    match seen {
        Observation::Read(reading) => step.with_pieces(pieces, &reading.content),
        Observation::Unreachable | Observation::Absent | Observation::ChangedWhileRead | Observation::Unreadable(_) => {
            step
        }
    }
}

/// The step that follows from a look at a file, if something follows.
pub(super) fn step(path: &[u8], before: Option<FileState>, outcome: Outcome) -> Option<Step> {
    let Outcome::Known { after, event } = outcome else { return None };
    let (after, event) = (after.map(|after| *after), event.map(|event| *event));
    Some(Step { path: path.to_vec(), before, after, event, pieces: None, seal: None })
}

//! The errors that one event stream is about to send: one notice, or one page from the store of the same size.
//!
//! A stream that nobody reads holds no more than that. It shares the notices with other streams, and copies an error
//! only to send it.

use std::sync::Arc;

use super::active::{Notice, fit_in_a_notice};
use crate::error::StoreError;
use crate::job::JobId;
use crate::store::{NumberedItem, Store};

/// How many errors are read from the store at a time. Those that do not fit in a notice are read again.
const REPLAY_PAGE: usize = 128;

/// Errors that are being sent.
#[derive(Debug)]
pub(super) struct Unsent {
    pub(super) errors: Notice,
    /// How many of them were sent.
    sent: usize,
    /// The number of rows up to which these are the last errors; none if there may be more.
    last_up_to: Option<u64>,
}

impl Unsent {
    /// The errors of a notice.
    pub(super) fn of(errors: Notice) -> Self {
        Self { errors, sent: 0, last_up_to: None }
    }

    /// The first errors of a job from a row on, no more than `most`.
    pub(super) async fn read(store: Store, id: JobId, from: u64, most: usize) -> Result<Self, StoreError> {
        let most = most.min(REPLAY_PAGE);
        let mut since = store.errors_since(id, from, most).await?;
        let fit = fit_in_a_notice(&since.items, most);
        let is_last = since.items.len() < most && fit == since.items.len();
        since.items.truncate(fit);
        since.items.shrink_to_fit();
        Ok(Self { errors: Arc::new(since.items), sent: 0, last_up_to: is_last.then_some(since.rows) })
    }

    /// The number of rows up to which these are the last errors; none if there may be more.
    pub(super) fn last_up_to(&self) -> Option<u64> {
        self.last_up_to
    }

    /// The next error after a row.
    pub(super) fn next_after(&mut self, row: u64) -> Option<&NumberedItem> {
        let skipped = self.errors[self.sent..].iter().take_while(|(id, _)| *id <= row).count();
        self.sent += skipped;
        let next = self.errors.get(self.sent)?;
        self.sent += 1;
        Some(next)
    }
}

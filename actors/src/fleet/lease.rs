//! The coordinator's lease: of two services that would coordinate one fleet, one does.
//!
//! It is a value in a bucket that forgets, and names the holder's state. A restarted coordinator has the same state, so
//! it takes its own lease over at once; another one is refused until the lease is over or given back.

use std::time::Duration;

use async_nats::jetstream::kv::{Operation, Store, UpdateErrorKind};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::error::FleetError;

/// How long a lease lasts that is not renewed. It is renewed three times as often.
pub(super) const LEASE_AGE: Duration = Duration::from_secs(15);

const KEY: &str = "coordinator";

/// What the bucket has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    /// The id of the holder's state directory.
    state: String,
}

/// A lease that is held.
#[derive(Debug)]
pub(super) struct Lease {
    fleet: String,
    holder: Holder,
    revision: u64,
}

impl Lease {
    /// Takes the lease of a fleet for this state.
    ///
    /// # Errors
    /// [`FleetError::HasCoordinator`]; or the broker does not answer.
    pub(super) async fn take(store: &Store, fleet: &str, state: &str) -> Result<Self, FleetError> {
        let mut lease = Self { fleet: fleet.to_owned(), holder: Holder { state: state.to_owned() }, revision: 0 };
        lease.renew(store).await?;
        Ok(lease)
    }

    /// Holds the lease for another while.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub(super) async fn renew(&mut self, store: &Store) -> Result<(), FleetError> {
        let value = Bytes::from(serde_json::to_vec(&self.holder).expect("all keys are strings"));
        // A second try after somebody wrote between the look and the write.
        for _ in 0..2 {
            match store.update(KEY, value.clone(), self.revision).await {
                Ok(revision) => {
                    self.revision = revision;
                    return Ok(());
                }
                Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => self.look(store).await?,
                Err(error) => return Err(FleetError::NoAnswer(error.to_string())),
            }
        }
        Err(FleetError::NoAnswer("the lease changes all the time".to_owned()))
    }

    /// Finds out who holds the lease.
    async fn look(&mut self, store: &Store) -> Result<(), FleetError> {
        let entry = store.entry(KEY).await.map_err(|error| FleetError::NoAnswer(error.to_string()))?;
        let Some(entry) = entry else {
            self.revision = 0;
            return Ok(());
        };
        self.revision = entry.revision;
        let holder: Option<Holder> = match entry.operation {
            Operation::Put => serde_json::from_slice(&entry.value).ok(),
            Operation::Delete | Operation::Purge => return Ok(()),
        };
        // What cannot be read was not written by a coordinator that is well.
        match holder {
            Some(holder) if holder != self.holder => {
                Err(FleetError::HasCoordinator { fleet: self.fleet.clone(), holder: holder.state })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Gives the lease back, so that another one need not wait until it is over.
    pub(super) async fn give_back(self, store: &Store) {
        if let Err(error) = store.delete_expect_revision(KEY, Some(self.revision)).await {
            tracing::debug!(%error, "the lease of the fleet ends by itself");
        }
    }
}

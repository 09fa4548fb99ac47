//! The roots of a service, and what is odd about them.
//!
//! At the start each root is compared with what the store remembers of it. What is odd stands beside the results of its
//! jobs until it is accepted, so that an audit of a disk that is not mounted says why every file is missing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::error::StoreError;
use crate::store::roots::{RememberedRoot, RootMemory};
use crate::store::{Store, Turn};
use hivesum_core::file::{Root, RootIdentity};
use hivesum_core::result::RootWarning;

/// The roots, and what is odd about them.
#[derive(Debug)]
pub(super) struct Roots {
    roots: Vec<Root>,
    /// By name; at most one for each root.
    warnings: Mutex<BTreeMap<String, RootWarning>>,
}

impl Roots {
    /// Compares the roots with what the store remembers of them.
    pub(super) async fn meet(roots: Vec<Root>, store: &Store, turn: &mut Turn) -> Result<Self, StoreError> {
        let mut warnings = BTreeMap::new();
        for root in &roots {
            let place = root.place();
            let memory = match turn.take_async(|| store.meet_root(root.name(), as_it_is(root))).await {
                // A new root is remembered once there is room.
                Err(StoreError::Full) => store.root_memory(root.name()).await?,
                met => met?,
            };
            if let Some(warning) = warning_of(&memory, place.identity(), place.is_empty()) {
                warn(root, warning, &memory);
                warnings.insert(root.name().to_owned(), warning);
            }
        }
        Ok(Self { roots, warnings: Mutex::new(warnings) })
    }

    /// Remembers the roots that could not be remembered when they were met.
    pub(super) async fn remember(&self, store: &Store) -> Result<(), StoreError> {
        for root in &self.roots {
            store.meet_root(root.name(), as_it_is(root)).await?;
        }
        Ok(())
    }

    pub(super) fn all(&self) -> &[Root] {
        &self.roots
    }

    pub(super) fn find(&self, name: &str) -> Option<&Root> {
        self.roots.iter().find(|root| root.name() == name)
    }

    /// What is odd about a root since the start.
    pub(super) fn warning(&self, name: &str) -> Option<RootWarning> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    /// It is accepted as it is.
    pub(super) fn forget_warning(&self, name: &str) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

fn as_it_is(root: &Root) -> RememberedRoot {
    let path = root.given_path().to_owned();
    RememberedRoot { path, identity: root.place().identity(), accepted_empty: false }
}

/// What is odd about a root at the start. A directory without entries explains missing files best.
fn warning_of(memory: &RootMemory, identity: RootIdentity, is_empty: bool) -> Option<RootWarning> {
    let remembered = memory.remembered.as_ref();
    let is_same = remembered.is_none_or(|before| identity.is_same_directory(&before.identity));
    let accepted_empty = is_same && remembered.is_some_and(|before| before.accepted_empty);
    if is_empty && memory.has_results && !accepted_empty {
        return Some(RootWarning::RootEmpty);
    }
    (!is_same).then_some(RootWarning::RootChanged)
}

fn warn(root: &Root, warning: RootWarning, memory: &RootMemory) {
    let identity = root.place().identity();
    let compared = memory.remembered.as_ref().map_or("nothing", |before| identity.compared_by(&before.identity));
    let (name, warning) = (root.name(), warning.name());
    tracing::warn!(
        name,
        warning,
        compared,
        "the directory of a root is not what it was; mount what belongs there, or: hivesum roots accept {name:?}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_about_a_root_is_told_until_it_is_accepted() {
        let disk = RootIdentity { device: 1, inode: 2, filesystem_id: 0 };
        let below = RootIdentity { inode: 3, ..disk };
        let remembered = |accepted_empty| RememberedRoot { path: "/srv".into(), identity: disk, accepted_empty };
        let memory = |has_results| RootMemory { remembered: Some(remembered(false)), has_results };
        let new = RootMemory { remembered: None, has_results: false };
        assert_eq!(warning_of(&new, disk, true), None);
        assert_eq!(warning_of(&memory(false), disk, true), None, "nothing is missing");
        assert_eq!(warning_of(&memory(true), disk, false), None);
        assert_eq!(warning_of(&memory(true), disk, true), Some(RootWarning::RootEmpty));
        assert_eq!(warning_of(&memory(true), below, true), Some(RootWarning::RootEmpty));
        assert_eq!(warning_of(&memory(false), below, false), Some(RootWarning::RootChanged));
        let accepted = RootMemory { remembered: Some(remembered(true)), has_results: true };
        assert_eq!(warning_of(&accepted, disk, true), None);
        assert_eq!(warning_of(&accepted, below, true), Some(RootWarning::RootEmpty));
    }
}

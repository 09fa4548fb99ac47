//! The latest count of each collection, [`MAX_COLLECTIONS`] at most, so that lists and metrics do not read every row anew.
//!
//! Decides which counts are kept, not whether one still holds: `counted` does. A count that is not kept is made again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::MAX_COLLECTIONS;
use super::counted::Counted;
use super::stored::StoredCollection;

/// The latest counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// By the id of their collection.
    latest: Mutex<HashMap<String, Arc<Counted>>>,
    /// Held while all collections are counted.
    pub(super) round: tokio::sync::Mutex<()>,
}

impl Counts {
    /// Keeps a count in the place of the collection's last one.
    pub(super) fn keep(&self, counted: &Arc<Counted>) {
        let mut latest = self.latest();
        if latest.len() < MAX_COLLECTIONS || latest.contains_key(&counted.collection().id) {
            latest.insert(counted.collection().id.clone(), counted.clone());
        }
    }

    /// Drops the counts of all other collections.
    pub(super) fn keep_only(&self, collections: &[StoredCollection]) {
        let ids: Vec<_> = collections.iter().map(|one| &one.id).collect();
        self.latest().retain(|id, _| ids.contains(&id));
    }

    /// The latest count of a collection.
    pub(super) fn of(&self, id: &str) -> Option<Arc<Counted>> {
        self.latest().get(id).cloned()
    }

    /// The latest counts, that of the oldest collection first.
    pub(super) fn all(&self) -> Vec<Arc<Counted>> {
        let mut all: Vec<_> = self.latest().values().cloned().collect();
        all.sort_by_key(|counted| counted.collection().number);
        all
    }

    fn latest(&self) -> MutexGuard<'_, HashMap<String, Arc<Counted>>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::collections::counted::count;
    use crate::store::collections::tests::{made_with, second};
    use crate::store::testing::Bench;

    #[test]
    fn there_is_a_bound_for_counts_and_those_of_forgotten_collections_are_dropped() {
        let mut bench = Bench::new();
        let collection = made_with(&mut bench.connection, &["a"]);
        let counted = Arc::new(count(&bench.connection, &collection.id, second(1)).unwrap().unwrap());
        let counts = Counts::default();
        let fill = |number: usize| drop(counts.latest().insert(number.to_string(), counted.clone()));
        (0..MAX_COLLECTIONS).for_each(fill);
        counts.keep(&counted);
        assert!(counts.of(&collection.id).is_none(), "there is no room");
        counts.keep_only(std::slice::from_ref(&collection));
        assert_eq!(counts.all().len(), 0);
        counts.keep(&counted);
        assert_eq!(counts.all().len(), 1);
        assert!(counts.of(&collection.id).is_some_and(|kept| Arc::ptr_eq(&kept, &counted)));
    }
}

//! Known files that are gone, and may be found again at other paths by their digests.

use std::collections::{HashMap, HashSet};

use hivesum_core::fixity::{FileState, Occasion, Reading, moved};

use crate::store::collections::Step;

/// Known files that are gone, by their digests, to be found again at other paths.
pub(super) struct Absent {
    files: Vec<Option<FileState>>,
    by_digests: HashMap<Vec<u8>, Vec<usize>>,
}

impl Absent {
    pub(super) fn of(files: Vec<FileState>) -> Self {
        let mut by_digests: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        // The first one in byte order is taken first.
        for (index, state) in files.iter().enumerate().rev() {
            if let Some(expected) = &state.expected {
                by_digests.entry(expected.digests.clone()).or_default().push(index);
            }
        }
        Self { files: files.into_iter().map(Some).collect(), by_digests }
    }

    /// The step of a file that was read at a new path and is one of these.
    pub(super) fn moved_to(&mut self, reading: &Reading, on: &Occasion<'_>) -> Option<Step> {
        let same = self.by_digests.get_mut(&reading.content.digests)?;
        let index = *same.last()?;
        let before = self.files.get_mut(index)?;
        let event = moved(before.as_ref()?, reading, on)?;
        same.pop();
        Some(Step {
            path: on.path.to_vec(),
            before: before.take(),
            after: event.after.clone(),
            event: Some(event),
            pieces: None,
            seal: None,
        })
    }

    /// Those that were not found again, without any that may be one of the files of these sizes, which were not read.
    pub(super) fn left(self, unread_sizes: &HashSet<u64>) -> Vec<FileState> {
        let may_be_unread = |size: Option<u64>| match size {
            Some(size) => unread_sizes.contains(&size),
            None => !unread_sizes.is_empty(),
        };
        let may_have_moved =
            |state: &FileState| state.expected.as_ref().is_some_and(|one| may_be_unread(one.meta.known_size()));
        self.files.into_iter().flatten().filter(|state| !may_have_moved(state)).collect()
    }
}

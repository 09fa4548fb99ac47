//! Puts the files of plans together to works: so many that a message is worth its way, and never more than fit.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hivesum_core::hash::FilePart;
use hivesum_core::walk::{Fate, Plan};

use super::super::protocol::{Entries, KnownFile, MAX_WORK_ENTRIES};

/// A work is not made longer than this: half of a message, of which results with several digests need more.
const MAX_ENTRIES_BYTES: usize = 256 << 10;

/// How long the first file of a work waits for more.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// Works that may wait to be sent before no further plan is taken.
const WORKS_AHEAD: usize = 2;

/// Where the file of a work stands in the plans of its scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) plan: u64,
    pub(super) index: u32,
}

/// The files of one work.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) entries: Entries,
    pub(super) known: Vec<KnownFile>,
    pub(super) places: Vec<Place>,
    /// The part of its only file that it is, if it is not all of it.
    pub(super) part: Option<FilePart>,
    /// What the entries take in a message, at most.
    bytes: usize,
}

impl Files {
    /// Adds a file of a plan.
    pub(super) fn push(&mut self, plan: &Plan, place: Place, digest_bytes: usize) {
        let index = place.index as usize;
        let entry = &plan.entries[index];
        if let Some(known) = plan.known_result(index, digest_bytes) {
            self.known.push(KnownFile::new(self.places.len() as u32, known.meta, known.stability));
        }
        let directory = &plan.groups[entry.group as usize].shown;
        self.bytes += self.entries.push_path(directory, plan.name(entry));
        // Identity, stability and index of a known file.
        self.bytes += if self.known.is_empty() { 0 } else { 80 };
        self.places.push(place);
    }

    fn is_full(&self) -> bool {
        self.places.len() >= MAX_WORK_ENTRIES || self.bytes >= MAX_ENTRIES_BYTES
    }
}

/// Files that wait to become works.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    full: VecDeque<Files>,
    open: Files,
    /// When the first file of the open work came.
    since: Option<Instant>,
}

impl Assembly {
    /// Adds the files of a plan that are to be hashed, but for those that go in parts: each is asked about once.
    pub(super) fn add(
        &mut self,
        number: u64,
        plan: &Plan,
        digest_bytes: usize,
        mut goes_in_parts: impl FnMut(Place) -> bool,
    ) {
        for (index, entry) in plan.entries.iter().enumerate() {
            let place = Place { plan: number, index: index as u32 };
            if entry.fate != Fate::Hash || goes_in_parts(place) {
                continue;
            }
            self.since.get_or_insert_with(Instant::now);
            self.open.push(plan, place, digest_bytes);
            if self.open.is_full() {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        self.since = None;
        self.full.push_back(std::mem::take(&mut self.open));
    }

    pub(super) fn has_room(&self) -> bool {
        self.full.len() < WORKS_AHEAD
    }

    /// The next work: a full one, or what there is if nothing more comes (`is_last`) or the first file has waited.
    pub(super) fn take(&mut self, is_last: bool) -> Option<Files> {
        let is_due = is_last || self.due().is_some_and(|due| due <= Instant::now());
        if self.full.is_empty() && is_due && !self.open.places.is_empty() {
            self.close();
        }
        self.full.pop_front()
    }

    /// When the open work is sent as it is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(files: usize, name: &str) -> Plan {
        let mut plan = Plan::elsewhere([(*b"d").into()]);
        for number in 0..files {
            plan.push(0, format!("{name}{number}").as_bytes(), Fate::Hash);
        }
        plan
    }

    #[test]
    fn a_work_has_as_many_files_as_it_may_and_the_rest_waits() {
        let mut assembly = Assembly::default();
        assembly.add(0, &plan(MAX_WORK_ENTRIES - 1, "f"), 32, |_| false);
        assert!(assembly.has_room());
        assembly.add(1, &plan(3, "g"), 32, |place| place.index == 1);
        let full = assembly.take(false).unwrap();
        assert_eq!(full.places.len(), MAX_WORK_ENTRIES);
        assert_eq!(full.places.last(), Some(&Place { plan: 1, index: 0 }));
        let last = assembly.take(true).unwrap();
        assert_eq!(last.places, [Place { plan: 1, index: 2 }], "the one between goes in parts");
        assert!(assembly.take(true).is_none());
    }

    #[test]
    fn long_names_make_short_works_and_no_plan_is_taken_while_works_wait() {
        let mut assembly = Assembly::default();
        assembly.add(0, &plan(2 * MAX_ENTRIES_BYTES / 1000, &"x".repeat(1000)), 32, |_| false);
        assert!(!assembly.has_room());
        let first = assembly.take(false).unwrap();
        assert!((MAX_ENTRIES_BYTES..MAX_ENTRIES_BYTES + 2000).contains(&first.entries.encoded_bytes()));
    }
}

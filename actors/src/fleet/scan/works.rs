//! The works of a scan that are not done: who holds each, how many of its results are there, how often it has lost its
//! node.
//!
//! Results count only from the node that holds the work, in order. Where another node takes a work over, the former
//! one counts as lost as long as nothing is heard of its process: one that was slow or cut off for a while and speaks
//! again was not killed by a file. So that a file that kills its nodes costs itself alone, the rest of such a work is
//! cut: to 64 files, then to single ones; a single file that has lost three nodes is given up.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hivesum_core::hash::FilePart;

use super::super::protocol::{Claim, ClaimAnswer, NodeName};
use super::assembly::Place;

/// A file is given up after it has lost so many nodes, as a local one is after so many deaths of the process.
const LOST_BOUND: usize = 3;

/// Files of a work that has lost one node.
const FILES_AFTER_A_LOSS: usize = 64;

/// A work that is not done.
#[derive(Debug)]
pub(super) struct OpenWork {
    pub(super) places: Vec<Place>,
    /// The part of its only file that it is, if it is not all of it.
    pub(super) part: Option<FilePart>,
    /// As it is in the broker, to be sent again if the broker has lost it.
    pub(super) message: Bytes,
    /// The results of so many of its first files are there.
    pub(super) settled: usize,
    holder: Option<Holder>,
    /// Processes that held these files and of which nothing was heard since. At most three.
    lost: Vec<Holder>,
    pub(super) sent: Sent,
    last_sign: Instant,
    pub(super) bytes_under_way: u64,
}

/// What a work is made of.
#[derive(Debug)]
pub(super) struct NewWork {
    pub(super) places: Vec<Place>,
    pub(super) part: Option<FilePart>,
    /// Processes that these files have lost.
    pub(super) lost: Vec<Holder>,
}

/// A process of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Holder {
    pub(super) node: NodeName,
    pub(super) session: u64,
}

/// Where the message of a work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// On its way.
    Sending,
    /// In the stream, under this number.
    Stored(u64),
    /// It has to be sent, or sent again.
    Lost,
}

/// What a claim leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    Answer(ClaimAnswer),
    /// The work has lost its node: the rest of it is to be cut to works of so many files.
    Cut {
        rest: Rest,
        files: usize,
    },
    /// Its only file has lost too many nodes.
    GiveUp(Rest),
}

/// What is left of a work that is none any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) places: Vec<Place>,
    /// The processes that it has lost.
    pub(super) lost: Vec<Holder>,
}

/// Where results of a work go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// So many of the results are there already; the others are new.
    New { skip: usize },
    /// Nothing is new.
    Nothing { settled: u32 },
    /// They do not count.
    Refused,
}

impl OpenWork {
    /// How many of its files may stay together, if there are more of them, or if its only file has lost too many nodes.
    fn files_together(&self) -> Option<usize> {
        let left = self.places.len() - self.settled;
        let files = match self.lost.len() {
            0 => return None,
            1 => FILES_AFTER_A_LOSS,
            2 => 1,
            LOST_BOUND.. => return Some(1),
        };
        (left > files).then_some(files)
    }
}

/// The works of a scan.
#[derive(Debug, Default)]
pub(super) struct Works {
    open: BTreeMap<u64, OpenWork>,
}

impl Works {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn insert(&mut self, number: u64, new: NewWork, message: Bytes) {
        let NewWork { places, part, lost } = new;
        let work = OpenWork {
            places,
            part,
            message,
            settled: 0,
            holder: None,
            lost,
            sent: Sent::Lost,
            last_sign: Instant::now(),
            bytes_under_way: 0,
        };
        self.open.insert(number, work);
    }

    pub(super) fn get(&self, number: u64) -> Option<&OpenWork> {
        self.open.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut OpenWork> {
        self.open.get_mut(&number)
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = (u64, &OpenWork)> {
        self.open.iter().map(|(number, work)| (*number, work))
    }

    /// Bytes that nodes have read for files whose results are not told yet.
    pub(super) fn bytes_under_way(&self) -> u64 {
        self.open.values().map(|work| work.bytes_under_way).sum()
    }

    /// The work, if this process holds it.
    fn held_by(&mut self, number: u64, by: &Holder) -> Option<&mut OpenWork> {
        self.open.get_mut(&number).filter(|work| work.holder.as_ref() == Some(by))
    }

    /// A node asks for a work that was delivered to it.
    pub(super) fn claim(&mut self, node: NodeName, claim: &Claim, is_alive: impl Fn(&Holder) -> bool) -> Claimed {
        let by = Holder { node, session: claim.session };
        let number = claim.tag.number;
        let Some(work) = self.open.get_mut(&number) else { return Claimed::Answer(ClaimAnswer::Stale) };
        work.last_sign = Instant::now();
        if work.holder.as_ref() != Some(&by) {
            let former = work.holder.replace(by);
            work.bytes_under_way = 0;
            work.lost.extend(former);
            work.lost.retain(|holder| !is_alive(holder));
        }
        match work.files_together() {
            Some(files) => self.take_apart(number, files),
            None => Claimed::Answer(ClaimAnswer::Holds { settled: work.settled as u32 }),
        }
    }

    /// Takes a work out that has lost nodes: its files go on in smaller ones.
    fn take_apart(&mut self, number: u64, files: usize) -> Claimed {
        let Some(mut work) = self.open.remove(&number) else { return Claimed::Answer(ClaimAnswer::Stale) };
        let rest = Rest { places: work.places.split_off(work.settled), lost: work.lost };
        match rest.places.len() {
            1 => Claimed::GiveUp(rest),
            _ => Claimed::Cut { rest, files },
        }
    }

    /// Parts of this file are not wanted any more.
    pub(super) fn drop_parts_of(&mut self, place: Place) {
        self.open.retain(|_, work| work.part.is_none() || work.places[0] != place);
    }

    /// A node gives a work back: it is not counted as lost.
    pub(super) fn give_back(&mut self, node: NodeName, claim: &Claim) {
        let by = Holder { node, session: claim.session };
        if let Some(work) = self.held_by(claim.tag.number, &by) {
            (work.holder, work.bytes_under_way, work.last_sign) = (None, 0, Instant::now());
        }
    }

    /// A node is at a work.
    pub(super) fn note_progress(&mut self, by: &Holder, number: u64, bytes_under_way: u64) {
        if let Some(work) = self.held_by(number, by) {
            (work.bytes_under_way, work.last_sign) = (bytes_under_way, Instant::now());
        }
    }

    /// Whether results of files from `first` on count.
    pub(super) fn counts(&mut self, by: &Holder, number: u64, first: u32, rows: usize) -> Counted {
        let Some(work) = self.held_by(number, by) else { return Counted::Refused };
        work.last_sign = Instant::now();
        let (first, settled) = (first as usize, work.settled);
        if first > settled || first.saturating_add(rows) > work.places.len() {
            return Counted::Refused;
        }
        match first + rows <= settled {
            true => Counted::Nothing { settled: settled as u32 },
            false => Counted::New { skip: settled - first },
        }
    }

    /// Results of so many more files are there. Returns how many are now, and forgets a work that is done.
    pub(super) fn settle(&mut self, number: u64, rows: usize) -> u32 {
        let Some(work) = self.open.get_mut(&number) else { return 0 };
        work.settled += rows;
        work.bytes_under_way = 0;
        let settled = work.settled;
        if settled == work.places.len() {
            self.open.remove(&number);
        }
        settled as u32
    }

    /// Works in the stream of which nobody has said anything for so long, with their numbers there: the broker may have
    /// lost them. Each counts as seen now.
    pub(super) fn silent_for(&mut self, time: Duration) -> Vec<(u64, u64)> {
        let now = Instant::now();
        let mut silent = Vec::new();
        for (number, work) in &mut self.open {
            if let Sent::Stored(sequence) = work.sent
                && now.duration_since(work.last_sign) >= time
            {
                work.last_sign = now;
                silent.push((*number, sequence));
            }
        }
        silent
    }
}

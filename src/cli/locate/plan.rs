//! Which ranges of a file are damaged, and which of them another copy has as they should be. Plain values: reads nothing.

use std::ops::Range;

use hivesum_core::digest::pieces::{Pieces, joined};
use hivesum_core::hash::CopyRead;

/// What a file should be.
#[derive(Debug, Clone)]
pub(super) struct Good {
    pub(super) digest: [u8; 32],
    /// `None`: not known.
    pub(super) size: Option<u64>,
    /// `None`: not known, so that only a copy which is good as a whole tells where the file is not.
    pub(super) pieces: Option<Pieces>,
}

/// What is said of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is what it should be.
    Good,
    /// It is as the other copy. What it should be is not known.
    Same,
    /// It is not what it should be.
    Damaged,
    /// It is not as the other copy. Which of them is right is not known.
    Different,
}

impl Verdict {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Same => "same",
            Self::Damaged => "damaged",
            Self::Different => "different",
        }
    }
}

/// What was found, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) verdict: Verdict,
    /// Where the file differs from what it should be, or from the other copy. `None`: it is not known where.
    pub(super) ranges: Option<Vec<Range<u64>>>,
    /// What to copy from the other copy.
    pub(super) copy: Vec<Range<u64>>,
    /// Damaged ranges which the other copy does not have either.
    pub(super) lacking: Vec<Range<u64>>,
    /// Whether the other copy is what the file should be, if there is one and that is known.
    pub(super) replica_is_good: Option<bool>,
}

impl Plan {
    fn new(verdict: Verdict, ranges: Option<Vec<Range<u64>>>) -> Self {
        Self { verdict, ranges, copy: Vec::new(), lacking: Vec::new(), replica_is_good: None }
    }

    /// Compares a file with what it should be, or else with another copy.
    pub(super) fn of(good: Option<&Good>, file: &CopyRead, replica: Option<&CopyRead>) -> Self {
        let Some(good) = good else { return Self::of_two(file, replica) };
        let replica_is_good = replica.map(|replica| replica.digest == Some(good.digest));
        if file.digest == Some(good.digest) {
            return Self { replica_is_good, ..Self::new(Verdict::Good, Some(Vec::new())) };
        }
        let of_pieces = good.pieces.as_ref().map(|pieces| differences(pieces, file));
        let of_replica = || replica.filter(|_| replica_is_good == Some(true)).map(|replica| between(file, replica));
        let ranges = of_pieces.or_else(of_replica);
        let plan = Self { replica_is_good, ..Self::new(Verdict::Damaged, ranges) };
        let (Some(ranges), Some(replica)) = (&plan.ranges, replica) else { return plan };
        let bad = match (&good.pieces, replica_is_good) {
            (_, Some(true)) => Vec::new(),
            (Some(pieces), _) => differences(pieces, replica),
            (None, _) => ranges.clone(),
        };
        // Where the file is too long there is nothing to copy.
        let end = good.size.unwrap_or(replica.meta.size);
        let wanted = common(ranges, std::slice::from_ref(&(0..end)));
        let lacking = common(&wanted, &bad);
        Self { copy: without(&wanted, &lacking), lacking, ..plan }
    }

    fn of_two(file: &CopyRead, replica: Option<&CopyRead>) -> Self {
        let ranges = replica.map(|replica| between(file, replica));
        match &ranges {
            Some(ranges) if ranges.is_empty() => Self::new(Verdict::Same, Some(Vec::new())),
            Some(_) | None => Self::new(Verdict::Different, ranges),
        }
    }
}

/// Where a copy differs from these pieces.
fn differences(good: &Pieces, copy: &CopyRead) -> Vec<Range<u64>> {
    let whole = || std::iter::once(0..good.file_bytes().max(copy.meta.size)).collect();
    copy.pieces.as_ref().map_or_else(whole, |pieces| good.differences(pieces))
}

/// Where two copies differ. What cannot be read of one is a difference.
fn between(one: &CopyRead, other: &CopyRead) -> Vec<Range<u64>> {
    if one.digest.is_some() && one.digest == other.digest {
        return Vec::new();
    }
    let whole = || std::iter::once(0..one.meta.size.max(other.meta.size)).collect();
    let (Some(pieces), Some(others)) = (&one.pieces, &other.pieces) else { return whole() };
    let mut ranges = pieces.differences(others);
    ranges.extend(one.unreadable.iter().chain(&other.unreadable).cloned());
    joined(ranges)
}

/// What lies in ranges of both lists, which are in order.
fn common(one: &[Range<u64>], other: &[Range<u64>]) -> Vec<Range<u64>> {
    let both =
        one.iter().flat_map(|range| other.iter().map(|other| range.start.max(other.start)..range.end.min(other.end)));
    both.filter(|range| !range.is_empty()).collect()
}

/// What lies in ranges of the first list and in none of the second, which is a part of it.
fn without(all: &[Range<u64>], part: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut left = Vec::new();
    for range in all {
        let mut start = range.start;
        for taken in part.iter().filter(|taken| range.contains(&taken.start)) {
            left.push(start..taken.start);
            start = taken.end;
        }
        left.push(start..range.end);
    }
    left.retain(|range| !range.is_empty());
    left
}

#[cfg(test)]
mod tests;

//! Which ranges of a file are damaged, and which of them another copy has as they should be; and how that is told.
//! Plain values: reads nothing.

use std::ops::Range;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::event::FileRange;
use crate::digest::pieces::{Pieces, joined};
use crate::hash::CopyRead;
use crate::result::serialize_name;

/// What a file should be.
#[derive(Debug, Clone)]
pub struct Good {
    /// Its BLAKE3 digest.
    pub digest: [u8; 32],
    /// In bytes. `None`: not known.
    pub size: Option<u64>,
    /// `None`: not known, so that only a copy which is good as a whole tells where the file is not.
    pub pieces: Option<Pieces>,
}

/// What is said of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
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
    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
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
pub struct Plan {
    /// What is said of the file.
    pub verdict: Verdict,
    /// Where the file differs from what it should be, or from the other copy. `None`: it is not known where.
    pub ranges: Option<Vec<Range<u64>>>,
    /// What to copy from the other copy.
    pub copy: Vec<Range<u64>>,
    /// Damaged ranges which the other copy does not have either.
    pub lacking: Vec<Range<u64>>,
    /// Whether the other copy is what the file should be, if there is one and that is known.
    pub replica_is_good: Option<bool>,
}

impl Plan {
    fn new(verdict: Verdict, ranges: Option<Vec<Range<u64>>>) -> Self {
        Self { verdict, ranges, copy: Vec::new(), lacking: Vec::new(), replica_is_good: None }
    }

    /// Compares a file with what it should be, or else with another copy.
    #[must_use]
    pub fn of(good: Option<&Good>, file: &CopyRead, replica: Option<&CopyRead>) -> Self {
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

/// A copy that was read, under the name that it was asked for by.
#[derive(Debug, Clone, Copy)]
pub struct NamedCopy<'a> {
    /// The name of its root, if it was asked for beneath one.
    pub root: Option<&'a str>,
    /// Its path, in bytes.
    pub path: &'a [u8],
    /// What was read.
    pub read: &'a CopyRead,
}

impl Serialize for NamedCopy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(root) = self.root {
            map.serialize_entry("root", root)?;
        }
        serialize_name(&mut map, "path", "path_b64", self.path)?;
        map.serialize_entry("size", &self.read.meta.size)?;
        map.serialize_entry("blake3", &self.read.digest.map(hex::encode))?;
        map.serialize_entry("unreadable", &told(&self.read.unreadable))?;
        map.serialize_entry("read_from", &self.read.read_from)?;
        map.end()
    }
}

/// All that is told of a file, in JSON.
#[derive(Debug, Clone, Copy)]
pub struct Located<'a> {
    /// What it should be, if that is known.
    pub good: Option<&'a Good>,
    /// The file.
    pub file: NamedCopy<'a>,
    /// The other copy, if there is one.
    pub replica: Option<NamedCopy<'a>>,
    /// What follows.
    pub plan: &'a Plan,
}

impl Serialize for Located<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = self.plan;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("verdict", plan.verdict.name())?;
        map.serialize_entry("expected", &self.good.map(Expected::of))?;
        map.serialize_entry("file", &self.file)?;
        map.serialize_entry("replica", &self.replica)?;
        map.serialize_entry("replica_is_good", &plan.replica_is_good)?;
        map.serialize_entry("ranges", &plan.ranges.as_deref().map(told))?;
        map.serialize_entry("copy", &told(&plan.copy))?;
        map.serialize_entry("lacking", &told(&plan.lacking))?;
        map.end()
    }
}

#[derive(Serialize)]
struct Expected {
    blake3: String,
    size: Option<u64>,
}

impl Expected {
    fn of(good: &Good) -> Self {
        Self { blake3: hex::encode(good.digest), size: good.size }
    }
}

fn told(ranges: &[Range<u64>]) -> Vec<FileRange> {
    ranges.iter().cloned().map(FileRange::from).collect()
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

//! Lines of a manifest that are not entries: why each was not read, and the account of all of them.
//!
//! Such a line is never taken for the nearest entry and never dropped in silence. What it means for the exit status is
//! for the caller: only a strict reading fails for it.

use std::fmt;

use crate::digest::Algorithm;

/// Why a line was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRead {
    /// It is not an entry of the manifest's form.
    Malformed,
    /// It is longer than the limit.
    TooLong,
    /// It is an entry with an empty name.
    NoName,
    /// It is of an algorithm that hivesum lacks, in its usual spelling.
    Unsupported(&'static str),
    /// It is of another algorithm than the requested one.
    OtherAlgorithm(Algorithm),
    /// It is part of a signature, which is not verified.
    Signature,
}

impl fmt::Display for NotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not an entry"),
            Self::TooLong => f.write_str("too long"),
            Self::NoName => f.write_str("an entry without a name"),
            Self::Unsupported(name) => write!(f, "{name} is not supported"),
            Self::OtherAlgorithm(algorithm) => write!(f, "of another algorithm, {algorithm}"),
            Self::Signature => f.write_str("part of a signature, which is not verified"),
        }
    }
}

/// How many lines are kept with their numbers.
const KEPT: usize = 100;

/// How many algorithms that hivesum lacks are kept by name.
const KEPT_NAMES: usize = 16;

/// The lines of one manifest that were not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinesNotRead {
    count: u64,
    first: Vec<(u64, NotRead)>,
    unsupported: Vec<&'static str>,
    signature: u64,
}

impl LinesNotRead {
    /// Adds a line with its number, from 1.
    pub fn add(&mut self, line: u64, why: NotRead) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push((line, why));
        }
        match why {
            NotRead::Unsupported(name) if self.unsupported.len() < KEPT_NAMES && !self.unsupported.contains(&name) => {
                self.unsupported.push(name);
            }
            NotRead::Signature => self.signature += 1,
            NotRead::Unsupported(_)
            | NotRead::Malformed
            | NotRead::TooLong
            | NotRead::NoName
            | NotRead::OtherAlgorithm(_) => {}
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The first of them, at most 100, each with its number.
    #[must_use]
    pub fn first(&self) -> &[(u64, NotRead)] {
        &self.first
    }

    /// The algorithms that hivesum lacks and that lines name.
    #[must_use]
    pub fn unsupported(&self) -> &[&'static str] {
        &self.unsupported
    }

    /// Whether some of them are a signature.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signature > 0
    }

    /// How many of them are of a signature, so that they were no entries.
    #[must_use]
    pub const fn of_signature(&self) -> u64 {
        self.signature
    }
}

impl fmt::Display for LinesNotRead {
    /// One line for people: `not read: 11 lines (1-3, 12, 20, ...)`, and what follows from it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = if self.count == 1 { "line" } else { "lines" };
        write!(f, "not read: {} {lines} ({})", self.count, Numbers(self))?;
        for name in &self.unsupported {
            write!(f, "; {name} is not supported")?;
        }
        if self.is_signed() {
            f.write_str("; the signature is not verified")?;
        }
        Ok(())
    }
}

/// Runs of numbers that are named in a message.
const RUNS: usize = 8;

/// The numbers of the first lines, in runs.
struct Numbers<'a>(&'a LinesNotRead);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<u64> = self.0.first.iter().map(|(line, _)| *line).collect();
        let runs: Vec<&[u64]> = numbers.chunk_by(|one, next| one.checked_add(1) == Some(*next)).collect();
        for (index, run) in runs.iter().take(RUNS).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match run {
                [only] => write!(f, "{comma}{only}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [] => {}
            }
        }
        let are_all_named = runs.len() <= RUNS && self.0.count == numbers.len() as u64;
        f.write_str(if are_all_named { "" } else { ", ..." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: impl IntoIterator<Item = (u64, NotRead)>) -> String {
        let mut all = LinesNotRead::default();
        lines.into_iter().for_each(|(line, why)| all.add(line, why));
        all.to_string()
    }

    #[test]
    fn lines_are_counted_and_named_in_runs() {
        let malformed = |line| (line, NotRead::Malformed);
        assert_eq!(told([malformed(7)]), "not read: 1 line (7)");
        assert_eq!(told([1, 2, 3, 9].map(malformed)), "not read: 4 lines (1-3, 9)");
        let scattered = told((1..=40).map(|line| malformed(2 * line)));
        assert_eq!(scattered, "not read: 40 lines (2, 4, 6, 8, 10, 12, 14, 16, ...)");
        assert_eq!(told((1..=1000).map(malformed)), "not read: 1000 lines (1-100, ...)");
    }

    #[test]
    fn unsupported_algorithms_and_signatures_are_told_once() {
        let lines = [(1, NotRead::Signature), (2, NotRead::Unsupported("Snefru")), (3, NotRead::Unsupported("Snefru"))];
        let said = "not read: 3 lines (1-3); Snefru is not supported; the signature is not verified";
        assert_eq!(told(lines), said);
    }
}

//! The lines of a manifest that are not entries: which of them are improperly formatted in coreutils' sense, and which
//! are foreign: of a signature, of an algorithm that hivesum lacks, or of another algorithm than the requested one.
//!
//! Improperly formatted lines get coreutils' warnings, foreign ones a line of their own. Both fail only a strict check.

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{LinesNotRead, NotRead};

/// Whether lines that are not entries fail the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// They do not. A tag of another algorithm than the requested one is a foreign line.
    Lenient,
    /// They do. A tag of another algorithm than the requested one is improperly formatted, as coreutils has it.
    Strict,
}

/// What a line is that is not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Improperly formatted.
    Malformed,
    /// Of another kind than the manifest's entries.
    Foreign,
}

/// The lines of one manifest that are not entries.
#[derive(Debug)]
pub(super) struct OtherLines {
    strictness: Strictness,
    asked: Option<Algorithm>,
    malformed: u64,
    foreign: LinesNotRead,
    /// Foreign lines with a tag of another algorithm than the requested one.
    of_other_algorithms: u64,
}

impl OtherLines {
    pub(super) fn new(strictness: Strictness, asked: Option<Algorithm>) -> Self {
        Self { strictness, asked, malformed: 0, foreign: LinesNotRead::default(), of_other_algorithms: 0 }
    }

    /// Adds a line with its number.
    pub(super) fn add(&mut self, line: u64, why: NotRead) -> Kind {
        let kind = self.kind(why);
        match kind {
            Kind::Malformed => self.malformed += 1,
            Kind::Foreign => {
                self.of_other_algorithms += u64::from(matches!(why, NotRead::OtherAlgorithm(_)));
                self.foreign.add(line, why);
            }
        }
        kind
    }

    const fn kind(&self, why: NotRead) -> Kind {
        match (why, self.strictness) {
            (NotRead::Malformed | NotRead::TooLong | NotRead::NoName, _) => Kind::Malformed,
            (NotRead::OtherAlgorithm(_), Strictness::Strict) => Kind::Malformed,
            (NotRead::OtherAlgorithm(_), Strictness::Lenient) => Kind::Foreign,
            (NotRead::Unsupported(_) | NotRead::Signature, _) => Kind::Foreign,
        }
    }

    /// How many are improperly formatted.
    pub(super) const fn malformed(&self) -> u64 {
        self.malformed
    }

    /// Whether they fail the check.
    pub(super) fn fail(&self) -> bool {
        self.strictness == Strictness::Strict && (self.malformed > 0 || self.foreign.count() > 0)
    }

    /// What is to be said about the foreign lines. `None` if there are none.
    pub(super) fn told(&self) -> Option<String> {
        if self.foreign.count() == 0 {
            return None;
        }
        let others = match (self.of_other_algorithms, self.asked) {
            (1.., Some(asked)) => format!("; {} of another algorithm than {asked}", self.of_other_algorithms),
            _ => String::new(),
        };
        Some(format!("{}{others}", self.foreign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(strictness: Strictness) -> (u64, Option<String>, bool) {
        let mut lines = OtherLines::new(strictness, Some(Algorithm::Sha1));
        for (line, why) in [
            (1, NotRead::Malformed),
            (2, NotRead::TooLong),
            (3, NotRead::OtherAlgorithm(Algorithm::Md5)),
            (4, NotRead::Unsupported("Snefru")),
            (5, NotRead::Signature),
        ] {
            lines.add(line, why);
        }
        (lines.malformed(), lines.told(), lines.fail())
    }

    #[test]
    fn foreign_lines_are_told_and_fail_only_a_strict_check() {
        let said = "not read: 3 lines (3-5); Snefru is not supported; the signature is not verified; 1 of another \
                    algorithm than sha1";
        assert_eq!(told(Strictness::Lenient), (2, Some(said.to_owned()), false));
        let said = "not read: 2 lines (4-5); Snefru is not supported; the signature is not verified";
        assert_eq!(told(Strictness::Strict), (3, Some(said.to_owned()), true));
        assert_eq!(OtherLines::new(Strictness::Strict, None).told(), None);
    }
}

//! What an audit says of one file: the verdict, and what it rests on.

use super::evidence::Evidence;
use super::verdict::Verdict;

/// The verdict on one result; none for what is no file and was not listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    /// The verdict; `New` may turn out as `Moved` at the end.
    pub verdict: Option<Verdict>,
    /// What a verdict on a changed digest rests on.
    pub evidence: Option<Evidence>,
}

/// What an audit says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixity {
    /// What became of it.
    pub verdict: Verdict,
    /// The path it had, where it moved.
    pub moved_from: Option<Vec<u8>>,
    /// What a verdict on a changed digest rests on.
    pub evidence: Option<Evidence>,
}

/// What is said of a row, as its item shows it.
pub fn fixity_of(judged: Option<&Judged>) -> Option<Fixity> {
    let judged = judged?;
    Some(Fixity { verdict: judged.verdict?, moved_from: None, evidence: judged.evidence })
}

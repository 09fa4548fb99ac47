//! What a read of a file tells: whether it has the content that it should have, and if not, whether somebody wrote to it.
//!
//! A content that changed without a trace of a write is not believed at once. It has to be read again from the device
//! first: the same content each time is damage of the file, different ones are damage on the way.

use jiff::Timestamp;

use super::event::{Cause, Event, EventKind, ReadCount};
use super::look::{Look, Lying, Occasion, Outcome, PassKind, same};
use super::state::{CollectionKind, Condition, Content, FileState, is_touched};
use crate::result::{Evidence, ReadFrom, Stability, Trace, Verdict};

/// How often a file is read again from the device before its content is called rotten.
pub const CONFIRMING_READS: usize = 2;

/// Whether a read of these bytes counts as a verification: damage on the device would have been seen, or nothing can tell.
#[must_use]
pub const fn verifies(from: ReadFrom) -> bool {
    match from {
        ReadFrom::Device | ReadFrom::Unknown => true,
        ReadFrom::Cache => false,
    }
}

/// A file that was read in full, and did not change meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it has.
    pub content: Content,
    /// Where the bytes came from.
    pub from: ReadFrom,
    /// The digests of the reads that followed to confirm it, each from the device.
    pub again: Vec<Vec<u8>>,
}

/// What is known of a file that is gone, `before`, and was read at another path in the same pass. `None` if it is not
/// the same file: the contents differ, or are empty.
#[must_use]
pub fn moved(before: &FileState, reading: &Reading, on: &Occasion<'_>) -> Option<Event> {
    let content = &reading.content;
    if content.meta.size == 0 || before.expected.as_ref()?.digests != content.digests {
        return None;
    }
    let condition = match on.collection {
        CollectionKind::Fixed => Condition::Moved,
        CollectionKind::Living => Condition::Ok,
    };
    let after = FileState {
        path: on.path.to_vec(),
        condition,
        expected: Some(content.clone()),
        found: None,
        verified_at: reading.verified_at(on).or(before.verified_at),
        ..before.clone()
    };
    let look = Look { before: Some(before), on };
    Some(look.event(EventKind::Moved, Some(after), reading.cause(None)))
}

/// A read of a file that was read before.
struct Reread<'a> {
    look: &'a Look<'a>,
    before: &'a FileState,
    expected: &'a Content,
    reading: &'a Reading,
}

/// What is known of a file that was read.
pub(super) fn read(look: &Look<'_>, reading: &Reading) -> Outcome {
    let known = look.before.and_then(|before| Some((before, before.expected.as_ref()?, before.present()?)));
    let Some((before, expected, present)) = known else { return first_read(look, reading) };
    let reread = Reread { look, before, expected, reading };
    let evidence = present.evidence(&reading.content);
    if reading.content.digests == expected.digests {
        reread.matched()
    } else if reading.content.digests == present.digests {
        reread.still_deviates(&evidence)
    } else if without_what_a_move_changes(evidence, look.on.lying).verdict() == Verdict::SuspectedRot {
        reread.without_a_trace(evidence)
    } else {
        reread.written(evidence)
    }
}

/// The traces that a write would have left, and nothing else has.
fn without_what_a_move_changes(evidence: Evidence, lying: Lying) -> Evidence {
    match lying {
        Lying::There => evidence,
        Lying::Elsewhere => Evidence { ctime: Trace::Same, inode: Trace::Same, ..evidence },
    }
}

fn first_read(look: &Look<'_>, reading: &Reading) -> Outcome {
    let Look { before, on } = *look;
    // A baseline that was recorded elsewhere names it, and says nothing of its content.
    let is_taken_as_it_is = before.is_some_and(|before| before.condition == Condition::Ok);
    let condition = match (on.pass, on.collection) {
        (PassKind::Baseline, _) | (_, CollectionKind::Living) => Condition::Ok,
        (PassKind::Comparison, CollectionKind::Fixed) if is_taken_as_it_is => Condition::Ok,
        (PassKind::Comparison, CollectionKind::Fixed) => Condition::New,
    };
    let after = FileState {
        path: on.path.to_vec(),
        condition,
        expected: Some(reading.content.clone()),
        found: None,
        first_seen: before.map_or(on.at, |before| before.first_seen),
        content_since: on.at,
        verified_at: reading.verified_at(on),
        acknowledged: None,
    };
    if is_taken_as_it_is || (before.is_none() && on.pass == PassKind::Baseline) {
        return same(after);
    }
    look.happened(EventKind::New, Some(after), reading.cause(None))
}

impl Reread<'_> {
    /// It has the content that it should have.
    fn matched(&self) -> Outcome {
        let Self { look, before, expected, reading } = *self;
        let is_touched = is_touched(&expected.evidence(&reading.content));
        // A record whose times tell every later write is worth more than one whose times do not.
        let is_better = expected.stability == Stability::Unverified;
        let content = if is_touched || is_better { &reading.content } else { expected };
        let (condition, kind) = match before.condition {
            Condition::Ok | Condition::New | Condition::Moved => (before.condition, EventKind::Touched),
            Condition::Modified
            | Condition::Missing
            | Condition::SuspectedRot
            | Condition::Unreadable
            | Condition::ReadsDisagree => (Condition::Ok, EventKind::Restored),
        };
        let verified_at = reading.verified_at(look.on).or(before.verified_at);
        let after =
            FileState { condition, expected: Some(content.clone()), found: None, verified_at, ..before.clone() };
        match kind == EventKind::Restored || is_touched {
            true => look.happened(kind, Some(after), reading.cause(None)),
            false => same(after),
        }
    }

    /// It has the content that was found before, which is not the one that it should have. `evidence`: since it was
    /// found.
    fn still_deviates(&self, evidence: &Evidence) -> Outcome {
        let Self { look, before, expected, reading } = *self;
        let since_expected = expected.evidence(&reading.content);
        let (condition, kind) = match before.condition {
            Condition::Modified | Condition::SuspectedRot => (before.condition, EventKind::Touched),
            Condition::Ok
            | Condition::New
            | Condition::Moved
            | Condition::Missing
            | Condition::Unreadable
            | Condition::ReadsDisagree => match since_expected.verdict() {
                Verdict::SuspectedRot => (Condition::SuspectedRot, EventKind::SuspectedRot),
                _ => (Condition::Modified, EventKind::Modified),
            },
        };
        let is_touched = is_touched(evidence);
        let is_better = before.found.as_ref().is_some_and(|found| found.stability == Stability::Unverified);
        let found = if is_touched || is_better { Some(reading.content.clone()) } else { before.found.clone() };
        let after = FileState { condition, found, ..before.clone() };
        match condition != before.condition || is_touched {
            true => look.happened(kind, Some(after), reading.cause(Some(since_expected))),
            false => same(after),
        }
    }

    /// Somebody wrote to it.
    fn written(&self, evidence: Evidence) -> Outcome {
        let Self { look, before, reading, .. } = *self;
        let replaced = |condition| FileState {
            condition,
            expected: Some(reading.content.clone()),
            found: None,
            content_since: look.on.at,
            verified_at: reading.verified_at(look.on),
            ..before.clone()
        };
        let after = match look.on.collection {
            CollectionKind::Living => replaced(Condition::Ok),
            // Nobody has accepted the content that it had before either.
            CollectionKind::Fixed if before.condition == Condition::New => replaced(Condition::New),
            CollectionKind::Fixed => {
                FileState { condition: Condition::Modified, found: Some(reading.content.clone()), ..before.clone() }
            }
        };
        look.happened(EventKind::Modified, Some(after), reading.cause(Some(evidence)))
    }

    /// Nobody seems to have written to it, and it has another content.
    fn without_a_trace(&self, evidence: Evidence) -> Outcome {
        let Self { look, before, reading, .. } = *self;
        if reading.again.len() < CONFIRMING_READS {
            return Outcome::ReadAgain;
        }
        let cause = reading.cause(Some(evidence));
        let reads = reading.counted();
        if reads.len() == 1 {
            let found = Some(reading.content.clone());
            let after = FileState { condition: Condition::SuspectedRot, found, ..before.clone() };
            return look.happened(EventKind::SuspectedRot, Some(after), cause);
        }
        if before.condition == Condition::ReadsDisagree {
            return same(before.clone());
        }
        let after = FileState { condition: Condition::ReadsDisagree, ..before.clone() };
        look.happened(EventKind::ReadsDisagree, Some(after), Cause { reads, ..cause })
    }
}

impl Reading {
    /// How often each digest was found, in the order in which they were.
    fn counted(&self) -> Vec<ReadCount> {
        let mut counts: Vec<ReadCount> = Vec::new();
        for digests in std::iter::once(&self.content.digests).chain(&self.again) {
            match counts.iter_mut().find(|count| count.digests == *digests) {
                Some(count) => count.reads += 1,
                None => counts.push(ReadCount { digests: digests.clone(), reads: 1 }),
            }
        }
        counts
    }

    /// When it verified the file, if it did. By the clock of now, also if that was ahead before: a file must not count as
    /// verified until a wrong clock's time has come.
    fn verified_at(&self, on: &Occasion<'_>) -> Option<Timestamp> {
        verifies(self.from).then_some(on.at)
    }

    fn cause(&self, evidence: Option<Evidence>) -> Cause {
        Cause { evidence, read_from: Some(self.from), ..Cause::default() }
    }
}

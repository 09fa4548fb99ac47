//! A baseline that was recorded before a collection was made: what a manifest or a job says of a file that nobody has read
//! since.
//!
//! A file that has the recorded digests is adopted without an event, with the metadata that it has now. One that has not
//! was written to for all that is known, unless all of its metadata was recorded and is the same. What is not recorded is
//! not known, and never taken for what is there now.

use jiff::Timestamp;

use super::state::{Condition, Content, FileState};
use crate::result::{FileMeta, Known, Stability, UNKNOWN_SIZE};

/// What is known of a file by a record of it. `digests`: those of the collection's algorithms, in their order, end to end.
#[must_use]
pub fn recorded(path: Vec<u8>, known: &Known, digests: Vec<u8>, at: Timestamp) -> FileState {
    let whole = match *known {
        Known { size: Some(size), mtime_ns: Some(mtime_ns), ctime_ns: Some(ctime_ns), inode: Some(inode), .. } => {
            Some(FileMeta { size, mtime_ns, ctime_ns, inode, device: 0 })
        }
        // Times of which a part is missing would tell of changes that nobody has made.
        _ => None,
    };
    let size = known.size.unwrap_or(UNKNOWN_SIZE);
    let stability = match whole.is_none() || known.times_may_repeat {
        true => Stability::Unverified,
        false => Stability::Stable,
    };
    let meta = whole.unwrap_or(FileMeta { size, mtime_ns: 0, ctime_ns: 0, inode: 0, device: 0 });
    FileState { expected: Some(Content { meta, stability, digests }), ..taken_as_it_is(path, at) }
}

/// A file that is taken as it is when it is read first, although others are compared.
#[must_use]
pub fn taken_as_it_is(path: Vec<u8>, at: Timestamp) -> FileState {
    FileState {
        path,
        condition: Condition::Ok,
        expected: None,
        found: None,
        first_seen: at,
        content_since: at,
        verified_at: None,
        acknowledged: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{at, content};
    use super::super::{
        CollectionKind, EventKind, Lying, Observation, Occasion, Outcome, PassKind, Reading, needs_reading, observe,
    };
    use super::*;
    use crate::result::{Evidence, ReadFrom, Status, Trace};

    /// What follows from the first read of a file of which this is known. It has the digest 1, and was read `again`.
    fn first_read(before: &FileState, digest: u8, again: usize) -> (Option<FileState>, Option<(EventKind, Evidence)>) {
        let seen = content(digest, 5);
        let again = vec![seen.digests.clone(); again];
        let seen = Observation::Read(Reading { content: seen, from: ReadFrom::Device, again });
        let on = Occasion {
            path: &before.path,
            collection: CollectionKind::Fixed,
            pass: PassKind::Comparison,
            at: at(9),
            lying: Lying::There,
        };
        match observe(Some(before), &seen, &on) {
            Outcome::Known { after, event } => {
                let told = event.map(|event| (event.kind, event.cause.evidence));
                let nothing = Evidence::between(&Known::default(), &Known::default());
                (after.map(|after| *after), told.map(|(kind, evidence)| (kind, evidence.unwrap_or(nothing))))
            }
            other => panic!("{other:?}"),
        }
    }

    fn digest(digest: u8) -> Vec<u8> {
        content(digest, 5).digests
    }

    #[test]
    fn a_file_with_the_recorded_digest_is_adopted_in_silence_whatever_else_was_recorded() {
        let now = content(1, 5);
        let whole = now.known();
        let only_size = Known { size: whole.size, ..Known::default() };
        let some = Known { mtime_ns: whole.mtime_ns.map(|time| time - 1), ..only_size };
        for known in [Known::default(), only_size, some, whole] {
            let before = recorded(b"a".to_vec(), &known, digest(1), at(1));
            let (after, event) = first_read(&before, 1, 0);
            let after = after.unwrap();
            assert_eq!((event, after.condition, after.verified_at), (None, Condition::Ok, Some(at(9))), "{known:?}");
            let expected = after.expected.as_ref().unwrap();
            assert_eq!((expected.known(), after.found.is_some()), (now.known(), false), "{known:?}");
            assert!(!needs_reading(Some(&after), &now.meta));
        }
        let as_it_is = taken_as_it_is(b"a".to_vec(), at(1));
        assert!(needs_reading(Some(&as_it_is), &now.meta));
        let (after, event) = first_read(&as_it_is, 7, 0);
        assert_eq!((event, after.unwrap().expected.unwrap().digests), (None, digest(7)));
    }

    #[test]
    fn another_content_is_rot_only_if_all_metadata_was_recorded_and_is_the_same() {
        let now = content(2, 5).known();
        let before = |known: &Known| recorded(b"a".to_vec(), known, digest(1), at(1));
        let (after, event) = first_read(&before(&now), 2, 2);
        assert_eq!(event.unwrap().0, EventKind::SuspectedRot);
        assert_eq!(after.unwrap().condition, Condition::SuspectedRot);
        for known in [Known::default(), Known { size: now.size, ..Known::default() }, Known { inode: None, ..now }] {
            let before = before(&known);
            assert!(needs_reading(Some(&before), &content(2, 5).meta), "{known:?}");
            let (after, event) = first_read(&before, 2, 0);
            let (kind, evidence) = event.unwrap();
            let after = after.unwrap();
            assert_eq!((kind, after.condition), (EventKind::Modified, Condition::Modified), "{known:?}");
            let size = if known.size.is_some() { Trace::Same } else { Trace::Unknown };
            assert_eq!((evidence.size, evidence.mtime, evidence.inode), (size, Trace::Unknown, Trace::Unknown));
            let expected = after.expected.unwrap();
            assert_eq!((expected.digests, expected.meta.known_size()), (digest(1), known.size));
            let unknown = Known::of_result(&expected.meta, Status::Hashed(expected.stability));
            assert_eq!((unknown.mtime_ns, unknown.inode), (None, None));
        }
    }
}

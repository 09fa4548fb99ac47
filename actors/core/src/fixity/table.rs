//! The table of transitions: from each condition, what each observation leads to.

use jiff::Timestamp;

use super::event::{EventKind, ReadFailure};
use super::*;
use crate::result::{FileMeta, ReadFrom, Stability};
use CollectionKind::{Fixed, Living};

pub(super) const GOOD: u8 = 1;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A content whose digests are of one byte, written at `ctime_ns`.
pub(super) fn content(digest: u8, ctime_ns: i128) -> Content {
    let meta = FileMeta { size: 4, mtime_ns: 5, ctime_ns, inode: 7, device: 1 };
    Content { meta, stability: Stability::Stable, digests: vec![digest; 32] }
}

pub(super) fn read(content: Content) -> Observation {
    Observation::Read(Reading { content, from: ReadFrom::Device, again: Vec::new() })
}

fn read_again(content: Content, again: [u8; 2]) -> Observation {
    let again = again.map(|digest| vec![digest; 32]).to_vec();
    Observation::Read(Reading { content, from: ReadFrom::Device, again })
}

pub(super) fn unreadable() -> Observation {
    Observation::Unreadable(ReadFailure { errno: 5, range: Some(FileRange { offset: 4096, bytes: 512 }) })
}

/// A file that was good at second 10, in a condition.
fn state(condition: Condition) -> FileState {
    let found = match condition {
        Condition::Modified => Some(content(2, 99)),
        Condition::SuspectedRot => Some(content(2, 11)),
        _ => None,
    };
    let path = b"a".to_vec();
    let (first_seen, verified_at) = (at(10), Some(at(10)));
    FileState {
        path,
        condition,
        expected: Some(content(GOOD, 11)),
        found,
        first_seen,
        content_since: at(10),
        verified_at,
        acknowledged: None,
    }
}

fn look(before: Option<&FileState>, seen: &Observation, collection: CollectionKind) -> Outcome {
    let on = Occasion { path: b"a", collection, pass: PassKind::Comparison, at: at(20), lying: Lying::There };
    observe(before, seen, &on)
}

/// The event and the condition afterwards.
fn outcome(
    before: Condition,
    seen: &Observation,
    collection: CollectionKind,
) -> (Option<EventKind>, Option<Condition>) {
    match look(Some(&state(before)), seen, collection) {
        Outcome::Known { after, event } => (event.map(|event| event.kind), after.map(|after| after.condition)),
        other => panic!("{before:?} {seen:?}: {other:?}"),
    }
}

#[test]
fn every_condition_goes_on_as_the_table_says() {
    use Condition::{Missing, Modified, Moved, New, Ok, ReadsDisagree, SuspectedRot, Unreadable};
    type Row = (Condition, &'static str, Observation, (&'static str, Condition), (&'static str, Condition));
    let good = || read(content(GOOD, 11));
    let touched = || read(content(GOOD, 50));
    let written = || read(content(3, 50));
    let rotten = || read_again(content(4, 11), [4, 4]);
    let unsteady = || read_again(content(4, 11), [GOOD, 5]);
    // Condition before, what is seen, then event and condition in a fixed and in a living collection.
    let rows: Vec<Row> = vec![
        (Ok, "the same", good(), ("", Ok), ("", Ok)),
        (Ok, "the same, touched", touched(), ("touched", Ok), ("touched", Ok)),
        (Ok, "a write", written(), ("modified", Modified), ("modified", Ok)),
        (Ok, "gone", Observation::Absent, ("missing", Missing), ("missing", Missing)),
        (Ok, "an error", unreadable(), ("unreadable", Unreadable), ("unreadable", Unreadable)),
        (Ok, "rot", rotten(), ("suspected_rot", SuspectedRot), ("suspected_rot", SuspectedRot)),
        (Ok, "another each time", unsteady(), ("reads_disagree", ReadsDisagree), ("reads_disagree", ReadsDisagree)),
        (New, "the same", good(), ("", New), ("", New)),
        (New, "a write", written(), ("modified", New), ("modified", Ok)),
        (New, "rot", rotten(), ("suspected_rot", SuspectedRot), ("suspected_rot", SuspectedRot)),
        (Moved, "the same", good(), ("", Moved), ("", Moved)),
        (Moved, "touched", touched(), ("touched", Moved), ("touched", Moved)),
        (Modified, "the good content", good(), ("restored", Ok), ("restored", Ok)),
        (Modified, "what was found", read(content(2, 99)), ("", Modified), ("", Modified)),
        (Modified, "what was found, touched", read(content(2, 100)), ("touched", Modified), ("touched", Modified)),
        (Modified, "a second write", read(content(3, 100)), ("modified", Modified), ("modified", Ok)),
        (
            Modified,
            "rot of what was written",
            read_again(content(3, 99), [3, 3]),
            ("suspected_rot", SuspectedRot),
            ("suspected_rot", SuspectedRot),
        ),
        (Missing, "gone", Observation::Absent, ("", Missing), ("", Missing)),
        (Missing, "back", touched(), ("restored", Ok), ("restored", Ok)),
        (Missing, "another in its place", written(), ("modified", Modified), ("modified", Ok)),
        (SuspectedRot, "the same damage", read(content(2, 11)), ("", SuspectedRot), ("", SuspectedRot)),
        (SuspectedRot, "more damage", rotten(), ("suspected_rot", SuspectedRot), ("suspected_rot", SuspectedRot)),
        (SuspectedRot, "restored", touched(), ("restored", Ok), ("restored", Ok)),
        (SuspectedRot, "gone", Observation::Absent, ("missing", Missing), ("missing", Missing)),
        (Unreadable, "an error", unreadable(), ("", Unreadable), ("", Unreadable)),
        (Unreadable, "the good content", good(), ("restored", Ok), ("restored", Ok)),
        (ReadsDisagree, "another each time", unsteady(), ("", ReadsDisagree), ("", ReadsDisagree)),
        (ReadsDisagree, "rot", rotten(), ("suspected_rot", SuspectedRot), ("suspected_rot", SuspectedRot)),
        (ReadsDisagree, "the good content", good(), ("restored", Ok), ("restored", Ok)),
    ];
    for (before, what, seen, fixed, living) in rows {
        for (collection, (event, after)) in [(Fixed, fixed), (Living, living)] {
            let (kind, condition) = outcome(before, &seen, collection);
            let told = (kind.map_or("", EventKind::name), condition);
            assert_eq!(told, (event, Some(after)), "{before:?}, {what}, {collection:?}");
        }
    }
}

#[test]
fn what_cannot_be_reached_or_is_being_written_stays_as_it_was() {
    for condition in Condition::ALL {
        for seen in [Observation::Unreachable, Observation::ChangedWhileRead] {
            assert_eq!(look(Some(&state(condition)), &seen, Fixed), Outcome::Unchanged);
        }
    }
    let unknown = Outcome::Known { after: None, event: None };
    assert_eq!(look(None, &Observation::Absent, Fixed), unknown);
}

#[test]
fn damage_is_read_again_before_it_is_told_and_disagreement_says_how_often_each_content_was_seen() {
    let ok = state(Condition::Ok);
    assert_eq!(look(Some(&ok), &read(content(4, 11)), Fixed), Outcome::ReadAgain);
    let seen = read_again(content(4, 11), [GOOD, 4]);
    let Outcome::Known { after: Some(after), event: Some(event) } = look(Some(&ok), &seen, Living) else { panic!() };
    let counts: Vec<_> = event.cause.reads.iter().map(|count| (count.digests[0], count.reads)).collect();
    assert_eq!(counts, [(4, 2), (GOOD, 1)]);
    assert_eq!((after.expected, after.verified_at), (ok.expected, ok.verified_at));
    assert_eq!(event.cause.evidence.unwrap().verdict(), crate::result::Verdict::SuspectedRot);
}

#[test]
fn coarse_times_that_a_write_may_have_left_are_no_evidence_of_rot() {
    let meta = FileMeta { size: 4, mtime_ns: 5_000_000_000, ctime_ns: 5_000_000_000, inode: 7, device: 1 };
    let coarse = |digest, stability| Content { meta, stability, digests: vec![digest; 32] };
    let mut before = state(Condition::Ok);
    before.expected = Some(coarse(GOOD, Stability::Unverified));
    assert!(needs_reading(Some(&before), &meta), "a write may hide in these times");
    let Outcome::Known { event: Some(event), .. } = look(Some(&before), &read(coarse(2, Stability::Stable)), Fixed)
    else {
        panic!("a write cannot be ruled out")
    };
    assert_eq!(event.kind, EventKind::Modified);
    let settled = look(Some(&before), &read(coarse(GOOD, Stability::Stable)), Fixed);
    let Outcome::Known { after: Some(after), event: None } = settled else { panic!("{settled:?}") };
    assert!(!needs_reading(Some(&after), &meta));
    assert_eq!(look(Some(&after), &read(coarse(2, Stability::Stable)), Fixed), Outcome::ReadAgain);
}

#[test]
fn a_read_from_memory_verifies_nothing() {
    for from in ReadFrom::ALL {
        let seen = Observation::Read(Reading { content: content(GOOD, 11), from, again: Vec::new() });
        let Outcome::Known { after: Some(after), event: None } = look(Some(&state(Condition::Ok)), &seen, Fixed) else {
            panic!()
        };
        let expected = if from == ReadFrom::Cache { at(10) } else { at(20) };
        assert_eq!(after.verified_at, Some(expected), "{from:?}");
        let Outcome::Known { after: Some(after), .. } = look(None, &seen, Living) else { panic!() };
        assert_eq!(after.verified_at.is_none(), from == ReadFrom::Cache);
    }
}

#[test]
fn the_first_pass_takes_files_as_they_are_and_later_ones_tell_of_new_files() {
    let on = |collection, pass| Occasion { path: b"a", collection, pass, at: at(20), lying: Lying::There };
    let seen = |collection, pass| match observe(None, &read(content(1, 2)), &on(collection, pass)) {
        Outcome::Known { after, event } => (event.map(|event| event.kind), after.unwrap().condition),
        other => panic!("{other:?}"),
    };
    for collection in [Fixed, Living] {
        assert_eq!(seen(collection, PassKind::Baseline), (None, Condition::Ok));
    }
    assert_eq!(seen(Fixed, PassKind::Comparison), (Some(EventKind::New), Condition::New));
    assert_eq!(seen(Living, PassKind::Comparison), (Some(EventKind::New), Condition::Ok));
}

#[test]
fn a_damaged_copy_in_the_place_of_the_directory_is_damage_and_an_edited_one_is_not() {
    let copied = |digest| {
        let Content { meta, .. } = content(digest, 60);
        Content { meta: FileMeta { inode: 99, ..meta }, ..content(digest, 60) }
    };
    let before = state(Condition::Ok);
    let kind = |seen: Content, lying, collection| {
        let again = vec![seen.digests.clone(); CONFIRMING_READS];
        let seen = Observation::Read(Reading { content: seen, from: ReadFrom::Device, again });
        let on = Occasion { path: b"a", collection, pass: PassKind::Comparison, at: at(20), lying };
        let Outcome::Known { event, .. } = observe(Some(&before), &seen, &on) else { panic!("{seen:?}") };
        event.unwrap().kind
    };
    for collection in [Fixed, Living] {
        assert_eq!(kind(copied(9), Lying::Elsewhere, collection), EventKind::SuspectedRot);
        assert_eq!(kind(copied(9), Lying::There, collection), EventKind::Modified, "it was replaced");
        assert_eq!(kind(copied(GOOD), Lying::Elsewhere, collection), EventKind::Touched);
        let mut edited = copied(9);
        edited.meta.mtime_ns += 1;
        assert_eq!(kind(edited, Lying::Elsewhere, collection), EventKind::Modified);
    }
}

#[test]
fn a_moved_file_keeps_its_history_and_an_empty_one_is_never_moved() {
    let before = state(Condition::Ok);
    let reading = Reading { content: content(GOOD, 60), from: ReadFrom::Cache, again: Vec::new() };
    let on = Occasion { path: b"b/c", collection: Fixed, pass: PassKind::Comparison, at: at(20), lying: Lying::There };
    let event = moved(&before, &reading, &on).unwrap();
    assert_eq!((event.moved_from(), event.was()), (Some(&b"a"[..]), Some(Condition::Ok)));
    let after = event.after.unwrap();
    assert_eq!((after.condition, after.content_since, after.verified_at), (Condition::Moved, at(10), Some(at(10))));
    let other = Reading { content: content(9, 60), ..reading.clone() };
    assert_eq!(moved(&before, &other, &on), None);
    let mut empty = reading;
    empty.content.meta.size = 0;
    assert_eq!(moved(&before, &empty, &on), None);
}

#[test]
fn what_is_accepted_is_what_was_shown_and_becomes_what_the_file_should_be() {
    for (condition, expected) in [
        (Condition::New, Ok(Some(GOOD))),
        (Condition::Modified, Ok(Some(2))),
        (Condition::Moved, Ok(Some(GOOD))),
        (Condition::Missing, Ok(None)),
        (Condition::SuspectedRot, Ok(Some(2))),
        (Condition::Ok, Err(AcceptRefused::NothingToAccept)),
        (Condition::Unreadable, Err(AcceptRefused::Unreadable)),
        (Condition::ReadsDisagree, Err(AcceptRefused::ReadsDisagree)),
    ] {
        let state = state(condition);
        let accepted = accept(&state, &Seen::of(&state), at(30));
        let digest = accepted.map(|event| {
            event.after.map(|after| {
                assert_eq!((after.condition, after.found), (Condition::Ok, None));
                after.expected.unwrap().digests[0]
            })
        });
        assert_eq!(digest, expected, "{condition:?}");
        let shown_before = Seen { condition: Condition::Modified, digests: Some(vec![77; 32]) };
        assert_eq!(accept(&state, &shown_before, at(30)), Err(AcceptRefused::Changed));
    }
}

#[test]
fn what_is_accepted_is_known_to_be_until_something_else_is_found() {
    for condition in Condition::ALL {
        let shown = state(condition);
        let seen = Seen::of(&shown);
        assert!(!is_accepted(Some(&shown), &seen), "{condition:?}: nobody has accepted it yet");
        let Ok(event) = accept(&shown, &seen, at(30)) else { continue };
        assert!(is_accepted(event.after.as_ref(), &seen), "{condition:?}");
        let other = Some(content(77, 99));
        let since = FileState { expected: other.clone(), found: other, ..state(Condition::Modified) };
        assert!(!is_accepted(Some(&since), &seen), "{condition:?}");
        let restored = FileState { expected: Some(content(88, 11)), ..state(Condition::Ok) };
        assert!(!is_accepted(Some(&restored), &seen), "{condition:?}");
    }
}

#[test]
fn names_and_numbers_are_read_as_they_are_told() {
    for condition in Condition::ALL {
        assert_eq!(Condition::from_number(condition as u8), Some(condition));
        assert_eq!(serde_json::to_value(condition).unwrap(), condition.name());
    }
    for kind in EventKind::ALL {
        assert_eq!(EventKind::from_number(kind as u8), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
    assert_eq!((Condition::from_number(0), EventKind::from_number(14)), (None, None));
    assert_eq!(Condition::ALL.iter().filter(|condition| condition.is_alert(Living)).count(), 3);
    assert_eq!(Condition::ALL.iter().filter(|condition| condition.is_alert(Fixed)).count(), 7);
}

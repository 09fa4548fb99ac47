//! Laws, over files that are written, damaged, touched, moved away and back, and looked at in between.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::table::{at, content, unreadable};
use super::*;
use crate::result::{FileMeta, ReadFrom, Stability};

/// What happens to a file between two looks at it.
#[derive(Debug, Clone, Copy)]
enum Act {
    Write(u8),
    Touch,
    Rot(u8),
    Hide,
    Show,
    Accept,
    Acknowledge,
    Nothing,
}

/// How a file is looked at.
#[derive(Debug, Clone, Copy)]
enum Look {
    Reading(ReadFrom),
    Unsteady,
    Failing,
    Unreachable,
    Racing,
}

/// A file of the model.
#[derive(Debug, Clone)]
struct File {
    is_there: bool,
    digest: u8,
    /// Every write counts it up, and damage does not.
    ctime: i128,
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (1..5_u8).prop_map(Act::Write),
        Just(Act::Touch),
        (1..5_u8).prop_map(Act::Rot),
        Just(Act::Hide),
        Just(Act::Show),
        Just(Act::Accept),
        Just(Act::Acknowledge),
        Just(Act::Nothing),
    ]
}

fn any_look() -> impl Strategy<Value = Look> {
    prop_oneof![
        6 => prop::sample::select(ReadFrom::ALL.to_vec()).prop_map(Look::Reading),
        1 => Just(Look::Unsteady),
        1 => Just(Look::Failing),
        1 => Just(Look::Unreachable),
        1 => Just(Look::Racing),
    ]
}

impl File {
    fn act(&mut self, act: Act) {
        match act {
            Act::Write(digest) => (self.digest, self.ctime) = (digest, self.ctime + 1),
            Act::Touch => self.ctime += 1,
            Act::Rot(digest) => self.digest = digest,
            Act::Hide => self.is_there = false,
            Act::Show => self.is_there = true,
            Act::Accept | Act::Acknowledge | Act::Nothing => {}
        }
    }

    fn seen(&self, look: Look, again: usize) -> Observation {
        let reading = |from, again| {
            let content = content(self.digest, self.ctime);
            Observation::Read(Reading { content, from, again })
        };
        match look {
            Look::Unreachable => Observation::Unreachable,
            Look::Racing => Observation::ChangedWhileRead,
            _ if !self.is_there => Observation::Absent,
            Look::Failing => unreadable(),
            Look::Reading(from) => reading(from, vec![vec![self.digest; 32]; again]),
            Look::Unsteady => reading(ReadFrom::Device, vec![vec![100; 32], vec![101; 32]]),
        }
    }
}

/// A collection in the making.
struct World {
    kind: CollectionKind,
    files: BTreeMap<Vec<u8>, File>,
    states: BTreeMap<Vec<u8>, FileState>,
    events: Vec<Event>,
}

impl World {
    fn set(&mut self, path: &[u8], after: Option<FileState>) {
        match after {
            Some(after) => drop(self.states.insert(path.to_vec(), after)),
            None => drop(self.states.remove(path)),
        }
    }

    fn look(&mut self, path: &[u8], look: Look, second: i64) {
        let file = self.files.get(path).unwrap().clone();
        let before = self.states.get(path).cloned();
        let on =
            Occasion { path, collection: self.kind, pass: PassKind::Comparison, at: at(second), lying: Lying::There };
        let mut seen = file.seen(look, 0);
        let mut outcome = observe(before.as_ref(), &seen, &on);
        if outcome == Outcome::ReadAgain {
            seen = file.seen(look, CONFIRMING_READS);
            outcome = observe(before.as_ref(), &seen, &on);
        }
        let Outcome::Known { after, event } = outcome else {
            assert!(matches!(seen, Observation::Unreachable | Observation::ChangedWhileRead), "{outcome:?}");
            return;
        };
        self.check(&file, (before.as_ref(), after.as_deref()), (event.as_deref(), &seen));
        self.events.extend(event.map(|event| *event));
        self.set(path, after.map(|after| *after));
    }

    fn check(
        &self,
        file: &File,
        (before, after): (Option<&FileState>, Option<&FileState>),
        (event, seen): (Option<&Event>, &Observation),
    ) {
        let facts = |state: Option<&FileState>| state.map(without_reads);
        assert_eq!(event.is_some(), facts(before) != facts(after), "an event without a change, or the reverse");
        if let (Some(before), Some(after)) = (before, after) {
            assert_eq!(before.is_same_but_for_reads(after), without_reads(before) == without_reads(after));
        }
        if let Some(after) = after.filter(|after| after.acknowledged.is_some()) {
            assert_eq!(Some(&after.acknowledged), before.map(|before| &before.acknowledged), "nobody has said so");
            assert_eq!(Some(after.condition), before.map(|before| before.condition), "it is known as something else");
            assert_ne!(after.condition, Condition::Ok, "it is as it should be");
        }
        let Some(event) = event else { return };
        assert_eq!((event.before.as_ref(), event.after.as_ref()), (before, after));
        match event.kind {
            EventKind::SuspectedRot => assert_eq!(last_ctime(before), file.ctime, "a write left a trace"),
            EventKind::Modified => {
                // A file that can be read again is told with what had been found before.
                let is_told_again = after.unwrap().found == before.unwrap().found;
                assert!(is_told_again || last_ctime(before) != file.ctime, "nobody wrote to it");
            }
            EventKind::Missing => assert_eq!(*seen, Observation::Absent),
            EventKind::Unreadable => assert_eq!(*seen, unreadable()),
            EventKind::ReadsDisagree => assert!(event.cause.reads.len() > 1),
            EventKind::New | EventKind::Touched | EventKind::Restored | EventKind::Moved => {}
            EventKind::Accepted | EventKind::Acknowledged => unreachable!("people say so, and looks do not"),
            EventKind::Stopped | EventKind::Resumed => unreachable!("they are of the collection, and not of a file"),
        }
        if let Some(after) = after.filter(|_| self.kind == CollectionKind::Living) {
            assert!(!matches!(after.condition, Condition::New | Condition::Moved), "a living collection expects these");
        }
    }

    fn accept(&mut self, path: &[u8], second: i64) {
        let Some(before) = self.states.get(path).cloned() else { return };
        if let Ok(event) = accept(&before, &Seen::of(&before), at(second)) {
            self.set(path, event.after.clone());
            self.events.push(event);
        }
    }

    fn acknowledge(&mut self, path: &[u8], second: i64) {
        let Some(before) = self.states.get(path).cloned() else { return };
        let said = Acknowledgement { at: at(second), by: "somebody".to_owned(), note: None };
        let event = acknowledge(&before, &Seen::of(&before), self.kind, &said);
        assert_eq!(event.is_ok(), before.condition.is_alert(self.kind));
        if let Ok(Some(event)) = event {
            assert_eq!(event.after.as_ref().map(|after| after.is_open_alert(self.kind)), Some(false));
            self.set(path, event.after.clone());
            self.events.push(event);
        }
    }
}

/// When the content was written that the file had when it was last read.
fn last_ctime(before: Option<&FileState>) -> i128 {
    before.unwrap().present().unwrap().meta.ctime_ns
}

fn facts(states: &BTreeMap<Vec<u8>, FileState>) -> Vec<FileState> {
    states.values().map(without_reads).collect()
}

/// The state without what a mere read changes.
fn without_reads(state: &FileState) -> FileState {
    let settled = |content: &Option<Content>| {
        content.clone().map(|content| Content {
            stability: Stability::Stable,
            meta: FileMeta { device: 0, ..content.meta },
            ..content
        })
    };
    FileState { expected: settled(&state.expected), found: settled(&state.found), verified_at: None, ..state.clone() }
}

proptest! {
    #[test]
    fn events_tell_every_change_and_lead_to_the_state_at_any_time(
        is_fixed in any::<bool>(),
        steps in prop::collection::vec((0..3_usize, any_act(), any_look()), 1..60),
    ) {
        let kind = if is_fixed { CollectionKind::Fixed } else { CollectionKind::Living };
        let paths = [b"a".to_vec(), b"b/c".to_vec(), b"d".to_vec()];
        let file = File { is_there: true, digest: 1, ctime: 11 };
        let files = paths.iter().map(|path| (path.clone(), file.clone())).collect();
        let mut world = World { kind, files, states: BTreeMap::new(), events: Vec::new() };
        let mut history = vec![(0, Vec::new())];
        for (second, (index, act, look)) in steps.into_iter().enumerate() {
            let path = &paths[index];
            world.files.get_mut(path).unwrap().act(act);
            match act {
                Act::Accept => world.accept(path, second as i64),
                Act::Acknowledge => world.acknowledge(path, second as i64),
                _ => world.look(path, look, second as i64),
            }
            history.push((world.events.len(), facts(&world.states)));
        }
        let mut forward = BTreeMap::new();
        let mut applied = 0;
        for (events, expected) in &history {
            world.events[applied..*events].iter().for_each(|event| apply(&mut forward, event));
            applied = *events;
            prop_assert_eq!(&facts(&forward), expected);
        }
        let mut backward = world.states.clone();
        for (events, expected) in history.iter().rev() {
            world.events[*events..applied].iter().rev().for_each(|event| revert(&mut backward, event));
            applied = *events;
            prop_assert_eq!(&facts(&backward), expected);
        }
    }

    #[test]
    fn a_survey_reads_every_file_whose_look_would_be_an_event(
        digest in 1..4_u8, ctime in 11..14_i128, condition in prop::sample::select(Condition::ALL.to_vec()),
    ) {
        let expected = Some(content(1, 11));
        let found = matches!(condition, Condition::Modified | Condition::SuspectedRot).then(|| content(2, 11));
        let (first_seen, verified_at) = (at(1), None);
        let before = FileState {
            path: b"a".to_vec(), condition, expected, found, first_seen, content_since: at(1), verified_at,
            acknowledged: None,
        };
        let now = content(digest, ctime);
        let on = Occasion { path: b"a", collection: CollectionKind::Fixed, pass: PassKind::Comparison, at: at(2), lying: Lying::There };
        if !needs_reading(Some(&before), &now.meta) {
            let is_damage = before.present().unwrap().digests != now.digests;
            let outcome = observe(Some(&before), &table::read(now), &on);
            let is_quiet = matches!(outcome, Outcome::Known { event: None, .. });
            // Damage leaves no trace: it is for the scrub to find.
            prop_assert!(is_quiet || is_damage, "{:?}", outcome);
        }
    }
}

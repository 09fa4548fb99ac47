//! Slots in turn, torn and damaged; the lock.

use super::*;

fn mark(number: u64) -> CommitMark {
    CommitMark { state: [7; STATE_ID_BYTES], number, chain: [number as u8; CHAIN_BYTES] }
}

fn with_journal() -> (tempfile::TempDir, StateDir, Journal) {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = StateDir::open(dir.path()).unwrap();
    replace(&state_dir, &mark(0)).unwrap();
    let journal = Journal::open(&state_dir).unwrap();
    (dir, state_dir, journal)
}

fn newest(state_dir: &StateDir) -> (Option<u64>, bool) {
    let state = read(state_dir).unwrap().unwrap();
    (state.newest.map(|mark| mark.number), state.is_damaged)
}

#[test]
fn the_journal_only_rises_and_keeps_the_mark_before_the_newest() {
    let (_dir, state_dir, mut journal) = with_journal();
    // Jumps, too: one note is made for all commits of one piece of work.
    for (raised, expected) in [(1, 1), (2, 2), (4, 4), (6, 6), (5, 6), (6, 6), (9, 9)] {
        journal.raise(&mark(raised), NoteKind::Synced).unwrap();
        assert_eq!(newest(&state_dir), (Some(expected), false));
    }
    let bytes = std::fs::read(state_dir.journal()).unwrap();
    assert_eq!(bytes.len(), FILE_BYTES);
    let kept = SLOT_OFFSETS.map(|at| mark_in(bytes[at..at + SLOT_BYTES].try_into().unwrap()).unwrap());
    assert_eq!(kept.iter().map(|mark| mark.number).max(), Some(9));
    assert_eq!(kept.iter().map(|mark| mark.number).min(), Some(6));
}

#[test]
fn every_flipped_byte_of_the_newest_slot_leaves_the_one_before() {
    let (_dir, state_dir, mut journal) = with_journal();
    (1..=2).for_each(|number| journal.raise(&mark(number), NoteKind::Synced).unwrap());
    let bytes = std::fs::read(state_dir.journal()).unwrap();
    let is_two = |at: usize| mark_in(bytes[at..at + SLOT_BYTES].try_into().unwrap()) == Some(mark(2));
    let start = SLOT_OFFSETS.into_iter().find(|at| is_two(*at)).unwrap();
    for at in start..start + SLOT_BYTES {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        std::fs::write(state_dir.journal(), damaged).unwrap();
        assert_eq!(newest(&state_dir), (Some(1), true), "byte {at}");
    }
    journal.raise(&mark(3), NoteKind::Synced).unwrap();
    assert_eq!(newest(&state_dir), (Some(3), false), "the damaged slot is written first");
}

#[test]
fn a_cut_emptied_or_zeroed_journal_names_nothing_and_a_missing_one_is_none() {
    let (_dir, state_dir, _journal) = with_journal();
    for bytes in [vec![], vec![0; FILE_BYTES], vec![0xFF; SLOT_BYTES - 1]] {
        std::fs::write(state_dir.journal(), bytes).unwrap();
        assert_eq!(newest(&state_dir), (None, true));
    }
    std::fs::remove_file(state_dir.journal()).unwrap();
    assert_eq!(read(&state_dir).unwrap(), None);
}

#[test]
fn notes_that_are_not_synced_leave_the_last_synced_one_in_its_slot() {
    let (_dir, state_dir, mut journal) = with_journal();
    let kept = || {
        let bytes = std::fs::read(state_dir.journal()).unwrap();
        let mut kept = SLOT_OFFSETS.map(|at| mark_in(bytes[at..at + SLOT_BYTES].try_into().unwrap()).unwrap().number);
        kept.sort_unstable();
        kept
    };
    for (number, kind, expected) in [
        (1, NoteKind::Synced, [0, 1]),
        (2, NoteKind::Written, [1, 2]),
        (3, NoteKind::Written, [1, 3]),
        (4, NoteKind::Synced, [1, 4]),
        (5, NoteKind::Written, [4, 5]),
        (5, NoteKind::Synced, [4, 5]),
        (6, NoteKind::Written, [5, 6]),
    ] {
        journal.raise(&mark(number), kind).unwrap();
        assert_eq!(kept(), expected, "{number} {kind:?}");
    }
}

#[test]
fn processes_that_write_at_once_leave_the_highest_number() {
    let (_dir, state_dir, _journal) = with_journal();
    std::thread::scope(|scope| {
        for first in 1..=4 {
            let state_dir = &state_dir;
            scope.spawn(move || {
                let mut journal = Journal::open(state_dir).unwrap();
                (0..50).for_each(|step| journal.raise(&mark(first + 4 * step), NoteKind::Synced).unwrap());
            });
        }
    });
    assert_eq!(newest(&state_dir), (Some(4 + 4 * 49), false));
}

#[test]
fn a_lock_that_is_never_released_ends_the_wait_and_nothing_is_written() {
    let (_dir, state_dir, journal) = with_journal();
    let mut journal = Journal { lock_wait: Duration::from_millis(30), ..journal };
    let other = Journal::open(&state_dir).unwrap();
    other.lock(FlockOperation::NonBlockingLockExclusive).unwrap();
    let refused = journal.raise(&mark(1), NoteKind::Synced).unwrap_err().report(state_dir.database());
    assert!(matches!(refused, StoreError::Busy), "{refused:?}");
    let mut bench = crate::store::testing::Bench::new();
    bench.insert_job();
    let noted = journal.keep_up(&bench.connection, NoteKind::Synced).unwrap_err().report(state_dir.database());
    assert!(matches!(noted, StoreError::Failed(_)), "a commit that is done is not tried again: {noted:?}");
    drop(other);
    assert_eq!(newest(&state_dir), (Some(0), false));
    journal.raise(&mark(1), NoteKind::Synced).unwrap();
    assert_eq!(newest(&state_dir), (Some(1), false));
}

//! A service that is killed in the middle of a checkpoint, and whose log is lost then: the database has some pages as
//! they were at the last commit, and the others as they were at the checkpoint before.
//!
//! A checkpoint copies the latest version of each page from the log into the database, in the order of their numbers.
//! Once the page with the number of the latest commit is copied, nothing is missing by that number, so other checks have
//! to find what is. The test copies the pages itself, as a kill can come after each of them. `HIVESUM_CHECKPOINTS=1000`
//! stops after every page.

use std::collections::BTreeMap;
use std::fs;

use hivesum_test_support::number_from_env;

use crate::flips::{Intact, Left, PAGE};

/// Bytes before the frames of a log, and before the page in each frame (SQLite, "WAL File Format").
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The pages that a checkpoint of this log copies, in its order: number from 1, and content.
fn pages_of(log: &[u8]) -> Vec<(usize, &[u8])> {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap()) as usize;
    assert_eq!(number(&log[8..12]), PAGE);
    let (mut committed, mut open) = (BTreeMap::new(), Vec::new());
    for frame in log[LOG_HEADER..].chunks_exact(FRAME_HEADER + PAGE) {
        // Both salts are those of the log, or the frame is of an earlier round.
        if frame[8..16] != log[16..24] {
            break;
        }
        open.push((number(&frame[..4]), &frame[FRAME_HEADER..]));
        // A commit has the size of the database in its last frame.
        if number(&frame[4..8]) > 0 {
            committed.extend(open.drain(..));
        }
    }
    committed.into_iter().collect()
}

#[test]
fn a_checkpoint_that_was_cut_off_and_has_lost_its_log_loses_nothing_in_silence() {
    let intact = Intact::new(Left::Killed);
    let (database, log) = (intact.file("hivesum.db"), intact.file("hivesum.db-wal"));
    let pages = pages_of(&log);
    assert!(pages.len() > 10, "the log holds the jobs");
    let copied = |count: usize| {
        let mut bytes = database.clone();
        for (number, page) in &pages[..count] {
            let end = number * PAGE;
            bytes.resize(bytes.len().max(end), 0);
            bytes[end - PAGE..end].copy_from_slice(page);
        }
        intact.with("hivesum.db", Some(&bytes));
    };
    let stops = number_from_env("HIVESUM_CHECKPOINTS").unwrap_or(16).min(pages.len() as u64) as usize;
    let mut started = 0;
    for stop in 0..stops {
        let count = stop * pages.len() / stops;
        copied(count);
        fs::remove_file(intact.server.state().join("hivesum.db-wal")).unwrap();
        started += usize::from(intact.check(&format!("{count} of {} pages without the log", pages.len())));
        if count == 0 {
            let words = intact.server.start_or_refusal(&[]).err().expect("it is not complete").1;
            assert!(words.contains("commits are missing") && words.contains("hivesum state recover"), "{words}");
        }
    }
    eprintln!("{started} of {stops} started");
    copied(pages.len() / 2);
    assert!(intact.check("half a checkpoint"), "with its log the store is complete");
    copied(pages.len());
    fs::remove_file(intact.server.state().join("hivesum.db-wal")).unwrap();
    assert!(intact.check("a whole checkpoint"), "the database has everything");
}

//! Damage where SQLite searches: what is found at a position is the row that is there, or damage.

use std::fs;

use super::*;
use crate::store::job_row::{self, StoredJob};
use crate::store::testing::{Bench, PAGE, connect_to_damage, leaf_pages, page_over_page};
use hivesum_core::result::Item;

/// The places of the type and of the value of the first column in the last row of a leaf page (SQLite's file format, 1.6
/// and 2.1): a search for a row that is in an inner page ends beside it.
fn last_key(database: &[u8], number: usize) -> [usize; 2] {
    let page = &database[number * PAGE..][..PAGE];
    let at = |place: usize| usize::from(page[place]) << 8 | usize::from(page[place + 1]);
    let cell = at(8 + 2 * (at(3) - 1));
    // How long the row is, in one byte or in two.
    let header = cell + if page[cell] < 0x80 { 1 } else { 2 };
    [header + 1, header + usize::from(page[header])].map(|place| number * PAGE + place)
}

/// A job of several pages, its rows, and the database.
struct Stored {
    dir: tempfile::TempDir,
    job: StoredJob,
    rows: Vec<Item>,
    intact: Vec<u8>,
}

impl Stored {
    fn new() -> Self {
        let mut bench = Bench::new();
        let names: Vec<String> = (0..300).map(|number| format!("d/{number:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        bench.job_with_rows(&["in", "another", "run"]);
        let id = bench.job_with_rows(&names);
        bench.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let job = job_row::get(&bench.connection, id).unwrap().unwrap();
        let positions: Vec<u64> = (0..job.rows).collect();
        let rows = job.row_reader(&bench.connection).unwrap().items_at(&positions).unwrap();
        let intact = fs::read(bench.dir.path().join("hivesum.db")).unwrap();
        Self { dir: bench.dir, job, rows, intact }
    }

    /// Asserts that a damaged database has the right row at each position, or damage. Returns how often it led to
    /// another row.
    fn led_astray(&self, damaged: &[u8], damage: &str) -> usize {
        fs::write(self.dir.path().join("hivesum.db"), damaged).unwrap();
        let view = connect_to_damage(self.dir.path());
        let Ok(mut reader) = self.job.row_reader(&view) else { return 0 };
        let is_astray = |(position, right): (u64, &Item)| match reader.items_at(&[position]) {
            Ok(found) => {
                assert_eq!(found.first(), Some(right), "{damage}, position {position}");
                false
            }
            Err(error) => matches!(error, DbError::Inconsistent("a position that leads to another row")),
        };
        (0..).zip(&self.rows).map(is_astray).filter(|is_astray| *is_astray).count()
    }
}

#[test]
fn a_row_beside_a_damaged_run_is_never_taken_for_the_one_that_was_asked_for() {
    let stored = Stored::new();
    let leaves = leaf_pages(&stored.intact);
    assert!(leaves.len() > 4, "rows in several pages, and some in a page above them");
    let places = leaves.into_iter().flat_map(|leaf| last_key(&stored.intact, leaf));
    let mut led_astray = 0;
    for (place, bit) in places.flat_map(|place| (0..8).map(move |bit| (place, bit))) {
        let mut damaged = stored.intact.clone();
        damaged[place] ^= 1 << bit;
        led_astray += stored.led_astray(&damaged, &format!("bit {bit} of byte {place}"));
    }
    assert!(led_astray > 0, "no such bit leads astray any more");
}

#[test]
fn a_row_of_a_page_that_lies_in_anothers_place_is_never_taken_for_the_one_that_was_asked_for() {
    let stored = Stored::new();
    let led_astray = page_over_page(&stored.intact).map(|(damaged, damage)| stored.led_astray(&damaged, &damage));
    assert!(led_astray.sum::<usize>() > 0, "no such page leads astray any more");
}

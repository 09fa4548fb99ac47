//! A collection as a whole: its files by condition, and how long ago they were verified.
//!
//! Decides what is counted and how long a count holds. Every row is read and checked for it, so a damaged row is an error
//! and never a number. A count does not depend on the time at which it is asked for: it has times, from which ages
//! follow. Times are rounded down, so that no file is said to be verified later than it was.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hivesum_core::fixity::{Aged, Condition};
use jiff::Timestamp;
use rusqlite::Connection;

use super::super::error::DbError;
use super::super::sealed::{COLLECTION_FILES, Total, snapshot};
use super::events::{self, at};
use super::files::condition;
use super::stored::{Count, StoredCollection};
use super::{json, rows};

/// The ages in days that are told.
pub const AGES_DAYS: [u16; 5] = [1, 7, 30, 90, 365];

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Times are rounded down to the hour for so long, and to the day for what is older.
const HOURS_KEPT: i64 = 2 * DAY;

/// Times of files that were verified longer ago are not told apart.
const DAYS_KEPT: i64 = 366 * DAY;

/// How old a count may be while a pass is under way: files are verified then without an event.
const HOLDS_FOR: Duration = Duration::from_secs(60);

/// Files and the bytes that they should have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// When the files that are there were verified. It has at most 48 hours, 366 days and two amounts more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct VerifiedTimes {
    /// By the second of the hour or day that the time was rounded down to.
    by_time: BTreeMap<i64, Amount>,
    older: Amount,
    never: Amount,
}

/// How long ago the files that are there were verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ages {
    /// Those verified within each of [`AGES_DAYS`].
    pub within: [Amount; AGES_DAYS.len()],
    /// Those verified longer ago.
    pub older: Amount,
    /// Those that were never verified, for all that is known.
    pub never: Amount,
}

impl VerifiedTimes {
    fn add(&mut self, verified_at: Option<Timestamp>, amount: Amount, counted_at: Timestamp) {
        let Some(second) = verified_at.map(Timestamp::as_second) else { return self.never.add(amount) };
        let age = counted_at.as_second() - second;
        if age > DAYS_KEPT {
            return self.older.add(amount);
        }
        let unit = if age <= HOURS_KEPT { HOUR } else { DAY };
        self.by_time.entry(second.div_euclid(unit) * unit).or_default().add(amount);
    }

    fn ages(&self, now: Timestamp) -> Ages {
        let mut ages = Ages { older: self.older, never: self.never, ..Ages::default() };
        for (&second, &amount) in &self.by_time {
            let age = now.as_second() - second;
            let mut is_older = true;
            for (within, days) in ages.within.iter_mut().zip(AGES_DAYS) {
                if age <= i64::from(days) * DAY {
                    within.add(amount);
                    is_older = false;
                }
            }
            if is_older {
                ages.older.add(amount);
            }
        }
        ages
    }
}

/// What a count was made of. With a pass under way, files may be verified without a change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CountedState {
    collection: StoredCollection,
    last_event: u64,
    /// The number of all rows of files, and the sum of their seals.
    files: Total,
}

/// The files of a collection, counted.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Files and bytes by condition. Conditions without files are left out.
    pub by_condition: BTreeMap<Condition, Count>,
    /// The time since when the file that is there and waits longest was not verified: its last verification, or if there
    /// was none, when it was first seen. `None` if no file is there.
    pub waits_since: Option<Timestamp>,
    verified: VerifiedTimes,
    state: CountedState,
    made: Instant,
}

impl Counted {
    /// How long ago the files that are there were verified.
    #[must_use]
    pub fn ages(&self, now: Timestamp) -> Ages {
        self.verified.ages(now)
    }

    /// The files that are there by when they were verified, those that wait longest first. Times are rounded down; what was
    /// verified over a year ago counts as never verified in time, and what never was comes last.
    #[must_use]
    pub fn aged(&self) -> Vec<Aged> {
        let aged = |at, Amount { files, bytes }: Amount| Aged { verified_at: at, files, bytes };
        let older = (self.verified.older.files > 0).then(|| aged(Some(Timestamp::UNIX_EPOCH), self.verified.older));
        let by_time = self.verified.by_time.iter();
        let by_time = by_time.map(|(&second, &amount)| aged(Timestamp::from_second(second).ok(), amount));
        let never = (self.verified.never.files > 0).then(|| aged(None, self.verified.never));
        older.into_iter().chain(by_time).chain(never).collect()
    }

    /// How many files are not what they should be, and nobody has acknowledged that.
    #[must_use]
    pub fn alerts(&self) -> u64 {
        self.state.collection.alerts(&self.by_condition)
    }

    /// How many files are not what they should be, and somebody knows of it.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.state.collection.acknowledged(&self.by_condition)
    }

    /// The collection, as it was when its files were counted.
    #[must_use]
    pub fn collection(&self) -> &StoredCollection {
        &self.state.collection
    }

    /// The number of its last event; 0 if there is none.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.state.last_event
    }

    /// Whether it is what a new count would say, except for verifications of the last minute.
    pub(super) fn holds(&self, state: &CountedState, now: Instant) -> bool {
        let is_same = (&state.collection, state.last_event) == (&self.state.collection, self.state.last_event);
        let may_be_read = state.collection.pass_began.is_some() && state.files != self.state.files;
        is_same && (!may_be_read || now.duration_since(self.made) < HOLDS_FOR)
    }
}

/// What a count would be made of. `None` if there is no such collection.
pub(super) fn state(view: &Connection, id: &str) -> Result<Option<CountedState>, DbError> {
    let _view = snapshot(view)?;
    let Some(collection) = rows::by_id(view, id)? else { return Ok(None) };
    let last_event = events::last(view, collection.number)? as u64;
    Ok(Some(CountedState { collection, last_event, files: COLLECTION_FILES.ledger(view)? }))
}

/// Counts the files of a collection: verifies the table, 5 microseconds a row unless that was just done, and then reads the
/// rows of the collection. `None` if there is no such collection.
pub(super) fn count(view: &Connection, id: &str, now: Timestamp) -> Result<Option<Counted>, DbError> {
    let _view = snapshot(view)?;
    let Some(state) = state(view, id)? else { return Ok(None) };
    COLLECTION_FILES.verify(view)?;
    let (mut by_condition, mut verified) = (BTreeMap::<_, Count>::new(), VerifiedTimes::default());
    let mut waits_since: Option<Timestamp> = None;
    COLLECTION_FILES.each(view, "WHERE collection = ?", [state.collection.number], |row| {
        let condition = condition(row.get(2)?)?;
        let amount = Amount { files: 1, bytes: row.get::<_, Option<i64>>(3)?.unwrap_or(0) as u64 };
        let verified_at = row.get::<_, Option<i64>>(13)?.map(at).transpose()?;
        let count = by_condition.entry(condition).or_default();
        count.files += 1;
        let found = row.get::<_, Option<String>>(10)?.map(|text| json::found(&text)).transpose()?;
        count.acknowledged += u64::from(found.is_some_and(|(_, acknowledged)| acknowledged.is_some()));
        count.bytes += amount.bytes;
        count.never_verified += u64::from(verified_at.is_none());
        count.oldest_verified_at = count.oldest_verified_at.into_iter().chain(verified_at).min();
        if condition != Condition::Missing {
            verified.add(verified_at, amount, now);
            let since = verified_at.map_or_else(|| at(row.get(11)?), Ok)?;
            waits_since = waits_since.into_iter().chain([since]).min();
        }
        Ok(())
    })?;
    Ok(Some(Counted { by_condition, waits_since, verified, state, made: Instant::now() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::collections::tests::{content, made_with, second, step};
    use crate::store::testing::{Bench, connect_to_damage};
    use hivesum_core::fixity::PassKind;

    const ONE: Amount = Amount { files: 1, bytes: 10 };

    #[test]
    fn ages_follow_from_the_times_that_were_counted_and_are_never_told_as_less_than_they_are() {
        let counted_at = second(0);
        let ago = |seconds: i64| Some(second(-seconds));
        let mut times = VerifiedTimes::default();
        for verified_at in
            [ago(5), ago(DAY - 2 * HOUR), ago(6 * DAY), ago(29 * DAY), ago(364 * DAY), ago(500 * DAY), None]
        {
            times.add(verified_at, ONE, counted_at);
        }
        let files = |ages: Ages| (ages.within.map(|amount| amount.files), ages.older.files, ages.never.files);
        assert_eq!(files(times.ages(counted_at)), ([2, 3, 4, 4, 5], 1, 1));
        assert_eq!(times.ages(counted_at).within[4], Amount { files: 5, bytes: 50 });
        assert_eq!(files(times.ages(second(2 * DAY))), ([0, 2, 3, 4, 4], 2, 1), "a later question, the same count");
        assert_eq!(files(times.ages(second(400 * DAY))), ([0; 5], 6, 1));
    }

    #[test]
    fn a_count_has_a_bound_however_many_files_there_are() {
        let mut times = VerifiedTimes::default();
        for hour in 0..20_000 {
            times.add(Some(second(-hour * HOUR)), ONE, second(0));
        }
        assert!(times.by_time.len() <= 49 + 366, "{}", times.by_time.len());
        let ages = times.ages(second(0));
        assert_eq!(ages.within[4].files + ages.older.files, 20_000);
    }

    #[test]
    fn a_count_holds_until_an_event_or_a_run_and_for_a_minute_while_a_pass_is_under_way() {
        let mut bench = Bench::new();
        let collection = made_with(&mut bench.connection, &["a", "b"]);
        let counted = count(&bench.connection, &collection.id, second(50)).unwrap().unwrap();
        assert_eq!((counted.by_condition[&Condition::Ok].files, counted.alerts()), (2, 0));
        assert_eq!((counted.waits_since, counted.last_event()), (Some(second(0)), 0));
        let now = |bench: &Bench| state(&bench.connection, &collection.id).unwrap().unwrap();
        let (soon, late) = (counted.made + HOLDS_FOR / 2, counted.made + HOLDS_FOR);
        let files = CountedState { files: Total { rows: 9, sum: 9 }, ..now(&bench) };
        assert!(counted.holds(&now(&bench), late) && counted.holds(&files, late), "other collections have changed");
        let passing = |pass_began| {
            let of = StoredCollection { pass_began, ..collection.clone() };
            let state = CountedState { collection: of, ..now(&bench) };
            Counted { state, ..counted.clone() }
        };
        let counted = passing(Some(second(1)));
        let verified = CountedState { files: Total { rows: 9, sum: 9 }, ..counted.state.clone() };
        assert!(counted.holds(&counted.state, late), "nothing was verified");
        assert!(counted.holds(&verified, soon) && !counted.holds(&verified, late));
        let ok = super::super::files::page(&bench.connection, collection.number, None, 1).unwrap().remove(0);
        let rotten = step(Some(&ok), "a", content(2, 1), (PassKind::Comparison, 5));
        super::super::files::record(&mut bench.connection, collection.number, &[rotten]).unwrap();
        let after = CountedState { collection: counted.collection().clone(), ..now(&bench) };
        assert!(!counted.holds(&after, soon), "an alert is counted at once");
        let again = count(&bench.connection, &collection.id, second(60)).unwrap().unwrap();
        assert_eq!((again.alerts(), again.last_event()), (1, 1));
    }

    #[test]
    fn a_damaged_or_lost_row_is_an_error_and_never_a_number() {
        let mut bench = Bench::new();
        let collection = made_with(&mut bench.connection, &["a", "b"]);
        let damage = connect_to_damage(bench.dir.path());
        for change in [
            "UPDATE collection_files SET condition = 6 WHERE path = x'61'",
            "UPDATE collection_files SET verified_at = verified_at + 1 WHERE path = x'61'",
            "DELETE FROM collection_files WHERE path = x'62'",
        ] {
            damage.execute_batch(&format!("BEGIN; {change}")).unwrap();
            let counted = count(&damage, &collection.id, second(50));
            assert!(matches!(counted, Err(DbError::Inconsistent(_))), "{change}");
            damage.execute_batch("ROLLBACK").unwrap();
        }
    }
}

//! Numbers ended jobs in the order in which they ended. No number is used twice, whatever is deleted meanwhile.
//! The numbers are the ids of the service's events.

use rusqlite::{Connection, Transaction, params};

use super::error::DbError;
use super::job_row::{self, StoredJob, unsigned};
use super::sealed::{ENDINGS, JOBS, only_number};
use crate::job::JobId;

/// The first job that ended after a given one.
#[derive(Debug)]
pub(crate) enum NextEnded {
    /// This one.
    Job { number: u64, stored: Box<StoredJob> },
    /// No matching job ended up to this number.
    NoneUpTo(u64),
}

/// Gives an ending job the next number, unless it has one.
pub(crate) fn assign_number(change: &Transaction<'_>, id: JobId) -> Result<(), DbError> {
    let id = id.to_string();
    change
        .prepare_cached(
            "UPDATE endings SET last = last + 1 WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ? AND ended IS NULL)",
        )?
        .execute([&id])?;
    change
        .prepare_cached("UPDATE jobs SET ended = (SELECT last FROM endings) WHERE id = ? AND ended IS NULL")?
        .execute([&id])?;
    Ok(())
}

/// The first job that ended after the job with this number, among those of one owner or all.
pub(crate) fn next(connection: &mut Connection, after: u64, owner: Option<&str>) -> Result<NextEnded, DbError> {
    let view = connection.transaction()?;
    JOBS.verify(&view)?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut found = None;
    JOBS.each(
        &view,
        "INDEXED BY jobs_ended WHERE ended IS NOT NULL AND ended > ?1 AND (?2 IS NULL OR owner = ?2)
         ORDER BY ended LIMIT 1",
        params![after, owner],
        |row| {
            found = Some(job_row::stored(row)?);
            Ok(())
        },
    )?;
    let Some(stored) = found else { return Ok(NextEnded::NoneUpTo(last(&view)?)) };
    let number = stored.ended.ok_or(DbError::Inconsistent("an index that leads to another row"))?;
    Ok(NextEnded::Job { number, stored: Box::new(stored) })
}

/// How many jobs have ended, and the numbers of some of them.
#[derive(Debug)]
pub(crate) struct EndedCount {
    /// The number of the latest job to end.
    pub(crate) last: u64,
    /// The numbers of the jobs in question, as far as they have ended.
    pub(crate) numbers: Vec<(JobId, u64)>,
}

/// Counts the ended jobs, and looks up the numbers of these.
pub(crate) fn count_ended(connection: &mut Connection, ids: &[JobId]) -> Result<EndedCount, DbError> {
    let view = connection.transaction()?;
    let mut numbers = Vec::new();
    for id in ids {
        if let Some(number) = job_row::get(&view, *id)?.and_then(|stored| stored.ended) {
            numbers.push((*id, number));
        }
    }
    Ok(EndedCount { last: last(&view)?, numbers })
}

fn last(connection: &Connection) -> Result<u64, DbError> {
    unsigned(only_number(connection, &ENDINGS)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobState;
    use crate::store::jobs;
    use crate::store::testing::{Bench, job};

    fn next_of(bench: &mut Bench, after: u64, owner: Option<&str>) -> Result<(u64, JobId), u64> {
        match next(&mut bench.connection, after, owner).unwrap() {
            NextEnded::Job { number, stored } => Ok((number, stored.job.id)),
            NextEnded::NoneUpTo(number) => Err(number),
        }
    }

    #[test]
    fn jobs_are_numbered_once_in_the_order_in_which_they_end() {
        let mut bench = Bench::new();
        let ids = [bench.insert_job().id, bench.insert_job().id, bench.insert_job().id];
        for index in [2, 0, 2] {
            bench.end(ids[index], JobState::Completed);
        }
        assert_eq!(next_of(&mut bench, 0, None), Ok((1, ids[2])));
        assert_eq!(next_of(&mut bench, 1, None), Ok((2, ids[0])));
        assert_eq!(next_of(&mut bench, 2, None), Err(2));
        assert_eq!(next_of(&mut bench, u64::MAX, None), Err(2));
    }

    #[test]
    fn the_number_of_a_deleted_job_is_not_used_again() {
        let mut bench = Bench::new();
        let ids = [bench.insert_job().id, bench.insert_job().id];
        bench.end(ids[0], JobState::Completed);
        jobs::delete(&mut bench.connection, ids[0]).unwrap();
        assert_eq!(next_of(&mut bench, 0, None), Err(1));
        bench.end(ids[1], JobState::Failed);
        assert_eq!(next_of(&mut bench, 1, None), Ok((2, ids[1])));
    }

    #[test]
    fn an_owner_gets_only_its_own_jobs() {
        let mut bench = Bench::new();
        let theirs = crate::job::Job { owner: Some("them".to_owned()), ..job() };
        jobs::insert(&mut bench.connection, &theirs, None, None).unwrap();
        let ours = bench.insert_job().id;
        bench.end(ours, JobState::Completed);
        bench.end(theirs.id, JobState::Completed);
        assert_eq!(next_of(&mut bench, 0, Some("them")), Ok((2, theirs.id)));
        assert_eq!(next_of(&mut bench, 0, Some("others")), Err(2));
    }

    #[test]
    fn ended_jobs_among_some_are_found_with_their_numbers() {
        let mut bench = Bench::new();
        let ids: Vec<_> = (0..4).map(|_| bench.insert_job().id).collect();
        ids[..3].iter().for_each(|id| bench.end(*id, JobState::Completed));
        let count = count_ended(&mut bench.connection, &[ids[3], ids[2], ids[1]]).unwrap();
        assert_eq!((count.last, count.numbers), (3, vec![(ids[2], 3), (ids[1], 2)]));
    }
}

//! Retention: which ended jobs are kept. Without bounds, all of them.
//!
//! A clock that is wrong must not delete anything. So the age of a job is judged by a clock of its own, which never
//! runs ahead of the newest job that the store had at the start, plus the time that has passed since, plus a day; it
//! does not run at all in the first hour. A job that ended since the start is no older than the start, whatever the
//! clock said then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::error::DbError;
use super::job_row::parse_id;
use super::jobs;
use super::sealed::JOBS;
use crate::job::JobId;

/// How many ended jobs are kept, and for how long. A job beyond either bound is deleted with its results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// At most this many, the newest; none means all.
    pub keep_jobs: Option<u64>,
    /// For this long after their end; none means forever.
    pub keep_for: Option<Duration>,
}

/// Jobs deleted in one call.
const BATCH_JOBS: i64 = 100;

/// No job is deleted by its age before this: time to set a clock that is wrong at the start.
const FIRST_LOOK_AFTER: Duration = Duration::from_secs(3600);

/// How far the clock may be ahead of what is known: the service may have been stopped for so long.
const LEEWAY: Duration = Duration::from_secs(86_400);

/// What tells how old ended jobs are.
#[derive(Debug)]
pub(crate) struct AgeClock {
    started: Instant,
    /// When the newest job was submitted; the wall clock of the start without jobs.
    newest: Timestamp,
    /// The number of the job that ended last before the start; 0 for none.
    last_ended: i64,
    /// Whether the log tells that the clock is ahead.
    warned: AtomicBool,
}

/// The jobs that are too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOld {
    /// They finished before this.
    finished_before: Timestamp,
    /// They have at most this number among the ended jobs.
    ended_by: i64,
}

impl AgeClock {
    /// The clock of a store in which nothing was written since the start.
    pub(crate) fn start(connection: &Connection, wall: Timestamp) -> Result<Self, DbError> {
        let sql = "SELECT max(created_at), coalesce(max(ended), 0) FROM jobs";
        let (newest, last_ended): (Option<String>, i64) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let newest = newest.and_then(|at| at.parse().ok()).unwrap_or(wall);
        Ok(Self { started: Instant::now(), newest, last_ended, warned: AtomicBool::new(false) })
    }

    /// The jobs that were kept for longer than this; none while that is not known.
    pub(crate) fn too_old(&self, kept: Duration, wall: Timestamp) -> Option<TooOld> {
        self.too_old_after(self.started.elapsed(), kept, wall)
    }

    fn too_old_after(&self, running: Duration, kept: Duration, wall: Timestamp) -> Option<TooOld> {
        if running < FIRST_LOOK_AFTER {
            return None;
        }
        let latest = self.newest.checked_add(running + LEEWAY).unwrap_or(Timestamp::MAX);
        if wall > latest && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(%wall, newest_job = %self.newest, "the clock is ahead of the newest job by more than a day and \
                the time since the start: ended jobs are kept for longer than --keep-days, until the next start");
        }
        let finished_before = wall.min(latest).checked_sub(kept).ok()?;
        let ended_by = if running < kept { self.last_ended } else { i64::MAX };
        Some(TooOld { finished_before, ended_by })
    }
}

/// Deletes some ended jobs that exceed the number or are too old. Returns whether there may be more.
pub(crate) fn retire(
    connection: &mut Connection,
    keep_jobs: Option<u64>,
    too_old: Option<TooOld>,
) -> Result<bool, DbError> {
    let keep = keep_jobs.map(|keep| i64::try_from(keep).unwrap_or(i64::MAX));
    if too_old.is_none() && keep.is_none() {
        return Ok(false);
    }
    let (oldest, ended_by) = too_old.map(|old| (old.finished_before.to_string(), old.ended_by)).unzip();
    let ids: Vec<JobId> = {
        // One view: what is deleted is chosen from a whole table.
        let view = connection.transaction()?;
        let mut statement = view.prepare_cached(
            "SELECT id FROM jobs
              WHERE ended IS NOT NULL
                AND ((finished_at < ?1 AND ended <= ?4)
                     OR (?2 IS NOT NULL
                         AND ended <= (SELECT ended FROM jobs WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT 1 OFFSET ?2)))
              ORDER BY ended LIMIT ?3",
        )?;
        let ids = statement.query_map(params![oldest, keep, BATCH_JOBS, ended_by], |row| row.get(0))?;
        let ids: Vec<JobId> = ids.map(|id| parse_id(id?)).collect::<Result<_, _>>()?;
        if !ids.is_empty() {
            JOBS.verify(&view)?;
        }
        ids
    };
    for id in &ids {
        jobs::delete(connection, *id)?;
        tracing::info!(job = %id, "an ended job was deleted: it exceeds the retention");
    }
    Ok(ids.len() as i64 == BATCH_JOBS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreError;
    use crate::job::{JobQuery, JobState};
    use crate::store::testing::Bench;

    fn left(bench: &Bench) -> Vec<JobId> {
        let query = JobQuery { limit: 1000, ..JobQuery::default() };
        jobs::list(&bench.connection, &query).unwrap().items.iter().map(|job| job.id).collect()
    }

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(86_400);

    fn keep(bench: &mut Bench, jobs: u64) {
        while retire(&mut bench.connection, Some(jobs), None).unwrap() {}
    }

    /// A service that was started now and looks after this time, when the clock is ahead by so much more.
    fn look(bench: &mut Bench, clock: &AgeClock, running: Duration, ahead: Duration) -> Vec<JobId> {
        let old = clock.too_old_after(running, 30 * DAY, Timestamp::now() + running + ahead);
        while retire(&mut bench.connection, None, old).unwrap() {}
        left(bench)
    }

    /// A job that was submitted and ended so long ago.
    fn job_of(bench: &mut Bench, ago: Duration) -> JobId {
        let id = bench.job_with_rows(&["a"]);
        bench.end(id, JobState::Completed);
        let at = (Timestamp::now() - ago).to_string();
        let sql = "UPDATE jobs SET created_at = ?1, finished_at = ?1 WHERE id = ?2";
        bench.connection.execute(sql, [at, id.to_string()]).unwrap();
        id
    }

    #[test]
    fn the_newest_ended_jobs_are_kept_and_unfinished_ones_are_never_touched() {
        let mut bench = Bench::new();
        let running = bench.insert_job().id;
        let mut ended: Vec<JobId> = (0..250).map(|_| bench.job_with_rows(&["a"])).collect();
        ended.iter().for_each(|id| bench.end(*id, JobState::Completed));
        assert!(!retire(&mut bench.connection, None, None).unwrap());
        assert_eq!(left(&bench).len(), 251);
        keep(&mut bench, 3);
        ended.drain(..247);
        ended.reverse();
        ended.push(running);
        assert_eq!(left(&bench), ended);
        keep(&mut bench, 0);
        assert_eq!(left(&bench), [running]);
    }

    #[test]
    fn jobs_older_than_the_retention_are_deleted_but_not_in_the_first_hour() {
        let mut bench = Bench::new();
        let (old, young) = (job_of(&mut bench, 40 * DAY), job_of(&mut bench, HOUR));
        let clock = AgeClock::start(&bench.connection, Timestamp::now()).unwrap();
        assert_eq!(look(&mut bench, &clock, HOUR - Duration::from_secs(1), Duration::ZERO), [young, old]);
        assert_eq!(look(&mut bench, &clock, HOUR, Duration::ZERO), [young]);
        assert_eq!(look(&mut bench, &clock, 29 * DAY, Duration::ZERO), [young]);
        assert!(look(&mut bench, &clock, 31 * DAY, Duration::ZERO).is_empty());
    }

    #[test]
    fn a_clock_that_jumped_deletes_nothing_that_is_not_old() {
        let years = 40 * 365 * DAY;
        let mut bench = Bench::new();
        let (old, young) = (job_of(&mut bench, 40 * DAY), job_of(&mut bench, 20 * DAY));
        let clock = AgeClock::start(&bench.connection, Timestamp::now() + years).unwrap();
        let ended = [job_of(&mut bench, HOUR), job_of(&mut bench, years), job_of(&mut bench, Duration::ZERO)];
        let kept = |more: &[JobId]| ended.iter().rev().copied().chain(more.iter().copied()).collect::<Vec<_>>();
        assert_eq!(look(&mut bench, &clock, HOUR, years), kept(&[young, old]), "by the newest job it is 20 days old");
        assert_eq!(look(&mut bench, &clock, 12 * DAY, years), kept(&[young]));
        assert_eq!(look(&mut bench, &clock, 29 * DAY + HOUR, years), kept(&[]));
        assert_eq!(look(&mut bench, &clock, 29 * DAY + HOUR, Duration::ZERO), kept(&[]));
    }

    #[test]
    fn without_jobs_the_clock_of_the_start_counts() {
        let mut bench = Bench::new();
        let clock = AgeClock::start(&bench.connection, Timestamp::now()).unwrap();
        let id = job_of(&mut bench, Duration::ZERO);
        assert_eq!(look(&mut bench, &clock, 31 * DAY, 400 * DAY), [] as [JobId; 0]);
        assert_ne!(id, job_of(&mut bench, Duration::ZERO));
        assert_eq!(look(&mut bench, &clock, 20 * DAY, 400 * DAY).len(), 1);
    }

    #[test]
    fn an_id_that_does_not_parse_is_damage_and_nothing_is_deleted() {
        let mut bench = Bench::new();
        let ids = [bench.job_with_rows(&["a"]), bench.job_with_rows(&["b"])];
        ids.iter().for_each(|id| bench.end(*id, JobState::Completed));
        bench.connection.execute("UPDATE jobs SET id = 'damaged' WHERE id = ?", [ids[0].to_string()]).unwrap();
        let error = retire(&mut bench.connection, Some(0), None).unwrap_err();
        assert!(matches!(error.report(bench.dir.path()), StoreError::Corrupt));
        let jobs: i64 = bench.connection.query_row("SELECT count(*) FROM jobs", [], |row| row.get(0)).unwrap();
        assert_eq!(jobs, 2);
    }
}

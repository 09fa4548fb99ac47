//! Retention: which ended jobs are kept. Without bounds, all of them.

use std::time::Duration;

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

/// Deletes some ended jobs that exceed the retention. Returns whether there may be more.
pub(crate) fn retire(connection: &mut Connection, retention: Retention, now: Timestamp) -> Result<bool, DbError> {
    let oldest = retention.keep_for.and_then(|kept| now.checked_sub(kept).ok()).map(|oldest| oldest.to_string());
    let keep = retention.keep_jobs.map(|keep| i64::try_from(keep).unwrap_or(i64::MAX));
    if oldest.is_none() && keep.is_none() {
        return Ok(false);
    }
    let ids: Vec<JobId> = {
        // One view: what is deleted is chosen from a whole table.
        let view = connection.transaction()?;
        let mut statement = view.prepare_cached(
            "SELECT id FROM jobs
              WHERE ended IS NOT NULL
                AND (finished_at < ?1
                     OR (?2 IS NOT NULL
                         AND ended <= (SELECT ended FROM jobs WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT 1 OFFSET ?2)))
              ORDER BY ended LIMIT ?3",
        )?;
        let ids = statement.query_map(params![oldest, keep, BATCH_JOBS], |row| row.get(0))?;
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

    fn retire_all(bench: &mut Bench, retention: Retention, now: Timestamp) {
        while retire(&mut bench.connection, retention, now).unwrap() {}
    }

    #[test]
    fn the_newest_ended_jobs_are_kept_and_unfinished_ones_are_never_touched() {
        let mut bench = Bench::new();
        let running = bench.insert_job().id;
        let mut ended: Vec<JobId> = (0..250).map(|_| bench.job_with_rows(&["a"])).collect();
        ended.iter().for_each(|id| bench.end(*id, JobState::Completed));
        retire_all(&mut bench, Retention::default(), Timestamp::now());
        assert_eq!(left(&bench).len(), 251);
        retire_all(&mut bench, Retention { keep_jobs: Some(3), keep_for: None }, Timestamp::now());
        ended.drain(..247);
        ended.reverse();
        ended.push(running);
        assert_eq!(left(&bench), ended);
        retire_all(&mut bench, Retention { keep_jobs: Some(0), keep_for: None }, Timestamp::now());
        assert_eq!(left(&bench), [running]);
    }

    #[test]
    fn jobs_older_than_the_retention_are_deleted() {
        let mut bench = Bench::new();
        let id = bench.job_with_rows(&["a"]);
        bench.end(id, JobState::Completed);
        let day = Retention { keep_jobs: None, keep_for: Some(Duration::from_secs(86_400)) };
        retire_all(&mut bench, day, Timestamp::now());
        assert_eq!(left(&bench), [id]);
        retire_all(&mut bench, day, Timestamp::now() + Duration::from_secs(86_401));
        assert!(left(&bench).is_empty());
    }

    #[test]
    fn an_id_that_does_not_parse_is_damage_and_nothing_is_deleted() {
        let mut bench = Bench::new();
        let ids = [bench.job_with_rows(&["a"]), bench.job_with_rows(&["b"])];
        ids.iter().for_each(|id| bench.end(*id, JobState::Completed));
        bench.connection.execute("UPDATE jobs SET id = 'damaged' WHERE id = ?", [ids[0].to_string()]).unwrap();
        let none = Retention { keep_jobs: Some(0), keep_for: None };
        let error = retire(&mut bench.connection, none, Timestamp::now()).unwrap_err();
        assert!(matches!(error.report(bench.dir.path()), StoreError::Corrupt));
        let jobs: i64 = bench.connection.query_row("SELECT count(*) FROM jobs", [], |row| row.get(0)).unwrap();
        assert_eq!(jobs, 2);
    }
}

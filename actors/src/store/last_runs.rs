//! The newest job on each of some directories, by one query with an index.
//!
//! Decides how a place, a root and a path beneath it, is found in the table of jobs. A job on a directory above or below
//! is another place. Damage of the index or of a row is an error: a place without a job is one where none was.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::Store;
use super::error::DbError;
use super::job_row::{PATH, ROOT, path_key, stored};
use super::sealed::{JOBS, snapshot};
use crate::error::StoreError;
use crate::job::{Job, MAX_PAGE, Place};

/// The newest job of each place in `?1`, an array of [root, path]; of the owner `?2`, or of all.
fn newest() -> String {
    format!(
        "WHERE id IN (
  SELECT (SELECT found.id FROM jobs AS found INDEXED BY jobs_by_place
           WHERE {ROOT} = json_extract(place.value, '$[0]') AND {PATH} = json_extract(place.value, '$[1]')
             AND (?2 IS NULL OR found.owner = ?2)
           ORDER BY found.id DESC LIMIT 1)
    FROM json_each(?1) AS place)"
    )
}

impl Store {
    /// The newest job on each of these places, of one owner or of all; at most [`MAX_PAGE`] places.
    pub(crate) async fn last_runs(
        &self,
        places: Vec<Place>,
        owner: Option<String>,
    ) -> Result<HashMap<Place, Job>, StoreError> {
        self.read(move |connection| last_runs(connection, &places, owner.as_deref())).await
    }
}

fn last_runs(connection: &Connection, places: &[Place], owner: Option<&str>) -> Result<HashMap<Place, Job>, DbError> {
    let places = &places[..places.len().min(MAX_PAGE)];
    let wanted: Vec<_> = places.iter().map(|place| [place.root.clone(), path_key(&place.path)]).collect();
    let _view = snapshot(connection)?;
    JOBS.verify(connection)?;
    let mut found = HashMap::new();
    JOBS.each(connection, &newest(), params![serde_json::to_string(&wanted)?, owner], |row| {
        let job = stored(row)?.job;
        let place = Place { root: job.spec.root.clone(), path: job.spec.path.clone() };
        if !places.contains(&place) {
            return Err(DbError::Inconsistent("an index that leads to another row"));
        }
        found.insert(place, job);
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use hivesum_core::file::RelPath;

    use super::*;
    use crate::job::JobState;
    use crate::store::jobs;
    use crate::store::testing::{Bench, connect_to_damage, job};

    fn place(root: &str, path: &[u8]) -> Place {
        Place { root: root.to_owned(), path: RelPath::new(path).unwrap() }
    }

    fn insert(bench: &mut Bench, place: &Place, owner: Option<&str>) -> Job {
        let mut job = job();
        (job.spec.root, job.spec.path) = (place.root.clone(), place.path.clone());
        job.owner = owner.map(str::to_owned);
        jobs::insert(&mut bench.connection, &job, None, None).unwrap();
        job
    }

    #[test]
    fn each_place_has_its_newest_job_and_no_other() {
        let mut bench = Bench::new();
        let places = [
            place("a", b""),
            place("a", b"d"),
            place("b", b"d"),
            place("a", b"caf\xe9"),
            place("a", "caf\u{fffd}".as_bytes()),
        ];
        let mut newest = Vec::new();
        for place in &places {
            insert(&mut bench, place, None);
            newest.push(insert(&mut bench, place, None).id);
        }
        insert(&mut bench, &place("a", b"d/e"), None);
        let asked = [&places[..], &[place("a", b"nothing"), place("A", b"d")]].concat();
        let found = last_runs(&bench.connection, &asked, None).unwrap();
        assert_eq!(places.iter().map(|place| found[place].id).collect::<Vec<_>>(), newest);
        assert_eq!(found.len(), places.len());
    }

    #[test]
    fn of_one_owner_the_newest_of_its_own_jobs_is_found() {
        let mut bench = Bench::new();
        let here = place("a", b"d");
        let own = insert(&mut bench, &here, Some("me")).id;
        let newest = insert(&mut bench, &here, Some("other")).id;
        let of = |owner| last_runs(&bench.connection, std::slice::from_ref(&here), owner).unwrap();
        assert_eq!((of(Some("me"))[&here].id, of(None)[&here].id), (own, newest));
        assert!(of(Some("nobody")).is_empty());
    }

    #[test]
    fn a_deleted_job_gives_way_to_the_one_before() {
        let mut bench = Bench::new();
        let here = place("a", b"");
        let [before, last] = [(), ()].map(|()| insert(&mut bench, &here, None).id);
        bench.end(last, JobState::Completed);
        jobs::delete(&mut bench.connection, last).unwrap();
        assert_eq!(last_runs(&bench.connection, std::slice::from_ref(&here), None).unwrap()[&here].id, before);
    }

    #[test]
    fn a_lost_or_damaged_job_is_an_error_and_not_a_place_without_one() {
        for damage in [
            "DELETE FROM jobs",
            "UPDATE jobs SET spec = '{\"root\": '",
            "UPDATE jobs SET spec = replace(spec, 'a', 'b')",
        ] {
            let mut bench = Bench::new();
            let here = place("a", b"");
            insert(&mut bench, &here, None);
            connect_to_damage(bench.dir.path()).execute_batch(damage).unwrap();
            let found = last_runs(&bench.connection, std::slice::from_ref(&here), None);
            assert!(matches!(found, Err(DbError::Inconsistent(_))), "{damage}: {found:?}");
        }
    }

    #[test]
    fn the_query_goes_by_the_index() {
        let bench = Bench::new();
        let explain = format!("EXPLAIN QUERY PLAN {}", JOBS.select(&newest()));
        let mut statement = bench.connection.prepare(&explain).unwrap();
        let steps = statement.query_map(params!["[]", "me"], |row| row.get::<_, String>(3)).unwrap();
        let plan = steps.map(Result::unwrap).collect::<Vec<_>>().join("\n");
        assert!(plan.contains("SEARCH found USING COVERING INDEX jobs_by_place (<expr>=? AND <expr>=?)"), "{plan}");
        assert!(!plan.contains("SCAN jobs") && !plan.contains("TEMP B-TREE FOR ORDER"), "{plan}");
    }
}

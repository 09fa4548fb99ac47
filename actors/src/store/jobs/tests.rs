//! The table of jobs: a job is read back as it was written, in pages without gap or repeat.

use super::super::testing::{Bench, connect_to_damage, ending, job};
use crate::job::JobKind;
use crate::store::job_row::get;
use crate::store::jobs::*;
use hivesum_core::file::RelPath;
use hivesum_core::result::AuditCounts;

#[test]
fn a_job_is_read_back_as_it_was_inserted() {
    let mut bench = Bench::new();
    let mut taken = job();
    taken.owner = Some("someone".to_owned());
    insert(&mut bench.connection, &taken, None, None).unwrap();
    let back = get(&bench.connection, taken.id).unwrap().unwrap();
    assert_eq!(back.job, taken);
    assert_eq!(get(&bench.connection, job().id).unwrap().map(|stored| stored.job), None);
}

#[test]
fn an_ending_is_stored_with_summary_and_error() {
    let mut bench = Bench::new();
    let taken = bench.insert_job();
    recovery::begin(&mut bench.connection, taken.id, Timestamp::now(), None).unwrap();
    let error = JobError { code: "deadline".to_owned(), detail: "too late".to_owned() };
    let summary = Summary { files: 3, ..Summary::default() };
    let (finished_at, bytes_total) = (Timestamp::now(), None);
    let ending = Ending {
        state: JobState::Failed,
        finished_at,
        files_total: Some(9),
        bytes_total,
        summary,
        error: Some(error.clone()),
    };
    end(&mut bench.connection, taken.id, &ending).unwrap();
    let back = get(&bench.connection, taken.id).unwrap().unwrap().job;
    assert_eq!((back.state, back.error, back.summary), (JobState::Failed, Some(error), Some(summary)));
    assert_eq!((back.finished_at, back.progress.files_total), (Some(finished_at), Some(9)));
    assert!(back.started_at.is_some());
}

#[test]
fn pages_go_from_the_newest_to_the_oldest_without_gap_or_repeat() {
    let mut bench = Bench::new();
    let mut ids: Vec<_> = (0..7).map(|_| bench.insert_job().id).collect();
    ids.reverse();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = list(&bench.connection, &JobQuery { cursor, limit: 3, ..JobQuery::default() }).unwrap();
        seen.extend(page.items.iter().map(|job| job.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
}

#[test]
fn a_page_holds_only_jobs_that_match() {
    let mut bench = Bench::new();
    let mut theirs = job();
    theirs.owner = Some("them".to_owned());
    insert(&mut bench.connection, &theirs, None, None).unwrap();
    let ours = bench.insert_job();
    recovery::begin(&mut bench.connection, ours.id, Timestamp::now(), None).unwrap();
    let ids = |query| list(&bench.connection, &query).unwrap().items.iter().map(|job| job.id).collect::<Vec<_>>();
    let all = JobQuery { limit: 10, ..JobQuery::default() };
    assert_eq!(ids(JobQuery { owner: Some("them".to_owned()), ..all.clone() }), [theirs.id]);
    assert_eq!(ids(JobQuery { state: Some(JobState::Running), ..all.clone() }), [ours.id]);
    assert_eq!(ids(JobQuery { state: Some(JobState::Failed), ..all }), Vec::<JobId>::new());
}

/// Inserts a job of this kind on a root and a path.
fn insert_on(bench: &mut Bench, kind: JobKind, root: &str, path: &[u8]) -> JobId {
    let mut job = job();
    (job.kind, job.spec.kind) = (kind, kind);
    (job.spec.root, job.spec.path) = (root.to_owned(), RelPath::new(path).unwrap());
    insert(&mut bench.connection, &job, None, None).unwrap();
    job.id
}

#[test]
fn jobs_are_found_by_kind_root_and_exact_path_in_pages() {
    let mut bench = Bench::new();
    let places: [(&str, &[u8]); 7] = [
        ("a", b""),
        ("a", b"d"),
        ("b", b"d"),
        ("a", b"d/e"),
        ("a", b"caf\xe9"),
        ("a", "caf\u{fffd}".as_bytes()),
        ("A", b"D"),
    ];
    let mut inserted = Vec::new();
    for round in 0..3 {
        let kind = JobKind::ALL[round % JobKind::ALL.len()];
        inserted.extend(places.map(|(root, path)| (kind, root, path, insert_on(&mut bench, kind, root, path))));
    }
    inserted.reverse();
    let one_of = |first: Option<&str>, word: &str| first.is_none_or(|first| first == word);
    let paths = [None].into_iter().chain(places.map(|(_, path)| Some(path))).chain([Some(&b"nothing"[..])]);
    for path in paths {
        for root in [None, Some("a"), Some("b"), Some("nothing"), Some("")] {
            for kind in [None, Some(JobKind::Hash), Some(JobKind::Verify)] {
                let fits = |&&(of, below, on, _): &&(JobKind, &str, &[u8], JobId)| {
                    kind.is_none_or(|kind| kind == of) && one_of(root, below) && path.is_none_or(|path| path == on)
                };
                let expected: Vec<_> = inserted.iter().filter(fits).map(|(.., id)| *id).collect();
                let path = path.map(|path| RelPath::new(path).unwrap());
                let query = JobQuery { kind, root: root.map(str::to_owned), path, limit: 1, ..JobQuery::default() };
                assert_eq!(all_pages(&bench, &query), expected, "{query:?}");
            }
        }
    }
}

/// The jobs on all pages of a query.
fn all_pages(bench: &Bench, query: &JobQuery) -> Vec<JobId> {
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = list(&bench.connection, &JobQuery { cursor, ..query.clone() }).unwrap();
        seen.extend(page.items.iter().map(|job| job.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return seen;
        }
    }
}

#[test]
fn the_jobs_of_a_root_and_a_path_are_read_by_their_index_and_no_filter_sorts() {
    let bench = Bench::new();
    let (root, path) = (Some("a".to_owned()), Some(RelPath::new("d").unwrap()));
    let all = JobQuery::default();
    for query in [
        JobQuery { root: root.clone(), path: path.clone(), ..all.clone() },
        JobQuery { root, ..all.clone() },
        JobQuery { path, ..all.clone() },
        all,
    ] {
        let explain = format!("EXPLAIN QUERY PLAN {}", JOBS.select(&selection(&query)));
        let mut statement = bench.connection.prepare(&explain).unwrap();
        let steps = statement
            .query_map(params![None::<&str>, None::<&str>, None::<&str>, 1, None::<&str>, "a", "pd"], |row| {
                row.get::<_, String>(3)
            });
        let plan = steps.unwrap().map(Result::unwrap).collect::<Vec<_>>().join("\n");
        let by_index = plan.contains("USING INDEX jobs_by_place (<expr>=? AND <expr>=?)");
        assert_eq!(by_index, query.root.is_some() && query.path.is_some(), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn a_damaged_job_is_an_error_and_not_a_place_without_jobs() {
    for damage in [
        "DELETE FROM jobs",
        "UPDATE jobs SET spec = '{\"root\": '",
        "UPDATE jobs SET spec = replace(spec, '\"a\"', '\"b\"')",
    ] {
        let mut bench = Bench::new();
        insert_on(&mut bench, JobKind::Hash, "a", b"d");
        connect_to_damage(bench.dir.path()).execute_batch(damage).unwrap();
        let (root, path) = (Some("a".to_owned()), Some(RelPath::new("d").unwrap()));
        for query in [
            JobQuery { root: root.clone(), path: path.clone(), ..JobQuery::default() },
            JobQuery { root, ..JobQuery::default() },
            JobQuery { path, ..JobQuery::default() },
            JobQuery { kind: Some(JobKind::Verify), ..JobQuery::default() },
        ] {
            let listed = list(&bench.connection, &query);
            assert!(matches!(listed, Err(DbError::Inconsistent(_))), "{damage}: {query:?}: {listed:?}");
        }
    }
}

/// Inserts a verify job that ended with these counts, as a release before verdicts kept it.
fn insert_old(bench: &mut Bench, state: JobState, summary: Summary) -> JobId {
    let mut old = job();
    (old.kind, old.spec.kind) = (JobKind::Verify, JobKind::Verify);
    insert(&mut bench.connection, &old, None, None).unwrap();
    let summary = Summary { files: 4, complete: state == JobState::Completed, ..summary };
    end(&mut bench.connection, old.id, &Ending { summary, ..ending(state) }).unwrap();
    old.id
}

#[test]
fn a_job_of_an_older_release_has_the_verdict_that_its_counts_tell_or_none() {
    let mut bench = Bench::new();
    let good = AuditCounts { matched: 4, ..AuditCounts::default() };
    let with = |counts| Summary { verdicts: counts, ..Summary::default() };
    let ok = insert_old(&mut bench, JobState::Completed, with(Some(good)));
    let bad = AuditCounts { missing: 1, ..good };
    let failed = insert_old(&mut bench, JobState::Completed, with(Some(bad)));
    let unknown = insert_old(&mut bench, JobState::Cancelled, with(None));
    bench.insert_job();
    let verdict = |id| get(&bench.connection, id).unwrap().unwrap().job.summary.unwrap().verdict;
    assert_eq!(
        [ok, failed, unknown].map(verdict),
        [Some(JobVerdict::Ok), Some(JobVerdict::Failed), None],
        "what was not kept is not guessed"
    );
    let listed = |verdict| {
        let query = JobQuery { verdict: Some(verdict), limit: 1, ..JobQuery::default() };
        list(&bench.connection, &query).unwrap().items.iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!((listed(JobVerdict::Ok), listed(JobVerdict::Failed)), (vec![ok], vec![failed]));
    assert_eq!(listed(JobVerdict::Incomplete), Vec::<JobId>::new());
}

#[test]
fn a_verdict_is_found_behind_any_number_of_other_jobs() {
    let mut bench = Bench::new();
    let bad = AuditCounts { modified: 1, ..AuditCounts::default() };
    let with_bad = Summary { verdicts: Some(bad), ..Summary::default() };
    let ids = [(); 2].map(|()| insert_old(&mut bench, JobState::Completed, with_bad));
    (0..3 * LOOKED_AT).for_each(|_| drop(bench.insert_job()));
    let mut seen = Vec::new();
    let mut cursor = None;
    for _ in 0..2 {
        let query = JobQuery { verdict: Some(JobVerdict::Failed), cursor, limit: 1, ..JobQuery::default() };
        let page = list(&bench.connection, &query).unwrap();
        seen.extend(page.items.iter().map(|job| job.id));
        cursor = page.next_cursor;
    }
    assert_eq!((seen, cursor), (vec![ids[1], ids[0]], None));
}

#[test]
fn a_page_is_never_longer_than_its_bound() {
    let mut bench = Bench::new();
    for _ in 0..=MAX_PAGE {
        bench.insert_job();
    }
    let page = list(&bench.connection, &JobQuery { limit: usize::MAX, ..JobQuery::default() }).unwrap();
    assert_eq!(page.items.len(), MAX_PAGE);
    assert!(page.next_cursor.is_some());
}

#[test]
fn only_an_ended_job_can_be_deleted() {
    let mut bench = Bench::new();
    let taken = bench.insert_job();
    assert!(!delete(&mut bench.connection, taken.id).unwrap());
    bench.end(taken.id, JobState::Cancelled);
    assert!(delete(&mut bench.connection, taken.id).unwrap());
    assert!(!delete(&mut bench.connection, taken.id).unwrap());
    assert!(get(&bench.connection, taken.id).unwrap().is_none());
}

#[test]
fn a_spec_that_does_not_parse_is_damage() {
    let mut bench = Bench::new();
    let taken = bench.insert_job();
    bench.connection.execute("UPDATE jobs SET spec = '{'", []).unwrap();
    assert!(matches!(get(&bench.connection, taken.id), Err(DbError::Inconsistent(_))));
}

#[test]
fn counts_that_were_never_written_are_damage() {
    for column in ["row_count", "files_done", "files_total", "bytes_total", "elapsed_ms"] {
        let mut bench = Bench::new();
        let taken = bench.insert_job();
        bench.connection.execute(&format!("UPDATE jobs SET {column} = -1"), []).unwrap();
        let resumed = recovery::begin(&mut bench.connection, taken.id, Timestamp::now(), None);
        assert!(matches!(resumed, Err(DbError::Inconsistent(_))), "{column}");
    }
}

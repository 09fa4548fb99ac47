//! What is found in the path index, against what a walk over all rows finds; damage is never a result.

use super::super::testing::{Bench, connect_to_damage, hashed};
use crate::job::{Job, JobId, JobKind, JobState, MAX_PAGE, ResultQuery, StatusFilter};
use crate::store::error::DbError;
use crate::store::{jobs, pages, sorted_pages};
use hivesum_core::result::{ErrorCode, Judged, RowRef, Rows, Status, Verdict};

/// Directories and names, in walk order; some share bytes across their ends, and one row is its directory itself.
const TREE: [(&str, &str); 15] = [
    ("", "aa"),
    ("", "xa"),
    ("a", "a"),
    ("a", "aab"),
    ("a", "ab"),
    ("a", "b"),
    ("a/b", "a"),
    ("a/b", "xaa"),
    ("a/ba", "baba"),
    ("a/ba", "c.xa"),
    ("aaa", ""),
    ("aaa", "aaaa"),
    ("b", "x"),
    ("b", "xa/x"),
    ("/", "ab"),
];

/// An ended job of this kind with so many rows, which repeat the tree; by turns hashed, an error and judged.
fn ended(bench: &mut Bench, kind: JobKind, count: usize) -> JobId {
    let mut job = Job { kind, ..crate::store::testing::job() };
    job.spec.kind = kind;
    jobs::insert(&mut bench.connection, &job, None, None).unwrap();
    let mut rows = Rows::new(job.spec.algorithms);
    for number in 0..count {
        let (directory, name) = TREE[number * TREE.len() / count];
        let mut row = hashed(directory, name);
        if number % 3 == 1 {
            let status = Status::Error { code: ErrorCode::Permission, errno: 13 };
            row = RowRef { status, digests: &[], ..row };
        }
        rows.push(row);
        let verdict = [None, Some(Verdict::New), Some(Verdict::Matched), Some(Verdict::SuspectedRot)][number % 4];
        rows.judged.push(Judged { verdict, evidence: None });
    }
    bench.add_rows(&job, rows);
    bench.end(job.id, JobState::Completed);
    job.id
}

/// Queries for each part of each path, alone, with a prefix, a status and verdicts, and for parts that are nowhere.
fn queries() -> Vec<ResultQuery> {
    let paths = TREE.map(|(directory, name)| match (directory, name) {
        (directory, "") => directory.to_owned(),
        ("" | "/", name) => format!("{directory}{name}"),
        (directory, name) => format!("{directory}/{name}"),
    });
    let parts = paths.iter().flat_map(|path| {
        let ends = move |start| (start + 1..=path.len()).map(move |end| &path[start..end]);
        (0..path.len()).flat_map(ends)
    });
    let mut parts: Vec<&str> = parts.chain(["", "aaaaa", "ax", "//", "b/a/", "c.xb"]).collect();
    parts.sort_unstable();
    parts.dedup();
    let status = [None, Some(StatusFilter::Hashed), Some(StatusFilter::Error), Some(StatusFilter::Skipped)];
    let verdicts: [&[Verdict]; 3] = [&[], &[Verdict::New], &[Verdict::Missing, Verdict::SuspectedRot]];
    let prefixes = ["", "a", "a/b", "aaa", "a/ba/b", "/a", "z"];
    let mut queries = Vec::new();
    for (number, q) in parts.into_iter().enumerate() {
        for prefix in prefixes {
            queries.push(ResultQuery {
                q: Some(q.into()),
                path_prefix: Some(prefix.into()),
                status: status[number % 4],
                verdicts: verdicts[number / 4 % 3].to_vec(),
                position: (number % 5) as u64,
                limit: MAX_PAGE,
                ..ResultQuery::default()
            });
        }
        queries.push(ResultQuery { q: Some(q.into()), limit: 7, ..ResultQuery::default() });
    }
    queries
}

#[test]
fn a_search_of_the_index_finds_what_a_walk_over_the_rows_finds() {
    for rows in [15, 1_024, 2_300] {
        let mut bench = Bench::new();
        let id = ended(&mut bench, JobKind::Verify, rows);
        let answers = |bench: &mut Bench| -> Vec<_> {
            let page = |query| pages::page(&mut bench.connection, id, query).unwrap().unwrap();
            queries().iter().map(page).map(|page| (page.total, page.items)).collect()
        };
        let walked = answers(&mut bench);
        bench.index(id);
        // Nothing but the rows on the page is read from now on.
        for ((found, walked), query) in answers(&mut bench).into_iter().zip(walked).zip(queries()) {
            assert_eq!(found, walked, "{query:?} of {rows} rows");
        }
    }
}

#[test]
fn an_empty_job_is_searched_too() {
    let mut bench = Bench::new();
    let id = ended(&mut bench, JobKind::Hash, 0);
    bench.index(id);
    let query = ResultQuery { q: Some(b"a".to_vec()), limit: 10, ..ResultQuery::default() };
    let page = pages::page(&mut bench.connection, id, &query).unwrap().unwrap();
    assert_eq!((page.total, page.items), (0, Vec::new()));
}

#[test]
fn a_changed_lost_or_exchanged_piece_is_damage() {
    for (what, damage) in [
        ("changed", "UPDATE order_pieces SET entries = zeroblob(length(entries)) WHERE by = 3 AND piece = 1"),
        ("shortened", "UPDATE order_pieces SET entries = substr(entries, 9) WHERE by = 3 AND piece = 1"),
        ("the last one lost", "DELETE FROM order_pieces WHERE by = 3 AND piece = 2"),
        ("the first one lost", "DELETE FROM order_pieces WHERE by = 3 AND piece = 0"),
        (
            "of another order",
            "REPLACE INTO order_pieces SELECT run, 3, 1, entries, seal FROM order_pieces WHERE by = 1 AND piece = 1",
        ),
        (
            "of another place",
            "REPLACE INTO order_pieces SELECT run, by, 1, entries, seal FROM order_pieces WHERE by = 3 AND piece = 0",
        ),
        (
            "with fewer rows, under a right seal",
            "UPDATE order_pieces SET entries = x'', seal = seal_of('order_pieces', run, by, piece, x'')
              WHERE by = 3 AND piece = 1",
        ),
        (
            "that ends within a group, under a right seal",
            "UPDATE order_pieces SET entries = substr(entries, 1, 40),
                    seal = seal_of('order_pieces', run, by, piece, substr(entries, 1, 40)) WHERE by = 3 AND piece = 1",
        ),
        (
            // The first group has 307 rows and no directory's name, so that the first name ends at what is in byte 320.
            "with a name that ends after the next one, under a right seal",
            "UPDATE order_pieces SET entries = CAST(substr(entries, 1, 319) || x'ff' || substr(entries, 321) AS BLOB)
              WHERE by = 3 AND piece = 0;
             UPDATE order_pieces SET seal = seal_of('order_pieces', run, by, piece, entries) WHERE by = 3",
        ),
    ] {
        let mut bench = Bench::new();
        let id = ended(&mut bench, JobKind::Hash, 2_300);
        bench.index(id);
        connect_to_damage(bench.dir.path()).execute_batch(damage).unwrap();
        let query = ResultQuery { q: Some(b"x".to_vec()), limit: 10, ..ResultQuery::default() };
        let sorted = ResultQuery { sort: Some("-size".parse().unwrap()), ..query.clone() };
        let (page, sorted) =
            (pages::page(&mut bench.connection, id, &query), sorted_pages::page(&mut bench.connection, id, &sorted));
        for found in [page, sorted] {
            assert!(matches!(found, Err(DbError::Inconsistent(_))), "{what}");
        }
    }
}

#[test]
fn an_index_that_leads_to_a_row_that_does_not_match_is_damage() {
    let mut bench = Bench::new();
    let id = ended(&mut bench, JobKind::Hash, 15);
    bench.index(id);
    // Each name that was x is y, and so the seal of the piece is another one.
    let damage = connect_to_damage(bench.dir.path());
    let piece: Vec<u8> =
        damage.query_row("SELECT entries FROM order_pieces WHERE by = 3", [], |row| row.get(0)).unwrap();
    let changed: Vec<u8> = piece.into_iter().map(|byte| if byte == b'x' { b'y' } else { byte }).collect();
    let update =
        "UPDATE order_pieces SET entries = ?1, seal = seal_of('order_pieces', run, by, piece, ?1) WHERE by = 3";
    assert_eq!(damage.execute(update, [changed]).unwrap(), 1);
    let query = ResultQuery { q: Some(b"y".to_vec()), limit: 10, ..ResultQuery::default() };
    assert!(matches!(pages::page(&mut bench.connection, id, &query), Err(DbError::Inconsistent(_))));
}

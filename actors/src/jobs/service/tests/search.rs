//! One digest in all jobs: so many are read, and those that are not are counted from the store.

use hivesum_core::digest::Digest;

use crate::jobs::search::Found;
use crate::jobs::service::tests::*;

/// A service with so many jobs on one file, each with its sort index.
async fn indexed_jobs(house: &House, count: usize) -> Jobs {
    house.write("a", "abc");
    let jobs = house.open().await;
    for _ in 0..count {
        let id = submit(&jobs, r#""algorithms": ["sha256"]"#).await;
        let job = ended(&jobs, id).await;
        // Waits for the index.
        let sorted = ResultQuery { sort: Some("size".parse().unwrap()), limit: 1, ..ResultQuery::default() };
        jobs.results(&job, sorted).await.unwrap();
    }
    jobs
}

/// Searches at most so many jobs: the files shown, all files, the jobs searched and those left out.
async fn search(jobs: &Jobs, most: u64, limit: usize) -> (usize, u64, u64, u64) {
    let wanted = [Digest::from_hex(Algorithm::Sha256, SHA256_ABC).unwrap()];
    let Found { hits, total, searched, left_out, .. } = jobs.search_at_most(most, &wanted, limit).await.unwrap();
    (hits.len(), total, searched, left_out)
}

#[actix::test]
async fn a_search_reads_so_many_jobs_and_counts_those_after_them() {
    let house = House::new();
    let jobs = indexed_jobs(&house, 3).await;
    assert_eq!(search(&jobs, 3, 2).await, (2, 3, 3, 0), "all are searched, two shown");
    assert_eq!(search(&jobs, 2, 9).await, (2, 2, 2, 1));
    assert_eq!(search(&jobs, 1, 9).await, (1, 1, 1, 2));
}

#[actix::test]
async fn jobs_of_earlier_starts_are_left_out_and_deleted_ones_are_not() {
    let house = House::new();
    let jobs = indexed_jobs(&house, 3).await;
    let newest = jobs.list(JobQuery { limit: 1, ..JobQuery::default() }).await.unwrap().items[0].id;
    jobs.delete(newest).await.unwrap();
    assert_eq!(search(&jobs, 1, 9).await, (1, 1, 1, 1));
    drop(jobs);
    let restarted = house.open().await;
    assert_eq!(search(&restarted, 0, 9).await, (0, 0, 0, 2));
}

//! Roots whose directory is replaced, while the service runs and between two runs.

use crate::job::WaitsFor;
use crate::jobs::service::tests::going_on::left_in_the_middle;
use crate::jobs::service::tests::*;
use crate::store::roots::{AcceptError, RememberedRoots};
use hivesum_core::result::RootWarning;

impl House {
    /// Puts an empty directory in the root's place.
    fn replace_root(&self) {
        fs::rename(self.root.path(), self.state.path().join("away")).unwrap();
        fs::create_dir(self.root.path()).unwrap();
    }

    /// Puts the root back.
    fn restore_root(&self) {
        fs::remove_dir_all(self.root.path()).unwrap();
        fs::rename(self.state.path().join("away"), self.root.path()).unwrap();
    }

    /// Accepts it where no service runs.
    async fn accept_root(&self) {
        loop {
            match RememberedRoots::open(self.state.path()) {
                // The threads of the service are on their way out.
                Err(StoreError::Locked) => tokio::task::yield_now().await,
                opened => return assert_eq!(opened.unwrap().accept("here").unwrap(), self.root.path()),
            }
        }
    }
}

/// Accepts it through the running service.
async fn accept(jobs: &Jobs) {
    jobs.accept_root("here").await.unwrap();
}

async fn waits(jobs: &Jobs, id: JobId, waits_for: WaitsFor) {
    let live = jobs.shared.queue.get(id).unwrap();
    let view = live.watch().wait_for(|view| view.job.waits_for.is_some()).await.unwrap().clone();
    assert_eq!((view.job.waits_for, view.job.state), (Some(waits_for), JobState::Queued));
}

#[actix::test]
async fn jobs_are_refused_and_acknowledged_ones_wait_while_another_directory_is_in_the_root_s_place() {
    let house = House::new();
    house.write_endless("endless");
    house.write("file", "abc");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| config.max_running = 1).await;
    let first = submit(&jobs, r#""path": "endless""#).await;
    reached(&jobs, first, JobState::Running).await;
    let [second, third] = [submit(&jobs, r#""path": "file""#).await, submit(&jobs, r#""path": "file""#).await];
    house.replace_root();
    house.write("file", "other");
    let refused = jobs.submit(spec(r#""path": "file""#), None).await;
    assert!(matches!(refused, Err(SubmitError::RootChanged)), "{refused:?}");
    assert_eq!(jobs.root_warnings().await.unwrap(), [Some(RootWarning::RootChanged)]);
    jobs.cancel(first).await.unwrap();
    waits(&jobs, second, WaitsFor::RootChanged).await;
    waits(&jobs, third, WaitsFor::RootChanged).await;
    let cancelled = jobs.cancel(third).await.unwrap().unwrap();
    let cancelled = if cancelled.state.is_final() { cancelled } else { ended(&jobs, third).await };
    assert_eq!((cancelled.state, cancelled.waits_for), (JobState::Cancelled, None));
    house.restore_root();
    let job = ended(&jobs, second).await;
    assert_eq!((job.state, job.waits_for), (JobState::Completed, None));
    assert_eq!(results(&jobs, second).await.items[0].digests, blake3::hash(b"abc").as_bytes());
    assert_eq!(jobs.root_warnings().await.unwrap(), [None]);
}

#[actix::test]
async fn an_accepted_directory_is_served_without_a_restart() {
    let house = House::new();
    let jobs = house.open().await;
    house.replace_root();
    house.write("file", "abc");
    assert!(matches!(jobs.submit(spec(""), None).await, Err(SubmitError::RootChanged)));
    let unknown = jobs.accept_root("there").await;
    assert!(matches!(unknown, Err(AcceptError::Unknown { known, .. }) if known == ["here"]));
    accept(&jobs).await;
    let id = submit(&jobs, "").await;
    let summary = ended(&jobs, id).await.summary.unwrap();
    assert_eq!((summary.hashed, summary.root_warning), (1, None));
}

#[actix::test]
async fn an_unfinished_job_begins_again_on_an_accepted_directory_and_never_mixes_two() {
    let house = House::new();
    let id = left_in_the_middle(&house).await;
    house.replace_root();
    house.write("000", "other");
    let jobs = house.open().await;
    waits(&jobs, id, WaitsFor::RootChanged).await;
    let other = submit(&jobs, "").await;
    let summary = ended(&jobs, other).await.summary.unwrap();
    assert_eq!((summary.hashed, summary.root_warning), (1, Some(RootWarning::RootChanged)), "new jobs are warned");
    assert!(jobs.job(id).await.unwrap().unwrap().waits_for.is_some());
    accept(&jobs).await;
    let summary = ended(&jobs, id).await.summary.unwrap();
    assert_eq!((summary.files, summary.root_warning), (1, None));
    assert_eq!(results(&jobs, id).await.items[0].digests, blake3::hash(b"other").as_bytes());
}

#[actix::test]
async fn an_unfinished_job_waits_for_a_root_that_is_not_named_and_goes_on_with_it() {
    let house = House::new();
    let id = left_in_the_middle(&house).await;
    let jobs = house.open_with(MAX_FILE_BYTES, |config| config.roots.clear()).await;
    waits(&jobs, id, WaitsFor::RootUnavailable).await;
    jobs.drain().await;
    drop(jobs);
    let jobs = house.open().await;
    assert_eq!(ended(&jobs, id).await.summary.unwrap().hashed, 301);
}

#[actix::test]
async fn waiting_for_a_root_takes_a_place_in_the_queue() {
    let house = House::new();
    let id = left_in_the_middle(&house).await;
    house.replace_root();
    let full = |config: &mut JobsConfig| (config.max_running, config.max_queued) = (1, 0);
    let jobs = house.open_with(MAX_FILE_BYTES, full).await;
    waits(&jobs, id, WaitsFor::RootChanged).await;
    let refused = jobs.submit(spec(""), None).await;
    assert!(matches!(refused, Err(SubmitError::Refused(Refused::QueueFull))), "{refused:?}");
}

#[actix::test]
async fn an_empty_directory_in_the_place_of_known_files_stands_beside_what_is_missing() {
    let house = House::new();
    house.write("file", "abc");
    let jobs = house.open().await;
    let id = submit(&jobs, "").await;
    assert_eq!(ended(&jobs, id).await.summary.unwrap().root_warning, None);
    jobs.drain().await;
    drop(jobs);
    house.replace_root();
    for _ in 0..2 {
        let jobs = house.open().await;
        let id = submit(&jobs, "").await;
        let summary = ended(&jobs, id).await.summary.unwrap();
        assert_eq!((summary.files, summary.root_warning), (0, Some(RootWarning::RootEmpty)));
        assert_eq!(jobs.root_warnings().await.unwrap(), [Some(RootWarning::RootEmpty)]);
        jobs.drain().await;
    }
    house.accept_root().await;
    let jobs = house.open().await;
    assert_eq!(jobs.root_warnings().await.unwrap(), [None]);
}

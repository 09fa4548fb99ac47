//! The record of a job: the request, its progress, and queries for its results.
//!
//! Plain data that the store keeps and the API shows; nothing here runs a job.

mod query;
mod spec;
mod verdict;

pub use query::{
    Deletion, DuplicateQuery, JobCounts, JobPage, JobQuery, MAX_PAGE, Place, ResultPage, ResultQuery, Sort, SortBy,
    StatusFilter,
};
pub(crate) use spec::StoredRequest;
pub use spec::{ComparedWith, Job, JobError, JobId, JobKind, JobSpec, JobState, VerifyMode, WaitsFor};
pub use verdict::JobVerdictCounts;

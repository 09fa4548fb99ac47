//! What one client, and all of them, may ask for; the defaults are the contract's.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use hivesum_actors::store::retention::Retention;

use super::error::ConfigError;

/// How many requests one client may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// As many as it likes.
    Off,
    /// This many.
    PerClient {
        /// In the long run.
        per_second: NonZeroU32,
        /// At once after a pause.
        burst: NonZeroU32,
    },
}

impl RateLimit {
    /// So many a second, twice as many at once.
    #[must_use]
    pub const fn per_second(per_second: NonZeroU32) -> Self {
        Self::PerClient { per_second, burst: per_second.saturating_mul(TWO) }
    }
}

const TWO: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1000).expect("a thousand is not zero");

impl Default for RateLimit {
    fn default() -> Self {
        Self::per_second(REQUESTS_PER_SECOND)
    }
}

/// Bounds on what clients may ask for.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests of one client.
    pub rate: RateLimit,
    /// The longest upload.
    pub max_upload_bytes: u64,
    /// Parts of one multipart upload.
    pub max_parts: usize,
    /// Bytes a second that one client may upload; none means no bound.
    pub max_client_bytes_per_second: Option<NonZeroU64>,
    /// Bytes a second that all clients may upload together; none means no bound.
    pub max_upload_bytes_per_second: Option<NonZeroU64>,
    /// Uploads under way at a time; more are told to come back.
    pub max_uploads: usize,
    /// Uploads of one client under way at a time; none means as many as there may be.
    pub max_uploads_per_client: Option<usize>,
    /// The longest JSON body.
    pub max_json_bytes: usize,
    /// The longest manifest to verify against.
    pub max_manifest_bytes: usize,
    /// Connections at a time.
    pub max_connections: usize,
    /// Connections of one address at a time.
    pub max_connections_per_address: usize,
    /// Event streams at a time.
    pub max_streams: usize,
    /// Event streams of one client at a time; none means as many as there may be.
    pub max_streams_per_client: Option<usize>,
    /// Jobs that run at a time.
    pub max_running_jobs: usize,
    /// Jobs that may wait.
    pub max_queued_jobs: usize,
    /// Jobs of one token that may wait; none means as many as may in all. Where no token is asked for, all are one's.
    pub max_queued_jobs_per_client: Option<usize>,
    /// Bytes a second that all jobs together may read; none means no bound.
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// Which ended jobs are kept.
    pub retention: Retention,
    /// Longer files are not hashed.
    pub max_file_bytes: u64,
    /// How slow a body may be.
    pub body_pace: BodyPace,
    /// A request's head must be there by then.
    pub head_timeout: Duration,
    /// A client that takes no byte for so long is given up.
    pub write_timeout: Duration,
    /// A read of a file that makes no progress for so long is that file's error, and its hasher is replaced.
    pub read_timeout: Duration,
    /// An idle connection is closed after this long.
    pub keep_alive: Duration,
    /// A stopping service ends by then, whatever is under way.
    pub drain_timeout: Duration,
}

/// How slow a request body may be before it is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPace {
    /// Waited for before the rate counts.
    pub grace: Duration,
    /// The least rate after that, on average.
    pub min_bytes_per_second: u64,
    /// The longest wait for one chunk, whatever the average.
    pub stall: Duration,
}

impl Default for BodyPace {
    fn default() -> Self {
        Self { grace: Duration::from_secs(20), min_bytes_per_second: 16 << 10, stall: Duration::from_secs(30) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate: RateLimit::default(),
            max_upload_bytes: 16 << 30,
            max_parts: 1000,
            max_client_bytes_per_second: None,
            max_upload_bytes_per_second: None,
            max_uploads: 128,
            max_uploads_per_client: None,
            max_json_bytes: 256 << 10,
            max_manifest_bytes: 64 << 20,
            max_connections: 4096,
            max_connections_per_address: 512,
            max_streams: 256,
            max_streams_per_client: None,
            max_running_jobs: 4,
            max_queued_jobs: 1000,
            max_queued_jobs_per_client: None,
            max_bytes_per_second: None,
            retention: Retention::default(),
            max_file_bytes: 16 << 40,
            body_pace: BodyPace::default(),
            head_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(60),
            keep_alive: Duration::from_secs(15),
            drain_timeout: Duration::from_secs(9),
        }
    }
}

impl Limits {
    /// Uploads of one client.
    pub(crate) fn max_uploads_of_one(&self) -> usize {
        self.max_uploads_per_client.unwrap_or(self.max_uploads)
    }

    /// Event streams of one client.
    pub(crate) fn max_streams_of_one(&self) -> usize {
        self.max_streams_per_client.unwrap_or(self.max_streams)
    }

    /// Jobs of one client that may wait.
    pub(crate) fn max_queued_jobs_of_one(&self) -> usize {
        self.max_queued_jobs_per_client.unwrap_or(self.max_queued_jobs)
    }

    /// A bound of zero would leave nothing to do.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let bounds = [
            ("max_uploads", self.max_uploads),
            ("max_connections", self.max_connections),
            ("max_connections_per_address", self.max_connections_per_address),
            ("max_running_jobs", self.max_running_jobs),
            ("head_timeout_seconds", usize::from(!self.head_timeout.is_zero())),
            ("write_timeout_seconds", usize::from(!self.write_timeout.is_zero())),
            ("read_timeout_seconds", usize::from(!self.read_timeout.is_zero())),
        ];
        bounds.into_iter().find(|(_, bound)| *bound == 0).map_or(Ok(()), |(name, _)| Err(ConfigError::Nothing(name)))
    }
}

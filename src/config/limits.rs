//! Limits for one client and for all clients together, with their documented defaults.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use hivesum_actors::store::retention::Retention;
use hivesum_core::hash::DEFAULT_MAX_FILE_BYTES;

use super::error::ConfigError;

/// How many requests one client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// No limit.
    Off,
    /// At most this many.
    PerClient {
        /// The sustained rate, in requests a second.
        per_second: NonZeroU32,
        /// The burst after a pause.
        burst: NonZeroU32,
    },
}

impl RateLimit {
    /// This many requests a second, and twice as many in a burst.
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

/// Limits on what clients may ask for.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The request rate of one client.
    pub rate: RateLimit,
    /// The largest upload.
    pub max_upload_bytes: u64,
    /// The most parts of one multipart upload.
    pub max_parts: usize,
    /// Bytes a second that one client may upload; none means no limit.
    pub max_client_bytes_per_second: Option<NonZeroU64>,
    /// Bytes a second that all clients may upload together; none means no limit.
    pub max_upload_bytes_per_second: Option<NonZeroU64>,
    /// Uploads in progress at a time; more are answered with 503.
    pub max_uploads: usize,
    /// Uploads of one client in progress at a time; none means `max_uploads`.
    pub max_uploads_per_client: Option<usize>,
    /// The largest JSON body.
    pub max_json_bytes: usize,
    /// The largest manifest to verify against.
    pub max_manifest_bytes: usize,
    /// Manifests that are received at a time, each of which is held in memory as a whole; more are answered with 503.
    pub max_manifests: usize,
    /// Manifests of one client that are received at a time: they may take long, and other clients need some too.
    pub max_manifests_per_client: usize,
    /// Connections at a time.
    pub max_connections: usize,
    /// Connections of one address at a time.
    pub max_connections_per_address: usize,
    /// Event streams at a time.
    pub max_streams: usize,
    /// Event streams of one client at a time; none means `max_streams`.
    pub max_streams_per_client: Option<usize>,
    /// Jobs that run at a time.
    pub max_running_jobs: usize,
    /// Jobs that may wait in the queue.
    pub max_queued_jobs: usize,
    /// Jobs of one token that may wait in the queue; none means `max_queued_jobs`. Without tokens, all jobs belong to
    /// one client.
    pub max_queued_jobs_per_client: Option<usize>,
    /// Bytes a second that all jobs together may read; none means no limit.
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// Which ended jobs are kept.
    pub retention: Retention,
    /// Larger files are not hashed.
    pub max_file_bytes: u64,
    /// The minimum speed of request bodies, and of readers of streamed answers.
    pub body_pace: BodyPace,
    /// How long a request head may take.
    pub head_timeout: Duration,
    /// How long a client may go without reading a byte before its connection is closed.
    pub write_timeout: Duration,
    /// How long a file read may go without progress. After that the file is reported as an error, and its hasher is
    /// replaced.
    pub read_timeout: Duration,
    /// An idle connection is closed after this long.
    pub keep_alive: Duration,
    /// How long a stopping service may take to finish.
    pub drain_timeout: Duration,
}

/// The minimum speed of a request body, and of the reader of a streamed answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPace {
    /// The grace period before the minimum rate applies.
    pub grace: Duration,
    /// The minimum average rate after the grace period.
    pub min_bytes_per_second: u64,
    /// The longest wait for one chunk, whatever the average.
    pub stall: Duration,
}

impl BodyPace {
    /// How long a client may be waited for until this many bytes have passed.
    pub(crate) fn allowed_for(&self, bytes: u64) -> Duration {
        let earned_ms = bytes.saturating_mul(1000) / self.min_bytes_per_second.max(1);
        self.grace.saturating_add(Duration::from_millis(earned_ms))
    }
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
            max_manifests: 8,
            max_manifests_per_client: 6,
            max_connections: 4096,
            max_connections_per_address: 512,
            max_streams: 256,
            max_streams_per_client: None,
            max_running_jobs: 4,
            max_queued_jobs: 1000,
            max_queued_jobs_per_client: None,
            max_bytes_per_second: None,
            retention: Retention::default(),
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
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

    /// Queued jobs of one client.
    pub(crate) fn max_queued_jobs_of_one(&self) -> usize {
        self.max_queued_jobs_per_client.unwrap_or(self.max_queued_jobs)
    }

    /// Refuses limits of zero, with which the service could not do anything.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let bounds = [
            ("max_uploads", self.max_uploads),
            ("max_manifests", self.max_manifests),
            ("max_manifests_per_client", self.max_manifests_per_client),
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

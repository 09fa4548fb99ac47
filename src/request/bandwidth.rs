//! Upload bandwidth, per client and for all clients: a body that arrives faster is read more slowly.
//!
//! Bandwidth is counted in KiB, so that a limit can be as large as networks are fast. Nothing is refused: the flow
//! control of the socket slows the client down.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use hivesum_actors::limits::{ClientKey, Decision, RequestLimiter};

use crate::config::Limits;

/// The smallest burst, whatever the rate: the chunks of a body are not larger.
const LEAST_BURST_KIB: u32 = 1024;

/// The bandwidth limits for request bodies.
#[derive(Debug)]
pub(crate) struct Bandwidth {
    of_client: Option<RequestLimiter>,
    of_all: Option<RequestLimiter>,
}

impl Bandwidth {
    pub(crate) fn new(limits: &Limits) -> Self {
        let limiter = |bytes: NonZeroU64| {
            let kib =
                u32::try_from(bytes.get().div_ceil(1024)).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
            RequestLimiter::new(kib, kib.max(NonZeroU32::new(LEAST_BURST_KIB).expect("it is not zero")))
        };
        Self {
            of_client: limits.max_client_bytes_per_second.map(limiter),
            of_all: limits.max_upload_bytes_per_second.map(limiter),
        }
    }

    /// Waits until the limits allow this many more bytes.
    pub(crate) async fn spend(&self, client: ClientKey, bytes: usize) {
        for (limiter, client) in [(&self.of_client, client), (&self.of_all, ClientKey::Crowd)] {
            let Some(limiter) = limiter else { continue };
            while let Some(wait) = wait_for(limiter, client, bytes) {
                tokio::time::sleep(wait).await;
            }
        }
    }
}

fn wait_for(limiter: &RequestLimiter, client: ClientKey, bytes: usize) -> Option<Duration> {
    let kib = NonZeroU32::new(u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX))?;
    match limiter.take_many(client, kib) {
        Decision::Taken { .. } => None,
        Decision::TooMany { wait } => Some(wait),
    }
}

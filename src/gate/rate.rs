//! The request rate of each client, reported in `RateLimit` fields (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use hivesum_actors::limits::{ClientKey, Decision, RequestLimiter};

use crate::config::RateLimit;
use crate::error::whole_seconds;

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static STATE: HeaderName = HeaderName::from_static("ratelimit");

/// The rate limit that applies to every client.
pub(crate) struct RateRule {
    limiter: Option<(RequestLimiter, HeaderValue)>,
}

/// The state of one client's rate limit.
#[derive(Debug)]
pub(super) struct RateState {
    policy: HeaderValue,
    remaining: u32,
    seconds: u64,
}

impl RateRule {
    pub(crate) fn new(rate: RateLimit) -> Self {
        let limiter = match rate {
            RateLimit::Off => None,
            RateLimit::PerClient { per_second, burst } => Some(RequestLimiter::new(per_second, burst)),
        };
        let with_policy = |limiter: RequestLimiter| {
            let policy = format!("\"default\";q={};w={}", limiter.burst(), whole_seconds(limiter.window()));
            let policy = HeaderValue::from_str(&policy).expect("digits and ASCII marks make a field");
            (limiter, policy)
        };
        Self { limiter: limiter.map(with_policy) }
    }

    /// Counts one request. Gives what is left, or how long to wait.
    pub(super) fn take(&self, client: ClientKey) -> Result<Option<RateState>, (RateState, Duration)> {
        let Some((limiter, policy)) = &self.limiter else { return Ok(None) };
        let state = |remaining, time| RateState { policy: policy.clone(), remaining, seconds: whole_seconds(time) };
        match limiter.take(client) {
            Decision::Allowed { remaining, recovered_in } => Ok(Some(state(remaining, recovered_in))),
            Decision::Refused { wait } => Err((state(0, wait), wait)),
        }
    }
}

impl RateState {
    pub(super) fn write(self, fields: &mut HeaderMap) {
        let state = format!("\"default\";r={};t={}", self.remaining, self.seconds);
        let state = HeaderValue::from_str(&state).expect("digits and ASCII marks make a field");
        // The entry of another limit, if there is one, follows in the same list.
        for (name, value) in [(&POLICY, self.policy), (&STATE, state)] {
            let others = fields.get(name).map(|others| [value.as_bytes(), b", ", others.as_bytes()].concat());
            let all = others.and_then(|all| HeaderValue::from_bytes(&all).ok());
            fields.insert(name.clone(), all.unwrap_or(value));
        }
    }
}

//! What the gate decides with: the rules of a configuration, parsed once. It decides nothing itself.

use std::net::SocketAddr;
use std::sync::Arc;

use super::cors::Cors;
use super::hosts::Hosts;
use super::proxies::Proxies;
use super::rate::RateRule;
use super::refusals::RefusalLog;
use crate::auth::Auth;
use crate::config::{BasePath, ServeConfig};
use crate::metrics::RouteMeter;

/// The rules, built once and shared by all workers.
pub(crate) struct Gate {
    pub(super) auth: Arc<Auth>,
    pub(super) base_path: BasePath,
    pub(super) hosts: Hosts,
    pub(super) cors: Cors,
    pub(super) rate: RateRule,
    pub(super) proxies: Arc<Proxies>,
    pub(super) refusals: RefusalLog,
    /// Counts the requests that reach no route.
    pub(super) unmatched: RouteMeter,
}

impl Gate {
    /// The gate of a service that is bound to this address, or to a Unix socket.
    pub(crate) fn new(config: &ServeConfig, bound: Option<SocketAddr>, auth: Arc<Auth>, unmatched: RouteMeter) -> Self {
        Self {
            auth,
            base_path: config.base_path.clone(),
            hosts: Hosts::new(bound, &config.host_names()),
            cors: Cors::new(&config.allow_origins),
            rate: RateRule::new(config.limits.rate),
            proxies: Arc::new(Proxies::new(&config.trusted_proxies)),
            refusals: RefusalLog::new(),
            unmatched,
        }
    }

    /// The trusted proxies, for whoever accepts connections.
    pub(crate) fn proxies(&self) -> Arc<Proxies> {
        self.proxies.clone()
    }
}

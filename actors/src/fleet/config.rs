//! The settings of a fleet. What they have to obey is in `rules`, which knows the broker.

use std::path::PathBuf;
use std::time::Duration;

/// Where the broker of a fleet is, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetConfig {
    /// `nats://HOST:PORT` or `tls://HOST:PORT`; several are separated by commas.
    pub url: String,
    /// A credentials file of NATS: a JWT and the seed of an NKey.
    pub creds: Option<PathBuf>,
    /// Certificates of authorities (PEM) that the broker's certificate is checked against, instead of the system's.
    pub ca: Option<PathBuf>,
    /// The name of the fleet: several may share a broker.
    pub name: String,
    /// Whether `nats://` without TLS is allowed beyond this machine.
    pub insecure: bool,
    /// How long the announcement of a node lasts. A node says what it is three times as often.
    pub announcement: Duration,
    /// How long a work may be without a sign before another node gets it.
    pub ack_wait: Duration,
}

/// The name of a fleet unless another one is given.
pub const DEFAULT_FLEET_NAME: &str = "hivesum";

/// How long the announcement of a node lasts unless another time is set.
pub const DEFAULT_ANNOUNCEMENT: Duration = Duration::from_secs(10);

/// How long a work may be without a sign unless another time is set: as JetStream has it.
pub const DEFAULT_ACK_WAIT: Duration = Duration::from_secs(30);

impl FleetConfig {
    /// A fleet at this URL, with defaults.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            creds: None,
            ca: None,
            name: DEFAULT_FLEET_NAME.to_owned(),
            insecure: false,
            announcement: DEFAULT_ANNOUNCEMENT,
            ack_wait: DEFAULT_ACK_WAIT,
        }
    }

    /// The URL without what is secret in it, for the log.
    #[must_use]
    pub fn shown_url(&self) -> String {
        self.url.split(',').map(shown).collect::<Vec<_>>().join(",")
    }
}

/// A URL without its user and password.
pub(super) fn shown(url: &str) -> String {
    let (scheme, rest) = url.trim().split_once("://").unwrap_or(("nats", url.trim()));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}

//! Why a configuration is refused.

use std::net::SocketAddr;

/// A configuration that is refused before anything is opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Anybody on the network could use the service.
    #[error("--no-auth is accepted on a loopback address only, not on {0}")]
    OpenToTheNetwork(SocketAddr),
    /// Tokens would cross the network in the clear.
    #[error(
        "{0} is no loopback address: give --tls-cert and --tls-key, or put a proxy that speaks TLS in front and say --behind-proxy"
    )]
    WithoutTls(SocketAddr),
    /// One of two files is missing.
    #[error("TLS needs both --tls-cert and --tls-key")]
    HalfOfTls,
    /// A bound of nothing.
    #[error("{0} must not be 0: nothing could be done")]
    Nothing(&'static str),
    /// A root's name cannot stand in a URL.
    #[error("{0:?} cannot be the name of a directory: it must not be empty or hold `/` or control characters")]
    RootName(String),
    /// An origin has no chance to match, or would be everybody's.
    #[error("{0:?} is not an origin: write it as browsers do, https://host or https://host:port")]
    Origin(String),
    /// A host name has no chance to match.
    #[error("{0:?} is not a host name")]
    HostName(String),
}

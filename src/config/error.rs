//! Why a configuration is refused.

use std::net::SocketAddr;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Anyone on the network could use the service.
    #[error("--no-auth is accepted on a loopback address only, not on {0}")]
    OpenToTheNetwork(SocketAddr),
    /// Tokens would cross the network in the clear.
    #[error(
        "{0} is not a loopback address: give --tls-cert and --tls-key, or --behind-proxy if a proxy in front speaks TLS"
    )]
    WithoutTls(SocketAddr),
    /// The certificate or the key is missing.
    #[error("TLS needs both --tls-cert and --tls-key")]
    HalfOfTls,
    /// A limit is zero.
    #[error("{0} must not be 0: the service could not do anything")]
    Nothing(&'static str),
    /// A root's name cannot stand in a URL.
    #[error("{0:?} cannot be the name of a directory: it must not be empty or contain `/` or control characters")]
    RootName(String),
    /// An origin could never match, or would match every site.
    #[error("{0:?} is not an origin: write it as browsers do, https://host or https://host:port")]
    Origin(String),
    /// A host name could never match.
    #[error("{0:?} is not a host name")]
    HostName(String),
}

//! Why a configuration is refused, in words that name the flags.

use std::net::SocketAddr;
use std::path::PathBuf;

/// The longest path of a Unix socket: `sun_path` of `unix(7)` without its final NUL.
pub(super) const MAX_SOCKET_PATH_BYTES: usize = 107;

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
    /// The path of the socket does not fit into an address.
    #[error("unix:{} is longer than the address of a socket can be: {MAX_SOCKET_PATH_BYTES} bytes", .0.display())]
    SocketPath(PathBuf),
    /// Nobody could listen in on a Unix socket.
    #[error("a Unix socket does not need TLS: leave out --tls-cert and --tls-key, or listen on an address")]
    TlsOnSocket,
    /// The certificate or the key is missing.
    #[error("TLS needs both --tls-cert and --tls-key")]
    HalfOfTls,
    /// There is no broker to ask.
    #[error("settings of a fleet need --fleet and the URL of its NATS server")]
    FleetWithoutUrl,
    /// A limit is zero.
    #[error("{0} must not be 0: the service could not do anything")]
    Nothing(&'static str),
    /// A root's name cannot stand in a URL.
    #[error("{0:?} cannot be the name of a directory: it must not be empty or contain `/` or control characters")]
    RootName(String),
    /// An origin could never match, or would match every site.
    #[error("{0:?} is not an origin: write it as browsers do, https://host or https://host:port")]
    Origin(String),
    /// A sink is described wrongly.
    #[error("sink {name:?}: {why}")]
    Sink {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A host name could never match.
    #[error("{0:?} is not a host name")]
    HostName(String),
}

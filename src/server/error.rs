//! Why the service does not start, or ends with an error.

use std::net::SocketAddr;

use hivesum_actors::error::StartError;
use hivesum_core::file::RootError;

use super::tls::TlsError;
use crate::config::ConfigError;

/// Why the service does not start, or ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A directory cannot be served.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Two directories have the same name.
    #[error("two directories are called {0:?}: name one of them, as in NAME=DIR")]
    RootsClash(String),
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The engine or the job store does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An operation of the system failed.
    #[error("the service ended: {0}")]
    Io(#[from] std::io::Error),
}

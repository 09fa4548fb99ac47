//! Why a service does not start, or ends: in words for whoever started it.
//!
//! Each names what was asked for and what is in the way; the exit status is the command line's matter.

use std::net::SocketAddr;
use std::path::PathBuf;

use hivesum_actors::error::StartError;
use hivesum_core::file::RootError;

use super::tls::TlsError;
use crate::config::ConfigError;
use crate::notify::SinkInvalid;
pub use crate::service::fleet::FleetRefused;

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
    /// Something else is in the place of the control socket.
    #[error("the control socket in the state directory: {0}")]
    Control(#[source] std::io::Error),
    /// The process may open too few files.
    #[error(
        "the service needs {needed} file descriptors and may open {may_open}: raise the limit of open files (ulimit -n, or LimitNOFILE= of systemd), or use fewer --hashers and --workers"
    )]
    Descriptors {
        /// How many it needs to answer at all.
        needed: u64,
        /// The hard limit.
        may_open: u64,
    },
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There can be no socket at this path.
    #[error("cannot listen on unix:{}: {source}", .path.display())]
    Socket {
        /// Where it should be.
        path: PathBuf,
        /// What is in the way.
        source: std::io::Error,
    },
    /// The sockets of whoever started the process are not one TCP listener.
    #[error(
        "LISTEN_FDS={count}: the service takes one TCP socket that listens, from ListenStream=ADDRESS:PORT: {source}"
    )]
    Inherited {
        /// How many there are.
        count: usize,
        /// What is wrong with them.
        source: std::io::Error,
    },
    /// The engine or the job store does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The fleet cannot be coordinated.
    #[error(transparent)]
    Fleet(#[from] FleetRefused),
    /// A sink cannot be used.
    #[error(transparent)]
    Sink(#[from] SinkInvalid),
    /// An operation of the system failed.
    #[error("the service ended: {0}")]
    Io(#[from] std::io::Error),
}

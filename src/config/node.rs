//! The configuration of `node`: what it offers, to whom, and how it reads.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use hivesum_actors::EngineConfig;
use hivesum_actors::engine::HasherPriority;
use hivesum_actors::fleet::FleetConfig;

use super::{LogFormat, RootConfig};

/// The configuration of a node.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The broker of the fleet.
    pub fleet: FleetConfig,
    /// The name of the node; by default that of the machine.
    pub name: Option<String>,
    /// Whether other nodes see the same files under the names of the directories.
    pub pool: bool,
    /// The directories that it offers.
    pub roots: Vec<RootConfig>,
    /// The number of hasher threads.
    pub hashers: NonZeroUsize,
    /// The priority of the hasher threads.
    pub hasher_priority: HasherPriority,
    /// Bytes per second that all scans together may read; none means no limit.
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// Longer files are not hashed.
    pub max_file_bytes: u64,
    /// A file or directory without progress for this long is given up.
    pub read_timeout: Duration,
    /// The format of the log.
    pub log_format: LogFormat,
}

impl Default for NodeConfig {
    fn default() -> Self {
        let engine = EngineConfig::default();
        Self {
            fleet: FleetConfig::new(""),
            name: None,
            pool: false,
            roots: Vec::new(),
            hashers: engine.hashers,
            hasher_priority: engine.priority,
            max_bytes_per_second: None,
            max_file_bytes: engine.max_file_bytes,
            read_timeout: engine.quantum_deadline,
            log_format: LogFormat::Text,
        }
    }
}

impl NodeConfig {
    /// The name: the one that was given, or else that of the machine up to its first dot.
    #[must_use]
    pub fn node_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
            machine.split('.').next().unwrap_or_default().to_owned()
        })
    }

    /// The engine that hashes for the fleet.
    #[cfg(feature = "fleet")]
    pub(crate) fn engine(&self) -> EngineConfig {
        EngineConfig {
            hashers: self.hashers,
            priority: self.hasher_priority,
            max_file_bytes: self.max_file_bytes,
            quantum_deadline: self.read_timeout,
            max_bytes_per_second: self.max_bytes_per_second,
            ..EngineConfig::default()
        }
    }
}

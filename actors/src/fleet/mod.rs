//! Many machines, one job: directories of nodes, which a NATS server with JetStream connects with one coordinator.
//!
//! ```text
//! jobs --FarRoots--> coordinator --works--> stream of the broker --one each--> node, node, ...
//!                        ^  ^--------------- claims, results, plans of walks ------'
//!                        '-- registry: who is there, and what each offers
//! ```
//!
//! What holds everywhere:
//! - The coordinator's store is the only truth. Everything in the broker can be made again, and is when it is lost.
//! - A message that is lost is said again, and one that comes twice counts once: results count only from the node and
//!   the attempt that hold a work, in order.
//! - What comes from the broker is parsed as carefully as HTTP. A node reads only beneath its own roots, by the rules
//!   of every scan.
//! - Every queue, every message and every wait has a bound.
//!
//! The page `on_paper` computes what 1,000 nodes would do with 10^10 files, and what would break first.

mod config;
pub(crate) mod port;

#[cfg(feature = "fleet")]
mod asking;
#[cfg(feature = "fleet")]
mod broker;
#[cfg(feature = "fleet")]
mod coordinator;
#[cfg(feature = "fleet")]
mod error;
#[cfg(feature = "fleet")]
mod lease;
#[cfg(feature = "fleet")]
mod link;
#[cfg(feature = "fleet")]
mod mailbox;
#[cfg(feature = "fleet")]
mod node;
#[cfg(feature = "fleet")]
pub mod on_paper;
#[cfg(feature = "fleet")]
mod protocol;
#[cfg(feature = "fleet")]
mod registry;
#[cfg(feature = "fleet")]
mod rules;
#[cfg(feature = "fleet")]
mod scan;
#[cfg(feature = "fleet")]
mod session;
#[cfg(feature = "fleet")]
mod shared;
#[cfg(feature = "fleet")]
mod subjects;

#[cfg(feature = "fleet")]
#[cfg(test)]
mod tests;

pub use config::{DEFAULT_ACK_WAIT, DEFAULT_ANNOUNCEMENT, DEFAULT_FLEET_NAME, FleetConfig};
#[cfg(feature = "fleet")]
pub use coordinator::{Coordinator, Fleet};
#[cfg(feature = "fleet")]
pub use error::FleetError;
#[cfg(feature = "fleet")]
pub use node::{NodeConfig, run_node};
pub use port::{
    DrainFailed, FarFailure, FarName, FarRoot, FarRootNode, FleetView, NodeChange, NodeEvent, NodeEvents, NodeReading,
    NodeView,
};

//! A node: a process that sees files and hashes them for the coordinator of a fleet. It keeps nothing.
//!
//! It says what it offers, walks and hashes what it is asked for beneath its own roots, and gives back what it cannot
//! finish. It waits for a broker or a coordinator that is not there; what waiting cannot help ends it in words.

mod announce;
mod call;
mod config;
mod context;
mod hash;
mod hours;
mod pull;
mod see;
mod show;
mod walk;
mod work;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::config::FleetConfig;
use super::error::FleetError;
use super::link::{Link, connect, wait_before};
use super::protocol::NodeName;
use super::subjects::Subjects;
use crate::Engine;
use announce::{announce, greet};
use call::serve_calls;
pub use config::NodeConfig;
use context::Node;
use hours::keep_hours;
use pull::pull;

/// How long a stop waits for works to be given back.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// Works for a fleet until `stop`, on the current arbiter; then gives back what it has begun. `ready` is called once
/// the coordinator has taken the node.
///
/// # Errors
/// What waiting cannot help: the configuration, the broker's version, credentials, a refusal by the coordinator.
pub async fn run_node(
    engine: Engine,
    config: NodeConfig,
    stop: CancellationToken,
    ready: impl FnOnce(),
) -> Result<(), FleetError> {
    config.check()?;
    let name = config.node_name()?;
    let Some(link) = connect_until(&config.fleet, &name, &stop).await? else { return Ok(()) };
    let node = Arc::new(Node::new(engine, config, name, link, stop)?);
    let calls = serve_calls(&node).await?;
    let Some(times) = greet(&node).await? else { return Ok(()) };
    node.set_times(times);
    tracing::info!(node = %node.name, fleet = node.config.fleet.name, "working for a fleet");
    ready();
    let pulls: Vec<_> = node.roots.keys().map(|root| actix_rt::spawn(pull(node.clone(), *root))).collect();
    let ended = tokio::select! {
        ended = announce(&node) => ended,
        ended = calls => ended,
        () = keep_hours(&node.hours, &node.config.windows) => Ok(()),
        () = node.stop.cancelled() => Ok(()),
    };
    drain(&node).await;
    pulls.iter().for_each(tokio::task::JoinHandle::abort);
    ended
}

/// Connects as soon as the broker is there. `None` if the node is stopped before.
async fn connect_until(
    config: &FleetConfig,
    name: &NodeName,
    stop: &CancellationToken,
) -> Result<Option<Link>, FleetError> {
    let inbox = Subjects::inbox_of(name);
    let mut attempt = 0;
    loop {
        match connect(config, &format!("hivesum node {name}"), &inbox).await {
            Ok(link) => return Ok(Some(link)),
            Err(error) if error.may_pass() => {
                if attempt == 0 {
                    tracing::warn!(%error, "waiting for the NATS server");
                }
            }
            Err(error) => return Err(error),
        }
        attempt += 1;
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(wait_before(attempt)) => {}
        }
    }
}

/// Takes no more work, and gives back what is begun.
async fn drain(node: &Arc<Node>) {
    tracing::info!("stopping: works are given back");
    node.stop.cancel();
    if !matches!(tokio::time::timeout(DRAIN_WITHIN, node.idle()).await, Ok(())) {
        tracing::warn!("some works could not be given back: another node gets them later");
    }
    // A coordinator that hears it gives this node no more walks.
    announce::say_last(node).await;
    let _ = tokio::time::timeout(Duration::from_secs(1), node.link.client.flush()).await;
}

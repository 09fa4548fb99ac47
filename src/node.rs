//! A node of a fleet as a program: its directories, its engine, its signals.
//!
//! It serves no port and keeps no state. The first signal lets it give back what it has begun, the second ends it at
//! once.

use std::io::Write as _;

use hivesum_actors::error::StartError;
use hivesum_core::file::RootError;

use crate::config::NodeConfig;

/// Why a node does not start, or ends.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// It would offer nothing.
    #[error("a node offers at least one directory: name it, as in NAME=DIR")]
    NoRoots,
    /// There is no broker to ask.
    #[error("a node needs --fleet and the URL of a NATS server, as nats://HOST:4222 or tls://HOST:4222")]
    NoFleet,
    /// A directory cannot be offered.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Its hours cannot be read.
    #[error(transparent)]
    Hours(#[from] crate::config::HoursInvalid),
    /// The engine does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The fleet cannot be used, or does not take the node.
    #[cfg(feature = "fleet")]
    #[error(transparent)]
    Fleet(#[from] hivesum_actors::fleet::FleetError),
    /// The program has no fleets.
    #[error("this hivesum was built without fleets (the feature `fleet`)")]
    NotBuilt,
    /// An operation of the system failed.
    #[error("the node ended: {0}")]
    Io(#[from] std::io::Error),
}

/// Works for a fleet until a stop signal. Logs go to stderr; once the coordinator has taken the node, that is said on
/// stdout.
///
/// # Errors
/// What waiting cannot help.
pub fn run(config: NodeConfig) -> Result<(), NodeError> {
    crate::telemetry::init(config.log_format);
    if config.roots.is_empty() {
        return Err(NodeError::NoRoots);
    }
    if config.fleet.url.is_empty() {
        return Err(NodeError::NoFleet);
    }
    work(config)
}

#[cfg(not(feature = "fleet"))]
fn work(_: NodeConfig) -> Result<(), NodeError> {
    let _ = say_ready;
    Err(NodeError::NotBuilt)
}

#[cfg(feature = "fleet")]
fn work(config: NodeConfig) -> Result<(), NodeError> {
    use hivesum_actors::Engine;
    use hivesum_actors::fleet::run_node;
    use hivesum_core::file::Root;
    use tokio_util::sync::CancellationToken;

    let name = config.node_name();
    let roots = config.roots.iter().map(|root| Root::open(root.name.as_deref(), &root.path));
    let node = hivesum_actors::fleet::NodeConfig {
        fleet: config.fleet.clone(),
        name: name.clone(),
        pool: config.pool,
        roots: roots.collect::<Result<_, _>>()?,
        windows: config.windows()?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    node.check()?;
    actix_web::rt::System::new().block_on(async {
        let engine = Engine::start(config.engine()).await?;
        let stop = CancellationToken::new();
        let (signal, stopping) = (crate::server::process::stop_signal()?, stop.clone());
        actix_web::rt::spawn(async move {
            signal.await;
            stopping.cancel();
        });
        Ok(run_node(engine, node, stop, move || say_ready(&name)).await?)
    })
}

/// Tells whoever started the node that it works.
fn say_ready(name: &str) {
    crate::server::process::tell_ready_as(&format!("working for a fleet as {name}"));
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = writeln!(stdout, "working as {name}").and_then(|()| stdout.flush()) {
        tracing::debug!(%error, "stdout cannot be written");
    }
}

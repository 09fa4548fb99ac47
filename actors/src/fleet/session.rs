//! One connection of a coordinator: what is in the broker is prepared, the lease taken, and what nodes say is passed
//! on.
//!
//! It ends when the service stops, or another coordinator has the fleet. A broker that goes away and comes back does
//! not end it: whatever may be gone is made again.

mod take;

use std::sync::Arc;
use std::time::Duration;

use async_nats::Subscriber;
use async_nats::jetstream::kv::Store;
use futures_util::StreamExt as _;
use tokio::sync::oneshot;

use super::broker::{ensure_consumer, ensure_lease, ensure_nodes, ensure_works};
use super::error::FleetError;
use super::lease::{LEASE_AGE, Lease};
use super::link::{Link, check_version, connect, wait_before};
use super::protocol::Announcement;
use super::shared::Shared;
use take::{hear, take};

/// How often the broker's things are looked after while nothing seems wrong.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Told what became of the first attempt to take the fleet.
pub(super) type First = oneshot::Sender<Result<(), FleetError>>;

/// Coordinates the fleet until the service stops, through as many connections as it takes.
pub(super) async fn run(shared: Arc<Shared>, first: First) {
    let (mut first, mut failures, mut told) = (Some(first), 0, String::new());
    while !shared.stop.is_cancelled() {
        let error = tokio::select! {
            () = shared.until_killed() => break,
            error = session(&shared, &mut first, &mut failures) => error,
        };
        shared.set_link(None);
        if shared.stop.is_cancelled() {
            break;
        }
        failures += 1;
        let words = error.to_string();
        shared.set_problem(Some(words.clone()));
        if words != told {
            tracing::error!(error = words, "the fleet cannot be used: its roots are unreachable until that is over");
            told = words;
        }
        if let Some(first) = first.take() {
            let _ = first.send(Err(error));
        }
        tokio::select! {
            () = shared.stop.cancelled() => break,
            () = tokio::time::sleep(wait_before(failures)) => {}
        }
    }
    shared.set_link(None);
}

/// One connection. Returns why it is over.
async fn session(shared: &Arc<Shared>, first: &mut Option<First>, failures: &mut usize) -> FleetError {
    match begin(shared).await {
        Ok(session) => {
            *failures = 0;
            shared.set_problem(None);
            tracing::info!(fleet = shared.config.name, broker = shared.config.shown_url(), "coordinating a fleet");
            if let Some(first) = first.take() {
                let _ = first.send(Ok(()));
            }
            session.serve(shared).await
        }
        Err(error) => error,
    }
}

struct Session {
    link: Link,
    lease_store: Store,
    lease: Lease,
    said: Subscriber,
}

async fn begin(shared: &Arc<Shared>) -> Result<Session, FleetError> {
    let link = connect(&shared.config, "hivesum coordinator", "_INBOX_coordinator").await?;
    let lease_store = ensure_lease(&link, shared.subjects(), LEASE_AGE).await?;
    let lease = Lease::take(&lease_store, &shared.config.name, &shared.state_id).await?;
    prepare(shared, &link).await?;
    let said = link.client.subscribe(shared.subjects().said_by_all()).await;
    let said = said.map_err(|error| FleetError::NoAnswer(error.to_string()))?;
    shared.set_link(Some(link.clone()));
    Ok(Session { link, lease_store, lease, said })
}

/// Makes what is missing in the broker. Nodes that had announced themselves to a coordinator before are known at once.
async fn prepare(shared: &Shared, link: &Link) -> Result<(), FleetError> {
    check_version(&link.client)?;
    ensure_works(link, shared.subjects()).await?;
    let nodes = ensure_nodes(link, shared.subjects(), shared.announcement()).await?;
    if shared.registry().root_ids().is_empty() {
        remember(shared, &nodes).await;
    }
    let roots = shared.registry().root_ids();
    for root in roots {
        ensure_consumer(link, shared.subjects(), root, shared.ack_wait()).await?;
    }
    Ok(())
}

/// Hears what nodes have said to a coordinator before this one, if it has not run out.
async fn remember(shared: &Shared, nodes: &Store) {
    let Ok(keys) = nodes.keys().await else { return };
    let keys: Vec<_> = keys.filter_map(async |key| key.ok()).collect().await;
    for key in keys {
        let Ok(Some(value)) = nodes.get(&*key).await else { continue };
        match Announcement::read(&value) {
            Ok(said) if said.node.as_str() == key => {
                let _ = hear(shared, said);
            }
            Ok(_) | Err(_) => tracing::warn!(key, "an announcement in the bucket is none"),
        }
    }
}

impl Session {
    async fn serve(self, shared: &Arc<Shared>) -> FleetError {
        let Self { link, lease_store, lease, mut said } = self;
        let dispatch = async {
            while let Some(message) = said.next().await {
                take(shared, &message);
            }
            FleetError::NoAnswer("the subscription ended".to_owned())
        };
        let expire = async {
            let mut clock = tokio::time::interval(shared.announcement() / 4);
            loop {
                clock.tick().await;
                // Without a broker no node can say anything.
                if link.state.borrow().is_up {
                    expire(shared);
                }
            }
        };
        tokio::select! {
            error = dispatch => error,
            error = look_after(shared, &link, lease_store, lease) => error,
            error = expire => error,
        }
    }
}

/// Says which nodes are lost.
fn expire(shared: &Shared) {
    let lost = shared.registry().expire(shared.now());
    for node in &lost {
        shared.changes.tell_lost(node);
    }
    if !lost.is_empty() {
        shared.tell_change();
    }
}

/// Renews the lease, and makes again what the broker has lost.
async fn look_after(shared: &Arc<Shared>, link: &Link, store: Store, mut lease: Lease) -> FleetError {
    let mut state = link.state.clone();
    state.mark_unchanged();
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => {
                lease.give_back(&store).await;
                return FleetError::NoAnswer("the service stops".to_owned());
            }
            () = shared.to_prepare.notified() => {}
            _ = state.changed() => shared.registry().excuse(shared.now()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if !state.borrow_and_update().is_up {
            continue;
        }
        let kept = async {
            ensure_lease(link, shared.subjects(), LEASE_AGE).await?;
            lease.renew(&store).await?;
            prepare(shared, link).await
        };
        match kept.await {
            Ok(()) => {}
            Err(error) if error.may_pass() => tracing::debug!(%error, "the fleet is looked after later"),
            Err(error) => return error,
        }
    }
}

//! A node says what it is: to the coordinator, which answers, and into a bucket that forgets, which the next
//! coordinator reads.

use std::sync::Arc;
use std::time::Duration;

use async_nats::RequestErrorKind;
use futures_util::future::{join, join_all};
use hivesum_core::file::Root;
use jiff::Timestamp;

use super::super::error::FleetError;
use super::super::link::wait_before;
use super::super::protocol::{Announcement, NodeFigures, OfferedRoot, Versions, Welcome, to_json};
use super::super::subjects::FromNode;
use super::context::{Node, Times};
use crate::listing::ask::ask_within;

/// How long a root may take to show that it is there before it is not offered.
const LOOK_WITHIN: Duration = Duration::from_secs(1);

/// Says what the node is until a coordinator takes it. `None` if the node is stopped before.
///
/// # Errors
/// If the coordinator does not take it, or all of its roots.
pub(super) async fn greet(node: &Arc<Node>) -> Result<Option<Times>, FleetError> {
    let mut attempt = 0;
    loop {
        let (said, is_there) = announcement(node).await;
        if is_there && let Some(welcome) = hello(node, &said).await {
            let times = check(&welcome)?;
            welcome.roots_refused.iter().for_each(|why| tracing::warn!(why, "the coordinator does not take a root"));
            if welcome.roots_refused.len() >= said.roots.len() {
                return Err(FleetError::NotTaken(welcome.roots_refused.join("; ")));
            }
            keep(node, &said).await;
            return Ok(Some(times));
        }
        if attempt == 0 {
            tracing::warn!("waiting for a coordinator: none answers");
        }
        attempt += 1;
        tokio::select! {
            () = node.stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(wait_before(attempt)) => {}
        }
    }
}

/// Says what the node is three times as often as has to be. An answer that is late keeps no announcement waiting.
///
/// # Errors
/// If the coordinator does not take it any more.
pub(super) async fn announce(node: &Arc<Node>) -> Result<(), FleetError> {
    let third = || node.times().announcement / 3;
    let mut hours = node.hours.subscribe();
    loop {
        tokio::select! {
            () = tokio::time::sleep(third()) => {}
            // The coordinator is to know at once.
            _ = hours.changed() => {}
        }
        let (said, _) = announcement(node).await;
        let answer = async { join(hello(node, &said), keep(node, &said)).await.0 };
        if let Ok(Some(welcome)) = tokio::time::timeout(third(), answer).await {
            node.set_times(check(&welcome)?);
        }
    }
}

/// Says that the node stops.
pub(super) async fn say_last(node: &Arc<Node>) {
    let (said, _) = announcement(node).await;
    let subject = node.subjects.said_by(&node.name, FromNode::Hello);
    let _ = node.link.client.publish(subject, to_json(&said)).await;
    keep(node, &said).await;
}

/// Asks the coordinator. `None` if there is none, or its answer is lost: the next announcement is soon.
async fn hello(node: &Node, said: &Announcement) -> Option<Welcome> {
    let subject = node.subjects.said_by(&node.name, FromNode::Hello);
    match node.link.client.request(subject, to_json(said)).await {
        Ok(answer) => {
            let read = Welcome::read(&answer.payload);
            read.inspect_err(|why| tracing::warn!(%why, "the answer of the coordinator is none")).ok()
        }
        Err(error) => {
            if error.kind() != RequestErrorKind::NoResponders {
                tracing::debug!(%error, "the coordinator does not answer");
            }
            None
        }
    }
}

fn check(welcome: &Welcome) -> Result<Times, FleetError> {
    if welcome.protocol.common(Versions::OURS).is_none() {
        return Err(FleetError::protocol(welcome.protocol));
    }
    match &welcome.refused {
        Some(why) => Err(FleetError::NotTaken(why.clone())),
        None => Ok(Times {
            announcement: Duration::from_millis(welcome.announcement_ms),
            ack_wait: Duration::from_millis(welcome.ack_wait_ms),
        }),
    }
}

/// Puts the announcement into the bucket. The coordinator makes it; a bucket that is gone comes back.
async fn keep(node: &Node, said: &Announcement) {
    let subject = node.subjects.announcement(&node.name);
    let kept = async { node.link.jetstream.publish(subject, to_json(said)).await?.await };
    if let Err(error) = kept.await {
        tracing::debug!(%error, "the announcement is not kept");
    }
}

/// What the node is at this time, and whether it offers anything: a root that has vanished is not offered.
async fn announcement(node: &Node) -> (Announcement, bool) {
    let offered = node.roots.values().map(async |root| {
        is_there(root).await.then(|| OfferedRoot {
            name: root.name().to_owned(),
            pool: node.config.pool,
            filesystem: filesystem_of(root),
        })
    });
    let mut roots: Vec<_> = join_all(offered).await.into_iter().flatten().collect();
    roots.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let offers_any = !roots.is_empty();
    let stats = node.engine.stats();
    let figures = NodeFigures {
        hashers: u32::try_from(stats.hashers.size).unwrap_or(u32::MAX),
        hashers_busy: u32::try_from(stats.hashers.busy).unwrap_or(u32::MAX),
        bytes_hashed: stats.bytes_hashed,
        files_hashed: stats.files_hashed,
        at: Timestamp::now(),
        draining: !node.takes_work(),
        reading: node.reading(),
    };
    let said = Announcement {
        protocol: Versions::OURS,
        version: node.config.version.clone(),
        node: node.name.clone(),
        session: node.session,
        roots,
        figures,
    };
    (said, offers_any)
}

async fn is_there(root: &Root) -> bool {
    let looked = ask_within(LOOK_WITHIN, root, |root, _| root.check()).await;
    let is_there = matches!(looked, Ok(Ok(())));
    if !is_there {
        tracing::warn!(name = root.name(), "a root is not offered: its directory is not there, or is another one");
    }
    is_there
}

/// The kind of file system, as the API names it.
fn filesystem_of(root: &Root) -> String {
    match serde_json::to_value(root.filesystem()) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => String::new(),
    }
}

//! Takes works of one root out of the broker's queue, which the nodes of a pool share.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt as _;
use tokio::time::interval;

use super::super::protocol::RootId;
use super::context::Node;
use super::work::run_work;

/// How long one request for a work waits in the broker.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// How long to wait after the broker did not answer, or has no such queue yet.
const WAIT_AFTER_FAILURE: Duration = Duration::from_millis(200);

/// Takes works of a root until the node stops.
pub(super) async fn pull(node: Arc<Node>, root: RootId) {
    let mut state = node.link.state.clone();
    loop {
        state.mark_unchanged();
        let taken = async {
            let consumer = consumer(&node, root).await?;
            let mut hours = node.hours.subscribe();
            loop {
                hours.wait_for(|hours| hours.takes_work()).await.map_err(|_| "the node ends".to_owned())?;
                take_one(&node, root, &consumer).await?;
            }
        };
        let failed: Result<(), String> = tokio::select! {
            () = node.stop.cancelled() => return,
            // After a new connection the broker does not know of the request any more.
            changed = state.changed() => changed.map_err(|_| "the connection is closed".to_owned()),
            failed = taken => failed,
        };
        if let Err(error) = failed {
            tracing::debug!(%root, error, "the queue of a root is asked again later");
            tokio::time::sleep(WAIT_AFTER_FAILURE).await;
        }
    }
}

async fn consumer(node: &Node, root: RootId) -> Result<Consumer<pull::Config>, String> {
    let (consumer, stream) = (node.subjects.consumer(root), node.subjects.stream());
    let found = node.link.jetstream.get_consumer_from_stream(consumer, stream).await;
    found.map_err(|error| error.to_string())
}

async fn take_one(node: &Arc<Node>, root: RootId, consumer: &Consumer<pull::Config>) -> Result<(), String> {
    let batch = consumer.batch().max_messages(1).expires(ASK_EVERY).messages().await;
    let mut batch = batch.map_err(|error| error.to_string())?;
    while let Some(message) = batch.next().await {
        begin(node, root, message.map_err(|error| error.to_string())?).await;
    }
    Ok(())
}

/// Begins a work as soon as there is room for it.
async fn begin(node: &Arc<Node>, root: RootId, message: Message) {
    let mut signs = interval(node.times().ack_wait / 3);
    let permits = node.works_at_once.clone();
    let permit = loop {
        tokio::select! {
            biased;
            permit = permits.clone().acquire_owned() => break permit,
            _ = signs.tick() => {
                let _ = message.ack_with(AckKind::Progress).await;
            }
        }
    };
    let Ok(permit) = permit else { return };
    // It was asked for before that changed.
    if !node.takes_work() {
        let _ = message.ack_with(AckKind::Nak(None)).await;
        return;
    }
    let node = node.clone();
    actix_rt::spawn(async move {
        run_work(&node, root, &message).await;
        drop(permit);
    });
}

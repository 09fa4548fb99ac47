//! What the coordinator asks a node for: looks, directories, manifests, walks, credit for them, and to stop.

use std::sync::Arc;

use async_nats::{Message as Received, Subscriber};
use futures_util::StreamExt as _;
use hivesum_core::file::RelPath;

use super::super::error::FleetError;
use super::super::protocol::{Call, CallAnswer, Cancel, Credit, Malformed, Refusal, RootId, decode, encode};
use super::context::Node;
use super::hours::set;
use super::see::{list, read, see};
use super::walk::begin;

/// Answers calls as long as it is polled. When this returns, nothing that is sent to the node is missed.
///
/// # Errors
/// If the broker does not let the node listen.
pub(super) async fn serve_calls(
    node: &Arc<Node>,
) -> Result<impl Future<Output = Result<(), FleetError>> + use<>, FleetError> {
    let failed = |error: async_nats::SubscribeError| FleetError::NoAnswer(error.to_string());
    let client = &node.link.client;
    let mut calls = client.subscribe(node.subjects.call(&node.name)).await.map_err(failed)?;
    let mut credits = client.subscribe(node.subjects.credit(&node.name)).await.map_err(failed)?;
    let mut cancels = client.subscribe(node.subjects.cancel()).await.map_err(failed)?;
    client.flush().await.map_err(|error| FleetError::NoAnswer(error.to_string()))?;
    let node = node.clone();
    Ok(async move {
        loop {
            let said = tokio::select! {
                said = cancels.next() => take_cancel(&node, said),
                said = credits.next() => take_credit(&node, said),
                said = calls.next() => take_call(&node, said),
            };
            match said {
                Some(Ok(())) => {}
                Some(Err(why)) => tracing::warn!(%why, "a message to this node is none"),
                None => return Err(FleetError::NoAnswer("a subscription ended".to_owned())),
            }
        }
    })
}

type Said = Option<<Subscriber as futures_util::Stream>::Item>;

fn take_cancel(node: &Node, said: Said) -> Option<Result<(), Malformed>> {
    Some(decode::<Cancel>(&said?.payload).map(|cancel| node.cancel(&cancel.scan)))
}

fn take_credit(node: &Node, said: Said) -> Option<Result<(), Malformed>> {
    Some(decode::<Credit>(&said?.payload).map(|credit| node.give_credit(&credit.tag, credit.up_to)))
}

fn take_call(node: &Arc<Node>, said: Said) -> Option<Result<(), Malformed>> {
    let message: Received = said?;
    let call = decode::<Call>(&message.payload);
    let reply = message.reply.clone();
    let (node, is_good) = (node.clone(), call.as_ref().map(|_| ()).map_err(|why| *why));
    actix_rt::spawn(async move {
        let answer = match call {
            Ok(Call::Look { root, path }) => match RelPath::new(path.0) {
                Ok(path) => look(&node, root, path).await,
                Err(_) => CallAnswer::No(Refusal::Invalid),
            },
            Ok(Call::Walk(request)) => match begin(&node, request).await {
                Ok(()) => CallAnswer::Yes,
                Err(refusal) => CallAnswer::No(refusal),
            },
            Ok(Call::See(asked)) => see(&node, asked).await,
            Ok(Call::List { root, path, after, limit }) => list(&node, root, path, after, limit.into()).await,
            Ok(Call::Read { root, path, offset }) => read(&node, root, path, offset).await,
            Ok(Call::Drain { on }) => {
                set(&node.hours, |hours| hours.drained = on);
                CallAnswer::Yes
            }
            Err(_) => CallAnswer::No(Refusal::Invalid),
        };
        if let (Some(reply), Ok(bytes)) = (reply, encode(&answer)) {
            let _ = node.link.client.publish(reply, bytes).await;
        }
    });
    Some(is_good)
}

async fn look(node: &Node, root: RootId, path: RelPath) -> CallAnswer {
    match node.open(root, path).await {
        Ok(_) => CallAnswer::Yes,
        Err(refusal) => CallAnswer::No(refusal),
    }
}

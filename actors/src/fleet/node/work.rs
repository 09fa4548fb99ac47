//! One work on a node: claimed, hashed, and acknowledged once its results are with the coordinator.
//!
//! Whatever happens, the broker's message has one of three ends: acknowledged, because nothing is left to do; taken
//! out, because nobody wants it; or given back, so that another node gets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use tokio::time::interval;

use super::super::protocol::{Claim, ClaimAnswer, Progress, RootId, Work, decode, decode_work, encode};
use super::super::subjects::FromNode;
use super::context::{Node, RunningWork};
use super::hash::{Hashed, hash};
use super::show::show;

/// How long a work that was given back for a trouble of this node waits, so that another node gets it.
const WAIT_AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Does a work that was delivered to this node.
pub(super) async fn run_work(node: &Arc<Node>, root: RootId, message: &Message) {
    let work = match decode_work(&message.payload) {
        Ok(work) if work.root == root => work,
        Ok(_) => return tell(message, AckKind::Term, "a work is of another root").await,
        Err(why) => {
            tracing::warn!(%why, "a work in the queue is none");
            return tell(message, AckKind::Term, "it cannot be read").await;
        }
    };
    // The broker delivers it again if a sign was lost. It is under way.
    let Some(running) = node.begin_work(work.tag) else {
        return tell(message, AckKind::Progress, "it is under way").await;
    };
    let claim = Claim { tag: work.tag, session: node.session };
    let answer = match ask_claim(node, &claim).await {
        Some(ClaimAnswer::Show) => show(node, &work, claim).await,
        answer => answer,
    };
    match answer {
        Some(ClaimAnswer::Holds { settled }) => {
            let hashed = under_signs(node, message, &work, settled, &running).await;
            end(node, message, &claim, hashed).await;
        }
        Some(ClaimAnswer::Elsewhere) => {
            tell(message, AckKind::Nak(Some(WAIT_AFTER_TROUBLE)), "another node is to do it").await;
        }
        Some(ClaimAnswer::Stale) => tell(message, AckKind::Term, "nobody wants it").await,
        Some(ClaimAnswer::Show) | None => {
            tell(message, AckKind::Nak(Some(WAIT_AFTER_TROUBLE)), "the coordinator does not answer").await
        }
    }
    drop(running);
}

/// Hashes, and says again and again that the work is under way.
async fn under_signs(node: &Arc<Node>, message: &Message, work: &Work, settled: u32, running: &RunningWork) -> Hashed {
    let bytes_under_way = AtomicU64::new(0);
    let signs = async {
        let mut clock = interval(node.times().ack_wait / 3);
        clock.tick().await;
        loop {
            clock.tick().await;
            let _ = message.ack_with(AckKind::Progress).await;
            let bytes_under_way = bytes_under_way.load(Ordering::Relaxed);
            let progress = Progress { tag: work.tag, session: node.session, bytes_under_way };
            if let Ok(bytes) = encode(&progress) {
                let subject = node.subjects.said_by(&node.name, FromNode::Progress);
                let _ = node.link.client.publish(subject, bytes).await;
            }
        }
    };
    tokio::select! {
        biased;
        () = running.canceller.cancelled() => Hashed::NotWanted,
        hashed = hash(node, work, settled, &bytes_under_way, running) => hashed,
        () = signs => Hashed::NotWanted,
    }
}

async fn end(node: &Node, message: &Message, claim: &Claim, hashed: Hashed) {
    match hashed {
        Hashed::All => tell(message, AckKind::Ack, "it is done").await,
        Hashed::NotWanted => tell(message, AckKind::Term, "nobody wants it").await,
        Hashed::GivenBack(wait) => {
            if let Ok(bytes) = encode(claim) {
                let _ = node.ask(FromNode::GiveBack, bytes).await;
            }
            tell(message, AckKind::Nak(wait), "it is given back").await;
        }
    }
}

async fn ask_claim(node: &Node, claim: &Claim) -> Option<ClaimAnswer> {
    let answer = node.ask(FromNode::Claim, encode(claim).ok()?).await;
    let answer = answer.inspect_err(|error| tracing::debug!(%error, "a claim is not answered")).ok()?;
    decode(&answer).inspect_err(|why| tracing::warn!(%why, "the answer to a claim is none")).ok()
}

async fn tell(message: &Message, kind: AckKind, why: &str) {
    tracing::trace!(?kind, why, "a work ends");
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(%error, "the broker does not hear how a work ended");
    }
}

//! What nodes say, on its way to whom it concerns: announcements to the registry, everything else to its scan.
//!
//! What cannot be read is counted and changes nothing. A node speaks only for itself: its name is in the subject, which
//! the broker lets nobody else use.

use std::sync::Arc;

use async_nats::Message as Received;
use jiff::Timestamp;

use crate::fleet::mailbox::{Says, WorkNotice};
use crate::fleet::protocol::{
    Announcement, Claim, ClaimAnswer, Done, DoneAnswer, Malformed, NodeName, Progress, ScanKey, Shown, Versions,
    WalkNotice, Welcome, decode, encode, to_json,
};
use crate::fleet::shared::Shared;
use crate::fleet::subjects::FromNode;

/// Takes what a node says.
pub(super) fn take(shared: &Arc<Shared>, message: &Received) {
    let Some((node, what)) = shared.subjects().read(&message.subject) else { return };
    if let Err(why) = take_from(shared, &node, what, message) {
        shared.registry().count_malformed(&node);
        tracing::debug!(%node, ?what, %why, "a message of a node is none");
    }
}

fn take_from(shared: &Arc<Shared>, node: &NodeName, what: FromNode, message: &Received) -> Result<(), Malformed> {
    let bytes = &message.payload;
    match what {
        FromNode::Hello => welcome(shared, node, message),
        FromNode::Claim => {
            let claim: Claim = decode(bytes)?;
            pass_on(shared, node, &claim.tag.scan, Says::Claim(claim), message, encode(&ClaimAnswer::Stale));
            Ok(())
        }
        FromNode::Show => {
            let shown: Shown = decode(bytes)?;
            let scan = shown.claim.tag.scan;
            pass_on(shared, node, &scan, Says::Show(shown), message, encode(&ClaimAnswer::Stale));
            Ok(())
        }
        FromNode::GiveBack => {
            let claim: Claim = decode(bytes)?;
            pass_on(shared, node, &claim.tag.scan, Says::GiveBack(claim), message, encode(&ClaimAnswer::Stale));
            Ok(())
        }
        FromNode::Done => {
            let done: Done = decode(bytes)?;
            let scan = done.tag.scan;
            pass_on(shared, node, &scan, Says::Done(done), message, encode(&DoneAnswer::Stale));
            Ok(())
        }
        FromNode::Progress => {
            let progress: Progress = decode(bytes)?;
            pass_on(shared, node, &progress.tag.scan, Says::Progress(progress), message, Err(Malformed::Content));
            Ok(())
        }
        FromNode::Walk => {
            let notice: WalkNotice = decode(bytes)?;
            if let Some(mailbox) = shared.mailbox(&notice.tag().scan)
                && !mailbox.put_walk(node.clone(), notice)
            {
                tracing::debug!(%node, "a notice of a walk finds no room: the walk begins again");
            }
            Ok(())
        }
    }
}

/// Passes a notice on to its scan. Whoever says something about a scan that is over is told so.
fn pass_on(
    shared: &Arc<Shared>,
    node: &NodeName,
    scan: &ScanKey,
    says: Says,
    message: &Received,
    stale: Result<bytes::Bytes, Malformed>,
) {
    shared.registry().note_sign(node, says.session(), shared.now());
    match (shared.mailbox(scan), &message.reply, stale) {
        (Some(mailbox), reply, _) => {
            mailbox.put_work(WorkNotice { node: node.clone(), says, reply: reply.clone() });
        }
        (None, Some(reply), Ok(stale)) => shared.say_bytes(reply.to_string(), stale),
        (None, _, _) => {}
    }
}

fn welcome(shared: &Arc<Shared>, node: &NodeName, message: &Received) -> Result<(), Malformed> {
    let said = Announcement::read(&message.payload)?;
    let heard = match said.node == *node {
        true => hear(shared, said),
        false => Err(format!("it says that it is {}, and speaks as {node}", said.node)),
    };
    let (refused, roots_refused) = match heard {
        Ok(roots_refused) => (None, roots_refused),
        Err(why) => (Some(why), Vec::new()),
    };
    let welcome = Welcome {
        protocol: Versions::OURS,
        refused,
        roots_refused,
        announcement_ms: shared.announcement().as_millis() as u64,
        ack_wait_ms: shared.ack_wait().as_millis() as u64,
    };
    if let Some(reply) = &message.reply {
        shared.say_bytes(reply.to_string(), to_json(&welcome));
    }
    Ok(())
}

/// Takes an announcement. Returns sentences about roots that are not taken.
pub(super) fn hear(shared: &Shared, said: Announcement) -> Result<Vec<String>, String> {
    let node = said.node.clone();
    let heard = shared.registry().hear(said, shared.now(), Timestamp::now());
    let heard = heard.inspect_err(|why| tracing::warn!(%node, why, "a node is not taken"))?;
    if heard.joined {
        shared.changes.tell_joined(&node);
    }
    if !heard.new_roots.is_empty() {
        shared.to_prepare.notify_one();
    }
    shared.tell_change();
    Ok(heard.roots_refused)
}

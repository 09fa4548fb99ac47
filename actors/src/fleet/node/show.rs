//! Shows the coordinator what this node sees of a sample of a work's files, before its first work of a scan of a pool.

use std::collections::HashMap;
use std::sync::Arc;

use hivesum_core::file::{Devices, Opened, Reach};
use hivesum_core::result::{NameList, append_path};
use hivesum_core::walk::{Filters, Target, WalkSpec};
use tokio::sync::mpsc;

use super::super::protocol::{Claim, ClaimAnswer, Identity, Shown, Work, decode, encode, sample_of};
use super::super::subjects::FromNode;
use super::context::Node;
use crate::walker::{PLANS_AHEAD, Walk, WalkEvent, Walker};

/// Looks, and asks for the work once more. `None` if the coordinator does not answer.
pub(super) async fn show(node: &Arc<Node>, work: &Work, claim: Claim) -> Option<ClaimAnswer> {
    let paths: Vec<_> = {
        let all: Vec<_> = work.entries.iter().collect();
        let path = |index: usize| {
            let mut path = Vec::new();
            append_path(&mut path, all[index].directory, all[index].name);
            path
        };
        sample_of(all.len()).map(path).collect()
    };
    let identities = identities(node, work, &paths).await;
    let seen = paths.iter().map(|path| identities.get(path).copied()).collect();
    let answer = node.ask(FromNode::Show, encode(&Shown { claim, seen }).ok()?).await;
    let answer = answer.inspect_err(|error| tracing::debug!(%error, "what was shown is not answered")).ok()?;
    decode(&answer).inspect_err(|why| tracing::warn!(%why, "the answer to what was shown is none")).ok()
}

/// What is seen under these paths of a work. What cannot be seen is missing.
async fn identities(node: &Arc<Node>, work: &Work, paths: &[Vec<u8>]) -> HashMap<Vec<u8>, Identity> {
    let mut seen = HashMap::new();
    let Ok(path) = work.path() else { return seen };
    let target = match node.open(work.root, path).await {
        Ok(Opened::Directory(dir)) => {
            let mut names = NameList::new();
            paths.iter().for_each(|path| names.push(path));
            Target::Listed { dir, names }
        }
        Ok(Opened::File { parent, name }) => Target::File { parent, name, shown: Vec::new() },
        Err(_) => return seen,
    };
    let timeout = node.engine.shared.config.quantum_deadline;
    let spec = WalkSpec {
        targets: vec![target],
        filters: Filters::default(),
        reach: Reach::Everywhere,
        devices: Devices::Skip,
        leave_out: Vec::new(),
        timeout,
    };
    let (events, mut plans) = mpsc::channel(PLANS_AHEAD);
    Walker::start(node.engine.shared.config.priority).do_send(Walk { spec, events, looks: true });
    while let Some(WalkEvent::Plan(plan)) = plans.recv().await {
        for (index, entry) in plan.entries.iter().enumerate() {
            let Some(meta) = plan.seen(index) else { continue };
            let mut path = Vec::new();
            plan.path_into(entry, &mut path);
            seen.insert(path, Identity::of(&meta));
        }
    }
    seen
}

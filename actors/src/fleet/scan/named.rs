//! The plans of a scan whose files are named by a manifest: no node walks.
//!
//! For a pool a node is asked first what it sees under the names, as a walk would have told, so that results of a node
//! that sees other files do not count.

use std::sync::Arc;

use hivesum_core::file::RelPath;
use hivesum_core::result::{ErrorCode, NameList, Status};
use hivesum_core::walk::{Fate, Plan};
use tokio::sync::{mpsc, watch};

use super::super::asking::ask_seen;
use super::super::protocol::{Call, Identity, MAX_ASKED_BYTES, MAX_ASKED_NAMES, NodeName, RootId, may_travel};
use super::super::shared::Shared;
use super::walk::{VAIN_WALKS, WAIT_AFTER_REFUSAL};
use crate::walker::WalkEvent;

/// Named files, as a walk.
#[derive(Debug)]
pub(in crate::fleet) struct NamedFiles {
    pub(in crate::fleet) fleet: Arc<Shared>,
    pub(in crate::fleet) root: RootId,
    /// The directory that the names are beneath.
    pub(in crate::fleet) path: RelPath,
    pub(in crate::fleet) cross_filesystems: bool,
    pub(in crate::fleet) names: NameList,
    /// Whether other machines are to recognise the files.
    pub(in crate::fleet) identities: bool,
    pub(in crate::fleet) events: mpsc::Sender<WalkEvent>,
    /// The node whose look counts.
    pub(in crate::fleet) walker: watch::Sender<Option<NodeName>>,
}

impl NamedFiles {
    /// Passes all names on, or ends when nobody wants more. Without an end, the walk has failed.
    pub(in crate::fleet) async fn run(self) {
        let mut files = 0;
        let mut rest = self.names.iter().peekable();
        while rest.peek().is_some() {
            let mut bytes = 0;
            let mut some = Vec::new();
            while let Some(name) = rest.next_if(|name| {
                some.len() < MAX_ASKED_NAMES && (some.is_empty() || bytes + name.len() <= MAX_ASKED_BYTES)
            }) {
                bytes += name.len();
                some.push(name);
            }
            let mut plan = plan_of(&some);
            if self.identities {
                let Some(found) = self.look(&some).await else { return };
                note_seen(&mut plan, &found);
            }
            files += plan.entries.iter().filter(|entry| entry.fate == Fate::Hash).count() as u64;
            if self.events.send(WalkEvent::Plan(plan)).await.is_err() {
                return;
            }
        }
        let _ = self.events.send(WalkEvent::End { files }).await;
    }

    /// What a node sees under these names. It waits while no node is there; `None` if nobody wants to know any more, or
    /// every node refuses.
    async fn look(&self, names: &[&[u8]]) -> Option<Vec<Option<Identity>>> {
        let call = Call::see(self.root, &self.path, self.cross_filesystems, names.iter().copied());
        let (mut vain, mut changed) = (0, self.fleet.registry_changed());
        while vain < VAIN_WALKS {
            match ask_seen(&self.fleet, self.root, &call).await {
                Ok((node, seen)) => {
                    self.walker.send_replace(Some(node));
                    return Some(seen.found);
                }
                Err(Some(_)) => vain += 1,
                Err(None) => {}
            }
            tokio::select! {
                () = self.events.closed() => return None,
                changed = changed.changed() => changed.ok()?,
                () = tokio::time::sleep(WAIT_AFTER_REFUSAL) => {}
            }
        }
        None
    }
}

/// A plan of files that are to be hashed. What cannot be a file in a tree is not there.
fn plan_of(names: &[&[u8]]) -> Plan {
    let parted: Vec<_> = names.iter().map(|path| parts_of(path)).collect();
    let mut directories: Vec<&[u8]> = Vec::new();
    let mut groups = Vec::with_capacity(parted.len());
    for (directory, _) in &parted {
        if directories.last() != Some(directory) {
            directories.push(directory);
        }
        groups.push(directories.len() as u32 - 1);
    }
    let mut plan = Plan::elsewhere(directories.iter().map(|directory| Arc::from(*directory)));
    for ((directory, name), group) in parted.into_iter().zip(groups) {
        let fate = match may_travel(directory, name) {
            true => Fate::Hash,
            false => Fate::Settled(Status::error(ErrorCode::NotFound)),
        };
        plan.push(group, name, fate);
    }
    plan
}

/// The directory of a path, and the name in it.
fn parts_of(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

fn note_seen(plan: &mut Plan, found: &[Option<Identity>]) {
    for (index, identity) in found.iter().enumerate() {
        if let Some(identity) = identity {
            plan.note_seen(index, identity.meta());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_files_are_entries_in_their_directories_and_what_no_tree_has_is_not_there() {
        let long = [&b"d/"[..], &[b'x'; 2000]].concat();
        let names: [&[u8]; 5] = [b"a", b"d/b", b"d/c/e", b"d/f", &long];
        let plan = plan_of(&names);
        let paths = plan.entries.iter().map(|entry| {
            let mut path = Vec::new();
            plan.path_into(entry, &mut path);
            path
        });
        assert_eq!(paths.collect::<Vec<_>>(), names);
        let hashed = plan.entries.iter().map(|entry| entry.fate == Fate::Hash);
        assert_eq!(hashed.collect::<Vec<_>>(), [true, true, true, true, false]);
    }
}

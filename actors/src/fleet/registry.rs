//! The nodes of a fleet and the roots that they offer, as the coordinator knows them. Plain data, without a broker.
//!
//! A root of a pool is one root on several nodes; whoever started them has said so. Roots of one name without a pool
//! are different roots, and the name alone means none of them: which files are the same is never guessed. A node that
//! is lost stays known, so that its roots are unreachable and not unknown.

mod offered;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::broadcast;

use super::port::{FarName, FarRoot, NodeChange, NodeEvent, NodeEvents, NodeView};
use super::protocol::{Announcement, NodeName, RootId, Versions};
use offered::{Offered, Offering, by_root, meaning, offers, reading, view};

/// Nodes that are known at a time, at most.
const MAX_NODES: usize = 4096;

/// The nodes of a fleet.
#[derive(Debug)]
pub(super) struct Registry {
    /// The coordinator's own roots, whose names no node can have.
    local: Vec<String>,
    age: Duration,
    nodes: BTreeMap<NodeName, KnownNode>,
}

#[derive(Debug)]
struct KnownNode {
    said: Announcement,
    announced: Instant,
    /// When something of it was heard last, whatever it was.
    seen: Instant,
    clock_ahead_ms: i64,
    bytes_per_second: u64,
    is_there: bool,
    /// Messages of it that were none.
    malformed: u64,
    /// The process whose place this one took.
    replaced: Option<u64>,
}

/// What came of an announcement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// The node was not there before.
    pub(super) joined: bool,
    /// Roots that were not offered before.
    pub(super) new_roots: Vec<RootId>,
    /// Sentences about roots that are not taken.
    pub(super) roots_refused: Vec<String>,
}

/// How often nodes have come and were lost, since the start; and who wants to hear of it.
#[derive(Debug)]
pub(super) struct Changes {
    joined: AtomicU64,
    lost: AtomicU64,
    told: broadcast::Sender<NodeEvent>,
}

/// Changes that may wait for a reader. A slower one misses the oldest.
const EVENTS_AHEAD: usize = 256;

impl Default for Changes {
    fn default() -> Self {
        Self { joined: AtomicU64::new(0), lost: AtomicU64::new(0), told: broadcast::Sender::new(EVENTS_AHEAD) }
    }
}

impl Changes {
    /// What happens from now on.
    pub(super) fn events(&self) -> NodeEvents {
        NodeEvents::new(self.told.subscribe())
    }

    fn tell(&self, node: &NodeName, change: NodeChange) {
        // Nobody may be listening.
        let _ = self.told.send(NodeEvent { node: node.to_string(), change });
    }

    /// Tells that a node has come.
    pub(super) fn tell_joined(&self, node: &NodeName) {
        self.joined.fetch_add(1, Ordering::Relaxed);
        self.tell(node, NodeChange::Joined);
        tracing::info!(event = "node_joined", %node, "a node joined the fleet");
    }

    /// Tells that a node is lost.
    pub(super) fn tell_lost(&self, node: &NodeName) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.tell(node, NodeChange::Lost);
        let event = "node_lost";
        tracing::warn!(event, %node, "a node is lost: it has said nothing for as long as an announcement lasts");
    }

    /// Both, joined and lost.
    pub(super) fn so_far(&self) -> (u64, u64) {
        (self.joined.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed))
    }
}

impl Registry {
    pub(super) fn new(local: Vec<String>, age: Duration) -> Self {
        Self { local, age, nodes: BTreeMap::new() }
    }

    /// Takes what a node says of itself.
    ///
    /// # Errors
    /// A sentence, if the node is not taken.
    pub(super) fn hear(&mut self, mut said: Announcement, now: Instant, clock: Timestamp) -> Result<Heard, String> {
        if said.protocol.common(Versions::OURS).is_none() {
            let (theirs, ours) = (said.protocol, Versions::OURS);
            return Err(format!("it speaks version {theirs} of the protocol, and the coordinator {ours}"));
        }
        let before = self.nodes.get(&said.node);
        if before.is_none() && self.nodes.len() >= MAX_NODES {
            return Err(format!("the fleet has {MAX_NODES} nodes, as many as there may be"));
        }
        if before.is_some_and(|before| before.replaced == Some(said.session)) {
            return Err(format!("another process named {} has taken its place", said.node));
        }
        let is_local = |name: &str| self.local.iter().any(|local| local == name);
        let (taken, refused): (Vec<_>, _) = said.roots.drain(..).partition(|root| !is_local(&root.name));
        said.roots = taken;
        let roots_refused = refused
            .iter()
            .map(|root| format!("{:?} is a directory of the coordinator: give this one another name", root.name));
        let roots_refused = roots_refused.collect();
        let same = before.filter(|before| before.said.session == said.session);
        let bytes_per_second = same.map_or(0, |before| {
            let bytes = said.figures.bytes_hashed.saturating_sub(before.said.figures.bytes_hashed);
            (bytes as f64 / now.duration_since(before.announced).as_secs_f64().max(0.001)) as u64
        });
        let replaced = match (before, same) {
            (Some(before), None) => Some(before.said.session),
            (Some(before), Some(_)) => before.replaced,
            (None, _) => None,
        };
        let known: Vec<_> =
            before.map(|before| offers(&before.said).map(|root| root.id()).collect()).unwrap_or_default();
        let new_roots = offers(&said).map(|root| root.id()).filter(|id| !known.contains(id)).collect();
        let joined = !before.is_some_and(|before| before.is_there);
        let clock_ahead_ms = i64::try_from(said.figures.at.duration_since(clock).as_millis()).unwrap_or(i64::MAX);
        let malformed = before.map_or(0, |before| before.malformed);
        let node = KnownNode {
            announced: now,
            seen: now,
            clock_ahead_ms,
            bytes_per_second,
            is_there: true,
            malformed,
            replaced,
            said,
        };
        self.nodes.insert(node.said.node.clone(), node);
        Ok(Heard { joined, new_roots, roots_refused })
    }

    /// Counts a message of a node that was none, and says so at the 1st, the 10th, the 100th, ...
    pub(super) fn count_malformed(&mut self, node: &NodeName) {
        let Some(known) = self.nodes.get_mut(node) else { return };
        known.malformed += 1;
        let malformed = known.malformed;
        if malformed == 10_u64.pow(malformed.ilog10()) {
            tracing::warn!(%node, malformed, "messages of a node cannot be read: is it of this version?");
        }
    }

    /// The nodes that have said nothing for as long as an announcement lasts, once each.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<NodeName> {
        let silent = |node: &&mut KnownNode| node.is_there && now.duration_since(node.seen) > self.age;
        let lost = self.nodes.values_mut().filter(silent).map(|node| {
            node.is_there = false;
            node.said.node.clone()
        });
        lost.collect()
    }

    /// A process of a node has said something about its work.
    pub(super) fn note_sign(&mut self, node: &NodeName, session: u64, now: Instant) {
        if let Some(known) = self.nodes.get_mut(node).filter(|known| known.said.session == session) {
            known.seen = now;
        }
    }

    /// The broker was away, so no node could say anything: those that were there have time to do so.
    pub(super) fn excuse(&mut self, now: Instant) {
        self.nodes.values_mut().filter(|node| node.is_there).for_each(|node| node.seen = now);
    }

    /// Whether this process of a node has said something within the life of an announcement.
    pub(super) fn is_alive(&self, node: &NodeName, session: u64, now: Instant) -> bool {
        let is_it = |node: &&KnownNode| node.said.session == session;
        self.nodes.get(node).filter(is_it).is_some_and(|node| now.duration_since(node.seen) <= self.age)
    }

    /// The nodes that are there, take work and offer this root.
    pub(super) fn nodes_of(&self, root: RootId) -> Vec<NodeName> {
        self.that_take(root).map(|node| node.said.node.clone()).collect()
    }

    /// The nodes that are there and offer this root: first those that take work.
    pub(super) fn nodes_there(&self, root: RootId) -> Vec<NodeName> {
        let mut nodes = self.nodes_of(root);
        nodes.extend(self.there(root).filter(|node| node.said.figures.draining).map(|node| node.said.node.clone()));
        nodes
    }

    fn there(&self, root: RootId) -> impl Iterator<Item = &KnownNode> {
        let offer = move |node: &&KnownNode| offers(&node.said).any(|offered| offered.id() == root);
        self.nodes.values().filter(|node| node.is_there).filter(offer)
    }

    fn that_take(&self, root: RootId) -> impl Iterator<Item = &KnownNode> {
        self.there(root).filter(|node| !node.said.figures.draining)
    }

    /// Whether a node of this name is there.
    pub(super) fn is_there(&self, node: &NodeName) -> Option<bool> {
        self.nodes.get(node).map(|node| node.is_there)
    }

    /// Whether several nodes are there for this root, and all of them speak this version of the protocol.
    pub(super) fn shares(&self, root: RootId, version: u8) -> bool {
        let (mut nodes, mut all) = (0, true);
        for node in self.that_take(root) {
            nodes += 1;
            all &= node.said.protocol.have(version);
        }
        nodes > 1 && all
    }

    /// Every root that was ever offered.
    pub(super) fn root_ids(&self) -> Vec<RootId> {
        self.offered().into_iter().map(|(offered, _)| offered.id()).collect()
    }

    /// What a name means.
    pub(super) fn resolve(&self, name: &str) -> FarName {
        meaning(name, &self.offered())
    }

    /// The id of a root that is named in full.
    pub(super) fn id_of(&self, full_name: &str) -> Option<RootId> {
        let all = self.offered();
        let (offered, _) = all.iter().find(|(offered, _)| offered.full_name() == full_name)?;
        Some(offered.id())
    }

    /// Whether it is the root of a pool.
    pub(super) fn is_pool(&self, root: RootId) -> bool {
        self.offered().iter().any(|(offered, _)| matches!(offered, Offered::Pool(_)) && offered.id() == root)
    }

    /// Every root.
    pub(super) fn roots(&self) -> Vec<FarRoot> {
        self.offered().iter().map(|(offered, nodes)| view(offered, nodes)).collect()
    }

    /// Every node.
    pub(super) fn nodes(&self, now: Instant) -> Vec<NodeView> {
        let view = |node: &KnownNode| NodeView {
            name: node.said.node.to_string(),
            version: node.said.version.clone(),
            is_there: node.is_there,
            draining: node.said.figures.draining,
            roots: offers(&node.said).map(|offered| offered.full_name()).collect(),
            hashers: node.said.figures.hashers,
            hashers_busy: node.said.figures.hashers_busy,
            bytes_hashed: node.said.figures.bytes_hashed,
            files_hashed: node.said.figures.files_hashed,
            bytes_per_second: if node.is_there { node.bytes_per_second } else { 0 },
            seen_before: now.duration_since(node.seen),
            clock_ahead_ms: node.clock_ahead_ms,
            reading: if node.is_there { reading(&node.said) } else { Vec::new() },
        };
        self.nodes.values().map(view).collect()
    }

    /// Each root with its nodes, in the order of names.
    fn offered(&self) -> Vec<(Offered<'_>, Vec<Offering<'_>>)> {
        by_root(self.nodes.values().map(|node| Offering { said: &node.said, is_there: node.is_there }))
    }
}

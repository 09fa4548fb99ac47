//! The subjects of a fleet, and the names of what it has in the broker.
//!
//! ```text
//! hivesum.FLEET.from.NODE.WHAT   a node to the coordinator; a NATS user may be allowed those of one node alone
//! hivesum.FLEET.to.NODE.WHAT     the coordinator to a node
//! hivesum.FLEET.all.WHAT         the coordinator to every node
//! hivesum.FLEET.work.ROOT.SCAN   files to hash, in a stream: ROOT and SCAN are digits and letters, never names
//! ```

use super::protocol::{NodeName, RootId, ScanKey};

/// What a node says to the coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromNode {
    /// What it is; answered.
    Hello,
    /// It asks for a work; answered.
    Claim,
    /// What it sees of some files of a work; answered as a claim.
    Show,
    /// Results; answered.
    Done,
    /// It gives a work back; answered.
    GiveBack,
    /// It is at a work.
    Progress,
    /// Of a walk.
    Walk,
}

impl FromNode {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Hello, "hello"),
        (Self::Claim, "claim"),
        (Self::Show, "show"),
        (Self::Done, "done"),
        (Self::GiveBack, "give_back"),
        (Self::Progress, "progress"),
        (Self::Walk, "walk"),
    ];

    /// Each of them.
    #[cfg(test)]
    pub(crate) const EVERY: [Self; 7] =
        [Self::Hello, Self::Claim, Self::Show, Self::Done, Self::GiveBack, Self::Progress, Self::Walk];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("", |(_, word)| word)
    }
}

/// Subjects and names of one fleet.
#[derive(Debug, Clone)]
pub(crate) struct Subjects {
    fleet: String,
}

impl Subjects {
    /// Those of a fleet whose name was checked.
    pub(crate) fn new(fleet: &str) -> Self {
        Self { fleet: fleet.to_owned() }
    }

    /// What one node says.
    pub(crate) fn said_by(&self, node: &NodeName, what: FromNode) -> String {
        format!("hivesum.{}.from.{node}.{}", self.fleet, what.word())
    }

    /// What every node says.
    pub(crate) fn said_by_all(&self) -> String {
        format!("hivesum.{}.from.*.*", self.fleet)
    }

    /// Who says what. The broker lets nobody use the subject of another one, if it is told not to.
    pub(crate) fn read(&self, subject: &str) -> Option<(NodeName, FromNode)> {
        let rest = subject.strip_prefix("hivesum.")?.strip_prefix(&*self.fleet)?.strip_prefix(".from.")?;
        let (node, word) = rest.split_once('.')?;
        let (what, _) = FromNode::ALL.into_iter().find(|(_, known)| *known == word)?;
        Some((node.parse().ok()?, what))
    }

    /// Calls to a node; answered.
    pub(crate) fn call(&self, node: &NodeName) -> String {
        format!("hivesum.{}.to.{node}.call", self.fleet)
    }

    /// Credit for walks of a node.
    pub(crate) fn credit(&self, node: &NodeName) -> String {
        format!("hivesum.{}.to.{node}.credit", self.fleet)
    }

    /// Scans that have ended.
    pub(crate) fn cancel(&self) -> String {
        format!("hivesum.{}.all.cancel", self.fleet)
    }

    /// Works of one scan.
    pub(crate) fn work(&self, root: RootId, scan: &ScanKey) -> String {
        format!("hivesum.{}.work.{root}.{}-{:016x}", self.fleet, hex::encode(scan.job), scan.attempt)
    }

    /// Works of every scan of a root.
    pub(crate) fn works_of(&self, root: RootId) -> String {
        format!("hivesum.{}.work.{root}.*", self.fleet)
    }

    /// All works.
    pub(crate) fn all_works(&self) -> String {
        format!("hivesum.{}.work.*.*", self.fleet)
    }

    /// The stream of works.
    pub(crate) fn stream(&self) -> String {
        format!("HIVESUM_{}_WORK", self.fleet)
    }

    /// The consumer that the nodes of a root share.
    pub(crate) fn consumer(&self, root: RootId) -> String {
        format!("root_{root}")
    }

    /// The bucket of announcements.
    pub(crate) fn nodes_bucket(&self) -> String {
        format!("hivesum_{}_nodes", self.fleet)
    }

    /// The bucket of the coordinator's lease.
    pub(crate) fn lease_bucket(&self) -> String {
        format!("hivesum_{}_lease", self.fleet)
    }

    /// Where a node puts its announcement.
    pub(crate) fn announcement(&self, node: &NodeName) -> String {
        format!("$KV.{}.{node}", self.nodes_bucket())
    }

    /// The inbox of a node, so that a NATS user may be allowed it alone.
    pub(crate) fn inbox_of(node: &NodeName) -> String {
        format!("_INBOX_{node}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_said_what_is_read_from_the_subject() {
        let subjects = Subjects::new("f");
        let node: NodeName = "n-1".parse().unwrap();
        for (what, word) in FromNode::ALL {
            let subject = subjects.said_by(&node, what);
            assert_eq!(subject, format!("hivesum.f.from.n-1.{word}"));
            assert_eq!(subjects.read(&subject), Some((node.clone(), what)));
        }
        for subject in
            ["hivesum.g.from.n.done", "hivesum.f.from.n.other", "hivesum.f.from.n", "hivesum.f.to.n.done", ""]
        {
            assert_eq!(subjects.read(subject), None, "{subject}");
        }
    }
}

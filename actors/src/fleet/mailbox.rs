//! What nodes say about a scan, on its way to the scan. Bounded: what finds no room is said again.

use tokio::sync::mpsc;

use super::protocol::{Claim, Done, NodeName, Progress, Shown, WalkNotice};

/// Notices about the works, and about the walk, of one scan that may wait. Each node has a few works of it.
const NOTICES_AHEAD: usize = 256;

/// Where the notices of nodes about a scan go.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    works: mpsc::Sender<WorkNotice>,
    walk: mpsc::Sender<(NodeName, WalkNotice)>,
}

/// Where a scan takes them.
#[derive(Debug)]
pub(super) struct Notices {
    pub(super) works: mpsc::Receiver<WorkNotice>,
    pub(super) walk: mpsc::Receiver<(NodeName, WalkNotice)>,
}

/// What a node says about a work.
#[derive(Debug)]
pub(super) struct WorkNotice {
    pub(super) node: NodeName,
    pub(super) says: Says,
    /// Where an answer is waited for.
    pub(super) reply: Option<async_nats::Subject>,
}

#[derive(Debug)]
pub(super) enum Says {
    Claim(Claim),
    Show(Shown),
    Done(Done),
    GiveBack(Claim),
    Progress(Progress),
}

impl Says {
    /// The process that says it.
    pub(super) const fn session(&self) -> u64 {
        match self {
            Self::Claim(claim) | Self::GiveBack(claim) => claim.session,
            Self::Show(shown) => shown.claim.session,
            Self::Done(done) => done.session,
            Self::Progress(progress) => progress.session,
        }
    }
}

impl Mailbox {
    pub(super) fn new() -> (Self, Notices) {
        let (works_in, works) = mpsc::channel(NOTICES_AHEAD);
        let (walk_in, walk) = mpsc::channel(NOTICES_AHEAD);
        (Self { works: works_in, walk: walk_in }, Notices { works, walk })
    }

    /// Whether there was room.
    pub(super) fn put_work(&self, notice: WorkNotice) -> bool {
        self.works.try_send(notice).is_ok()
    }

    /// Whether there was room. Mere signs of life leave room for plans.
    pub(super) fn put_walk(&self, node: NodeName, notice: WalkNotice) -> bool {
        let is_sign = matches!(notice, WalkNotice::Alive { .. });
        if is_sign && self.walk.capacity() < NOTICES_AHEAD / 2 {
            return true;
        }
        self.walk.try_send((node, notice)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::protocol::{ScanKey, WorkTag};
    use super::*;

    #[test]
    fn a_flood_of_notices_is_cut_off_and_the_scan_is_not() {
        let (mailbox, mut notices) = Mailbox::new();
        let tag = WorkTag { scan: ScanKey { job: [0; 16], attempt: 0 }, number: 0 };
        let notice =
            || WorkNotice { node: "n".parse().unwrap(), says: Says::Claim(Claim { tag, session: 0 }), reply: None };
        assert!((0..NOTICES_AHEAD).all(|_| mailbox.put_work(notice())));
        assert!(!mailbox.put_work(notice()));
        assert!(notices.works.try_recv().is_ok() && mailbox.put_work(notice()));
    }
}

//! Whether a node of a pool sees the files that the walk has seen: it shows a sample before its first work of a scan.
//!
//! Where most of the sample are other files, the node gets no work of the scan. A few may have changed since the walk:
//! each result is compared once more when it comes.

use super::super::protocol::{Claim, ClaimAnswer, Identity, NodeName, Shown, sample_of};
use super::driver::FarDriver;
use super::works::Holder;

impl FarDriver {
    /// Whether a node has to show what it sees before it gets a work. What the walker sees is what counts.
    pub(super) fn must_show(&self, node: &NodeName, claim: &Claim) -> bool {
        let holder = Holder { node: node.clone(), session: claim.session };
        let is_walker = self.config.walker.borrow().as_ref() == Some(node);
        !is_walker && !self.admitted.contains(&holder) && self.sample(claim.tag.number).iter().any(Option::is_some)
    }

    pub(super) fn take_shown(&mut self, node: NodeName, shown: &Shown) -> ClaimAnswer {
        if differs(&self.sample(shown.claim.tag.number), &shown.seen) {
            tracing::warn!(%node, "a node of a pool sees other files under its name, and gets no work of a job");
            self.excluded.insert(node);
            return ClaimAnswer::Elsewhere;
        }
        self.admitted.insert(Holder { node: node.clone(), session: shown.claim.session });
        self.take_claim(node, &shown.claim)
    }

    /// What the walk has seen of the sample of a work.
    fn sample(&self, number: u64) -> Vec<Option<Identity>> {
        let Some(work) = self.works.get(number) else { return Vec::new() };
        let seen = |index: usize| {
            let place = work.places[index];
            let meta = self.window.plan(place.plan)?.seen(place.index as usize)?;
            Some(Identity::of(&meta))
        };
        sample_of(work.places.len()).map(seen).collect()
    }
}

/// Whether a node sees other files than the walk for most of what the walk has seen.
fn differs(walked: &[Option<Identity>], shown: &[Option<Identity>]) -> bool {
    let known = walked.iter().enumerate().filter(|(_, identity)| identity.is_some());
    let (all, same) = known.fold((0, 0), |(all, same), (index, identity)| {
        (all + 1, same + usize::from(shown.get(index) == Some(identity)))
    });
    2 * same < all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(first: u64) -> Vec<Option<Identity>> {
        (first..first + 4).map(|inode| Some(Identity { size: 1, mtime_ns: 2, inode })).collect()
    }

    #[test]
    fn a_node_differs_if_most_of_what_the_walk_has_seen_is_something_else_there() {
        let walked = files(10);
        assert!(!differs(&walked, &walked));
        assert!(differs(&walked, &files(20)) && differs(&walked, &[]) && differs(&walked, &[None; 4]));
        let changed = |number: usize| [&files(20)[..number], &walked[number..]].concat();
        assert!(!differs(&walked, &changed(2)) && differs(&walked, &changed(3)));
        assert!(!differs(&[None, walked[1]], &[None, walked[1]]), "what the walk could not see says nothing");
        assert!(!differs(&[None; 2], &[]));
    }
}

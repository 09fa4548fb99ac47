//! How the names of a manifest meet a tree on nodes: the same rules as for a tree of this machine, by questions.
//!
//! The rules ask about one name after the other. Names that nobody has asked a node about yet count as not there until
//! the next round, when a node has told; rounds end when the rules ask about nothing new.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hivesum_core::compare::Spelling;
use hivesum_core::file::RelPath;

use super::manifest::Entries;
use crate::error::SubmitError;
use crate::fleet::port::{FarRoots, FarSeen, MAX_NAMES_SEEN};
use crate::job::JobSpec;
use crate::jobs::service::Jobs;

/// Rounds of questions, at most. The first asks about almost all names.
const ROUNDS: usize = 8;

/// Names that a node is asked about for one manifest, at most. What it is not asked about counts as not there.
const MOST_NAMES: usize = 4096;

/// No longer path can be opened (`PATH_MAX`).
const LONGEST_PATH: usize = 4095;

/// One round of the rules.
struct Round {
    entries: Entries,
    there: HashMap<Vec<u8>, bool>,
    spelling: Spelling,
    /// Names that were asked about without an answer.
    asked: BTreeSet<Vec<u8>>,
}

impl Jobs {
    /// How the names of the manifest meet what is at the job's path beneath a root of the fleet.
    pub(super) async fn far_spelling(
        &self,
        root: &str,
        entries: Entries,
        spec: &JobSpec,
    ) -> Result<(Entries, Spelling), SubmitError> {
        let fleet = self.shared.fleet.get().ok_or(SubmitError::RootUnavailable)?;
        let place = see(fleet, root, spec, &[]).await?;
        let path = spec.path.clone();
        if !place.is_directory {
            let spelled = off_the_loop(move || (entries.spelling_of_file(path.file_name()), entries)).await?;
            return Ok((spelled.1, spelled.0));
        }
        let mut round = Round { entries, there: HashMap::new(), spelling: Spelling::default(), asked: BTreeSet::new() };
        for _ in 0..ROUNDS {
            let path = path.clone();
            round = off_the_loop(move || round.again(&path)).await?;
            if round.asked.is_empty() || round.there.len() >= MOST_NAMES {
                break;
            }
            let asked = std::mem::take(&mut round.asked).into_iter();
            let (asked, too_long): (Vec<_>, Vec<_>) = asked.partition(|name| name.len() <= LONGEST_PATH);
            round.there.extend(too_long.into_iter().map(|name| (name, false)));
            for names in asked.chunks(MAX_NAMES_SEEN).take(MOST_NAMES / MAX_NAMES_SEEN) {
                let seen = see(fleet, root, spec, names).await?;
                round.there.extend(names.iter().cloned().zip(seen.there));
            }
        }
        Ok((round.entries, round.spelling))
    }
}

impl Round {
    /// The rules with what is known by now.
    fn again(self, path: &RelPath) -> Self {
        let asked = RefCell::new(BTreeSet::new());
        let is_there = |name: &[u8]| {
            self.there.get(name).copied().unwrap_or_else(|| {
                asked.borrow_mut().insert(name.to_vec());
                false
            })
        };
        let spelling = self.entries.spelling_in(path, is_there);
        Self { spelling, asked: asked.into_inner(), ..self }
    }
}

async fn see(fleet: &Arc<dyn FarRoots>, root: &str, spec: &JobSpec, names: &[Vec<u8>]) -> Result<FarSeen, SubmitError> {
    fleet.see(root, &spec.path, spec.reach(), names).await.map_err(SubmitError::from)
}

async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SubmitError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SubmitError::Broken)
}

//! A manifest and a tree on nodes: the text of one that lies there, and how its names meet the tree, by the same rules as
//! on this machine, by questions.
//!
//! The rules ask about one name after the other. Names that nobody has asked a node about yet count as not there until
//! the next round, when a node has told; rounds end when the rules ask about nothing new.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hivesum_core::compare::Spelling;
use hivesum_core::file::RelPath;
use hivesum_core::manifest::Limits;

use super::manifest::Entries;
use super::source::check_length;
use crate::error::SubmitError;
use crate::fleet::port::{FarRoots, FarSeen, MAX_NAMES_SEEN, NoText};
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
        spelling(fleet, root, entries, spec).await
    }

    /// The text of a manifest that lies on a node.
    pub(super) async fn far_text(&self, root: &str, path: &RelPath) -> Result<Vec<u8>, SubmitError> {
        let fleet = self.shared.fleet.get().ok_or(SubmitError::RootUnavailable)?;
        let text = fleet.read(root, path, Limits::REQUEST.bytes).await.map_err(|why| match why {
            NoText::Failed(failure) => SubmitError::from(failure),
            NoText::Permission => SubmitError::NotFound("the manifest may not be opened"),
            NoText::TooOld => {
                SubmitError::NotOnNodes("the node is too old to read a manifest: update it, or send its text")
            }
            NoText::Changes => SubmitError::NotFound("the manifest changes again and again while it is read"),
        })?;
        check_length(&text)?;
        Ok(text)
    }
}

async fn spelling(
    fleet: &Arc<dyn FarRoots>,
    root: &str,
    entries: Entries,
    spec: &JobSpec,
) -> Result<(Entries, Spelling), SubmitError> {
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
        let room = MOST_NAMES.saturating_sub(round.there.len());
        for names in asked[..asked.len().min(room)].chunks(MAX_NAMES_SEEN) {
            let seen = see(fleet, root, spec, names).await?;
            round.there.extend(names.iter().cloned().zip(seen.there));
        }
    }
    Ok((round.entries, round.spelling))
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use hivesum_core::file::Reach;

    use super::super::Strictness;
    use super::*;
    use crate::error::Refused;
    use crate::fleet::port::{DrainFailed, FarAnswer, FarFailure, FarName, FarRoot, FarScan, FleetView, NodeEvents};
    use crate::listing::{EntryPage, ListError};
    use crate::scan::{Past, Scan};

    /// A node that has these names, and remembers what it was asked about.
    #[derive(Debug)]
    struct Asked {
        there: &'static [&'static str],
        names: Mutex<Vec<Vec<u8>>>,
    }

    impl FarRoots for Asked {
        fn resolve(&self, _: &str) -> FarName {
            unreachable!()
        }

        fn roots(&self) -> Vec<FarRoot> {
            unreachable!()
        }

        fn view(&self) -> FleetView {
            unreachable!()
        }

        fn node_events(&self) -> NodeEvents {
            unreachable!()
        }

        fn drain(&self, _: &str, _: bool) -> FarAnswer<Result<(), DrainFailed>> {
            unreachable!()
        }

        fn look(&self, _: &str, _: &RelPath) -> FarAnswer<Result<(), FarFailure>> {
            unreachable!()
        }

        fn see(&self, _: &str, _: &RelPath, _: Reach, names: &[Vec<u8>]) -> FarAnswer<Result<FarSeen, FarFailure>> {
            assert!(names.len() <= MAX_NAMES_SEEN && names.iter().all(|name| name.len() <= LONGEST_PATH));
            self.names.lock().unwrap().extend(names.iter().cloned());
            let there = names.iter().map(|name| self.there.iter().any(|there| there.as_bytes() == name)).collect();
            Box::pin(async move { Ok(FarSeen { is_directory: true, there }) })
        }

        fn list(&self, _: &str, _: &RelPath, _: Option<&[u8]>, _: usize) -> FarAnswer<Result<EntryPage, ListError>> {
            unreachable!()
        }

        fn read(&self, _: &str, _: &RelPath, _: u64) -> FarAnswer<Result<Vec<u8>, NoText>> {
            unreachable!()
        }

        fn scan(&self, _: &str, _: FarScan, _: Past) -> Result<Scan, Refused> {
            unreachable!()
        }
    }

    /// What is taken off the names of a manifest, and which names were asked about.
    async fn asked(manifest: &str, there: &'static [&'static str]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let spec: JobSpec = serde_json::from_str(r#"{"root":"r"}"#).unwrap();
        let entries = Entries::read(manifest.as_bytes(), &spec, Strictness::Strict).unwrap();
        let node = Arc::new(Asked { there, names: Mutex::default() });
        let fleet: Arc<dyn FarRoots> = node.clone();
        let (_, found) = spelling(&fleet, "r", entries, &spec).await.unwrap();
        let names = std::mem::take(&mut *node.names.lock().unwrap());
        (found.taken_off, names)
    }

    #[actix_rt::test]
    async fn names_are_asked_about_once_each_until_the_rules_know_enough() {
        let (taken_off, mut names) = asked("352441c2  a/b/c\n352441c2  a/b/d\n", &["c", "d"]).await;
        assert_eq!(taken_off, b"a/b/");
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
        assert_eq!(asked("352441c2  a/b/c\n", &["a", "a/b", "a/b/c"]).await.0, b"");
    }

    #[actix_rt::test]
    async fn a_node_is_asked_about_a_bounded_number_of_names() {
        let deep = vec!["d"; 70].join("/");
        let manifest: String = (0..64).map(|file| format!("352441c2  {deep}/{file}\n")).collect();
        assert_eq!(asked(&manifest, &[]).await.1.len(), MOST_NAMES);
        let long = format!("352441c2  d/{}\n", ["x"; 4094 / 2].join("/"));
        assert!(asked(&long, &[]).await.1.iter().all(|name| name.len() <= LONGEST_PATH));
    }
}

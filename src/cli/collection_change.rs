//! How a command changes collections: the service that runs on the state directory does it, or else the command itself,
//! which takes the server's lock.
//!
//! What is asked of a service is bounded by the length of a request, so many files are accepted in several changes. Each
//! of them may be asked for again: a service that ends before it answers may have made it or not, and the command goes on
//! alone, or with the service that has started since.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use hivesum::control::collection_messages::Shown;
use hivesum::control::protocol::{Answer, Command, MAX_REQUEST_BYTES};
use hivesum_actors::error::StoreError;
use hivesum_actors::store::collections::{Accepted, Collections, MAX_ROWS};
use hivesum_core::fixity::{Acknowledgement, FileState, Seen};

use super::control::{StateAccess, unexpected};
use super::quote::quoted;
use super::state::require_state;

/// Bytes of the files in one request: the rest is for the command, the id and what is said of them.
const SHOWN_BYTES: usize = MAX_REQUEST_BYTES - 4096;

/// The collections of a state directory that a command is about to change.
#[derive(Debug)]
pub(super) struct CollectionChange {
    directory: PathBuf,
    access: StateAccess,
    /// To read, and where this command holds the lock, to change. At most one is open: a second one that is closed would
    /// drop the locks of the first.
    collections: Option<Collections>,
    holds_lock: bool,
}

impl CollectionChange {
    /// Takes the server's lock, or finds the service that has it.
    pub(super) fn open(directory: &Path) -> anyhow::Result<Self> {
        require_state(directory, "")?;
        let access = StateAccess::of(directory);
        let collections = access.without_service(|| match Collections::open_locked(directory) {
            Err(StoreError::Locked) if access.is_served() => Ok(None),
            opened => Ok(Some(opened?)),
        })?;
        let holds_lock = collections.is_some();
        Ok(Self { directory: directory.to_owned(), access, collections, holds_lock })
    }

    /// The collections as they are stored.
    pub(super) fn reading(&mut self) -> anyhow::Result<&mut Collections> {
        if self.collections.is_none() {
            self.collections = Collections::open(&self.directory)?;
        }
        let shown = || quoted(self.directory.as_os_str());
        self.collections.as_mut().with_context(|| format!("no scrub has used {}", shown()))
    }

    /// Accepts the first ones of these files as they are, or acknowledges them. Returns what came of each, of at least one.
    pub(super) fn say(
        &mut self,
        id: &str,
        states: &[FileState],
        known: Option<&Acknowledgement>,
    ) -> anyhow::Result<Vec<Accepted>> {
        let shown = first_shown(states);
        let asked = shown.len();
        let seen: Vec<_> = states[..asked].iter().map(|state| (state.path.clone(), Seen::of(state))).collect();
        let alone = |collections: &mut Collections| {
            let outcomes = match (collections.by_id(id)?, known) {
                (Some(one), None) => collections.accept(&one, &seen)?,
                (Some(one), Some(said)) => collections.acknowledge(&one, &seen, said.clone())?,
                (None, _) => vec![Accepted::Unknown; seen.len()],
            };
            Ok(Answer::CollectionAccepted { outcomes })
        };
        let id = id.to_owned();
        let command = match known {
            None => Command::CollectionAccept { id, shown },
            Some(said) => Command::CollectionAcknowledge { id, shown, said: said.clone() },
        };
        match self.change(&command, alone)? {
            (Answer::CollectionAccepted { outcomes }, _) if outcomes.len() == asked => Ok(outcomes),
            (answer, _) => Err(unexpected(&answer)),
        }
    }

    /// Forgets a collection. Returns whether it was there.
    pub(super) fn forget(&mut self, id: &str) -> anyhow::Result<bool> {
        let alone = |collections: &mut Collections| {
            let existed = collections.by_id(id)?.map_or(Ok(false), |one| collections.forget(&one))?;
            Ok(Answer::CollectionForgotten { existed })
        };
        match self.change(&Command::CollectionForget { id: id.to_owned() }, alone)? {
            (Answer::CollectionForgotten { existed }, is_repeated) => Ok(existed || is_repeated),
            (answer, _) => Err(unexpected(&answer)),
        }
    }

    /// The answer, and whether it was asked for before without one.
    fn change(
        &mut self,
        command: &Command,
        alone: impl Fn(&mut Collections) -> anyhow::Result<Answer>,
    ) -> anyhow::Result<(Answer, bool)> {
        if self.holds_lock {
            return Ok((alone(self.reading()?)?, false));
        }
        self.collections = None;
        let done = self.access.change(command, || alone(&mut Collections::open_locked(&self.directory)?))?;
        Ok((done.answer, done.is_repeated))
    }
}

/// As many of the first files as one request takes, and at least one.
fn first_shown(states: &[FileState]) -> Vec<Shown> {
    let (mut shown, mut bytes) = (Vec::new(), 0);
    for state in states.iter().take(MAX_ROWS) {
        let next = Shown::of(state);
        bytes += next.request_bytes();
        if bytes > SHOWN_BYTES && !shown.is_empty() {
            break;
        }
        shown.push(next);
    }
    shown
}

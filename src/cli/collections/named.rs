//! What the words of `hivesum collections` name: a condition, a state directory, and a collection in it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::Context;
use hivesum_actors::store::collections::{Collections, StoredCollection};
use hivesum_core::fixity::Condition;

use crate::cli::quote::quoted;
use crate::cli::state::StateArgs;

/// A condition, by its name.
pub(super) fn condition_of(word: &str) -> Result<Condition, String> {
    one_of(&Condition::ALL, word)
}

/// One of these conditions, by its name.
fn one_of(conditions: &[Condition], word: &str) -> Result<Condition, String> {
    let named = conditions.iter().find(|condition| condition.name() == word);
    let names: Vec<_> = conditions.iter().map(|condition| condition.name()).collect();
    named.copied().ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

/// A condition with something to accept.
pub(super) fn acceptable(word: &str) -> Result<Condition, String> {
    one_of(&Condition::ACCEPTABLE, word)
}

/// A condition that somebody may know of.
pub(super) fn alerting(word: &str) -> Result<Condition, String> {
    one_of(&Condition::ALERTING, word)
}

/// The collections of a state directory, to read.
pub(super) fn open(state: &StateArgs) -> anyhow::Result<Collections> {
    let directory = state.directory()?;
    let shown = || quoted(directory.as_os_str());
    Collections::open(&directory).with_context(shown)?.with_context(|| format!("no scrub has used {}", shown()))
}

/// The collection with this id or directory.
pub(super) fn find(collections: &mut Collections, named: &OsStr) -> anyhow::Result<StoredCollection> {
    // A directory that is gone has the path that it had.
    let path = Path::new(named).canonicalize().or_else(|_| std::path::absolute(named))?;
    let is_named = |one: &StoredCollection| one.id.as_bytes() == named.as_bytes() || one.directory == path;
    let found = collections.list()?.into_iter().find(is_named);
    found.with_context(|| format!("{}: no such collection: see hivesum collections list", quoted(named)))
}

//! Questions to the nodes of a root, one node after the other, until one of them answers.

use hivesum_core::file::RelPath;
use hivesum_core::hash::READ_ATTEMPTS;

use super::port::{DrainFailed, FarFailure, NoText};
use super::protocol::{Blob, Call, CallAnswer, NodeName, Refusal, RootId, See, Seen, Text};
use super::shared::Shared;
use crate::listing::ListError;

/// The first answer that `read` takes, and whose it is.
///
/// # Errors
/// The refusal that all would give, or one of a node; `None` if nobody answers.
pub(super) async fn ask_nodes<T>(
    shared: &Shared,
    root: RootId,
    call: &Call,
    read: impl Fn(CallAnswer) -> Option<T>,
) -> Result<(NodeName, T), Option<Refusal>> {
    let mut refused = None;
    for node in shared.nodes_there(root) {
        match shared.call(&node, call).await {
            Some(CallAnswer::No(refusal)) if is_of_all(refusal) => return Err(Some(refusal)),
            Some(CallAnswer::No(refusal)) if refused != Some(Refusal::RootChanged) => refused = Some(refusal),
            Some(CallAnswer::No(_)) | None => {}
            Some(answer) => {
                if let Some(answer) = read(answer) {
                    return Ok((node, answer));
                }
            }
        }
    }
    Err(refused)
}

/// What the first node that answers sees under the names of a [`Call::See`], and which node that is.
///
/// # Errors
/// As [`ask_nodes`].
pub(super) async fn ask_seen(shared: &Shared, root: RootId, call: &Call) -> Result<(NodeName, Seen), Option<Refusal>> {
    let asked = if let Call::See(See { names, .. }) = call { names.len() } else { 0 };
    let read = |answer| match answer {
        CallAnswer::Seen(seen) if seen.found.len() == asked => Some(seen),
        _ => None,
    };
    ask_nodes(shared, root, call, read).await
}

/// The bytes of a file, one more than `limit` at most. All of them are of one state of the file, on one node.
///
/// # Errors
/// Why not.
pub(super) async fn read_file(shared: &Shared, root: RootId, path: &RelPath, limit: u64) -> Result<Vec<u8>, NoText> {
    let text_of = |answer| if let CallAnswer::Text(text) = answer { Some(text) } else { None };
    for _ in 0..READ_ATTEMPTS {
        let first = ask_nodes(shared, root, &Call::read(root, path, 0), text_of).await;
        let (node, Text { identity, bytes: Blob(mut text) }) = first.map_err(NoText::of)?;
        loop {
            // Some files tell no size: they end where nothing more comes.
            if text.len() as u64 > limit || (text.len() as u64 == identity.size && identity.size > 0) {
                return Ok(text);
            }
            match shared.call(&node, &Call::read(root, path, text.len() as u64)).await {
                Some(CallAnswer::Text(next)) if next.identity != identity => break,
                Some(CallAnswer::Text(next)) if next.bytes.0.is_empty() => return Ok(text),
                Some(CallAnswer::Text(next)) => text.extend(next.bytes.0),
                Some(CallAnswer::No(refusal)) => return Err(NoText::of(Some(refusal))),
                Some(_) | None => return Err(NoText::of(None)),
            }
        }
    }
    Err(NoText::Changes)
}

impl NoText {
    /// What a refusal means to somebody who wants to read a file. No node of today says that it is not a valid question.
    const fn of(refused: Option<Refusal>) -> Self {
        match refused {
            Some(Refusal::Invalid) => Self::TooOld,
            Some(Refusal::Permission) => Self::Permission,
            _ => Self::Failed(failure_of(refused)),
        }
    }
}

/// Lets a node take no more work, or take some again.
///
/// # Errors
/// Why not.
pub(super) async fn drain(shared: &Shared, node: &NodeName, on: bool) -> Result<(), DrainFailed> {
    let is_there = shared.registry().is_there(node);
    match is_there {
        None => return Err(DrainFailed::Unknown),
        Some(false) => return Err(DrainFailed::Away),
        Some(true) => {}
    }
    match shared.call(node, &Call::Drain { on }).await {
        Some(CallAnswer::Yes) => Ok(()),
        Some(CallAnswer::No(Refusal::Invalid)) => Err(DrainFailed::TooOld),
        Some(_) | None => Err(DrainFailed::Away),
    }
}

/// Whether it says something of the files and not of the node.
const fn is_of_all(refusal: Refusal) -> bool {
    match refusal {
        Refusal::NotFound | Refusal::NotADirectory | Refusal::Permission => true,
        Refusal::RootChanged | Refusal::RootUnavailable | Refusal::NoSuchRoot | Refusal::Busy | Refusal::Invalid => {
            false
        }
    }
}

/// What a refusal means to a job.
pub(super) const fn failure_of(refused: Option<Refusal>) -> FarFailure {
    match refused {
        Some(Refusal::NotFound | Refusal::NotADirectory | Refusal::Permission) => FarFailure::NotFound,
        Some(Refusal::RootChanged) => FarFailure::RootChanged,
        Some(Refusal::RootUnavailable | Refusal::NoSuchRoot | Refusal::Busy | Refusal::Invalid) | None => {
            FarFailure::Unreachable
        }
    }
}

/// What a refusal means to somebody who wants to see a directory.
pub(super) const fn no_listing(refused: Option<Refusal>) -> ListError {
    match refused {
        Some(Refusal::NotFound) => ListError::NotFound,
        Some(Refusal::NotADirectory) => ListError::NotADirectory,
        Some(Refusal::Permission) => ListError::Permission,
        Some(Refusal::RootChanged) => ListError::RootChanged,
        Some(Refusal::Busy) => ListError::Busy,
        Some(Refusal::RootUnavailable | Refusal::NoSuchRoot | Refusal::Invalid) | None => ListError::RootUnavailable,
    }
}

//! Questions to the nodes of a root, one node after the other, until one of them answers.

use super::port::FarFailure;
use super::protocol::{Call, CallAnswer, NodeName, Refusal, RootId, See, Seen};
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
    for node in shared.nodes_of(root) {
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

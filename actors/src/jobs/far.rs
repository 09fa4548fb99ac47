//! Roots of a fleet beside the service's own: what a name means, and whether something to hash is there.
//!
//! A name that a client gives is replaced by the one that means the root alone before the job is stored, so that a node
//! that joins later changes no job.

#[cfg(feature = "fleet")]
use std::sync::Arc;

use super::service::Jobs;
use super::shared::JobsShared;
use crate::error::SubmitError;
#[cfg(feature = "fleet")]
use crate::fleet::port::FarRoots;
use crate::fleet::port::{DrainFailed, FarFailure, FarName, FarRoot, FleetView, NodeEvents};
use crate::job::JobSpec;
use crate::listing::{EntryPage, ListError, entries};
use hivesum_core::file::{RelPath, Root};

pub(super) const NOTHING_THERE: &str = "nothing that can be hashed is at this path beneath the root";

/// A root that a job names.
#[derive(Debug)]
pub(super) enum NamedRoot<'a> {
    /// One of the service's own.
    Own(&'a Root),
    /// One of the fleet, by the name that means it alone.
    Far(String),
}

impl JobsShared {
    /// The root of this name, among the service's own and those of its fleet.
    pub(super) fn named_root(&self, name: &str) -> Result<NamedRoot<'_>, SubmitError> {
        if let Some(root) = self.roots.find(name) {
            return Ok(NamedRoot::Own(root));
        }
        match self.fleet.get().map(|fleet| fleet.resolve(name)) {
            Some(FarName::Root(root)) => Ok(NamedRoot::Far(root.name)),
            Some(FarName::Ambiguous(names)) => Err(SubmitError::RootAmbiguous(names)),
            Some(FarName::Unreachable) => Err(SubmitError::RootUnavailable),
            Some(FarName::Unknown) => Err(SubmitError::NotFound("no root has this name")),
            None if self.roots.all().is_empty() => Err(SubmitError::NoRoots),
            None => Err(SubmitError::NotFound("no root has this name")),
        }
    }

    /// Asks a node whether something to hash is at the job's path.
    pub(super) async fn look_far(&self, root: &str, spec: &JobSpec) -> Result<(), SubmitError> {
        let fleet = self.fleet.get().ok_or(SubmitError::RootUnavailable)?;
        Ok(fleet.look(root, &spec.path).await?)
    }
}

/// Why a directory of a root is not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListRefused {
    /// What is wrong with the root.
    #[error(transparent)]
    Root(#[from] SubmitError),
    /// What is wrong with the directory.
    #[error(transparent)]
    List(#[from] ListError),
}

impl From<FarFailure> for SubmitError {
    fn from(failure: FarFailure) -> Self {
        match failure {
            FarFailure::NotFound => Self::NotFound(NOTHING_THERE),
            FarFailure::RootChanged => Self::RootChanged,
            FarFailure::Unreachable => Self::RootUnavailable,
        }
    }
}

impl Jobs {
    /// From now on jobs may name roots of this fleet. Only the first fleet counts.
    #[cfg(feature = "fleet")]
    pub fn join_fleet(&self, fleet: crate::fleet::Fleet) {
        let fleet: Arc<dyn FarRoots> = Arc::new(fleet);
        let _ = self.shared.fleet.set(fleet);
    }

    /// The name that alone means the root that this name means now. Itself, if it means none or several.
    #[must_use]
    pub fn whole_root_name(&self, name: &str) -> String {
        match self.shared.named_root(name) {
            Ok(NamedRoot::Far(whole)) => whole,
            Ok(NamedRoot::Own(_)) | Err(_) => name.to_owned(),
        }
    }

    /// Lists a directory beneath a root, which may be on a node: the entries after `cursor`, at most `limit`. The root
    /// comes by the name that means it alone.
    ///
    /// # Errors
    /// Why there is no root, or no listing.
    pub async fn entries(
        &self,
        root: &str,
        path: RelPath,
        cursor: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<(String, EntryPage), ListRefused> {
        match self.shared.named_root(root) {
            Ok(NamedRoot::Own(root)) => {
                self.shared.settle_root(root).await.map_err(SubmitError::from)?;
                Ok((root.name().to_owned(), entries(root, path, cursor, limit).await?))
            }
            Ok(NamedRoot::Far(root)) => {
                let fleet = self.shared.fleet.get().ok_or(ListError::RootUnavailable)?;
                let page = fleet.list(&root, &path, cursor.as_deref(), limit).await?;
                Ok((root, page))
            }
            Err(SubmitError::NoRoots) => Err(SubmitError::NotFound("no root has this name").into()),
            Err(refused) => Err(refused.into()),
        }
    }

    /// The roots of the fleet, if the service coordinates one.
    #[must_use]
    pub fn far_roots(&self) -> Vec<FarRoot> {
        self.shared.fleet.get().map(|fleet| fleet.roots()).unwrap_or_default()
    }

    /// Nodes of the fleet that come and are lost from now on. `None` if the service coordinates none.
    #[must_use]
    pub fn node_events(&self) -> Option<NodeEvents> {
        self.shared.fleet.get().map(|fleet| fleet.node_events())
    }

    /// Lets a node take no more work, or take some again. It ends what it has begun.
    ///
    /// # Errors
    /// Why not.
    pub async fn drain_node(&self, node: &str, on: bool) -> Result<(), DrainFailed> {
        let fleet = self.shared.fleet.get().ok_or(DrainFailed::Unknown)?;
        fleet.drain(node, on).await
    }

    /// The fleet as it is. `None` if the service coordinates none.
    #[must_use]
    pub fn fleet(&self) -> Option<FleetView> {
        self.shared.fleet.get().map(|fleet| fleet.view())
    }
}

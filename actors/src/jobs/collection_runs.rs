//! Makes collections beneath the roots, and starts runs of them that somebody asks for.
//!
//! A directory is looked up beneath its root, off the event loop and without following links, so no collection is made of
//! what no job could read. A run that somebody starts reads at once, whatever the windows, and not above the rate.

use std::os::fd::AsRawFd as _;
use std::path::PathBuf;

use hivesum_core::file::{Opened, RelPath};
use hivesum_core::walk::Filters;
use uuid::Uuid;

use super::collections::innermost;
use super::schedule::request_of;
use super::service::Jobs;
use super::submit::open_beneath;
use crate::error::SubmitError;
use crate::scrub::{Limits, RunKind, ScrubOrder, ScrubRefused, Starter};
use crate::store::collections::{CollectionSettings, Made, NamedRequest, NewCollection, StoredCollection};

impl Jobs {
    /// Makes a collection of a directory beneath a root.
    ///
    /// # Errors
    /// As [`submit`](Self::submit): when there is no such directory, a glob is not valid, or the store fails.
    pub async fn make_collection(
        &self,
        (root, path): (&str, RelPath),
        settings: CollectionSettings,
        request: Option<NamedRequest>,
    ) -> Result<Made, SubmitError> {
        Filters::new(&settings.include, &settings.exclude)?;
        let directory = self.directory_of(root, path).await?;
        self.shared.check_writable()?;
        let collections = self.collections();
        let new = NewCollection { directory, settings, request };
        // To its end, also if the client goes away.
        let made = self.shared.owned(async move { collections.make(new).await }).await?;
        if let Made::New(_) = made {
            self.reschedule();
        }
        Ok(made)
    }

    /// The absolute path of a directory beneath a root.
    async fn directory_of(&self, root: &str, path: RelPath) -> Result<PathBuf, SubmitError> {
        if self.shared.roots.all().is_empty() {
            return Err(SubmitError::NoRoots);
        }
        let root = self.shared.roots.find(root).ok_or(SubmitError::NotFound("no root has this name"))?;
        self.shared.settle_root(root).await?;
        match open_beneath(root, path).await?.0 {
            // As a run finds it: its path without links.
            Opened::Directory(dir) => {
                let path = std::fs::read_link(format!("/proc/self/fd/{}", dir.as_raw_fd()));
                path.map_err(|_| SubmitError::RootUnavailable)
            }
            Opened::File { .. } => Err(SubmitError::NotFound("the path is a file: a collection is of a directory")),
        }
    }

    /// Starts a run of a collection. Returns its key.
    ///
    /// # Errors
    /// When another one has not ended, too many wait, or the service stops.
    pub fn start_run(&self, collection: &StoredCollection, kind: RunKind) -> Result<Uuid, ScrubRefused> {
        let key = Uuid::now_v7();
        let request = request_of(collection, kind, Limits::default());
        self.shared.scrubs.start(key, ScrubOrder { request, max_time: None, starter: Starter::Request })?;
        Ok(key)
    }

    /// Whether a collection lies beneath a root.
    #[must_use]
    pub fn is_beneath_a_root(&self, collection: &StoredCollection) -> bool {
        innermost(self.roots(), collection).is_some()
    }
}

//! Opens the target of a job beneath its root, or lets the job wait for its root.
//!
//! Before a job begins, its root's path is looked up anew. A job never runs on two directories: it waits, without a
//! permit, until the directory it has begun on is back or another one is accepted, and then begins again. A job whose
//! root is not among the service's waits, too.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::active::ActiveJob;
use super::far::NamedRoot;
use super::outcome::job_error;
use super::queue::RunPermit;
use super::retry::with_room;
use super::service::Jobs;
use super::shared::JobsShared;
use super::submit::{Missing, open_beneath};
use crate::error::StoreError;
use crate::job::{JobError, JobSpec, WaitsFor};
use crate::listing::ask::{ask, ask_path, ask_within};
use crate::store::roots::AcceptError;
use hivesum_core::file::{EnterFailure, Opened, Root, RootIdentity};
use hivesum_core::result::RootWarning;
use hivesum_core::walk::Target;

/// How often a job that waits for its root looks again.
const LOOK_AGAIN_EVERY: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 5000 });

/// How long a list of the roots waits for one that does not answer.
const LIST_WAITS: Duration = Duration::from_millis(250);

/// What came of opening a job's path.
#[derive(Debug)]
pub(super) enum TargetOpened {
    /// It is open, beneath this directory.
    Target(Target, RootIdentity),
    /// It is on nodes, beneath the root that is named in full.
    Far(String),
    /// The job has to wait.
    Waits(WaitsFor),
    /// The job fails.
    Failed(JobError),
}

impl JobsShared {
    /// Looks at a root whose directory is odd or has changed, and serves the directory at its path if that one is
    /// remembered or was accepted meanwhile. Other roots cost nothing but one look at their path.
    pub(super) async fn settle_root(&self, root: &Root) -> Result<(), StoreError> {
        let looked = ask(root, |root, _| root.check()).await;
        if matches!(looked, Ok(Ok(()))) && self.roots.warning(root.name()).is_none() {
            return Ok(());
        }
        let Some(remembered) = self.store.root(root.name()).await? else { return Ok(()) };
        let Ok(Ok(found)) = ask(root, |root, _| root.look_anew()).await else { return Ok(()) };
        let is_accepted = found.identity().is_same_directory(&remembered.identity);
        let is_odd = found.is_empty() && self.roots.warning(root.name()) == Some(RootWarning::RootEmpty);
        if is_accepted && (!is_odd || remembered.accepted_empty) {
            tracing::info!(name = root.name(), "the directory of a root is accepted");
            root.replace(found);
            self.roots.forget_warning(root.name());
        }
        Ok(())
    }
}

impl Jobs {
    /// What is odd about each root at this moment, in their order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn root_warnings(&self) -> Result<Vec<Option<RootWarning>>, StoreError> {
        let mut warnings = Vec::new();
        for root in self.roots() {
            warnings.push(match self.look_at(root).await? {
                Some(EnterFailure::Changed) => Some(RootWarning::RootChanged),
                Some(EnterFailure::Open(_)) | None => self.shared.roots.warning(root.name()),
            });
        }
        Ok(warnings)
    }

    /// Serves the directory at the root's path, if it was accepted since the last look.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle_root(&self, root: &Root) -> Result<(), StoreError> {
        self.shared.settle_root(root).await
    }

    /// Accepts the directory that is now at the path of a root that the store remembers, and serves it from now on.
    /// Returns the path.
    ///
    /// # Errors
    /// When the name is unknown, the directory cannot be opened or does not answer, or the store fails.
    pub async fn accept_root(&self, name: &str) -> Result<PathBuf, AcceptError> {
        let remembered = self.shared.store.known_root(name).await?;
        let named = name.to_owned();
        let looked = ask_path(&remembered.path, move |path| Root::open(Some(&named), path).map(|root| root.place()));
        let place = looked.await.map_err(|_| AcceptError::Unavailable)??;
        let path = self.shared.store.accept_root(name, remembered, place).await?;
        if let Some(root) = self.shared.roots.find(name) {
            self.shared.settle_root(root).await?;
        }
        Ok(path)
    }

    async fn look_at(&self, root: &Root) -> Result<Option<EnterFailure>, StoreError> {
        let look = || ask_within(LIST_WAITS, root, |root, _| root.check());
        let odd = self.shared.roots.warning(root.name()).is_some();
        match look().await {
            Ok(Ok(())) if !odd => Ok(None),
            Ok(Ok(()) | Err(EnterFailure::Changed)) => {
                self.shared.settle_root(root).await?;
                Ok(look().await.ok().and_then(Result::err))
            }
            Ok(Err(failure)) => Ok(Some(failure)),
            Err(_) => Ok(None),
        }
    }
}

/// Opens a job's path beneath its root. Nothing of the job has changed if it has to wait.
pub(super) async fn open_target(
    shared: &JobsShared,
    live: &ActiveJob,
    spec: &JobSpec,
) -> Result<TargetOpened, StoreError> {
    let root = match shared.named_root(&spec.root) {
        Ok(NamedRoot::Own(root)) => root,
        Ok(NamedRoot::Far(name)) => return Ok(TargetOpened::Far(name)),
        Err(_) => return Ok(TargetOpened::Waits(WaitsFor::RootUnavailable)),
    };
    let mut opened = open_beneath(root, spec.path.clone()).await;
    if opened.as_ref().err() == Some(&Missing::RootChanged) || shared.roots.warning(root.name()).is_some() {
        shared.settle_root(root).await?;
        opened = open_beneath(root, spec.path.clone()).await;
    }
    let failed = |code: &str, detail: &str| Ok(TargetOpened::Failed(job_error(code, detail)));
    let (opened, identity) = match opened {
        Ok(opened) => opened,
        Err(Missing::RootChanged) => return Ok(TargetOpened::Waits(WaitsFor::RootChanged)),
        Err(Missing::NotFound(why)) => return failed("not_found", why),
        Err(Missing::RootUnavailable) => return failed("root_unavailable", "the root does not answer"),
    };
    if live.job().started_at.is_some() && !may_go_on(shared, live, identity).await? {
        return Ok(TargetOpened::Waits(WaitsFor::RootChanged));
    }
    let target = match opened {
        Opened::Directory(dir) => Target::Directory { dir, shown: Vec::new() },
        Opened::File { parent, name } => Target::File { parent, name, shown: Vec::new() },
    };
    Ok(TargetOpened::Target(target, identity))
}

/// Whether a job that has begun before may run on this directory. On another one than before it begins again, once
/// that one is accepted.
async fn may_go_on(shared: &JobsShared, live: &ActiveJob, identity: RootIdentity) -> Result<bool, StoreError> {
    let Some(before) = shared.store.root_of_job(live.id).await? else { return Ok(true) };
    if identity.is_same_directory(&before) {
        return Ok(true);
    }
    if shared.roots.warning(&live.job().spec.root).is_some() {
        return Ok(false);
    }
    tracing::warn!(job = %live.id, "the job begins again: another directory was accepted as its root");
    with_room(shared, live, || shared.store.start_afresh(live.id)).await?;
    Ok(true)
}

/// Sets a job aside until its root may be there, or it is cancelled.
pub(super) async fn wait(
    shared: Arc<JobsShared>,
    live: Arc<ActiveJob>,
    permit: Option<RunPermit>,
    waits_for: WaitsFor,
) {
    if live.job().waits_for != Some(waits_for) {
        let root = live.job().spec.root;
        let root = root.as_str();
        match waits_for {
            WaitsFor::RootChanged => tracing::warn!(
                job = %live.id,
                root,
                "a job waits: another directory is in the place of its root; mount what belongs there, or: hivesum roots \
                 accept {root:?}"
            ),
            WaitsFor::RootUnavailable => {
                tracing::warn!(job = %live.id, root, "a job waits until the service has its root: it was started without it, or no node offers it");
            }
        }
        live.tell(|view| view.job.waits_for = Some(waits_for));
    }
    shared.queue.park(live.clone());
    drop(permit);
    let cancelled = tokio::select! {
        biased;
        () = live.cancel.cancelled() => true,
        () = shared.stop.cancelled() => return,
        () = tokio::time::sleep(LOOK_AGAIN_EVERY) => false,
    };
    if !shared.queue.take_parked(live.id) {
        return;
    }
    match cancelled {
        true => shared.end_withdrawn(live),
        false => shared.queue.admit(live),
    }
}

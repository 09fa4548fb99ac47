//! The coordinator of a fleet: the one service whose jobs nodes work for. It lives on a thread of its own.

use std::sync::Arc;
use std::time::Duration;

use hivesum_core::file::RelPath;
use tokio::sync::oneshot;

use super::asking::{ask_nodes, ask_seen, drain, failure_of, no_listing, read_file};
use super::config::FleetConfig;
use super::error::FleetError;
use super::port::{
    DrainFailed, FarAnswer, FarFailure, FarName, FarRoot, FarRoots, FarScan, FarSeen, FleetView, NoText, NodeEvents,
};
use super::protocol::{Call, CallAnswer, ScanKey, Seen, Wanted, WorkRules};
use super::scan::{FarDriver, FarDriverConfig, FarWalk, NamedFiles};
use super::session;
use super::shared::Shared;
use crate::error::Refused;
use crate::listing::{EntryPage, ListError};
use crate::scan::{Past, Priority, Scan, channel, join_past};
use crate::walker::PLANS_AHEAD;
use hivesum_core::digest::self_test_once;
use hivesum_core::file::Reach;

/// How long a start waits to know whether another coordinator has the fleet. A broker that is not there does not keep a
/// service from its own roots.
const START_WAIT: Duration = Duration::from_secs(5);

/// How long a stop waits until the lease is given back.
const STOP_WAIT: Duration = Duration::from_secs(1);

/// The handle of a coordinator. Clones share one.
#[derive(Debug, Clone)]
pub struct Fleet {
    shared: Arc<Shared>,
    /// Closed when everything of the fleet has ended.
    ended: tokio::sync::watch::Receiver<()>,
}

/// What a coordinator needs to know of its service.
#[derive(Debug, Clone)]
pub struct Coordinator {
    /// The broker.
    pub config: FleetConfig,
    /// The id of the state directory, by which a restarted service is known as the same.
    pub state_id: String,
    /// The names of the service's own roots. No node may offer one of them.
    pub local_roots: Vec<String>,
}

impl Fleet {
    /// Starts to coordinate a fleet. If the broker is not there or cannot be used, that is logged and tried again.
    ///
    /// # Errors
    /// When the configuration is not valid, or another coordinator has the fleet.
    pub async fn start(coordinator: Coordinator) -> Result<Self, FleetError> {
        let Coordinator { config, state_id, local_roots } = coordinator;
        config.check()?;
        let (made_in, made) = oneshot::channel();
        let (first_in, first) = oneshot::channel();
        let (running, ended) = tokio::sync::watch::channel(());
        // A thread of its own: messages are read and written without a pause for requests.
        let arbiter = actix_rt::Arbiter::new();
        arbiter.spawn(async move {
            let shared = Shared::new(config, state_id, local_roots);
            let _ = made_in.send(shared.clone());
            session::run(shared, first_in).await;
            drop(running);
        });
        let shared = made.await.map_err(|_| FleetError::NoAnswer("its thread does not start".to_owned()))?;
        let fleet = Self { shared, ended };
        match tokio::time::timeout(START_WAIT, first).await {
            Ok(Ok(Err(error @ FleetError::HasCoordinator { .. }))) => {
                fleet.stop().await;
                Err(error)
            }
            Ok(Ok(_) | Err(_)) | Err(_) => Ok(fleet),
        }
    }

    /// Why the fleet cannot be used at present, in words; `None` if it can.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.shared.problem()
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Ends the fleet, and gives the lease back. Call it after the jobs have been drained.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        let _ = tokio::time::timeout(STOP_WAIT, self.ended.clone().changed()).await;
    }
}

impl FarRoots for Fleet {
    fn resolve(&self, name: &str) -> FarName {
        match self.shared.registry().resolve(name) {
            // Without a broker nobody knows which roots there are.
            FarName::Unknown if self.shared.link().is_none() => FarName::Unreachable,
            FarName::Root(_) if self.shared.link().is_none() => FarName::Unreachable,
            known => known,
        }
    }

    fn roots(&self) -> Vec<FarRoot> {
        self.shared.registry().roots()
    }

    fn view(&self) -> FleetView {
        let (joined, lost) = self.shared.changes.so_far();
        let nodes = self.shared.registry().nodes(self.shared.now());
        let is_connected = self.shared.link().is_some_and(|link| link.state.borrow().is_up);
        FleetView { is_connected, nodes, joined, lost }
    }

    fn node_events(&self) -> NodeEvents {
        self.shared.changes.events()
    }

    fn drain(&self, node: &str, on: bool) -> FarAnswer<Result<(), DrainFailed>> {
        let shared = self.shared.clone();
        let node = node.parse().map_err(|_| DrainFailed::Unknown);
        Box::pin(async move { drain(&shared, &node?, on).await })
    }

    fn look(&self, root: &str, path: &RelPath) -> FarAnswer<Result<(), FarFailure>> {
        let (shared, path) = (self.shared.clone(), path.clone());
        let root = shared.registry().id_of(root);
        Box::pin(async move {
            let root = root.ok_or(FarFailure::Unreachable)?;
            let read = |answer| matches!(answer, CallAnswer::Yes).then_some(());
            let answer = ask_nodes(&shared, root, &Call::look(root, &path), read).await;
            answer.map(drop).map_err(failure_of)
        })
    }

    fn see(
        &self,
        root: &str,
        path: &RelPath,
        reach: Reach,
        names: &[Vec<u8>],
    ) -> FarAnswer<Result<FarSeen, FarFailure>> {
        let (shared, root) = (self.shared.clone(), self.shared.registry().id_of(root));
        let names = names.iter().map(Vec::as_slice);
        let call = root.map(|root| Call::see(root, path, reach == Reach::Everywhere, names));
        Box::pin(async move {
            let (root, call) = root.zip(call).ok_or(FarFailure::Unreachable)?;
            let (_, Seen { is_directory, found }) = ask_seen(&shared, root, &call).await.map_err(failure_of)?;
            Ok(FarSeen { is_directory, there: found.iter().map(Option::is_some).collect() })
        })
    }

    fn list(
        &self,
        root: &str,
        path: &RelPath,
        after: Option<&[u8]>,
        limit: usize,
    ) -> FarAnswer<Result<EntryPage, ListError>> {
        let (shared, root) = (self.shared.clone(), self.shared.registry().id_of(root));
        let call = root.map(|root| Call::list(root, path, after, limit));
        Box::pin(async move {
            let (root, call) = root.zip(call).ok_or(ListError::RootUnavailable)?;
            let read = |answer| match answer {
                CallAnswer::Listed(page) => Some(page.into_entries()),
                _ => None,
            };
            ask_nodes(&shared, root, &call, read).await.map(|(_, page)| page).map_err(no_listing)
        })
    }

    fn read(&self, root: &str, path: &RelPath, limit: u64) -> FarAnswer<Result<Vec<u8>, NoText>> {
        let (shared, path) = (self.shared.clone(), path.clone());
        let root = shared.registry().id_of(root);
        Box::pin(async move {
            let root = root.ok_or(NoText::Failed(FarFailure::Unreachable))?;
            read_file(&shared, root, &path, limit).await
        })
    }

    fn scan(&self, root: &str, scan: FarScan, past: Past) -> Result<Scan, Refused> {
        if self.shared.stop.is_cancelled() {
            return Err(Refused::Draining);
        }
        self_test_once(&scan.algorithms).map_err(|failure| Refused::SelfTest(failure.algorithm))?;
        let Some(root) = self.shared.registry().id_of(root) else { return Err(Refused::Draining) };
        let attempt = getrandom::u64().map_err(|_| Refused::Draining)?;
        let key = ScanKey { job: past.job_tag, attempt };
        let (handle, ends) = channel(None);
        let shared = self.shared.clone();
        let run = async move {
            let notices = shared.listen(key);
            let (events, walk) = tokio::sync::mpsc::channel(PLANS_AHEAD);
            let nodes = shared.nodes_of(root).len() as u64;
            let FarScan { path, algorithms, include, exclude, within, cross_filesystems, from_device, .. } = scan;
            let reach = if cross_filesystems { Reach::Everywhere } else { Reach::OneFilesystem };
            let share = scan.max_bytes_per_second.map(|all| all.get() / nodes.max(1));
            let rules = WorkRules::new(&algorithms, reach, from_device).at_most(share, scan.priority == Priority::Low);
            let identities = shared.registry().is_pool(root);
            let (walker_in, walker) = tokio::sync::watch::channel(None);
            match scan.named {
                Some(names) => {
                    let (fleet, path, walker) = (shared.clone(), path.clone(), walker_in);
                    let named = NamedFiles { fleet, root, path, cross_filesystems, names, identities, events, walker };
                    drop(actix_rt::spawn(named.run()));
                }
                None => {
                    let path = path.clone();
                    let wanted = Wanted { path, include, exclude, within, cross_filesystems, identities };
                    let notices = (notices.walk, events);
                    drop(actix_rt::spawn(FarWalk::new((shared.clone(), root, key), wanted, notices, walker_in).run()));
                }
            }
            let (walk, _) = join_past(walk, past);
            let deadline = scan.deadline.map(|within| tokio::time::Instant::now() + within);
            let config = FarDriverConfig { fleet: shared, root, scan: key, path, algorithms, rules, deadline, walker };
            FarDriver::new(config, walk, notices.works, ends).run().await;
        };
        match self.shared.home.spawn(run) {
            true => Ok(handle),
            false => Err(Refused::Draining),
        }
    }
}

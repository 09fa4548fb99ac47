//! A broker, a coordinator and nodes, on trees of a few files.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use hivesum_core::digest::Algorithms;
use hivesum_core::file::{RelPath, Root};
use hivesum_core::fixity::Windows;
use hivesum_core::result::Status;
use hivesum_test_support::broker::Broker;
use hivesum_test_support::{LONGEST_WAIT, tools};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::coordinator::{Coordinator, Fleet};
use super::super::port::{FarName, FarRoot, FarRoots as _, FarScan};
use super::super::{FleetConfig, FleetError, NodeConfig, run_node};
use crate::engine::{Engine, EngineConfig, SelfTest};
use crate::scan::{Past, Priority, Scan, ScanEnd};

/// Short, so that what is lost is found soon; long for a machine that has other things to do.
const ANNOUNCEMENT: Duration = Duration::from_secs(2);
const ACK_WAIT: Duration = Duration::from_secs(1);

/// A broker, and the configuration of a fleet there.
pub(super) struct Bed {
    pub(super) broker: Broker,
    pub(super) config: FleetConfig,
}

/// A node that runs until it is stopped or dropped.
pub(super) struct RunningNode {
    pub(super) stop: CancellationToken,
    pub(super) task: JoinHandle<Result<(), FleetError>>,
    pub(super) engine: Engine,
}

impl Bed {
    /// `None` if the machine has no broker, which is said.
    pub(super) fn new() -> Option<Self> {
        Broker::start().map(Self::on)
    }

    pub(super) fn on(broker: Broker) -> Self {
        let config = FleetConfig { announcement: ANNOUNCEMENT, ack_wait: ACK_WAIT, ..FleetConfig::new(broker.url()) };
        Self { broker, config }
    }

    pub(super) async fn coordinate(&self) -> Fleet {
        self.try_coordinate("state").await.unwrap()
    }

    pub(super) async fn try_coordinate(&self, state: &str) -> Result<Fleet, FleetError> {
        let coordinator = Coordinator {
            config: self.config.clone(),
            state_id: state.to_owned(),
            local_roots: vec!["home".to_owned()],
        };
        Fleet::start(coordinator).await
    }

    /// A node that the coordinator has taken.
    pub(super) async fn node(&self, name: &str, roots: &[(&str, &Path)]) -> RunningNode {
        self.node_of(name, roots, false).await
    }

    pub(super) async fn node_of(&self, name: &str, roots: &[(&str, &Path)], pool: bool) -> RunningNode {
        let (ready_in, ready) = oneshot::channel();
        let node = self.begin_node(name, roots, pool, move || {
            let _ = ready_in.send(());
        });
        let node = node.await;
        if ready.await.is_err() {
            panic!("the node ended: {:?}", node.task.await);
        }
        node
    }

    pub(super) async fn begin_node(
        &self,
        name: &str,
        roots: &[(&str, &Path)],
        pool: bool,
        ready: impl FnOnce() + 'static,
    ) -> RunningNode {
        let config = NodeConfig {
            fleet: self.config.clone(),
            name: name.to_owned(),
            pool,
            roots: roots.iter().map(|(name, path)| Root::open(Some(name), path).unwrap()).collect(),
            windows: Windows::default(),
            version: "0.1.0".to_owned(),
        };
        let engine = Engine::start(EngineConfig {
            hashers: NonZeroUsize::new(2).unwrap(),
            self_test: SelfTest::Only(Algorithms::default()),
            ..EngineConfig::default()
        });
        let (engine, stop) = (engine.await.unwrap(), CancellationToken::new());
        let task = actix_rt::spawn(run_node(engine.clone(), config, stop.clone(), ready));
        RunningNode { stop, task, engine }
    }
}

impl RunningNode {
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// The root, once a node offers it.
pub(super) async fn root(fleet: &Fleet, name: &str) -> FarRoot {
    let mut changed = fleet.shared().registry_changed();
    let found = async {
        loop {
            if let FarName::Root(root) = fleet.resolve(name) {
                return root;
            }
            changed.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LONGEST_WAIT, found).await.unwrap()
}

/// A scan of a whole root.
pub(super) fn far_scan(algorithms: &str) -> FarScan {
    FarScan {
        path: RelPath::new("").unwrap(),
        algorithms: algorithms.parse().unwrap(),
        include: Vec::new(),
        exclude: Vec::new(),
        within: Vec::new(),
        named: None,
        cross_filesystems: false,
        from_device: false,
        priority: Priority::Normal,
        deadline: None,
        max_bytes_per_second: None,
    }
}

pub(super) async fn start(fleet: &Fleet, name: &str, scan: FarScan) -> Scan {
    let root = root(fleet, name).await;
    fleet.scan(&root.name, scan, Past::default()).unwrap()
}

/// Paths and outcomes of what is left of a scan, and its end.
pub(super) async fn collect(mut scan: Scan) -> (Vec<(String, String)>, ScanEnd) {
    let mut lines = Vec::new();
    let rows = async {
        while let Some(rows) = scan.next().await {
            for row in rows.iter() {
                let mut path = Vec::new();
                row.path_into(&mut path);
                let outcome = match row.status {
                    Status::Hashed(_) => {
                        let digests: Vec<_> = row.digests(rows.algorithms()).map(|digest| digest.to_string()).collect();
                        digests.join(" ")
                    }
                    Status::Error { code, .. } => format!("error({})", code.name()),
                    Status::Skipped(reason) => format!("skip({})", reason.name()),
                };
                lines.push((String::from_utf8_lossy(&path).into_owned(), outcome));
            }
        }
        scan.finish().await
    };
    let end = tokio::time::timeout(LONGEST_WAIT, rows).await.expect("the scan ends");
    (lines, end)
}

/// Directories of a few files each.
pub(super) fn tree(directories: usize, files: usize) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for directory in 0..directories {
        let directory = dir.path().join(format!("d{directory:03}"));
        fs::create_dir(&directory).unwrap();
        for file in 0..files {
            let name = format!("f{file:03}");
            fs::write(directory.join(&name), format!("{}/{name}", directory.display())).unwrap();
        }
    }
    dir
}

/// What sha256sum says of each file of a tree, in walk order: each path is its directory and its name.
pub(super) fn sums(dir: &Path) -> Vec<(String, String)> {
    let said = tools::output(dir, "sh", &["-c", "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum"]);
    let line = |line: &str| {
        let (digest, name) = line.split_once("  ").unwrap();
        (name.trim_start_matches("./").to_owned(), digest.to_owned())
    };
    String::from_utf8(said).unwrap().lines().map(line).collect()
}

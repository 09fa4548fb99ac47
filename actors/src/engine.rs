//! The engine: a handle to the actors that is cheap to clone.
//!
//! A service starts it inside its own actix System; a command line starts it on a separate thread.
//! Nothing here blocks, and nothing here knows HTTP.

mod config;
pub(crate) mod throttle;
mod upload;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, System};
use actix_rt::ArbiterHandle;
use tokio::sync::{Semaphore, oneshot};

pub use config::{EngineConfig, SelfTest};

use crate::engine::throttle::ByteBudget;
pub use crate::engine::upload::{Upload, UploadDigests};
use crate::error::{Refused, StartError};
use crate::gauges::Gauges;
pub use crate::gauges::{
    BOUNDS as DURATION_BOUNDS, DurationFigures, EngineStats, HasherStats, HistogramFigures, Latency, QueueStats,
};
use crate::messages::Drain;
use crate::supervisor::{Supervisor, SupervisorConfig};
use crate::upload_memory::block_bytes;
use hivesum_core::digest::{Algorithm, Algorithms, self_test_once};
use hivesum_core::hash::SharedSlots;
pub use hivesum_core::sys::sched::HasherPriority;
use hivesum_core::sys::slots::Slots;
pub use hivesum_core::walk::Inventory;

/// How long the start waits for the hasher threads, which usually takes less than a millisecond.
const HASHERS_START_WITHIN: Duration = Duration::from_secs(5);

/// The handle. Clones share one pool of hashers.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) supervisor: Addr<Supervisor>,
    /// The arbiter of the drivers and of the Supervisor.
    pub(crate) home: ArbiterHandle,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) uploads: Arc<Semaphore>,
    pub(crate) config: EngineConfig,
    /// The byte budget per second of all scans.
    pub(crate) budget: Option<ByteBudget>,
    pub(crate) slots_file: SharedSlots,
    pub(crate) draining: AtomicBool,
    pub(crate) next_job: AtomicU64,
}

impl Engine {
    /// Tests the chosen algorithms and starts the pool on the current System's arbiter.
    ///
    /// # Errors
    /// When an algorithm fails its self-test.
    ///
    /// # Panics
    /// Outside of an actix System.
    pub async fn start(config: EngineConfig) -> Result<Self, StartError> {
        let chosen = config.self_test;
        let tested = tokio::task::spawn_blocking(move || test_algorithms(chosen)).await;
        tested.unwrap_or_else(|_| Err(StartError::SelfTest(Algorithm::default())))?;
        raise_descriptor_limit();
        let (gauges, slots_file) = (Arc::new(Gauges::default()), SharedSlots::default());
        let supervisor = Supervisor::new(SupervisorConfig {
            hashers: config.hashers.get(),
            priority: config.priority,
            interactive_limit: config.interactive_queue,
            quantum_deadline: config.quantum_deadline,
            max_stuck: config.max_stuck_hashers,
            gauges: gauges.clone(),
            slots_file: slots_file.clone(),
        });
        let shared = Shared {
            supervisor: supervisor.start(),
            home: actix_rt::Arbiter::current(),
            gauges,
            uploads: Arc::new(Semaphore::new(config.concurrent_uploads)),
            budget: config.max_bytes_per_second.map(ByteBudget::new),
            slots_file,
            config,
            draining: AtomicBool::new(false),
            next_job: AtomicU64::new(0),
        };
        shared.gauges.until_alive(shared.config.hashers.get(), HASHERS_START_WITHIN).await;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Starts an engine on a separate thread.
    ///
    /// # Errors
    /// As [`start`](Self::start), and when no thread can be started.
    pub fn start_in_background(config: EngineConfig) -> Result<(Self, Background), StartError> {
        let (started_in, started) = std::sync::mpsc::channel();
        let run = move || {
            let system = System::new();
            let engine = system.block_on(Self::start(config));
            let failed = engine.is_err();
            let _ = started_in.send(engine.map(|engine| (engine, System::current())));
            if !failed && let Err(error) = system.run() {
                tracing::error!(%error, "the engine's event loop ended badly");
            }
        };
        let system_failed = |source| StartError::System { what: "starting the engine's thread", source };
        let thread = std::thread::Builder::new().name("hivesum-engine".to_owned()).spawn(run).map_err(system_failed)?;
        let broken = || system_failed(std::io::Error::other("it ended before the engine had started"));
        let (engine, system) = started.recv().map_err(|_| broken())??;
        Ok((engine, Background { thread, system }))
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// While too many uploads are in progress, or the engine drains; if an algorithm fails its self-test.
    pub fn upload(&self, algorithms: Algorithms) -> Result<Upload, Refused> {
        if self.draining() {
            return Err(Refused::Draining);
        }
        self_test_once(&algorithms).map_err(|failure| Refused::SelfTest(failure.algorithm))?;
        let Shared { supervisor, gauges, uploads, config, .. } = &*self.shared;
        let permit = uploads.clone().try_acquire_owned()?;
        let in_progress = config.concurrent_uploads.saturating_sub(uploads.available_permits());
        let block_bytes = block_bytes(in_progress, config.concurrent_uploads);
        Ok(Upload::new(algorithms, supervisor.clone(), gauges.clone(), block_bytes, permit))
    }

    /// The number of hasher threads.
    #[must_use]
    pub fn hashers(&self) -> usize {
        self.shared.config.hashers.get()
    }

    /// From now on hashers note here what they read for jobs. Only the first call has an effect.
    pub(crate) fn note_in(&self, slots: Slots) {
        let _ = self.shared.slots_file.set(slots);
    }

    /// The current figures.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        self.shared.gauges.stats(self.shared.config.interactive_queue)
    }

    /// The durations of quanta since the start.
    #[must_use]
    pub fn durations(&self) -> DurationFigures {
        self.shared.gauges.durations.figures()
    }

    /// Whether new work is refused.
    #[must_use]
    pub fn draining(&self) -> bool {
        self.shared.draining.load(Ordering::Relaxed)
    }

    /// Refuses new work and waits until no quantum waits or runs. Returns whether that happened in time.
    pub async fn drain(&self, within: Duration) -> bool {
        self.shared.draining.store(true, Ordering::Relaxed);
        let (drained_in, drained) = oneshot::channel();
        self.shared.supervisor.do_send(Drain(drained_in));
        tokio::time::timeout(within, drained).await.is_ok_and(|drained| drained.is_ok())
    }
}

/// The thread of an engine started by [`Engine::start_in_background`].
#[derive(Debug)]
pub struct Background {
    thread: std::thread::JoinHandle<()>,
    system: System,
}

impl Background {
    /// Ends the engine's event loop and waits for its thread.
    pub fn join(self) {
        self.system.stop();
        if self.thread.join().is_err() {
            tracing::error!("the engine's thread panicked");
        }
    }
}

fn test_algorithms(chosen: SelfTest) -> Result<(), StartError> {
    let tested = match chosen {
        SelfTest::Default => self_test_once([Algorithm::default(), Algorithm::Sha256, Algorithm::Sha512]),
        SelfTest::Only(algorithms) => self_test_once(&algorithms),
    };
    tested.map_err(|failure| StartError::SelfTest(failure.algorithm))
}

/// Walks hold one descriptor per level and plans one per directory, so the soft limit is raised to the hard one.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
    {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

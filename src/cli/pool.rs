//! The engine of one command: started before the first file, joined after the last.

use std::num::NonZeroUsize;

use hivesum_actors::engine::{Background, Engine, EngineConfig, HasherPriority, SelfTest};
use hivesum_actors::error::StartError;
use hivesum_core::digest::Algorithms;

use super::args::EngineArgs;

/// An engine with its thread.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) engine: Engine,
    thread: Background,
}

impl Pool {
    /// Starts hashers at normal priority, after a self-test of the algorithms chosen; of all where none are.
    ///
    /// # Errors
    /// When an algorithm fails its self-test, or no thread can be had.
    pub(super) fn start(args: EngineArgs, chosen: Option<Algorithms>) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let (engine, thread) = Engine::start_in_background(EngineConfig {
            hashers: args.hashers.unwrap_or(cores),
            priority: HasherPriority::Normal,
            self_test: chosen.map_or(SelfTest::All, SelfTest::Only),
            ..EngineConfig::default()
        })?;
        Ok(Self { engine, thread })
    }

    /// Ends the engine.
    pub(super) fn join(self) {
        self.thread.join();
    }
}

//! Figures of the engine: written by the Supervisor and by uploads, read at any time without waiting.

mod busy;
mod durations;
mod histogram;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::watch;

use busy::BusyTime;

pub use durations::DurationFigures;
pub(crate) use durations::{Durations, Operation};
pub(crate) use histogram::Histogram;
pub use histogram::{BOUNDS, HistogramFigures};

/// Quanta that the latency figures cover.
const LATENCIES: usize = 1024;

/// The engine's figures at one moment: the JSON of `GET /stats`, without the uptime.
#[derive(Debug, Clone, Serialize)]
pub struct EngineStats {
    /// The hashers.
    pub hashers: HasherStats,
    /// The quanta that wait.
    pub queue: QueueStats,
    /// Quanta at hashers and waiting.
    pub active_tasks: u64,
    /// Quanta and inline digests since the start.
    pub total_tasks: u64,
    /// Bytes digested since the start.
    pub bytes_hashed: u64,
    /// Files and uploads digested since the start.
    pub files_hashed: u64,
    /// Of the last 1,024 quanta, from dispatch to a hasher until its answer.
    pub latency: Latency,
}

/// The hashers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct HasherStats {
    /// Hashers in the pool.
    pub size: usize,
    /// Hashers whose thread runs and that have not been given up for making no progress.
    pub alive: usize,
    /// Hashers that have work.
    pub busy: usize,
    /// Seconds that hashers have been busy since the start, all together. Its growth by the time is the mean of `busy`.
    pub busy_seconds: f64,
    /// Panics caught in hashers since the start.
    pub panics: u64,
    /// Hashers replaced since the start.
    pub restarts: u64,
    /// Hashers replaced because they made no progress, since the start.
    pub stuck: u64,
}

/// Quanta that wait for a hasher.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct QueueStats {
    /// Of uploads.
    pub interactive: usize,
    /// Of jobs.
    pub jobs: usize,
    /// How many quanta of uploads may wait.
    pub limit: usize,
}

/// Latency percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Latency {
    /// Half of the quanta took at most this long.
    pub p50_ms: f64,
    /// 99 of 100 quanta took at most this long.
    pub p99_ms: f64,
}

/// The counters and gauges behind the figures. Written with relaxed atomics, so figures of one moment may be off by
/// the quanta that end meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    size: AtomicUsize,
    alive: watch::Sender<usize>,
    busy: AtomicUsize,
    busy_time: BusyTime,
    panics: AtomicU64,
    restarts: AtomicU64,
    stuck: AtomicU64,
    interactive: AtomicUsize,
    jobs: AtomicUsize,
    total_tasks: AtomicU64,
    bytes: AtomicU64,
    files: AtomicU64,
    latencies: Mutex<VecDeque<Duration>>,
    pub(crate) durations: Durations,
}

impl Gauges {
    pub(crate) fn set_size(&self, size: usize) {
        self.size.store(size, Ordering::Relaxed);
    }

    pub(crate) fn add_alive(&self) {
        self.alive.send_modify(|alive| *alive += 1);
    }

    pub(crate) fn remove_alive(&self) {
        self.alive.send_modify(|alive| *alive -= 1);
    }

    /// Waits until this many hashers are alive, or for at most this long.
    pub(crate) async fn until_alive(&self, hashers: usize, within: Duration) {
        let mut alive = self.alive.subscribe();
        let _ = tokio::time::timeout(within, alive.wait_for(|alive| *alive >= hashers)).await;
    }

    pub(crate) fn set_load(&self, busy: usize, interactive: usize, jobs: usize) {
        self.busy.store(busy, Ordering::Relaxed);
        self.busy_time.set(busy, Instant::now());
        self.interactive.store(interactive, Ordering::Relaxed);
        self.jobs.store(jobs, Ordering::Relaxed);
    }

    pub(crate) fn count_batch(&self, files: u64, bytes: u64, panics: u64) {
        self.count_files(files);
        self.count_bytes(bytes);
        self.panics.fetch_add(panics, Ordering::Relaxed);
    }

    pub(crate) fn count_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn count_files(&self, files: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
    }

    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_stuck(&self) {
        self.stuck.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a digest that was computed without a hasher.
    pub(crate) fn count_inline(&self, bytes: u64) {
        self.total_tasks.fetch_add(1, Ordering::Relaxed);
        self.count_bytes(bytes);
    }

    pub(crate) fn record_latency(&self, latency: Duration) {
        self.total_tasks.fetch_add(1, Ordering::Relaxed);
        let mut latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        if latencies.len() == LATENCIES {
            latencies.pop_front();
        }
        latencies.push_back(latency);
    }

    pub(crate) fn stats(&self, interactive_limit: usize) -> EngineStats {
        let size = self.size.load(Ordering::Relaxed);
        let busy = self.busy.load(Ordering::Relaxed);
        let interactive = self.interactive.load(Ordering::Relaxed);
        let jobs = self.jobs.load(Ordering::Relaxed);
        EngineStats {
            hashers: HasherStats {
                size,
                alive: *self.alive.borrow(),
                busy,
                busy_seconds: self.busy_time.sum(Instant::now()).as_secs_f64(),
                panics: self.panics.load(Ordering::Relaxed),
                restarts: self.restarts.load(Ordering::Relaxed),
                stuck: self.stuck.load(Ordering::Relaxed),
            },
            queue: QueueStats { interactive, jobs, limit: interactive_limit },
            active_tasks: (busy + interactive + jobs) as u64,
            total_tasks: self.total_tasks.load(Ordering::Relaxed),
            bytes_hashed: self.bytes.load(Ordering::Relaxed),
            files_hashed: self.files.load(Ordering::Relaxed),
            latency: self.latency(),
        }
    }

    fn latency(&self) -> Latency {
        let latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted: Vec<Duration> = latencies.iter().copied().collect();
        drop(latencies);
        sorted.sort_unstable();
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(rank).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
        };
        Latency { p50_ms: at(50), p99_ms: at(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_cover_the_last_quanta_only() {
        let gauges = Gauges::default();
        for _ in 0..LATENCIES {
            gauges.record_latency(Duration::from_secs(9));
        }
        for millisecond in 1..=LATENCIES as u64 {
            gauges.record_latency(Duration::from_millis(millisecond));
        }
        let stats = gauges.stats(1);
        assert_eq!((stats.latency.p50_ms, stats.latency.p99_ms), (512.0, 1014.0));
        assert_eq!(stats.total_tasks, 2 * LATENCIES as u64);
    }

    #[test]
    fn without_quanta_there_is_no_latency() {
        assert_eq!(Gauges::default().stats(1).latency.p99_ms, 0.0);
    }
}

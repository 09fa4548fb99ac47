//! Metrics for Prometheus. Handles are registered once and kept, so that a request costs two atomic writes.
//!
//! There is no global recorder: each service has its own, so that several can live in one process.

mod collections;
mod histograms;
mod nodes;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::StatusCode;
use hivesum_actors::engine::{DurationFigures, EngineStats};
use hivesum_actors::fleet::FleetView;
use hivesum_actors::job::{JobCounts, JobVerdictCounts};
use hivesum_actors::store::figures::StoreFigures;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

pub(crate) use collections::{CollectionFigures, SinkFigures};
use histograms::{DURATIONS, REQUESTS, VERDICTS};
use jiff::Timestamp;

/// Upper bounds of the request histogram, in seconds.
const DURATION_BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0, 60.0];

/// How often the samples of histograms are folded into buckets; otherwise they would pile up between scrapes.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The values of a service at one instant.
pub(crate) struct Snapshot {
    pub(crate) engine: EngineStats,
    pub(crate) durations: DurationFigures,
    pub(crate) jobs: JobCounts,
    pub(crate) verdicts: JobVerdictCounts,
    pub(crate) store: StoreFigures,
    pub(crate) collections: CollectionFigures,
    /// The fleet, if the service coordinates one.
    pub(crate) fleet: Option<FleetView>,
    /// What clients have in use, by the name of the gauge.
    pub(crate) in_use: [(&'static str, usize); 4],
}

/// The metrics of one service.
pub(crate) struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&DURATION_BUCKETS);
        let recorder = Arc::new(builder.expect("the list of buckets is not empty").build_recorder());
        histograms::describe(&*recorder);
        let handle = recorder.handle();
        Self { recorder, handle }
    }

    /// The meter of one route.
    pub(crate) fn route(&self, route: &'static str) -> RouteMeter {
        RouteMeter::new(self.recorder.clone(), route)
    }

    /// The meter of requests that reach no route.
    pub(crate) fn unmatched(&self) -> RouteMeter {
        RouteMeter::new(self.recorder.clone(), "unmatched")
    }

    /// Folds samples into buckets.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// All metrics in the text format of Prometheus.
    pub(crate) fn render(&self, snapshot: &Snapshot) -> String {
        let Snapshot { engine, durations, jobs, verdicts, store, collections, fleet, in_use } = snapshot;
        let hashers = &engine.hashers;
        for (state, hashers) in [("size", hashers.size), ("alive", hashers.alive), ("busy", hashers.busy)] {
            self.gauge("hivesum_hashers", Some(("state", state))).set(hashers as f64);
        }
        for (lane, waiting) in [("interactive", engine.queue.interactive), ("jobs", engine.queue.jobs)] {
            self.gauge("hivesum_queue_quanta", Some(("lane", lane))).set(waiting as f64);
        }
        self.gauge("hivesum_queue_limit", None).set(engine.queue.limit as f64);
        for (name, count) in in_use {
            self.gauge(name, None).set(*count as f64);
        }
        self.write_jobs(jobs);
        self.write_verdicts(verdicts);
        self.gauge("hivesum_store_database_bytes", None).set(store.database_bytes as f64);
        self.gauge("hivesum_store_log_bytes", None).set(store.log_bytes as f64);
        for (name, total) in [
            ("hivesum_hasher_panics_total", hashers.panics),
            ("hivesum_hasher_restarts_total", hashers.restarts),
            ("hivesum_hasher_stuck_total", hashers.stuck),
            ("hivesum_quanta_total", engine.total_tasks),
            ("hivesum_hashed_bytes_total", engine.bytes_hashed),
            ("hivesum_hashed_files_total", engine.files_hashed),
            ("hivesum_store_rows_committed_total", store.rows_committed),
        ] {
            self.counter(name, None).absolute(total);
        }
        // The recorder's counters are whole numbers.
        let busy = format!(
            "# HELP {BUSY_SECONDS} {BUSY_HELP}\n# TYPE {BUSY_SECONDS} counter\n{BUSY_SECONDS} {}\n\n",
            hashers.busy_seconds
        );
        let collections = collections::text(collections, Timestamp::now());
        let nodes = fleet.as_ref().map(nodes::text).unwrap_or_default();
        self.handle.render() + &busy + &histograms::text(durations, &store.commit_durations) + &collections + &nodes
    }

    /// Counts of active jobs are gauges, because they fall again; counts of ended jobs are counters.
    fn write_jobs(&self, jobs: &JobCounts) {
        for (state, count) in jobs.by_state() {
            let label = Some(("state", state.name()));
            match state.is_final() {
                false => self.gauge("hivesum_jobs", label).set(count as f64),
                true => self.counter("hivesum_jobs_ended_total", label).absolute(count),
            }
        }
        self.gauge("hivesum_active_jobs", None).set((jobs.queued + jobs.running) as f64);
    }

    /// Beside the counter of ended jobs, whose series stay what they are for those who watch them.
    fn write_verdicts(&self, verdicts: &JobVerdictCounts) {
        for (kind, verdict, count) in verdicts.all() {
            let labels = [("kind", kind.name()), ("verdict", verdict.name())];
            let key =
                Key::from_parts(VERDICTS, labels.map(|(name, value)| Label::from_static_parts(name, value)).to_vec());
            self.recorder.register_counter(&key, &METADATA).absolute(count);
        }
    }

    fn gauge(&self, name: &'static str, label: Option<(&'static str, &'static str)>) -> Gauge {
        self.recorder.register_gauge(&key(name, label), &METADATA)
    }

    fn counter(&self, name: &'static str, label: Option<(&'static str, &'static str)>) -> Counter {
        self.recorder.register_counter(&key(name, label), &METADATA)
    }
}

fn key(name: &'static str, label: Option<(&'static str, &'static str)>) -> Key {
    let labels: Vec<Label> = label.map(|(name, value)| Label::from_static_parts(name, value)).into_iter().collect();
    Key::from_parts(name, labels)
}

static METADATA: Metadata<'static> = Metadata::new("hivesum", Level::INFO, None);

/// The statuses that the API returns. Each gets its own counter when it is first used; the last entry stands for all
/// others.
const STATUSES: [u16; 21] =
    [200, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409, 413, 415, 421, 422, 429, 431, 500, 503, 507, 0];

/// Seconds that hashers have been busy since the start, all together.
const BUSY_SECONDS: &str = "hivesum_hasher_busy_seconds_total";
const BUSY_HELP: &str = "Seconds that hashers have been busy since the start, all together.";

/// Counts and times the answers of one route. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RouteMeter {
    figures: Arc<RouteFigures>,
}

struct RouteFigures {
    recorder: Arc<PrometheusRecorder>,
    route: Label,
    durations: Histogram,
    by_status: [OnceLock<Counter>; STATUSES.len()],
}

impl RouteMeter {
    fn new(recorder: Arc<PrometheusRecorder>, route: &'static str) -> Self {
        let route = Label::from_static_parts("route", route);
        let durations = recorder.register_histogram(&Key::from_parts(DURATIONS, vec![route.clone()]), &METADATA);
        Self { figures: Arc::new(RouteFigures { recorder, route, durations, by_status: Default::default() }) }
    }

    /// Counts one answer.
    pub(crate) fn count(&self, status: StatusCode, took: Duration) {
        let index = STATUSES.iter().position(|&known| known == status.as_u16()).unwrap_or(STATUSES.len() - 1);
        let counter = self.figures.by_status[index].get_or_init(|| self.figures.counter_of(STATUSES[index]));
        counter.increment(1);
        self.figures.durations.record(took);
    }
}

impl RouteFigures {
    fn counter_of(&self, status: u16) -> Counter {
        let status = if status == 0 { "other".to_owned() } else { status.to_string() };
        let labels = vec![self.route.clone(), Label::new("status", status)];
        self.recorder.register_counter(&Key::from_parts(REQUESTS, labels), &METADATA)
    }
}

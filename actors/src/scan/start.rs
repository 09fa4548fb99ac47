//! Starts a scan on an engine: a walker, what is known from earlier runs, and the driver that joins them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::driver::{Driver, DriverConfig};
use super::handle::{Scan, ScanEnds, channel};
use super::resume::{Past, join_past};
use super::spec::{Priority, ScanSpec};
use super::survey::SurveyPlan;
use crate::Engine;
use crate::engine::Shared;
use crate::engine::throttle::{ByteBudget, Throttle};
use crate::error::Refused;
use crate::messages::JobKey;
use crate::walker::{PLANS_AHEAD, Walk, Walker};
use hivesum_core::digest::self_test_once;
use hivesum_core::hash::ScanRules;
use hivesum_core::walk::WalkSpec;
use tokio::sync::mpsc;

impl Engine {
    /// Begins a scan. The driver owns it; dropping the handle cancels it.
    ///
    /// # Errors
    /// While the engine drains; if an algorithm fails its self-test.
    pub fn scan(&self, spec: ScanSpec) -> Result<Scan, Refused> {
        self.scan_on(spec, None)
    }

    /// Begins a scan that resumes from what is known of earlier ones; for jobs only.
    pub(crate) fn scan_on(&self, spec: ScanSpec, past: Option<Past>) -> Result<Scan, Refused> {
        if self.draining() {
            return Err(Refused::Draining);
        }
        self_test_once(&spec.algorithms).map_err(|failure| Refused::SelfTest(failure.algorithm))?;
        let (scan, ends) = channel(spec.cancel.as_ref());
        let shared = self.shared.clone();
        match self.shared.home.spawn(async move { shared.drive(spec, past, ends).await }) {
            true => Ok(scan),
            false => Err(Refused::Draining),
        }
    }
}

impl Shared {
    async fn drive(&self, spec: ScanSpec, past: Option<Past>, ends: ScanEnds) {
        let rules = ScanRules {
            max_file_bytes: self.config.max_file_bytes,
            max_unsized_bytes: self.config.max_unsized_bytes,
            job_tag: past.as_ref().map(|past| past.job_tag),
            ..spec.rules()
        };
        let ScanSpec { targets, filters, reach, devices, leave_out, .. } = spec;
        let (events, walk) = mpsc::channel(PLANS_AHEAD);
        let timeout = self.config.quantum_deadline;
        let spec_of_walk = WalkSpec { targets, filters, reach, devices, leave_out, timeout };
        let survey = spec
            .survey_after
            .and_then(|after| Some(SurveyPlan::new(after, self.config.priority, spec_of_walk.try_clone()?)));
        Walker::start(self.config.priority).do_send(Walk { spec: spec_of_walk, events, looks: false });
        let (walk, before) = match past {
            Some(past) => join_past(walk, past),
            None => (walk, Vec::new()),
        };
        let config = DriverConfig {
            key: JobKey(self.next_job.fetch_add(1, Ordering::Relaxed)),
            low: spec.priority == Priority::Low,
            hashers: self.config.hashers.get(),
            rules: Arc::new(rules),
            deadline: spec.deadline.map(|within| tokio::time::Instant::now() + within),
            max_bytes_per_second: spec.max_bytes_per_second,
            throttles: spec
                .max_bytes_per_second
                .map(ByteBudget::new)
                .into_iter()
                .chain(spec.budget)
                .chain(self.budget.clone())
                .map(Throttle::of)
                .collect(),
            before,
            survey,
            supervisor: self.supervisor.clone(),
        };
        Driver::new(config, walk, ends).run().await;
    }
}

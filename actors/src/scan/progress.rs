//! Figures of a running scan: delivered results, rate, remaining time.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use hivesum_core::result::{Progress, Rows, Summary};
use hivesum_core::walk::Totals;

/// The shortest interval between progress updates.
const INTERVAL: Duration = Duration::from_millis(100);

/// The rate is computed over this window.
const RATE_WINDOW: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct ProgressMeter {
    started: Instant,
    told: Instant,
    delivered: Summary,
    /// Bytes of finished quanta, also of unfinished files.
    bytes_read: u64,
    /// The highest reported value: hashing a file again does not reduce the progress.
    bytes_told: u64,
    files_total: Option<u64>,
    bytes_total: Option<u64>,
    samples: VecDeque<(Instant, u64)>,
    /// The limit of the scan itself.
    max_bytes_per_second: Option<NonZeroU64>,
}

impl ProgressMeter {
    pub(crate) fn new(max_bytes_per_second: Option<NonZeroU64>) -> Self {
        let now = Instant::now();
        Self {
            started: now,
            told: now,
            delivered: Summary::default(),
            bytes_read: 0,
            bytes_told: 0,
            files_total: None,
            bytes_total: None,
            samples: VecDeque::from([(now, 0)]),
            max_bytes_per_second,
        }
    }

    pub(crate) fn count(&mut self, rows: &Rows) {
        for row in &rows.rows {
            self.delivered.count(row.status, row.meta.size);
        }
    }

    pub(crate) fn add_read(&mut self, bytes: u64) {
        self.bytes_read += bytes;
    }

    pub(crate) fn set_files_total(&mut self, files: u64) {
        self.files_total = Some(files);
    }

    pub(crate) fn set_totals(&mut self, totals: Totals) {
        // The scan's own walk is exact once it has ended.
        self.files_total.get_or_insert(totals.files);
        self.bytes_total = Some(totals.bytes);
    }

    /// Whether the next progress update is due.
    pub(crate) fn is_due(&self) -> bool {
        self.told.elapsed() >= INTERVAL
    }

    /// `bytes_under_way` are the bytes of large files that are not delivered yet.
    pub(crate) fn progress(&mut self, bytes_under_way: u64) -> Progress {
        let now = Instant::now();
        self.told = now;
        let bytes_per_second = self.rate(now);
        let Summary { hashed, errors, skipped, bytes, .. } = self.delivered;
        self.bytes_told = self.bytes_told.max(bytes + bytes_under_way);
        Progress {
            files_total: self.files_total,
            files_done: hashed,
            files_failed: errors,
            files_skipped: skipped,
            bytes_total: self.bytes_total,
            bytes_done: self.bytes_told,
            bytes_per_second,
            eta_seconds: self.eta(hashed + errors),
            bytes_under_way,
        }
    }

    fn rate(&mut self, now: Instant) -> u64 {
        self.samples.push_back((now, self.bytes_read));
        while self.samples.len() > 2 && now.duration_since(self.samples[1].0) >= RATE_WINDOW {
            self.samples.pop_front();
        }
        let (since, bytes) = self.samples[0];
        let seconds = now.duration_since(since).as_secs_f64();
        if seconds <= 0.0 {
            return 0;
        }
        ((self.bytes_read - bytes) as f64 / seconds) as u64
    }

    /// By bytes where their total is known, else by files. Never less than the limit allows: what was read at its
    /// beginning was read ahead of it.
    fn eta(&self, files_settled: u64) -> Option<u64> {
        // What was read counts, also of files that wait for others to be delivered.
        let read = self.bytes_told.max(self.bytes_read);
        let (done, total) = match (self.bytes_total, self.files_total) {
            (Some(bytes), _) if bytes > 0 => (read, bytes),
            (_, Some(files)) => (files_settled, files),
            (_, None) => return None,
        };
        let elapsed = self.started.elapsed().as_secs_f64();
        let so_far = (done > 0).then(|| (elapsed / done as f64 * total.saturating_sub(done) as f64).ceil() as u64);
        let left = self.bytes_total.map(|bytes| bytes.saturating_sub(read));
        let at_least = left.zip(self.max_bytes_per_second).map(|(left, limit)| left.div_ceil(limit.get()));
        so_far.max(at_least)
    }

    pub(crate) fn summary(&self, complete: bool) -> Summary {
        Summary { elapsed_ms: self.started.elapsed().as_millis() as u64, complete, ..self.delivered }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_never_less_than_the_limit_allows() {
        let eta = |limit: Option<u64>, read: u64| {
            let mut meter = ProgressMeter::new(limit.and_then(NonZeroU64::new));
            meter.set_totals(Totals { files: 1, bytes: 180_000_000 });
            meter.add_read(read);
            meter.progress(0).eta_seconds
        };
        assert_eq!(eta(Some(200_000), 0), Some(900), "nothing was read yet");
        assert_eq!(eta(Some(200_000), 8_000_000), Some(860), "8 MB at once say nothing of the rate");
        assert_eq!(eta(None, 0), None);
        assert!(eta(None, 8_000_000).unwrap() < 860);
    }
}

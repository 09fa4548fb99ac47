//! Messages and the progress bar on stderr. Each message is one write of a whole line, and never cuts the bar.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hivesum_core::result::Progress;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::quote::{Charset, quote};

/// How often the progress bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Width of the bar, in cells.
const BAR_CELLS: u64 = 24;

/// Where messages and progress go. Clones share one bar.
#[derive(Debug, Clone)]
pub(super) struct Terminal {
    bar: ProgressBar,
    progress: Arc<Mutex<TotalProgress>>,
    charset: Charset,
}

/// What the bar shows: the finished scans and the current one together.
#[derive(Debug, Default)]
struct TotalProgress {
    finished: Progress,
    current: Option<watch::Receiver<Progress>>,
}

impl Terminal {
    /// With a progress bar if stderr is a terminal.
    pub(super) fn with_progress() -> Self {
        match io::stderr().is_terminal() {
            true => Self::new(ProgressBar::no_length()),
            false => Self::plain(),
        }
    }

    /// Without a progress bar.
    pub(super) fn plain() -> Self {
        Self { bar: ProgressBar::hidden(), progress: Arc::default(), charset: Charset::of_environment() }
    }

    fn new(bar: ProgressBar) -> Self {
        let terminal = Self { bar, ..Self::plain() };
        let progress = terminal.progress.clone();
        let style =
            ProgressStyle::with_template("{spinner} {progress}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let style = style.with_key("progress", move |_: &_, line: &mut dyn std::fmt::Write| {
            // A line that cannot be drawn now is drawn at the next tick.
            let _ = line.write_str(&lock(&progress).line());
        });
        terminal.bar.set_style(style);
        terminal.bar.enable_steady_tick(TICK);
        terminal
    }

    /// Shows the progress of this scan from now on, added to that of the scans before it.
    pub(super) fn follow(&self, current: watch::Receiver<Progress>) {
        let mut progress = lock(&self.progress);
        progress.finished = progress.total();
        progress.current = Some(current);
    }

    /// Whether there is a progress bar that somebody can see.
    pub(super) fn shows_progress(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Removes the progress bar for good.
    pub(super) fn finish_progress(&self) {
        self.bar.finish_and_clear();
    }

    /// Hides the progress bar while `write` writes to the terminal.
    pub(super) fn suspend_progress<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.bar.is_hidden() {
            true => write(),
            false => self.bar.suspend(write),
        }
    }

    /// Prints `hivesum: MESSAGE` to stderr. Errors of stderr are ignored.
    pub(super) fn message(&self, message: &str) {
        let line = format!("hivesum: {message}\n");
        self.suspend_progress(|| {
            let _ = io::stderr().lock().write_all(line.as_bytes());
        });
    }

    /// Prints `hivesum: NAME: MESSAGE` to stderr.
    pub(super) fn message_about(&self, name: &[u8], message: &str) {
        self.message(&format!("{}: {message}", self.quoted(name)));
    }

    /// The name, quoted as in messages.
    pub(super) fn quoted(&self, name: &[u8]) -> String {
        quote(name, self.charset)
    }
}

fn lock(progress: &Mutex<TotalProgress>) -> std::sync::MutexGuard<'_, TotalProgress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TotalProgress {
    fn total(&self) -> Progress {
        let now = self.current.as_ref().map(|current| *current.borrow()).unwrap_or_default();
        let sum = |before: Option<u64>, now: Option<u64>| now.map(|now| before.unwrap_or(0) + now);
        Progress {
            files_total: sum(
                Some(self.finished.files_done + self.finished.files_failed + self.finished.files_skipped),
                now.files_total,
            ),
            files_done: self.finished.files_done + now.files_done,
            files_failed: self.finished.files_failed + now.files_failed,
            files_skipped: self.finished.files_skipped + now.files_skipped,
            bytes_total: sum(Some(self.finished.bytes_done), now.bytes_total),
            bytes_done: self.finished.bytes_done + now.bytes_done,
            ..now
        }
    }

    fn line(&self) -> String {
        let total = self.total();
        let done = total.files_done + total.files_failed + total.files_skipped;
        let rate = HumanBytes(total.bytes_per_second);
        let bytes = HumanBytes(total.bytes_done);
        let files = match total.files_total {
            Some(all) => format!("{} {} of {} files", bar(done, all), HumanCount(done), HumanCount(all.max(done))),
            None => format!("{} files", HumanCount(done)),
        };
        match total.eta_seconds {
            Some(seconds) => format!("{files}  {bytes}  {rate}/s  ETA {}:{:02}", seconds / 60, seconds % 60),
            None => format!("{files}  {bytes}  {rate}/s"),
        }
    }
}

fn bar(done: u64, all: u64) -> String {
    let full = (done.min(all) * BAR_CELLS).checked_div(all).unwrap_or(BAR_CELLS);
    format!("[{}{}]", "#".repeat(full as usize), "-".repeat((BAR_CELLS - full) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_of_several_scans_adds_up() {
        let first = Progress { files_total: Some(2), files_done: 2, bytes_done: 10, ..Progress::default() };
        let (_first, current) = watch::channel(first);
        let mut progress = TotalProgress { finished: Progress::default(), current: Some(current) };
        progress.finished = progress.total();
        let (_second, current) =
            watch::channel(Progress { files_total: Some(4), files_done: 1, ..Progress::default() });
        progress.current = Some(current);
        assert!(progress.line().contains("3 of 6 files"), "{}", progress.line());
        assert_eq!(bar(1, 2), "[############------------]");
        assert_eq!(bar(0, 0), "[########################]");
    }
}

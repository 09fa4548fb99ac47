//! The terminal: messages on stderr, one whole line a write, and the progress bar that they must not tear.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hivesum_core::result::{Progress, SkipReason, Status};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::quote::{Charset, quote};

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Cells of the bar.
const BAR_CELLS: u64 = 24;

/// Where messages and progress go. Clones share one bar.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    bar: ProgressBar,
    figures: Arc<Mutex<Figures>>,
    charset: Charset,
}

/// What the bar shows: scans that are over, and the one that runs.
#[derive(Debug, Default)]
struct Figures {
    over: Progress,
    running: Option<watch::Receiver<Progress>>,
}

impl Screen {
    /// A screen with a bar where stderr is a terminal.
    pub(super) fn with_progress() -> Self {
        match io::stderr().is_terminal() {
            true => Self::new(ProgressBar::no_length()),
            false => Self::plain(),
        }
    }

    /// A screen without a bar.
    pub(super) fn plain() -> Self {
        Self { bar: ProgressBar::hidden(), figures: Arc::default(), charset: Charset::of_environment() }
    }

    fn new(bar: ProgressBar) -> Self {
        let screen = Self { bar, ..Self::plain() };
        let figures = screen.figures.clone();
        let style =
            ProgressStyle::with_template("{spinner} {figures}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let style = style.with_key("figures", move |_: &_, line: &mut dyn std::fmt::Write| {
            // A line that cannot be drawn is drawn a tenth of a second later.
            let _ = line.write_str(&lock(&figures).in_words());
        });
        screen.bar.set_style(style);
        screen.bar.enable_steady_tick(TICK);
        screen
    }

    /// Shows the figures of this scan from now on, on top of those that are over.
    pub(super) fn follow(&self, progress: watch::Receiver<Progress>) {
        let mut figures = lock(&self.figures);
        figures.over = figures.total();
        figures.running = Some(progress);
    }

    /// Whether somebody sees a bar.
    pub(super) fn is_seen(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Takes the bar away for good.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Does something that writes to the terminal while the bar is out of the way.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.bar.is_hidden() {
            true => write(),
            false => self.bar.suspend(write),
        }
    }

    /// Puts `hivesum: MESSAGE` on stderr. A stderr that does not take it is no reason to stop.
    pub(super) fn say(&self, message: &str) {
        let line = format!("hivesum: {message}\n");
        self.aside(|| {
            let _ = io::stderr().lock().write_all(line.as_bytes());
        });
    }

    /// Puts `hivesum: NAME: MESSAGE` on stderr.
    pub(super) fn say_of(&self, name: &[u8], message: &str) {
        self.say(&format!("{}: {message}", self.quoted(name)));
    }

    /// The name as messages show it.
    pub(super) fn quoted(&self, name: &[u8]) -> String {
        quote(name, self.charset)
    }
}

fn lock(figures: &Mutex<Figures>) -> std::sync::MutexGuard<'_, Figures> {
    figures.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Figures {
    fn total(&self) -> Progress {
        let now = self.running.as_ref().map(|running| *running.borrow()).unwrap_or_default();
        let sum = |over: Option<u64>, now: Option<u64>| now.map(|now| over.unwrap_or(0) + now);
        Progress {
            files_total: sum(
                Some(self.over.files_done + self.over.files_failed + self.over.files_skipped),
                now.files_total,
            ),
            files_done: self.over.files_done + now.files_done,
            files_failed: self.over.files_failed + now.files_failed,
            files_skipped: self.over.files_skipped + now.files_skipped,
            bytes_total: sum(Some(self.over.bytes_done), now.bytes_total),
            bytes_done: self.over.bytes_done + now.bytes_done,
            ..now
        }
    }

    fn in_words(&self) -> String {
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

/// Why an entry has no digest, in words; nothing where it has one.
pub(super) fn reason(status: Status) -> Option<String> {
    match status {
        Status::Hashed(_) => None,
        Status::Error { code, errno: 0 } => Some(code.in_words().to_owned()),
        Status::Error { errno, .. } => Some(in_words(&io::Error::from_raw_os_error(errno))),
        Status::Skipped(reason) => Some(reason.in_words().to_owned()),
    }
}

/// Whether an entry is passed over without a word: hivesum's own output file.
pub(super) fn is_own(status: Status) -> bool {
    status == Status::Skipped(SkipReason::Internal)
}

/// The system's text alone, without the number that Rust adds.
pub(super) fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_in_the_words_of_the_system() {
        assert_eq!(in_words(&io::Error::from_raw_os_error(2)), "No such file or directory");
        assert_eq!(in_words(&io::Error::other("broken")), "broken");
        assert_eq!(reason(Status::Skipped(SkipReason::Symlink)).as_deref(), Some("symbolic link"));
    }

    #[test]
    fn figures_of_several_scans_add_up() {
        let first = Progress { files_total: Some(2), files_done: 2, bytes_done: 10, ..Progress::default() };
        let (_first, running) = watch::channel(first);
        let mut figures = Figures { over: Progress::default(), running: Some(running) };
        figures.over = figures.total();
        let (_second, running) =
            watch::channel(Progress { files_total: Some(4), files_done: 1, ..Progress::default() });
        figures.running = Some(running);
        assert!(figures.in_words().contains("3 of 6 files"), "{}", figures.in_words());
        assert_eq!(bar(1, 2), "[############------------]");
        assert_eq!(bar(0, 0), "[########################]");
    }
}

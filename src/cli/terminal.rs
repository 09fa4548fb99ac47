//! Messages and the progress bar on stderr. Each message is one write of a whole line, and never cuts the bar.

mod colour;
mod progress;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hivesum_core::result::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

pub(super) use self::colour::{Colour, Paint, ScreenArgs};
use self::progress::{TotalProgress, columns, lock};
pub(super) use self::progress::{amount, counted};
use super::quote::{Charset, quote};

/// How often the progress bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// What the spinner and the blank after it take of a line, and the last column, where some terminals break the line.
const RESERVED_COLUMNS: usize = 3;

/// Where messages and progress go. Clones share one bar.
#[derive(Debug, Clone)]
pub(super) struct Terminal {
    bar: ProgressBar,
    progress: Arc<Mutex<TotalProgress>>,
    charset: Charset,
    paint: Paint,
    /// Messages that are printed only if something is wrong. None: they are printed at once.
    held: Arc<Mutex<Option<String>>>,
}

/// How many bytes of messages are held back. With more, all are printed.
const MOST_HELD_BYTES: usize = 64 << 10;

impl Terminal {
    /// As the flags say: with a progress bar if stderr is a terminal, and colours if stdout is one.
    pub(super) fn of(args: ScreenArgs) -> Self {
        let terminal = match args.shows_progress() && Self::is_seen() {
            true => Self::new(ProgressBar::no_length()),
            false => Self::plain(),
        };
        Self { paint: args.paint(), ..terminal }
    }

    /// Without a progress bar and colours.
    pub(super) fn plain() -> Self {
        let (bar, charset) = (ProgressBar::hidden(), Charset::of_environment());
        Self { bar, progress: Arc::default(), charset, paint: Paint::Never, held: Arc::default() }
    }

    /// Holds messages back from now on, until something turns out to be wrong.
    pub(super) fn hold(&self) {
        *lock(&self.held) = Some(String::new());
    }

    /// Prints what was held back, and holds nothing back any more.
    pub(super) fn release(&self) {
        let held = lock(&self.held).take().unwrap_or_default();
        self.print(&held);
    }

    /// Whether stderr is a terminal, with somebody in front of it who wants to know how it ended.
    pub(super) fn is_seen() -> bool {
        io::stderr().is_terminal()
    }

    fn new(bar: ProgressBar) -> Self {
        let terminal = Self { bar, ..Self::plain() };
        let progress = terminal.progress.clone();
        let style =
            ProgressStyle::with_template("{spinner} {progress}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let style = style.with_key("progress", move |_: &_, line: &mut dyn std::fmt::Write| {
            // A line that cannot be drawn now is drawn at the next tick.
            let width = columns().saturating_sub(RESERVED_COLUMNS);
            let _ = line.write_str(&lock(&progress).line(width));
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
        let is_full = match &mut *lock(&self.held) {
            None => return self.print(&line),
            Some(held) => {
                held.push_str(&line);
                held.len() > MOST_HELD_BYTES
            }
        };
        if is_full {
            self.release();
        }
    }

    fn print(&self, lines: &str) {
        self.suspend_progress(|| {
            let _ = io::stderr().lock().write_all(lines.as_bytes());
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

    /// A word of a report on stdout, in its colour where colours are wanted.
    pub(super) fn painted(&self, word: &str, colour: Colour) -> String {
        self.paint.painted(word, colour)
    }
}

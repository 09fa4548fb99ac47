//! The line of the progress bar: the scans of one command together. It is filled by bytes where their number is known,
//! so it moves within one large file, and it is never wider than the terminal.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hivesum_core::result::Progress;
use indicatif::{HumanBytes, HumanCount};
use rustix::termios::tcgetwinsize;
use tokio::sync::watch;

/// Width of the bar, in cells.
const BAR_CELLS: u64 = 24;

/// Columns of a terminal that does not tell.
const USUAL_COLUMNS: usize = 80;

/// What the bar shows: the finished scans and the current one together.
#[derive(Debug, Default)]
pub(super) struct TotalProgress {
    pub(super) finished: Progress,
    pub(super) current: Option<watch::Receiver<Progress>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The width of the terminal behind stderr.
pub(super) fn columns() -> usize {
    let told = tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col);
    if told == 0 { USUAL_COLUMNS } else { told.into() }
}

/// `1 file`, `1234 files`: a number and its noun, which takes an `s` for all but one.
pub(in crate::cli) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `1,234 files, 1.20 GiB in 0.5 s`, for the last line of a command.
pub(in crate::cli) fn amount(files: u64, bytes: u64, elapsed: Duration) -> String {
    let noun = if files == 1 { "file" } else { "files" };
    format!("{} {noun}, {} in {:.1} s", HumanCount(files), HumanBytes(bytes), elapsed.as_secs_f64())
}

impl TotalProgress {
    pub(super) fn total(&self) -> Progress {
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

    /// What is known, the most important first, as far as it fits into a width.
    pub(super) fn line(&self, width: usize) -> String {
        let total = self.total();
        let done = total.files_done + total.files_failed + total.files_skipped;
        let files = match total.files_total {
            Some(all) => format!("{} of {} files", HumanCount(done), HumanCount(all.max(done))),
            None => format!("{} files", HumanCount(done)),
        };
        let rate = format!("{}/s", HumanBytes(total.bytes_per_second));
        let eta = total.eta_seconds.map(|seconds| format!("ETA {}:{:02}", seconds / 60, seconds % 60));
        let bytes = HumanBytes(total.bytes_done);
        let parts = match (total.bytes_total.filter(|&all| all > 0), total.files_total) {
            (Some(all), _) => {
                let percent = u128::from(total.bytes_done.min(all)) * 100 / u128::from(all);
                let of_all = format!("{} {percent}%  {bytes} of {}", bar(total.bytes_done, all), HumanBytes(all));
                vec![Some(of_all), eta, Some(rate), Some(files)]
            }
            (None, Some(all)) => {
                vec![Some(format!("{} {files}", bar(done, all))), eta, Some(bytes.to_string()), Some(rate)]
            }
            (None, None) => vec![Some(files), Some(bytes.to_string()), Some(rate)],
        };
        let mut line = String::new();
        for part in parts.into_iter().flatten() {
            match line.is_empty() {
                true => line.extend(part.chars().take(width)),
                false if line.len() + 2 + part.len() <= width => line.extend(["  ", &*part]),
                false => break,
            }
        }
        line
    }
}

fn bar(done: u64, all: u64) -> String {
    let full = (u128::from(done.min(all)) * u128::from(BAR_CELLS))
        .checked_div(all.into())
        .map_or(BAR_CELLS, |full| full as u64);
    format!("[{}{}]", "#".repeat(full as usize), "-".repeat((BAR_CELLS - full) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of one scan.
    fn line(progress: Progress, width: usize) -> String {
        let (_sender, current) = watch::channel(progress);
        TotalProgress { finished: Progress::default(), current: Some(current) }.line(width)
    }

    #[test]
    fn the_progress_of_several_scans_adds_up() {
        let first = Progress { files_total: Some(2), files_done: 2, bytes_done: 10, ..Progress::default() };
        let (_first, current) = watch::channel(first);
        let mut progress = TotalProgress { finished: Progress::default(), current: Some(current) };
        progress.finished = progress.total();
        let (_second, current) =
            watch::channel(Progress { files_total: Some(4), files_done: 1, ..Progress::default() });
        progress.current = Some(current);
        assert!(progress.line(80).contains("3 of 6 files"), "{}", progress.line(80));
        assert_eq!(bar(1, 2), "[############------------]");
        assert_eq!(bar(0, 0), "[########################]");
        assert_eq!(bar(u64::MAX, u64::MAX), "[########################]");
    }

    #[test]
    fn the_bar_is_filled_by_bytes_and_moves_within_one_large_file() {
        let within = |bytes_done| Progress {
            files_total: Some(1),
            bytes_total: Some(4 << 30),
            bytes_done,
            bytes_per_second: 1 << 30,
            eta_seconds: Some(75),
            ..Progress::default()
        };
        let half = "[############------------] 50%  2.00 GiB of 4.00 GiB  ETA 1:15  1.00 GiB/s  0 of 1 files";
        assert_eq!(line(within(2 << 30), 200), half);
        assert!(line(within((4 << 30) - 1), 200).contains(" 99%  "), "not done before it is done");
    }

    #[test]
    fn the_line_is_cut_to_the_width_of_the_terminal() {
        let progress = Progress { files_total: Some(9), bytes_total: Some(9), bytes_done: 3, ..Progress::default() };
        for width in 0..100 {
            assert!(line(progress, width).len() <= width, "{width}");
        }
        assert_eq!(line(progress, 30), "[########----------------] 33%");
        assert_eq!(line(progress, 47), "[########----------------] 33%  3 B of 9 B", "no part is cut in the middle");
    }

    #[test]
    fn the_amount_of_work_is_told_in_words() {
        assert_eq!(amount(1, 3, Duration::from_millis(40)), "1 file, 3 B in 0.0 s");
        assert_eq!(amount(1234, 5 << 20, Duration::from_millis(2560)), "1,234 files, 5.00 MiB in 2.6 s");
    }
}

//! How much `hivesum hash` says besides digests and errors, and its last words.
//!
//! Scripts see what they always saw, but for symbolic links: these are one line with their number. The closing line is
//! for people, so it is printed where stderr is a terminal, and with `-v`.

use std::io;
use std::time::Duration;

use hivesum_core::result::{SkipReason, Summary};

use crate::cli::atomic_file::AtomicFile;
use crate::cli::hash_args::HashArgs;
use crate::cli::terminal::{Terminal, amount, counted};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loudness {
    /// Errors alone.
    Quiet,
    /// What is skipped, symbolic links by their number.
    Normal,
    /// The same, and a closing line.
    Seen,
    /// Everything that is skipped, and a closing line.
    Verbose,
}

impl Loudness {
    /// What the flags and the place of stderr make of it.
    pub(super) fn of(args: &HashArgs) -> Self {
        match (args.quiet, args.verbose) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Verbose,
            (false, false) if Terminal::is_seen() => Self::Seen,
            (false, false) => Self::Normal,
        }
    }

    /// Whether each of the files that are skipped for this reason is listed.
    pub(super) fn lists(self, reason: SkipReason) -> bool {
        match self {
            Self::Quiet => false,
            Self::Normal | Self::Seen => reason != SkipReason::Symlink,
            Self::Verbose => true,
        }
    }

    /// The lines at the end. `links` are the symbolic links among what was skipped.
    pub(super) fn closing(self, summary: &Summary, links: u64) -> Vec<String> {
        let told_of_links = match links {
            _ if matches!(self, Self::Quiet | Self::Verbose) => None,
            0 => None,
            1 => Some("skipped: 1 symbolic link (-v lists it)".to_owned()),
            many => Some(format!("skipped: {many} symbolic links (-v lists them)")),
        };
        let whole = matches!(self, Self::Seen | Self::Verbose).then(|| in_short(summary));
        told_of_links.into_iter().chain(whole).collect()
    }
}

/// What becomes of the file of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saved {
    /// Everything has a result: it replaces its target.
    Whole,
    /// Something is missing: the target stays, and what there is lies beside it.
    Partial,
    /// Nothing was hashed: the target stays.
    Nothing,
}

impl Saved {
    /// What these results come to. `failed` is whether any of them is missing.
    pub(super) fn of(summary: &Summary, failed: bool) -> Self {
        match (failed || !summary.complete, summary.hashed) {
            (false, _) => Self::Whole,
            (true, 0) => Self::Nothing,
            (true, _) => Self::Partial,
        }
    }

    /// Does it, and gives what there is to say of it.
    pub(super) fn commit(self, file: AtomicFile) -> io::Result<Option<String>> {
        let target = file.target().display().to_string();
        match self {
            Self::Whole => file.commit().map(|()| None),
            Self::Nothing => Ok(Some(format!("{target}: not written, as nothing was hashed"))),
            Self::Partial => match file.partial() {
                Some((file, partial)) => file.commit().map(|()| {
                    let partial = partial.display();
                    Some(format!("{target}: not written, as something is missing; what was hashed is in {partial}"))
                }),
                None => Ok(None),
            },
        }
    }
}

/// `hashed 12 files, 1.20 GiB in 0.5 s; 1 error, 3 skipped`.
fn in_short(summary: &Summary) -> String {
    let work = amount(summary.hashed, summary.bytes, Duration::from_millis(summary.elapsed_ms));
    let errors = (summary.errors > 0).then(|| counted(summary.errors, "error"));
    let skipped = (summary.skipped > 0).then(|| format!("{} skipped", summary.skipped));
    let others: Vec<_> = errors.into_iter().chain(skipped).collect();
    let incomplete = if summary.complete { "" } else { "; incomplete" };
    match others.is_empty() {
        true => format!("hashed {work}{incomplete}"),
        false => format!("hashed {work}; {}{incomplete}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_counted_and_the_closing_line_is_for_people() {
        let summary = Summary { hashed: 2, bytes: 3, errors: 1, skipped: 2, complete: true, ..Summary::default() };
        let whole = "hashed 2 files, 3 B in 0.0 s; 1 error, 2 skipped";
        let links = "skipped: 2 symbolic links (-v lists them)";
        assert_eq!(Loudness::Quiet.closing(&summary, 2), Vec::<String>::new());
        assert_eq!(Loudness::Normal.closing(&summary, 2), [links]);
        assert_eq!(Loudness::Seen.closing(&summary, 2), [links, whole]);
        assert_eq!(Loudness::Verbose.closing(&summary, 2), [whole]);
        assert!(Loudness::Normal.lists(SkipReason::NotRegular) && !Loudness::Normal.lists(SkipReason::Symlink));
    }
}

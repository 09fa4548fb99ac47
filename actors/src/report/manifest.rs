//! A manifest of a collection: what each of its files should have been at a time, in any format of manifests.
//!
//! Files and events are given to it a page at a time. A file that could never be read has no digest, and no line.

use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::fixity::{Earlier, Event, FileState, TooManyChanges};
use hivesum_core::manifest::{Format, FormatMismatch, LineEnd, ManifestWriter, NoSuchDigest, NotRepresentable};
use hivesum_core::result::{ItemRef, Origin, Status, Summary};
use jiff::Timestamp;
use thiserror::Error;

use crate::store::collections::StoredCollection;

/// Why there is no such manifest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NoManifest {
    /// The collection has no digests that were asked for.
    #[error(transparent)]
    NoSuchDigest(#[from] NoSuchDigest),
    /// The format cannot carry them.
    #[error(transparent)]
    Mismatch(#[from] FormatMismatch),
    /// The time is still to come, or the collection was made later.
    #[error("{0}")]
    Time(String),
    /// Too much has changed since.
    #[error(transparent)]
    TooManyChanges(#[from] TooManyChanges),
    /// The format cannot carry a name.
    #[error("{refusal}: {name:?}")]
    Name {
        /// Why not.
        refusal: NotRepresentable,
        /// The path, with replacement characters for what is no UTF-8.
        name: String,
    },
}

/// A manifest that is being written: [`begin`](Self::begin); for each page of files, [`take_back`](Self::take_back) with
/// every event that was added until then, and [`page`](Self::page); [`end`](Self::end).
#[derive(Debug)]
pub struct PastManifest {
    writer: ManifestWriter,
    format: Format,
    /// Of the collection.
    all: Algorithms,
    /// Those that are written.
    chosen: Algorithms,
    earlier: Earlier,
    summary: Summary,
}

/// Stands for a time after all that is known.
pub const LATEST: Timestamp = Timestamp::MAX;

impl PastManifest {
    /// A manifest of what the files should have been at this time, or of what they should be as far as is known: also
    /// what was learned while a clock was ahead.
    ///
    /// # Errors
    /// [`NoManifest`]: of the digests, the format or the time.
    pub fn new(
        collection: &StoredCollection,
        (format, algorithm): (Option<Format>, Option<Algorithm>),
        (at, now): (Option<Timestamp>, Timestamp),
    ) -> Result<Self, NoManifest> {
        if let Some(at) = at.filter(|at| *at > now) {
            return Err(NoManifest::Time(format!("{at} is still to come: it is {now:.0}")));
        }
        let made = collection.created_at;
        if let Some(at) = at.filter(|at| *at < made) {
            return Err(NoManifest::Time(format!("nothing is known of {at}: the collection was made at {made:.0}")));
        }
        let all = collection.settings.algorithms;
        let format = format.unwrap_or_else(|| Format::default_for(&all));
        let chosen = format.choose(algorithm, &all)?;
        let writer = ManifestWriter::new(format, chosen, LineEnd::Newline)?;
        let summary = Summary { complete: true, ..Summary::default() };
        Ok(Self { writer, format, all, chosen, earlier: Earlier::new(at.unwrap_or(LATEST)), summary })
    }

    /// Its format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The algorithms of its digests.
    #[must_use]
    pub const fn algorithms(&self) -> &Algorithms {
        &self.chosen
    }

    /// Appends the beginning.
    pub fn begin(&self, out: &mut Vec<u8>) {
        self.writer.begin(out);
    }

    /// Takes an event back that was added after the time.
    ///
    /// # Errors
    /// [`NoManifest::TooManyChanges`].
    pub fn take_back(&mut self, event: &Event) -> Result<(), NoManifest> {
        Ok(self.earlier.take_back(event)?)
    }

    /// Appends the next page of files in walk order; `is_last` if nothing follows it.
    ///
    /// # Errors
    /// [`NoManifest::Name`].
    pub fn page(&mut self, out: &mut Vec<u8>, files: Vec<FileState>, is_last: bool) -> Result<(), NoManifest> {
        for state in self.earlier.page(files, is_last) {
            let Some(content) = &state.expected else { continue };
            let item = ItemRef {
                path: &state.path,
                meta: content.meta,
                status: Status::Hashed(content.stability),
                digests: &content.digests,
                algorithms: &self.all,
                origin: Origin::Read,
                fixity: None,
            };
            self.writer.item(out, &item).map_err(|refusal| NoManifest::Name {
                refusal,
                name: String::from_utf8_lossy(&state.path).into_owned(),
            })?;
            self.summary.files += 1;
            self.summary.hashed += 1;
            self.summary.bytes += content.meta.known_size().unwrap_or(0);
        }
        Ok(())
    }

    /// Appends the end.
    pub fn end(&self, out: &mut Vec<u8>) {
        self.writer.end(out, &self.summary);
    }
}

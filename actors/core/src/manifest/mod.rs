//! Manifests: text that carries digests from one tool to another. One module per format.
//!
//! Writers append to a buffer of the caller without an allocation per line. Readers accept lines of bounded length and
//! never panic, whatever the bytes. Names are bytes. A name that a format cannot carry is refused
//! ([`NotRepresentable`]) and never altered, so parse(print(x)) == x for everything that is written.
//!
//! This module opens no files and knows no terminal, request or actor.

pub mod b3sum;
pub mod bagit;
pub mod bsd;
pub mod checksums;
pub mod convert;
pub mod csv;
mod detect;
mod entry;
mod error;
mod filters;
mod format;
mod forms;
pub mod gnu;
pub mod hashdeep;
mod item_json;
pub mod json;
pub mod lines;
mod names;
pub mod ndjson;
mod reader;
mod record;
pub mod sfv;
mod writer;

pub use checksums::{ChecksumLines, Found};
pub use detect::{Seen, detect, format_of};
pub use entry::{Claimed, Digits, Entry, algorithm_of_manifest_name, candidates};
pub use error::{ManifestError, ReadOptions};
pub use filters::{RememberedFilters, filters_of_hashdeep_comment};
pub use format::{Format, FormatMismatch, NoSuchDigest, UnknownFormat};
pub use item_json::NamedDigests;
pub use lines::{Limits, LinesError};
pub use names::{LineEnd, NotRepresentable, escape_into, needs_escape};
pub use reader::ManifestReader;
pub use record::{Record, algorithms_named};
pub use writer::ManifestWriter;

#[cfg(test)]
mod laws;

//! Manifests: text that carries digests from one tool to another. One module per format.
//!
//! Writers append to a buffer of the caller without an allocation per line. Readers accept lines of bounded length and
//! never panic, whatever the bytes. Names are bytes. A name that a format cannot carry is refused
//! ([`NotRepresentable`]) and never altered, so parse(print(x)) == x for everything that is written.
//!
//! This module opens no files and knows no terminal, request or actor.

pub mod b3sum;
mod bag_manifest;
pub mod bagit;
pub mod bsd;
mod candidates;
mod carried;
mod checksums;
pub mod convert;
pub mod csv;
mod detect;
pub mod documents;
mod entry;
mod error;
mod filters;
mod form;
mod format;
mod forms;
pub mod gnu;
pub mod hashdeep;
mod hint;
mod input;
mod item_json;
pub mod json;
pub mod lines;
mod names;
pub mod ndjson;
mod not_read;
mod reader;
mod record;
pub mod sfv;
mod signed_lines;
mod unread_lines;
mod writer;

pub use bag_manifest::BagManifest;
pub use candidates::{Candidates, Outcome};
pub use documents::DocumentForm;
pub use entry::{Claimed, Digits, Entry};
pub use error::{ManifestError, ReadOptions};
pub use filters::{RememberedFilters, filters_of_hashdeep_comment};
pub use form::{Form, UnknownForm};
pub use format::{Format, FormatMismatch, NoSuchDigest, UnknownFormat};
pub use forms::ForeignForm;
pub use hint::{Family, Hint};
pub use item_json::NamedDigests;
pub use lines::{Limits, LinesError};
pub use names::{LineEnd, NotRepresentable, escape_into, needs_escape};
pub use not_read::{LinesNotRead, NotRead};
pub use reader::{ManifestReader, NumberedRecord};
pub use record::{Record, algorithms_named};
pub use unread_lines::{UnreadLine, UnreadLines};
pub use writer::ManifestWriter;

#[cfg(test)]
mod laws;

//! The text of the manifest, which may lie in the directory itself: then it is no new file.
//!
//! A manifest that is named by its path is known as a file. Standard input, and a copy that lies elsewhere, are known by
//! their content alone: it is kept until the digests are known that are computed, up to a limit. Files that differ
//! from it in a byte are new.

use std::ffi::OsStr;
use std::io::{BufReader, Cursor, Read as _};
use std::sync::Arc;

use hivesum_core::compare::ManifestContent;
use hivesum_core::digest::Algorithms;

use crate::cli::error::path_error;
use crate::cli::manifest_file::{self, ManifestFile, ReadArgs};

/// The longest manifest that is known by its content, in bytes: as long as one that a service takes.
const MOST_BYTES: u64 = hivesum_core::manifest::Limits::REQUEST.bytes;

/// The text of a manifest; none if it is too long to be kept.
#[derive(Debug)]
pub(super) struct OwnText(Option<Arc<[u8]>>);

impl OwnText {
    /// What a file with this text has in these algorithms.
    pub(super) fn take_content(&mut self, algorithms: Algorithms) -> Option<ManifestContent> {
        self.0.take().map(|text| ManifestContent::of(&text, algorithms))
    }
}

/// Reads a manifest, or standard input for `-`, and keeps its text.
pub(super) fn read(path: &OsStr, args: &ReadArgs) -> anyhow::Result<(ManifestFile, OwnText)> {
    let (mut input, identity) = manifest_file::open(path).map_err(|error| path_error(path, &error))?;
    let mut text = Vec::new();
    (&mut input).take(MOST_BYTES + 1).read_to_end(&mut text).map_err(|error| path_error(path, &error))?;
    if text.len() as u64 > MOST_BYTES {
        let whole = Box::new(BufReader::new(Cursor::new(text).chain(input)));
        return Ok((manifest_file::read_opened(path, (whole, identity), args, None)?, OwnText(None)));
    }
    let text = Arc::<[u8]>::from(text);
    let manifest = manifest_file::read_opened(path, (Box::new(Cursor::new(text.clone())), identity), args, None)?;
    Ok((manifest, OwnText(Some(text))))
}

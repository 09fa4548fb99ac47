//! The inventory of an OCFL object (Oxford Common File Layout 1.0 and 1.1, ocfl.io): `manifest` and `fixity` as records.
//!
//! Names are content paths, relative to the root of the object. A file has the digest of the manifest and those of the
//! fixity block; the `size` there (OCFL extension 0009) is its size. The sidecar, `inventory.json.sha512`, is a checksum
//! file. Whether an object is valid is for [`validate`].

pub mod validate;

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::json::{self, List, Map, Text, has_key};
use super::{DocumentError, claims, file_name};
use crate::manifest::record::Record;

/// The name of an inventory.
pub(super) const FILE_NAME: &[u8] = b"inventory.json";

/// How the name of the declaration of an object begins (NAMASTE).
pub const DECLARATION: &str = "0=ocfl_object_";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inventory<'a> {
    #[serde(borrow)]
    digest_algorithm: Cow<'a, str>,
    #[serde(borrow)]
    manifest: Digests<'a>,
    #[serde(borrow, default)]
    fixity: Map<'a, Digests<'a>>,
}

/// The files of each digest.
type Digests<'a> = Map<'a, List<Text<'a>>>;

/// Whether this is an inventory: it names its type, or has the name of an inventory and its digests.
pub(in crate::manifest) fn recognises(name: &[u8], head: &[u8]) -> bool {
    let is_object = head.trim_ascii_start().starts_with(b"{");
    let has_type = json::find(head, b"\"https://ocfl.io/").is_some();
    let has_name = file_name(name) == FILE_NAME;
    is_object && (has_type || has_name) && has_key(head, "digestAlgorithm")
}

/// The content files of the object.
///
/// # Errors
/// If it is not an inventory, or hivesum lacks its algorithm.
pub(in crate::manifest) fn read(text: &[u8]) -> Result<Vec<Record>, DocumentError> {
    let inventory: Inventory<'_> = json::parse(text)?;
    let mut files = Files::default();
    files.add(&inventory.digest_algorithm, &inventory.manifest)?;
    if files.records.iter().any(|record| record.digests.is_empty()) {
        let why = format!("its digest algorithm {:?} is not supported", inventory.digest_algorithm);
        return Err(DocumentError::new(why));
    }
    for (algorithm, digests) in &inventory.fixity.0 {
        files.add(algorithm, digests)?;
    }
    Ok(files.records)
}

#[derive(Default)]
struct Files<'a> {
    records: Vec<Record>,
    /// Where the record of a name is.
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Files<'a> {
    /// Adds the files of one algorithm.
    fn add(&mut self, algorithm: &str, digests: &'a Digests<'a>) -> Result<(), DocumentError> {
        let files = digests.0.iter().flat_map(|(digits, names)| names.0.iter().map(move |name| (digits, name)));
        for (digits, name) in files {
            let record = self.record(name)?;
            match algorithm {
                "size" => record.size = digits.parse().ok(),
                algorithm => record.digests.extend(claims::claimed(algorithm, digits, name)?),
            }
        }
        Ok(())
    }

    fn record(&mut self, name: &'a str) -> Result<&mut Record, DocumentError> {
        let at = match self.by_name.get(name) {
            Some(&at) => at,
            None => {
                claims::push(&mut self.records, Record { name: claims::file_name(name)?, ..Record::default() })?;
                self.by_name.insert(name, self.records.len() - 1);
                self.records.len() - 1
            }
        };
        Ok(&mut self.records[at])
    }
}

#[cfg(test)]
mod tests;

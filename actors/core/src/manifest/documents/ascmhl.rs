//! ASC Media Hash List 2.0 (ASC MHL specification 1.0, schemas `ASCMHL.xsd` and `ASCMHLDirectory.xsd`): one generation,
//! `ascmhl/NNNN_*.mhl`, and the chain of generations, `ascmhl/ascmhl_chain.xml`.
//!
//! Names are relative to the folder that holds `ascmhl`. Digests of directories are kept apart from those of files. A
//! digest with `action="failed"` is that of a file that did not match any more: it is no claim. `c4` is SHA-512.
//! Free-form `metadata` is not read.

pub mod chain;
pub mod directories;
pub mod history;
pub mod write;

use super::claims::{claimed, file_name};
use super::xml::{self, Element};
use super::{DocumentError, c4};
use crate::digest::Algorithm;
use crate::manifest::entry::Claimed;
use crate::manifest::record::Record;

/// The namespace of a generation.
pub(super) const NAMESPACE: &str = "urn:ASC:MHL:v2.0";

/// The folder of a history.
pub const FOLDER: &str = "ascmhl";

/// The file of the chain, in the folder.
pub const CHAIN_FILE: &str = "ascmhl_chain.xml";

/// The names of elements with digests, and the names of their algorithms.
const ELEMENTS: [(&str, &str); 7] = [
    ("md5", "md5"),
    ("sha1", "sha1"),
    ("xxh32", "xxh32"),
    ("xxh64", "xxh64"),
    ("xxh3", "xxh3_64"),
    ("xxh128", "xxh3_128"),
    ("c4", "sha512"),
];

/// One generation of a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generation {
    /// The files, in their order.
    pub files: Vec<File>,
    /// The directories.
    pub directories: Vec<Directory>,
    /// The digests of the folder itself; empty if it has none.
    pub root: Directory,
    /// Patterns, as in `.gitignore`, of what was left out.
    pub ignored: Vec<String>,
    /// Generations of histories in folders below.
    pub references: Vec<Reference>,
}

/// One file of a generation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// Its name and digests; without digests if all of them failed.
    pub record: Record,
    /// Its name in the generation before, if it had another.
    pub previous: Option<Vec<u8>>,
}

/// The digests of one directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// Its name; empty for the folder itself.
    pub path: Vec<u8>,
    /// Of the content of all files in it, whatever their names.
    pub content: Vec<Claimed>,
    /// Of content and names.
    pub structure: Vec<Claimed>,
}

/// A generation of another history, or an entry of the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// Its file: in a generation relative to the folder, in the chain to the `ascmhl` folder.
    pub path: Vec<u8>,
    /// The SHA-512 of the file.
    pub sha512: Option<Claimed>,
}

/// Whether this is a generation or a chain.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    xml::has_root(head, "hashlist", NAMESPACE) || chain::recognises(head)
}

/// The files of a generation; of a chain, the files of its generations.
///
/// # Errors
/// If it is neither.
pub(in crate::manifest) fn read(text: &[u8]) -> Result<Vec<Record>, DocumentError> {
    if chain::recognises(text) {
        return chain::read(text).map(|chain| chain.into_iter().map(chain::Link::into_record).collect());
    }
    Ok(read_generation(text)?.files.into_iter().map(|file| file.record).collect())
}

/// Reads a generation.
///
/// # Errors
/// If it is not one.
pub fn read_generation(text: &[u8]) -> Result<Generation, DocumentError> {
    let mut reading = Reading::default();
    xml::walk(text, |element| reading.element(&element).map_err(|error| element.error(error.why)))?;
    Ok(reading.generation)
}

/// A generation, and what is open in it.
#[derive(Default)]
struct Reading {
    generation: Generation,
    file: File,
    directory: Directory,
    reference: Reference,
}

impl Reading {
    fn element(&mut self, element: &Element<'_>) -> Result<(), DocumentError> {
        let Some((root, place)) = element.path.split_once('/') else { return check_root(element) };
        if root != "hashlist" {
            return Ok(());
        }
        let parts: Vec<&str> = place.split('/').collect();
        match parts[..] {
            ["hashes", "hash", part] => self.file_part(part, element),
            ["hashes", "hash"] => self.end_of_file(),
            ["hashes", "directoryhash"] => {
                named(&self.directory.path)?;
                add(&mut self.generation.directories, std::mem::take(&mut self.directory))
            }
            ["hashes", "directoryhash", "path"] => path(element.text, &mut self.directory.path),
            ["hashes", "directoryhash", "content", part] => digest(part, element, &mut self.directory.content),
            ["hashes", "directoryhash", "structure", part] => digest(part, element, &mut self.directory.structure),
            ["processinfo", "roothash", "content", part] => digest(part, element, &mut self.generation.root.content),
            ["processinfo", "roothash", "structure", part] => {
                digest(part, element, &mut self.generation.root.structure)
            }
            ["processinfo", "ignore", "pattern"] => add(&mut self.generation.ignored, element.text.to_owned()),
            ["references", "hashlistreference"] => self.end_of_reference(),
            ["references", "hashlistreference", "path"] => path(element.text, &mut self.reference.path),
            ["references", "hashlistreference", "c4"] => c4_of(element.text, &mut self.reference.sha512),
            _ => Ok(()),
        }
    }

    fn file_part(&mut self, part: &str, element: &Element<'_>) -> Result<(), DocumentError> {
        match part {
            "path" => {
                let record = &mut self.file.record;
                path(element.text, &mut record.name)?;
                record.size = element.attribute("size").map(size).transpose()?;
                record.modified_at = element.attribute("lastmodificationdate").and_then(|at| at.parse().ok());
                Ok(())
            }
            "previousPath" => path(element.text, self.file.previous.get_or_insert_default()),
            "metadata" => Ok(()),
            part if element.attribute("action") == Some("failed") => digest(part, element, &mut Vec::new()),
            part => digest(part, element, &mut self.file.record.digests),
        }
    }

    fn end_of_file(&mut self) -> Result<(), DocumentError> {
        named(&self.file.record.name)?;
        add(&mut self.generation.files, std::mem::take(&mut self.file))
    }

    fn end_of_reference(&mut self) -> Result<(), DocumentError> {
        named(&self.reference.path)?;
        add(&mut self.generation.references, std::mem::take(&mut self.reference))
    }
}

fn check_root(root: &Element<'_>) -> Result<(), DocumentError> {
    let has_namespace = root.attributes.iter().any(|(_, value)| value == NAMESPACE);
    match (root.path, has_namespace) {
        ("hashlist", true) => Ok(()),
        ("hashlist", false) => Err(DocumentError::new(format!("it is not a hash list of {NAMESPACE}"))),
        (other, _) => Err(DocumentError::new(format!("the root is {other:?}, not a hash list"))),
    }
}

fn named(path: &[u8]) -> Result<(), DocumentError> {
    if path.is_empty() { Err(DocumentError::new("an entry has no path")) } else { Ok(()) }
}

fn add<T>(list: &mut Vec<T>, entry: T) -> Result<(), DocumentError> {
    if list.len() >= super::MAX_ENTRIES {
        return Err(DocumentError::new(format!("more than {} entries", super::MAX_ENTRIES)));
    }
    list.push(entry);
    Ok(())
}

fn path(text: &str, path: &mut Vec<u8>) -> Result<(), DocumentError> {
    *path = file_name(text)?;
    Ok(())
}

fn size(text: &str) -> Result<u64, DocumentError> {
    text.trim_ascii().parse().map_err(|_| DocumentError::new("the size is not a number"))
}

fn c4_of(text: &str, claim: &mut Option<Claimed>) -> Result<(), DocumentError> {
    *claim = Some(c4::claimed(text.trim_ascii(), "this generation")?);
    Ok(())
}

/// Adds the claim of an element to the list, if hivesum has the algorithm.
fn digest(name: &str, element: &Element<'_>, claims: &mut Vec<Claimed>) -> Result<(), DocumentError> {
    let digits = element.text.trim_ascii();
    let of = "this entry";
    let claim = match ELEMENTS.iter().find(|(element, _)| *element == name) {
        Some(("c4", _)) => Some(c4::claimed(digits, of)?),
        Some((_, algorithm)) => claimed(algorithm, digits, of)?,
        None => None,
    };
    claims.extend(claim);
    Ok(())
}

/// The element of an algorithm. `None` if the format cannot carry it: `ASCMHL.xsd` has no `xxh32`, which is only read.
fn element_of(algorithm: Algorithm) -> Option<&'static str> {
    let mut written = ELEMENTS.iter().filter(|(element, _)| *element != "xxh32");
    written.find(|(_, name)| *name == algorithm.name()).map(|(element, _)| *element)
}

#[cfg(test)]
mod tests;

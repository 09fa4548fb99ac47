//! One generation of a history, written as the reference implementation (ascmhl 1.2) reads it.
//!
//! Elements stand in the order of `ASCMHL.xsd`. What the format cannot carry is refused by name: names that are not
//! UTF-8 or hold characters that XML lacks, and digests of algorithms that it lacks.

use jiff::Timestamp;

use super::{NAMESPACE, element_of};
use crate::digest::{Algorithm, Digest};
use crate::manifest::documents::{c4, xml};

/// What a digest of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is the first of its algorithm.
    Original,
    /// The file matched an earlier one.
    Verified,
    /// The file did not match an earlier one.
    Failed,
}

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }
}

/// A generation to write.
#[derive(Debug, Clone, Default)]
pub struct NewGeneration<'a> {
    /// When it was made.
    pub created: Timestamp,
    /// On which machine.
    pub hostname: &'a str,
    /// With which program.
    pub tool: &'a str,
    /// The version of the program.
    pub tool_version: &'a str,
    /// Patterns, as in `.gitignore`, of what was left out. `ascmhl` must be one of them.
    pub ignored: &'a [&'a str],
    /// The digests of the folder itself; none if empty.
    pub root: &'a [DirectoryDigest],
    /// The files.
    pub files: &'a [NewFile<'a>],
    /// The directories.
    pub directories: &'a [NewDirectory<'a>],
}

/// A file to write.
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    /// Its name, relative to the folder that holds `ascmhl`.
    pub path: &'a [u8],
    /// Its size in bytes.
    pub size: u64,
    /// Its last modification; written in whole seconds.
    pub modified_at: Option<Timestamp>,
    /// Its digests, at least one.
    pub digests: &'a [(Digest, Action)],
}

/// A directory to write.
#[derive(Debug, Clone)]
pub struct NewDirectory<'a> {
    /// Its name, relative to the folder that holds `ascmhl`.
    pub path: &'a [u8],
    /// Its digests, at least one; see [`directory_digests`](super::directories::directory_digests).
    pub digests: &'a [DirectoryDigest],
}

pub use super::directories::DirectoryDigests as DirectoryDigest;

/// What a generation cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotWritable {
    /// A name, or another text.
    #[error("ASC MHL cannot carry the name {0:?}: it is empty, not UTF-8, or has a character that XML lacks")]
    Name(String),
    /// An algorithm.
    #[error("ASC MHL cannot carry {0}: it has md5, sha1, xxh64, xxh3, xxh128 and c4 (sha512)")]
    Algorithm(Algorithm),
    /// An entry without digests, or no entry.
    #[error("ASC MHL needs an entry, and a digest of each")]
    Nothing,
}

/// The file name of a generation: `0001_FOLDER_2020-01-02_030405Z.mhl`.
///
/// # Errors
/// If the format cannot carry the name of the folder.
pub fn generation_file_name(number: u64, folder: &[u8], created: Timestamp) -> Result<String, NotWritable> {
    let folder = name(folder)?;
    Ok(format!("{number:04}_{folder}_{}.mhl", created.strftime("%Y-%m-%d_%H%M%SZ")))
}

/// The file of a generation.
///
/// # Errors
/// If the format cannot carry something in it.
pub fn write_generation(generation: &NewGeneration<'_>) -> Result<String, NotWritable> {
    if generation.files.is_empty() && generation.directories.is_empty() {
        return Err(NotWritable::Nothing);
    }
    let mut out =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"2.0\" xmlns=\"{NAMESPACE}\">\n");
    write_creator(&mut out, generation)?;
    write_process(&mut out, generation)?;
    out += "  <hashes>\n";
    for file in generation.files {
        write_file(&mut out, file)?;
    }
    for directory in generation.directories {
        out += &format!("    <directoryhash>\n      <path>{}</path>\n", escaped(directory.path)?);
        write_directory_digests(&mut out, directory.digests)?;
        out += "    </directoryhash>\n";
    }
    out += "  </hashes>\n</hashlist>\n";
    Ok(out)
}

fn write_creator(out: &mut String, generation: &NewGeneration<'_>) -> Result<(), NotWritable> {
    let NewGeneration { created, hostname, tool, tool_version, .. } = generation;
    let (hostname, tool) = (escaped(hostname.as_bytes())?, escaped(tool.as_bytes())?);
    let (version, created) = (escaped(tool_version.as_bytes())?, seconds(*created));
    *out += &format!(
        "  <creatorinfo>\n    <creationdate>{created}</creationdate>\n    <hostname>{hostname}</hostname>\n    \
         <tool version=\"{version}\">{tool}</tool>\n  </creatorinfo>\n"
    );
    Ok(())
}

fn write_process(out: &mut String, generation: &NewGeneration<'_>) -> Result<(), NotWritable> {
    *out += "  <processinfo>\n    <process>in-place</process>\n";
    if !generation.root.is_empty() {
        *out += "    <roothash>\n";
        write_directory_digests(out, generation.root)?;
        *out += "    </roothash>\n";
    }
    if !generation.ignored.is_empty() {
        *out += "    <ignore>\n";
        for pattern in generation.ignored {
            *out += &format!("      <pattern>{}</pattern>\n", escaped(pattern.as_bytes())?);
        }
        *out += "    </ignore>\n";
    }
    *out += "  </processinfo>\n";
    Ok(())
}

fn write_file(out: &mut String, file: &NewFile<'_>) -> Result<(), NotWritable> {
    if file.digests.is_empty() {
        return Err(NotWritable::Nothing);
    }
    let modified = file.modified_at.map_or(String::new(), |at| format!(" lastmodificationdate=\"{}\"", seconds(at)));
    let path = escaped(file.path)?;
    *out += &format!("    <hash>\n      <path size=\"{}\"{modified}>{path}</path>\n", file.size);
    for (digest, action) in file.digests {
        let (element, digits) = element(digest)?;
        *out += &format!("      <{element} action=\"{}\">{digits}</{element}>\n", action.name());
    }
    *out += "    </hash>\n";
    Ok(())
}

fn write_directory_digests(out: &mut String, digests: &[DirectoryDigest]) -> Result<(), NotWritable> {
    if digests.is_empty() {
        return Err(NotWritable::Nothing);
    }
    type Part = fn(&DirectoryDigest) -> &Digest;
    let parts: [(&str, Part); 2] = [("content", |one| &one.content), ("structure", |one| &one.structure)];
    for (part, of) in parts {
        *out += &format!("      <{part}>\n");
        for digest in digests {
            let (element, digits) = element(of(digest))?;
            *out += &format!("        <{element}>{digits}</{element}>\n");
        }
        *out += &format!("      </{part}>\n");
    }
    Ok(())
}

/// Whether there is an element for digests of this algorithm.
#[must_use]
pub fn can_carry(algorithm: Algorithm) -> bool {
    element_of(algorithm).is_some()
}

/// The element of a digest, and its text.
fn element(digest: &Digest) -> Result<(&'static str, String), NotWritable> {
    let lacking = NotWritable::Algorithm(digest.algorithm());
    let element = element_of(digest.algorithm()).ok_or(lacking)?;
    let digits = match <&[u8; 64]>::try_from(digest.as_bytes()) {
        Ok(sha512) if element == "c4" => c4::encode(sha512),
        _ => digest.to_string(),
    };
    Ok((element, digits))
}

/// Whole seconds, with the offset that the reference implementation writes.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

fn escaped(text: &[u8]) -> Result<String, NotWritable> {
    name(text).map(xml::escaped)
}

fn name(name: &[u8]) -> Result<&str, NotWritable> {
    let text = str::from_utf8(name).ok().filter(|text| !text.is_empty() && text.chars().all(xml::has_character));
    text.ok_or_else(|| NotWritable::Name(String::from_utf8_lossy(name).into_owned()))
}

#[cfg(test)]
mod tests;

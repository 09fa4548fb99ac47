//! `go.sum` of Go modules (go.dev/ref/mod, "go.sum files"): lines `MODULE VERSION[/go.mod] h1:BASE64`.
//!
//! `h1` (golang.org/x/mod/sumdb/dirhash, `Hash1`) is the SHA-256 of one line per file, `HEX  NAME` with two blanks, in
//! the order of the names. It is a digest of a whole module, or of a list of its `go.mod` alone, and never of one file:
//! so a `go.sum` names no files. [`read`] gives its modules, and [`h1`] computes the digest of one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{DocumentError, MAX_ENTRIES, file_name};
use crate::digest::{Algorithm, Chain};

/// The names of such a file.
const FILE_NAMES: [&[u8]; 2] = [b"go.sum", b"go.work.sum"];

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The path of the module, such as `golang.org/x/text`.
    pub path: String,
    /// Its version, such as `v1.2.3`.
    pub version: String,
    /// What the digest is of.
    pub part: Part,
    /// The digest, [`h1`].
    pub digest: [u8; 32],
}

/// What a digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All files of the module.
    Whole,
    /// Its `go.mod`.
    GoMod,
}

impl Module {
    /// What stands before the names of the files in the list that is digested.
    #[must_use]
    pub fn prefix(&self) -> String {
        match self.part {
            Part::Whole => format!("{}@{}/", self.path, self.version),
            Part::GoMod => String::new(),
        }
    }
}

/// Whether this is such a file.
pub(in crate::manifest) fn recognises(name: &[u8], head: &[u8]) -> bool {
    let first = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
    let is_module = first.and_then(|line| str::from_utf8(line).ok()).is_some_and(|line| module(line).is_some());
    is_module || FILE_NAMES.contains(&file_name(name)) && first.is_none()
}

/// The modules. Lines of other digests than `h1`, which Go may add, are left out as Go does.
///
/// # Errors
/// If a line is not one of a `go.sum`.
pub fn read(text: &[u8]) -> Result<Vec<Module>, DocumentError> {
    let mut modules = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let wrong = || DocumentError::new("it is not MODULE VERSION h1:BASE64").or_at(index as u64 + 1);
        let line = str::from_utf8(line).map_err(|_| wrong())?.trim_ascii();
        let fields = line.split_ascii_whitespace().count();
        let is_other = fields == 3 && !line.contains(" h1:");
        if line.is_empty() || is_other {
            continue;
        }
        if modules.len() >= MAX_ENTRIES {
            return Err(DocumentError::new(format!("more than {MAX_ENTRIES} modules")));
        }
        modules.push(module(line).ok_or_else(wrong)?);
    }
    Ok(modules)
}

fn module(line: &str) -> Option<Module> {
    let mut fields = line.split_ascii_whitespace();
    let (path, version, digest) = (fields.next()?, fields.next()?, fields.next()?);
    let digest = STANDARD.decode(digest.strip_prefix("h1:")?).ok()?.try_into().ok()?;
    let (version, part) = match version.strip_suffix("/go.mod") {
        Some(version) => (version, Part::GoMod),
        None => (version, Part::Whole),
    };
    let is_module = fields.next().is_none() && version.starts_with('v');
    is_module.then(|| Module { path: path.to_owned(), version: version.to_owned(), part, digest })
}

/// The `h1` digest of files with their SHA-256. `prefix` stands before each name: see [`Module::prefix`]. `None` if a
/// name holds LF, which Go refuses, too.
#[must_use]
pub fn h1<'a>(prefix: &str, files: impl IntoIterator<Item = (&'a [u8], [u8; 32])>) -> Option<[u8; 32]> {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable();
    let mut chain = Chain::new(Algorithm::Sha256);
    for (name, sha256) in files {
        if name.contains(&b'\n') {
            return None;
        }
        chain.update(hex::encode(sha256).as_bytes());
        for part in [b"  ", prefix.as_bytes(), name, b"\n"] {
            chain.update(part);
        }
    }
    let mut digest = Vec::with_capacity(Algorithm::Sha256.digest_bytes());
    chain.finalize_into(&mut digest);
    digest.try_into().ok()
}

#[cfg(test)]
mod tests;

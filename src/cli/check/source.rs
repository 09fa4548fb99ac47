//! The text of a manifest: opened with the reader of its form, once more if needed, and what its name tells.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{Family, Form, Hint, LineEnd, LinesError, ManifestError, ManifestReader, ReadOptions};

use super::backslashes::ReadAgain;
use crate::cli::error::system_text;

/// The text of a manifest.
pub(super) type Text = Box<dyn BufRead>;

/// The usual algorithm of what is known about untagged digests.
pub(super) const fn expected(hint: Option<Hint>) -> Algorithm {
    match hint {
        Some(Hint::Algorithm(algorithm)) => algorithm,
        Some(Hint::Family(family)) => match family {
            Family::Blake2 => Algorithm::Blake2b,
            Family::Blake3 => Algorithm::Blake3,
            Family::Sha3 => Algorithm::Sha3_256,
            Family::Xxh => Algorithm::Xxh3_64,
            Family::Crc => Algorithm::Crc32,
            Family::Sha | Family::Sha2 => Algorithm::Sha256,
        },
        Some(Hint::Unsupported(_)) | None => Algorithm::Sha256,
    }
}

/// A way to read the manifest once more. `None` if it is not a regular file.
pub(super) fn read_again(name: &[u8], options: ReadOptions) -> Option<ReadAgain> {
    let path = Path::new(OsStr::from_bytes(name)).to_owned();
    let is_regular = path.metadata().is_ok_and(|metadata| metadata.is_file());
    is_regular.then(|| -> ReadAgain {
        Box::new(move || {
            let text = Box::new(BufReader::new(File::open(&path).ok()?));
            reader(text, path.as_os_str().as_bytes(), options).ok()
        })
    })
}

/// The reader of a manifest with this text and name.
pub(super) fn reader(text: Text, name: &[u8], options: ReadOptions) -> Result<ManifestReader<'static>, ManifestError> {
    match options.end {
        LineEnd::Nul => ManifestReader::new(text, Form::Checksums, options),
        LineEnd::Newline => ManifestReader::detecting(text, name, options),
    }
}

/// In coreutils' words where the system failed.
pub(super) fn read_error(error: &ManifestError) -> String {
    match error {
        ManifestError::Lines(LinesError::Read(error)) if error.raw_os_error().is_none() => system_text(error),
        ManifestError::Lines(LinesError::Read(_)) => "read error".to_owned(),
        error => error.to_string(),
    }
}

//! Names and digests as documents write them, checked before they go into a record.

use super::{DocumentError, MAX_ENTRIES};
use crate::digest::Algorithm;
use crate::manifest::entry::Claimed;
use crate::manifest::record::Record;

/// The claim of an algorithm by its name. `None` if hivesum lacks the algorithm.
///
/// # Errors
/// If the digits are not a digest of the algorithm. `of` says of which file, for the message.
pub(super) fn claimed(algorithm: &str, digits: &str, of: &str) -> Result<Option<Claimed>, DocumentError> {
    let Ok(algorithm) = algorithm.parse::<Algorithm>() else { return Ok(None) };
    tagged(algorithm, digits, of).map(Some)
}

/// The claim of an algorithm.
///
/// # Errors
/// If the digits are not a digest of the algorithm.
pub(super) fn tagged(algorithm: Algorithm, digits: &str, of: &str) -> Result<Claimed, DocumentError> {
    Claimed::tagged(algorithm, digits.as_bytes()).ok_or_else(|| not_a_digest(algorithm.name(), of))
}

pub(super) fn not_a_digest(algorithm: &str, of: &str) -> DocumentError {
    DocumentError::new(format!("the {algorithm} of {of:?} is not a digest of this algorithm"))
}

/// A file name as it stands in a document.
///
/// # Errors
/// If no file can have it.
pub(super) fn file_name(name: &str) -> Result<Vec<u8>, DocumentError> {
    match name {
        "" => Err(DocumentError::new("a name is empty")),
        name if name.contains('\0') => Err(DocumentError::new(format!("the name {name:?} holds NUL"))),
        name => Ok(name.as_bytes().to_vec()),
    }
}

/// Adds a record.
///
/// # Errors
/// If it has no name, or there are too many.
pub(super) fn push(records: &mut Vec<Record>, record: Record) -> Result<(), DocumentError> {
    if record.name.is_empty() {
        return Err(DocumentError::new("a file has no name"));
    }
    if records.len() >= MAX_ENTRIES {
        return Err(DocumentError::new(format!("more than {MAX_ENTRIES} files")));
    }
    records.push(record);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_a_digest_of_its_algorithm_or_none_if_that_is_lacking() {
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        assert_eq!(claimed("MD5", md5, "a").unwrap().unwrap().tag(), Some(Algorithm::Md5));
        assert_eq!(claimed("snefru", md5, "a"), Ok(None));
        let error = claimed("sha1", md5, "a").unwrap_err();
        assert_eq!(error.to_string(), "the sha1 of \"a\" is not a digest of this algorithm");
    }

    #[test]
    fn a_name_that_no_file_has_is_refused() {
        assert_eq!(file_name("a/b").unwrap(), b"a/b");
        assert!(file_name("").is_err() && push(&mut Vec::new(), Record::default()).is_err());
        assert_eq!(file_name("a\0").unwrap_err().to_string(), "the name \"a\\0\" holds NUL");
    }

    #[test]
    fn a_million_records_are_kept_and_one_more_is_refused() {
        let named = || Record { name: vec![b'a'], ..Record::default() };
        let mut records = vec![named(); MAX_ENTRIES - 1];
        assert_eq!(push(&mut records, named()), Ok(()));
        assert_eq!(push(&mut records, named()).unwrap_err().to_string(), "more than 1000000 files");
    }
}

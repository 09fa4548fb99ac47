//! A part of a large file as a work: since the second version of the protocol. A work of the first has whole files.

use bytes::Bytes;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::hash::FilePart;
use serde::{Deserialize, Serialize};

use super::wire::{Malformed, Message, decode, encode, is_of_version};
use super::work::Work;

/// The version that a node has to speak to be given a part.
pub(crate) const SINCE: u8 = 2;

/// A work that is a part of one large file: its result has the chaining value of the part in the place of the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PartWork {
    work: Work,
    file_bytes: u64,
    offset: u64,
    bytes: u64,
}

impl PartWork {
    fn part(&self) -> Option<FilePart> {
        FilePart::new(self.file_bytes, self.offset, self.bytes)
    }
}

impl Message for PartWork {
    const VERSION: u8 = SINCE;

    fn check(&self) -> Result<(), Malformed> {
        self.work.check()?;
        let is_one = self.work.entries.len() == 1 && self.work.known.is_empty();
        match is_one && self.work.rules.algorithms()? == Algorithms::single(Algorithm::Blake3) && self.part().is_some()
        {
            true => Ok(()),
            false => Err(Malformed::Rule("it is no part of one file in BLAKE3")),
        }
    }
}

/// The bytes of a work.
///
/// # Errors
/// [`Malformed::TooLong`].
pub(crate) fn encode_work(work: Work) -> Result<Bytes, Malformed> {
    match work.part {
        None => encode(&work),
        Some(part) => {
            let (file_bytes, offset, bytes) = (part.file_bytes(), part.offset(), part.bytes());
            encode(&PartWork { work, file_bytes, offset, bytes })
        }
    }
}

/// The work that the bytes are.
///
/// # Errors
/// Why they are none.
pub(crate) fn decode_work(bytes: &[u8]) -> Result<Work, Malformed> {
    if !is_of_version::<PartWork>(bytes) {
        return decode(bytes);
    }
    let message: PartWork = decode(bytes)?;
    let part = message.part();
    let mut work = message.work;
    work.part = part;
    Ok(work)
}

#[cfg(test)]
mod tests {
    use hivesum_core::file::{Reach, RelPath};

    use super::super::{ScanKey, WorkRules, WorkTag, root_id};
    use super::*;

    fn work(algorithms: &str, names: &[&str], part: Option<FilePart>) -> Work {
        let tag = WorkTag { scan: ScanKey { job: [1; 16], attempt: 2 }, number: 3 };
        let rules = WorkRules::new(&algorithms.parse().unwrap(), Reach::Everywhere, false);
        let mut work = Work::new(tag, root_id("photos", None), &RelPath::default(), rules);
        for name in names {
            work.entries.push_path(b"d", name.as_bytes());
        }
        work.part = part;
        work
    }

    #[test]
    fn a_part_comes_back_and_whole_files_are_as_the_first_version_had_them() {
        let part = FilePart::new(5 << 30, 4 << 30, 1 << 30);
        let [whole, of_one] = [None, part].map(|part| work("blake3", &["f"], part));
        for (work, version) in [(whole, 1), (of_one, 2)] {
            let bytes = encode_work(work.clone()).unwrap();
            assert_eq!((bytes[2], decode_work(&bytes)), (version, Ok(work)));
        }
    }

    #[test]
    fn what_is_no_part_of_one_file_in_blake3_is_refused() {
        let part = FilePart::new(5 << 30, 1 << 30, 1 << 30);
        for bad in
            [work("sha256", &["f"], part), work("blake3,sha256", &["f"], part), work("blake3", &["f", "g"], part)]
        {
            assert!(matches!(decode_work(&encode_work(bad).unwrap()), Err(Malformed::Rule(_))));
        }
        let bad = PartWork { work: work("blake3", &["f"], None), file_bytes: 5 << 30, offset: 1 << 20, bytes: 1 << 30 };
        assert!(matches!(decode_work(&encode(&bad).unwrap()), Err(Malformed::Rule(_))));
    }
}

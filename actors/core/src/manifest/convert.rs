//! Converts a manifest to another format without loss.
//!
//! If the target format cannot carry something, the conversion is refused with the name of the file, before anything is
//! written. Then the written text is read back and compared with the input. Only sizes, times and failures may be
//! dropped, and only on request. Records with the same name are merged, because formats differ in how many lines they
//! need per file.

use std::collections::HashMap;

use super::candidates::Candidates;
use super::names::{LineEnd, NotRepresentable};
use super::reader::ManifestReader;
use super::record::{Record, algorithms_named};
use super::{Format, FormatMismatch, Limits, ManifestWriter, ReadOptions};
use crate::digest::{Algorithm, Algorithms};
use crate::result::{Status, Summary};

/// What happens to sizes, times and failures that the target format cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Details {
    /// The conversion is refused.
    Keep,
    /// They are dropped.
    Drop,
}

/// Why a manifest is not converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// There is no entry.
    #[error("there is nothing to convert")]
    Nothing,
    /// A digest whose algorithm is not known; the algorithms that it may be of, in words.
    #[error("the digest of this file does not name its algorithm: it may be {1}")]
    Ambiguous(Vec<u8>, String),
    /// Two digests of one algorithm for one name.
    #[error("the manifest has two different digests for this file")]
    Contradiction(Vec<u8>),
    /// The target format cannot carry the algorithms.
    #[error(transparent)]
    Mismatch(#[from] FormatMismatch),
    /// The target format cannot carry this file.
    #[error("{1}")]
    Refused(Vec<u8>, NotRepresentable),
    /// The target format cannot carry what is recorded about this file.
    #[error("the {1} format has no place for the {2} of this file")]
    NotCarried(Vec<u8>, Format, &'static str),
    /// The written text reads back as something else: a defect of hivesum.
    #[error("the converted manifest does not read back as the original")]
    NotProven,
}

impl ConvertError {
    /// The file that the error is about.
    #[must_use]
    pub fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Ambiguous(name, _)
            | Self::Contradiction(name)
            | Self::Refused(name, _)
            | Self::NotCarried(name, ..) => Some(name),
            Self::Nothing | Self::Mismatch(_) | Self::NotProven => None,
        }
    }
}

/// A manifest in another format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The text.
    pub text: Vec<u8>,
    /// How many files it lists, without what was skipped.
    pub files: usize,
    /// How many digests it has.
    pub digests: usize,
}

/// Writes the records in another format, and verifies that the text says the same.
///
/// # Errors
/// See [`ConvertError`].
pub fn convert(records: Vec<Record>, format: Format, details: Details) -> Result<Converted, ConvertError> {
    let mut records = merge(records)?;
    if details == Details::Drop {
        for record in &mut records {
            *record = carried(record, format);
        }
        records.retain(|record| !record.digests.is_empty() || format.lists_failures());
    } else if let Some((record, what)) = records.iter().find_map(|record| Some((record, loss(record, format)?))) {
        return Err(ConvertError::NotCarried(record.name.clone(), format, what));
    }
    let algorithms = algorithms_named(&records).ok_or(ConvertError::Nothing)?;
    let mut writer = ManifestWriter::new(format, algorithms, LineEnd::Newline)?.keeping_names();
    let mut text = Vec::new();
    writer.begin(&mut text);
    for record in &records {
        let refused = |why| ConvertError::Refused(record.name.clone(), why);
        writer.record(&mut text, record).map_err(refused)?;
    }
    writer.end(&mut text, &summary_of(&records));
    verify(&text, format, &records)?;
    let digests = records.iter().map(|record| record.digests.len()).sum();
    let files = records.iter().filter(|record| !matches!(record.status, Some(Status::Skipped(_)))).count();
    Ok(Converted { text, files, digests })
}

/// One record per name, in the order of the first record of each, every digest with its algorithm.
///
/// # Errors
/// If a digest does not name its algorithm, or a name has two digests of one algorithm.
pub fn merge(records: Vec<Record>) -> Result<Vec<Record>, ConvertError> {
    let mut merged: Vec<Record> = Vec::with_capacity(records.len());
    let mut indices: HashMap<Vec<u8>, usize> = HashMap::new();
    for record in records {
        let index = *indices.entry(record.name.clone()).or_insert(merged.len());
        if index == merged.len() {
            merged.push(Record { digests: Vec::new(), ..record.clone() });
        }
        let target = &mut merged[index];
        for digest in &record.digests {
            let Some(algorithm) = digest.tag() else {
                let candidates = Candidates::default().of(digest);
                return Err(ConvertError::Ambiguous(record.name, candidates.map_or_else(String::new, in_words)));
            };
            match target.digest_of(algorithm) {
                None => target.digests.push(*digest),
                Some(known) if known == digest => {}
                Some(_) => return Err(ConvertError::Contradiction(record.name)),
            }
        }
        target.size = target.size.or(record.size);
        target.modified_at = target.modified_at.or(record.modified_at);
        target.changed_at = target.changed_at.or(record.changed_at);
        target.inode = target.inode.or(record.inode);
        target.status = target.status.or(record.status);
        target.digests.sort_by_key(super::Claimed::tag);
    }
    Ok(merged)
}

/// `sha256, blake3 or sm3`.
#[must_use]
pub fn in_words(algorithms: Algorithms) -> String {
    let names: Vec<_> = algorithms.iter().map(Algorithm::name).collect();
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => names.concat(),
    }
}

/// What the format cannot carry of a record.
fn loss(record: &Record, format: Format) -> Option<&'static str> {
    let kept = carried(record, format);
    if record.digests.is_empty() && !format.lists_failures() {
        return Some("failure");
    }
    if kept.size != record.size {
        return Some("size");
    }
    if kept.modified_at != record.modified_at {
        return Some("modification time");
    }
    if kept.changed_at != record.changed_at {
        return Some("time of change (ctime)");
    }
    (kept.inode != record.inode).then_some("inode")
}

/// What the format carries of a record. Only JSON and NDJSON carry how far a digest could be trusted, and that is not
/// regarded as a loss, because it is not about the file; and ctime and inode, without which no audit can tell rot from a
/// write.
fn carried(record: &Record, format: Format) -> Record {
    let mut kept = record.clone();
    if !matches!(format, Format::Json | Format::Ndjson) {
        (kept.changed_at, kept.inode) = (None, None);
    }
    match format {
        Format::Json | Format::Ndjson => {}
        Format::Csv => kept.status = None,
        Format::Mtree => {
            kept.name = record.name.strip_prefix(b"./").unwrap_or(&record.name).to_vec();
            kept.status = None;
        }
        Format::WheelRecord | Format::Hashdeep => (kept.modified_at, kept.status) = (None, None),
        Format::Gnu | Format::Bsd | Format::B3sum | Format::Sfv | Format::Bagit | Format::OcflSidecar => {
            (kept.size, kept.modified_at, kept.status) = (None, None, None);
        }
    }
    kept
}

fn summary_of(records: &[Record]) -> Summary {
    let hashed = records.iter().filter(|record| !record.digests.is_empty());
    let count = |is: fn(&Record) -> bool| records.iter().filter(|record| is(record)).count() as u64;
    Summary {
        files: records.len() as u64,
        hashed: count(|record| !record.digests.is_empty()),
        errors: count(|record| matches!(record.status, Some(Status::Error { .. }))),
        skipped: count(|record| matches!(record.status, Some(Status::Skipped(_)))),
        bytes: hashed.filter_map(|record| record.size).fold(0, u64::saturating_add),
        complete: true,
        ..Summary::default()
    }
}

/// Reads the text back and compares it with the records.
fn verify(text: &[u8], format: Format, records: &[Record]) -> Result<(), ConvertError> {
    let algorithms = algorithms_named(records).ok_or(ConvertError::Nothing)?;
    let asked = (algorithms.len() == 1).then(|| algorithms.first());
    let unbounded = Limits { line_bytes: 16 << 20, ..Limits::COMMAND_LINE };
    let options = ReadOptions { asked, ..ReadOptions::new(unbounded) };
    let mut reader = ManifestReader::new(text, format.into(), options).map_err(|_| ConvertError::NotProven)?;
    let mut read = Vec::new();
    while let Some((_, record)) = reader.next_record().map_err(|_| ConvertError::NotProven)? {
        let mut record = record.map_err(|_| ConvertError::NotProven)?.clone();
        for digest in &mut record.digests {
            *digest = digest.resolved(digest.tag().unwrap_or(algorithms.first())).ok_or(ConvertError::NotProven)?;
        }
        read.push(record);
    }
    let read = merge(read)?;
    let same =
        read.len() == records.len() && read.iter().zip(records).all(|(read, record)| *read == carried(record, format));
    if same { Ok(()) } else { Err(ConvertError::NotProven) }
}

#[cfg(test)]
mod tests;

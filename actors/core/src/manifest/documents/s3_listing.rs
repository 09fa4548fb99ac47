//! The listing of a bucket, `aws s3api list-objects-v2` (Amazon S3 API reference, ListObjectsV2): `{"Contents": [{Key,
//! Size, ETag, ...}, ...]}`. Names are the whole keys.
//!
//! An ETag of 32 digits is the MD5 of the object, if it was uploaded in one part and is not encrypted with keys of SSE-KMS
//! or SSE-C, of which the listing says nothing. `HEX-N` is made of the MD5s of N parts. The size of a part is not in the
//! listing: if exactly one that tools use gives all objects their numbers of parts, it is that one. `LastModified` is the time of the upload, not of the file. Keys that end in `/` stand for directories
//! and are left out. A truncated listing is refused: files that it does not name would look new.

use std::borrow::Cow;

use serde::Deserialize;

use super::json::{self, List, begins_with};
use super::{DocumentError, claims};
use crate::digest::{Algorithm, Digest, PartMebibytes, s3_part_sizes};
use crate::manifest::entry::Claimed;
use crate::manifest::record::Record;

/// Parts of one upload (Amazon S3 user guide, "multipart upload limits").
const MAX_PARTS: u32 = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing<'a> {
    #[serde(borrow)]
    contents: List<Object<'a>>,
    #[serde(default)]
    is_truncated: Option<bool>,
    /// Of the command line: more was to come.
    #[serde(borrow, default)]
    next_token: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    encoding_type: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Object<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(rename = "ETag", borrow, default)]
    etag: Option<Cow<'a, str>>,
}

/// The ETag of an object that was uploaded in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Multipart {
    /// The MD5 of the MD5s of all parts.
    pub digest: [u8; 16],
    /// How many parts there are.
    pub parts: u32,
    /// The size of the object in bytes.
    pub size: u64,
}

/// What an ETag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ETag {
    Md5(Claimed),
    Multipart(Multipart),
    /// Of another kind: that of an encrypted object, or of another service.
    Opaque,
}

/// Whether this is such a listing.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    let keys = ["Contents", "Key", "ETag"];
    begins_with(head, &["{", "\""]) && keys.iter().all(|key| json::has_key(head, key))
}

/// The objects of the listing. Those whose ETag says nothing that can be checked have no digest.
///
/// # Errors
/// If it is not such a listing, or a truncated one.
pub(in crate::manifest) fn read(text: &[u8]) -> Result<Vec<Record>, DocumentError> {
    let objects = read_with_parts(text)?;
    let sizes = part_sizes(&objects);
    Ok(match sizes[..] {
        [only] => with_part_size(objects, only),
        _ => objects.into_iter().map(|(record, _)| record).collect(),
    })
}

/// The sizes of parts that tools use and that give all objects their numbers of parts, most likely first. None if no
/// object was uploaded in parts, or if they had different ones.
#[must_use]
pub fn part_sizes(objects: &[(Record, Option<Multipart>)]) -> Vec<PartMebibytes> {
    let mut fitting: Option<Vec<PartMebibytes>> = None;
    for parts in objects.iter().filter_map(|(_, parts)| *parts).filter(|parts| parts.parts > 1) {
        let own: Vec<_> = s3_part_sizes(parts.size, parts.parts.into()).collect();
        fitting = Some(match fitting {
            Some(sizes) => sizes.into_iter().filter(|size| own.contains(size)).collect(),
            None => own,
        });
    }
    fitting.unwrap_or_default()
}

/// The objects, with claims for those that this size of parts gives their number of parts.
#[must_use]
pub fn with_part_size(objects: Vec<(Record, Option<Multipart>)>, size: PartMebibytes) -> Vec<Record> {
    let claimed = |(mut record, parts): (Record, Option<Multipart>)| {
        let fits = |parts: &Multipart| parts.size.div_ceil(size.bytes()).max(1) == u64::from(parts.parts);
        let digest = parts.filter(fits).and_then(|parts| Digest::new(Algorithm::S3Etag(size), &parts.digest).ok());
        record.digests.extend(digest.map(Claimed::of));
        record
    };
    objects.into_iter().map(claimed).collect()
}

/// The objects of the listing, and the ETags of those that were uploaded in parts.
///
/// # Errors
/// If it is not such a listing, or a truncated one.
pub fn read_with_parts(text: &[u8]) -> Result<Vec<(Record, Option<Multipart>)>, DocumentError> {
    let listing: Listing<'_> = json::parse(text)?;
    if listing.is_truncated == Some(true) || listing.next_token.is_some() {
        return Err(DocumentError::new("the listing is truncated: it does not name all objects"));
    }
    let is_encoded = listing.encoding_type.as_deref() == Some("url");
    let files = listing.contents.0.iter().filter(|object| !object.key.ends_with('/'));
    files.map(|object| object.record(is_encoded)).collect()
}

impl Object<'_> {
    fn record(&self, is_encoded: bool) -> Result<(Record, Option<Multipart>), DocumentError> {
        let name = match is_encoded {
            true => decoded(claims::file_name(&self.key)?)?,
            false => claims::file_name(&self.key)?,
        };
        let (digests, parts) = match self.etag() {
            ETag::Md5(claim) => (vec![claim], None),
            ETag::Multipart(parts) => (vec![], Some(parts)),
            ETag::Opaque => (vec![], None),
        };
        Ok((Record { name, size: self.size, digests, ..Record::default() }, parts))
    }

    fn etag(&self) -> ETag {
        let etag = self.etag.as_deref().unwrap_or_default().trim_matches('"');
        let (digits, parts) = match etag.split_once('-') {
            Some((digits, parts)) => {
                (digits, parts.parse::<u32>().ok().filter(|parts| (1..=MAX_PARTS).contains(parts)))
            }
            None => (etag, None),
        };
        let Some(md5) = Claimed::tagged(Algorithm::Md5, digits.as_bytes()) else { return ETag::Opaque };
        match (parts, self.size, <[u8; 16]>::try_from(md5.as_bytes())) {
            (None, _, _) if digits.len() == etag.len() => ETag::Md5(md5),
            (Some(parts), Some(size), Ok(digest)) => ETag::Multipart(Multipart { digest, parts, size }),
            _ => ETag::Opaque,
        }
    }
}

/// A key of `--encoding-type url`.
fn decoded(key: Vec<u8>) -> Result<Vec<u8>, DocumentError> {
    let mut out = Vec::with_capacity(key.len());
    let mut rest = &key[..];
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = after.get(..2).and_then(|digits| hex::decode(digits).ok());
                let not_encoded =
                    || DocumentError::new(format!("the key {:?} is not encoded", String::from_utf8_lossy(&key)));
                out.extend(digits.ok_or_else(not_encoded)?);
                rest = &after[2..];
            }
            byte => out.push(byte),
        }
    }
    if out.contains(&0) {
        return Err(DocumentError::new("a key holds NUL"));
    }
    Ok(out)
}

#[cfg(test)]
mod tests;

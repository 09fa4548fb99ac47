//! The JSON object of one file, as in JSON and NDJSON manifests and in the API's results: read and written.
//!
//! Members that a manifest does not use (verdicts, ...) are ignored.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::entry::Claimed;
use super::record::Record;
use crate::digest::Algorithm;
use crate::result::{ErrorCode, FileTime, SkipReason, Stability, Status, serialize_name, serialize_time, status_name};

/// The members of an item that are read.
#[derive(Deserialize)]
pub(super) struct ItemRead<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow, default)]
    path_b64: Option<Cow<'a, str>>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(borrow, default)]
    modified_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    modified_at_ns: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    changed_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    changed_at_ns: Option<Cow<'a, str>>,
    #[serde(default)]
    inode: Option<u64>,
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    code: Option<Cow<'a, str>>,
    #[serde(default)]
    stability: Option<Stability>,
    #[serde(borrow, default)]
    digests: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl ItemRead<'_> {
    /// Copies the item into the record. `None` if it is not valid.
    pub(super) fn fill(&self, record: &mut Record) -> Option<()> {
        record.name = match &self.path_b64 {
            Some(exact) => STANDARD.decode(exact.as_bytes()).ok()?,
            None => self.path.as_bytes().to_vec(),
        };
        if record.name.contains(&0) {
            return None;
        }
        record.size = self.size;
        record.modified_at = time(self.modified_at.as_ref(), self.modified_at_ns.as_ref())?;
        record.changed_at = time(self.changed_at.as_ref(), self.changed_at_ns.as_ref())?;
        record.inode = self.inode;
        record.status = self.status()?;
        for (name, digits) in &self.digests {
            record.digests.push(Claimed::tagged(name.parse::<Algorithm>().ok()?, digits.as_bytes())?);
        }
        let should_have_some = matches!(record.status, None | Some(Status::Hashed(_)));
        (should_have_some != record.digests.is_empty()).then_some(())
    }

    fn status(&self) -> Option<Option<Status>> {
        let code = self.code.as_deref().unwrap_or_default();
        Some(match self.status.as_deref() {
            None => None,
            Some("hashed") => self.stability.map(Status::Hashed),
            Some("error") => {
                let code = ErrorCode::ALL.into_iter().find(|known| known.name() == code)?;
                Some(Status::Error { code, errno: 0 })
            }
            Some("skipped") => Some(Status::Skipped(SkipReason::ALL.into_iter().find(|known| known.name() == code)?)),
            Some(_) => return None,
        })
    }
}

/// A time from the member for RFC 3339, or from the one for nanoseconds. `None` if it is not valid.
fn time(text: Option<&Cow<'_, str>>, ns: Option<&Cow<'_, str>>) -> Option<Option<FileTime>> {
    match ns {
        Some(ns) => FileTime::from_decimal(ns).map(Some),
        None => text.map(|text| text.parse()).transpose().ok(),
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", &self.name)?;
        map.serialize_entry("size", &self.size)?;
        serialize_time(&mut map, "modified_at", "modified_at_ns", self.modified_at)?;
        if self.changed_at.is_some() {
            serialize_time(&mut map, "changed_at", "changed_at_ns", self.changed_at)?;
        }
        if let Some(inode) = self.inode {
            map.serialize_entry("inode", &inode)?;
        }
        map.serialize_entry("status", self.status.map_or("hashed", status_name))?;
        match self.status {
            Some(Status::Error { code, .. }) => map.serialize_entry("code", code.name())?,
            Some(Status::Skipped(reason)) => map.serialize_entry("code", reason.name())?,
            Some(Status::Hashed(_)) | None => map.serialize_entry("digests", &NamedDigests(&self.digests))?,
        }
        if let Some(Status::Hashed(stability)) = self.status {
            map.serialize_entry("stability", &stability)?;
        }
        map.end()
    }
}

/// `{blake3: "...", ...}`: the digests whose algorithms are known.
#[derive(Debug, Clone, Copy)]
pub struct NamedDigests<'a>(pub &'a [Claimed]);

impl Serialize for NamedDigests<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = self.0.iter().filter_map(|digest| Some((digest.tag()?.name(), hex::encode(digest.as_bytes()))));
        serializer.collect_map(named)
    }
}

/// Appends a value as JSON. The keys of its maps must be strings.
pub(super) fn write_value(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(out, value).expect("writing to a vector cannot fail, and the keys of maps are strings");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Record> {
        let mut record = Record::default();
        serde_json::from_str::<ItemRead<'_>>(json).ok()?.fill(&mut record)?;
        Some(record)
    }

    #[test]
    fn all_members_that_a_manifest_uses_are_read() {
        let record = read(
            r#"{"path":"a\ufffd","path_b64":"Yf8=","size":3,"modified_at":"2024-01-02T03:04:05.000000006Z",
                "changed_at":"2024-01-02T03:04:06.5Z","inode":18446744073709551615,
                "status":"hashed","digests":{"crc32":"ABABABAB"},"stability":"unverified","verdict":"matched"}"#,
        )
        .unwrap();
        assert_eq!((&record.name[..], record.size), (&b"a\xff"[..], Some(3)));
        assert_eq!(record.modified_at.unwrap().as_ns() % 1_000, 6);
        let changed_at = record.changed_at.unwrap().to_string();
        assert_eq!((&changed_at[..], record.inode), ("2024-01-02T03:04:06.5Z", Some(u64::MAX)));
        assert_eq!(record.status, Some(Status::Hashed(Stability::Unverified)));
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(read(&json), Some(record));
    }

    #[test]
    fn failures_keep_their_codes() {
        for json in [
            r#"{"path":"a","size":0,"modified_at":null,"status":"error","code":"permission"}"#,
            r#"{"path":"a","size":0,"modified_at":null,"status":"skipped","code":"symlink"}"#,
        ] {
            assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), json);
        }
    }

    #[test]
    fn invalid_items_are_refused() {
        for json in [
            "{}",
            "[]",
            r#"{"path":"a"}"#,
            r#"{"path":"a","digests":{}}"#,
            r#"{"path":"a","digests":{"haval":"00"}}"#,
            r#"{"path":"a","digests":{"crc32":"0"}}"#,
            r#"{"path":"a","path_b64":"?","digests":{"crc32":"00000000"}}"#,
            r#"{"path":"a","status":"lost","digests":{"crc32":"00000000"}}"#,
            r#"{"path":"a","status":"error","code":"x"}"#,
            r#"{"path":"a\u0000","digests":{"crc32":"00000000"}}"#,
            r#"{"path":"a","size":-1,"digests":{"crc32":"00000000"}}"#,
            r#"{"path":"a","modified_at":"yesterday","digests":{"crc32":"00000000"}}"#,
            r#"{"path":"a","changed_at":"today","digests":{"crc32":"00000000"}}"#,
            r#"{"path":"a","inode":-1,"digests":{"crc32":"00000000"}}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        assert!(read(r#"{"path":"a","digests":{"crc32":"00000000"}}"#).is_some());
    }
}

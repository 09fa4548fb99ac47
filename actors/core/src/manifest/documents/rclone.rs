//! The listing of `rclone lsjson --hash -R` (rclone.org/commands/rclone_lsjson): `[{Path, Size, ModTime, IsDir, Hashes:
//! {md5, sha1, ...}}, ...]`. Names are relative to the remote that was listed.
//!
//! Directories are left out. A remote that keeps no digests lists files without any. What `rclone hashsum` prints is a
//! checksum file and needs no form of its own.

use std::borrow::Cow;

use serde::Deserialize;

use super::json::{self, List, Map, Text, begins_with};
use super::{DocumentError, claims};
use crate::manifest::record::Record;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    /// -1 where it is not known.
    size: i64,
    /// RFC 3339; empty with `--no-modtime`.
    #[serde(borrow, default)]
    mod_time: Cow<'a, str>,
    #[serde(default)]
    is_dir: bool,
    #[serde(borrow, default)]
    hashes: Option<Map<'a, Text<'a>>>,
}

/// Whether this is such a listing: rclone writes the members in one order.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    begins_with(head, &["[", "{", "\"Path\"", ":", "\""])
        && ["Size", "IsDir"].iter().all(|key| json::has_key(head, key))
}

/// The files of the listing.
///
/// # Errors
/// If it is not such a listing.
pub(in crate::manifest) fn read(text: &[u8]) -> Result<Vec<Record>, DocumentError> {
    let items: List<Item<'_>> = json::parse(text)?;
    items.0.iter().filter(|item| !item.is_dir).map(Item::record).collect()
}

impl Item<'_> {
    fn record(&self) -> Result<Record, DocumentError> {
        let mut digests = Vec::new();
        for (name, digits) in self.hashes.iter().flat_map(|hashes| &hashes.0) {
            // Some remotes do not keep the digest of every file.
            if !digits.is_empty() {
                digests.extend(claims::claimed(algorithm(name), digits, &self.path)?);
            }
        }
        let (size, modified_at) = (u64::try_from(self.size).ok(), self.mod_time.parse().ok());
        Ok(Record { name: claims::file_name(&self.path)?, size, modified_at, digests, ..Record::default() })
    }
}

/// The name of an algorithm; rclone had others before 1.55.
fn algorithm(name: &str) -> &str {
    match name {
        "DropboxHash" => "dropbox",
        "QuickXorHash" => "quickxor",
        "MailruHash" => "mailru",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    /// rclone 1.60.1: `rclone lsjson --hash -R DIR`, two files left out.
    const LISTING: &str = r#"[
{"Path":"Clips","Name":"Clips","Size":-1,"MimeType":"inode/directory","ModTime":"2026-11-28T21:33:55.244225542Z","IsDir":true},
{"Path":"Sidecar \u0026 \"q\".txt","Name":"Sidecar \u0026 \"q\".txt","Size":1,"MimeType":"text/plain; charset=utf-8","ModTime":"2026-11-28T21:33:55.244225542Z","IsDir":false,"Hashes":{"crc32":"8cdc1683","dropbox":"0a325ca303eb3014c43ae004970f343634db176fa1697bcc8c9efac94626488d","hidrive":"7fcda0a3323cf78feb41ec74b95dad6c004a165d","mailru":"7800000000000000000000000000000000000000","md5":"9dd4e461268c8034f5c8564e155c67a6","quickxor":"7800000000000000000000000100000000000000","sha1":"11f6ad8ec52a2984abaafd7c3b516503785c2072","sha256":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","whirlpool":"7d6388114687e86ba9a4d2dcaeeb8ec10eb239fbd5b0299fecf6c1355ba6d5c603ae4294bce70a25bead8e7edae742465554abd643b09815d3b168be8bc58a51"}},
{"Path":"Clips/A/a.mov","Name":"a.mov","Size":6,"MimeType":"video/quicktime","ModTime":"2020-01-02T04:04:05.000000000+01:00","IsDir":false,"Hashes":{"md5":"b1946ac92492d2347c6235b4d2611184","sha1":""}}
]
"#;

    #[test]
    fn the_files_of_a_listing_are_read_with_the_digests_that_hivesum_has() {
        let records = read(LISTING.as_bytes()).unwrap();
        let names: Vec<_> = records.iter().map(|record| String::from_utf8_lossy(&record.name)).collect();
        assert_eq!(names, ["Sidecar & \"q\".txt", "Clips/A/a.mov"]);
        let digest = |algorithm| hex::encode(records[0].digest_of(algorithm).unwrap().as_bytes());
        // printf x | md5sum; | sha256sum; | rhash --crc32 -
        assert_eq!(digest(Algorithm::Md5), "9dd4e461268c8034f5c8564e155c67a6");
        assert_eq!(digest(Algorithm::Sha256), "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
        assert_eq!(digest(Algorithm::Crc32), "8cdc1683");
        let clouds = ["dropbox", "hidrive", "mailru", "quickxor", "whirlpool"];
        let known = clouds.iter().filter(|name| name.parse::<Algorithm>().is_ok()).count();
        assert_eq!(records[0].digests.len(), 4 + known);
    }

    #[test]
    fn size_and_time_are_read_and_an_empty_digest_is_none() {
        let record = &read(LISTING.as_bytes()).unwrap()[1];
        assert_eq!(
            (record.size, record.modified_at.unwrap().to_string()),
            (Some(6), "2020-01-02T03:04:05Z".to_owned())
        );
        assert_eq!(record.digests.len(), 1);
        let bare = read(br#"[{"Path":"a","Size":-1,"ModTime":""}]"#).unwrap();
        assert_eq!(bare, [Record { name: b"a".to_vec(), ..Record::default() }]);
    }

    #[test]
    fn it_is_recognised_by_its_first_member() {
        assert!(recognises(b"", LISTING.as_bytes()));
        assert!(!recognises(b"", b"[]") && !recognises(b"", br#"[{"path":"a","Size":1,"IsDir":false}]"#));
        assert!(!recognises(b"", br#"[{"Path":"a"}]"#));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            (r#"[{"Path":"a","Size":1,"Hashes":{"md5":"00"}}]"#, "the md5 of \"a\" is not a digest of this algorithm"),
            (r#"[{"Path":"","Size":1}]"#, "a name is empty"),
            ("[\n{\"Path\":\"a\"}]", "line 2: the member \"Size\" is missing"),
            ("{}", "line 1: an object stands where a list is needed"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), why);
        }
    }
}

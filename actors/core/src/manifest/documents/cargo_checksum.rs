//! `.cargo-checksum.json`, which `cargo vendor` writes into the directory of each crate (cargo's
//! `sources/directory.rs`): `{"files": {NAME: SHA-256, ...}, "package": SHA-256}`.
//!
//! Names are relative to that directory and have `/`. `package` is the digest of the `.crate` file of the registry, which
//! is not there, so it is no claim.

use super::json::{self, Map, Text, begins_with};
use super::{DocumentError, claims, file_name};
use crate::digest::Algorithm;
use crate::manifest::record::Record;

/// The name of such a file.
pub(super) const FILE_NAME: &[u8] = b".cargo-checksum.json";

#[derive(serde::Deserialize)]
struct Checksums<'a> {
    #[serde(borrow)]
    files: Map<'a, Text<'a>>,
}

/// Whether this is such a file.
pub(in crate::manifest) fn recognises(name: &[u8], head: &[u8]) -> bool {
    let has_name = file_name(name) == FILE_NAME;
    begins_with(head, &["{", "\"files\"", ":", "{"]) && (has_name || first_is_sha256(head))
}

/// Whether the first entry of the files is a digest.
fn first_is_sha256(head: &[u8]) -> bool {
    let mut strings = head.split(|&byte| byte == b'"').skip(1).step_by(2);
    let (files, _name, digits) = (strings.next(), strings.next(), strings.next());
    let is_sha256 = |digits: &[u8]| digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit);
    files == Some(b"files") && digits.is_some_and(is_sha256)
}

/// The files of the crate.
///
/// # Errors
/// If it is not such a file.
pub(in crate::manifest) fn read(text: &[u8]) -> Result<Vec<Record>, DocumentError> {
    let checksums: Checksums<'_> = json::parse(text)?;
    let record = |(name, digits): (Text<'_>, Text<'_>)| {
        let digests = vec![claims::tagged(Algorithm::Sha256, &digits, &name)?];
        Ok(Record { name: claims::file_name(&name)?, digests, ..Record::default() })
    };
    checksums.files.0.into_iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// cargo vendor 1.95.0, of fnv 1.0.7; five of its eight files left out.
    const FNV: &str = concat!(
        r#"{"files":{".cargo_vcs_info.json":"3bffa7baab6a1ec5a999e9c39349e1e9f22b47345ddc91207273b50ef0610a68","#,
        r#"".travis.yml":"e68d7a670a6431d08d1a75a3992f5050753f202fd6f4dcd198ae283482bdf9fa","#,
        r#""lib.rs":"32bf17ff841b4c285985d9e9df79c5099318c11bf0436ee8582dec30fc9ec826"},"#,
        r#""package":"3f9eec918d3f24069decb9af1554cad7c880e2da24a9afd88aca000531ab82c1"}"#
    );

    #[test]
    fn the_files_of_a_vendored_crate_are_read_and_its_package_is_not_one() {
        let records = read(FNV.as_bytes()).unwrap();
        let names: Vec<_> = records.iter().map(|record| String::from_utf8_lossy(&record.name)).collect();
        assert_eq!(names, [".cargo_vcs_info.json", ".travis.yml", "lib.rs"]);
        let digest = records[2].digest_of(Algorithm::Sha256).unwrap();
        // sha256sum vendor/fnv/lib.rs
        let expected = "32bf17ff841b4c285985d9e9df79c5099318c11bf0436ee8582dec30fc9ec826";
        assert_eq!(hex::encode(digest.as_bytes()), expected);
    }

    #[test]
    fn it_is_recognised_by_its_name_or_its_first_entry() {
        assert!(recognises(b"vendor/fnv/.cargo-checksum.json", FNV.as_bytes()));
        assert!(recognises(b"", FNV.as_bytes()));
        assert!(recognises(b".cargo-checksum.json", br#"{"files":{},"package":null}"#));
        assert!(!recognises(b"", br#"{"files":{},"package":null}"#));
        assert!(!recognises(b".cargo-checksum.json", b"[]"));
    }

    #[test]
    fn a_crate_without_a_package_digest_is_read() {
        assert_eq!(read(br#"{"files":{},"package":null}"#), Ok(vec![]));
        assert_eq!(read(br#"{"files":{}}"#), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            (r#"{"files":{"a":"00"}}"#, "the sha256 of \"a\" is not a digest of this algorithm"),
            ("{\"files\":\n[]}", "line 2: a list stands where an object is needed"),
            ("{}", "line 1: the member \"files\" is missing"),
            ("", "line 1: EOF while parsing a value"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), why);
        }
    }
}

//! Media Hash Lists 1.0 and 1.1 (mediahashlist.org, schema `MediaHashList_v1_1.xsd`): `hash` elements with `file`,
//! `size`, `lastmodificationdate` and digests. Names are relative to the folder of the list.
//!
//! `xxhash` is XXH32 in decimal, `xxhash64be` XXH64 as everywhere else, and the deprecated `xxhash64` XXH64 with its
//! bytes in reverse, as the reference implementation (Pomfort's `mhl`) writes it. Elements outside of the schema that
//! name an algorithm are read by that name. `null` says that only the size was kept.

use super::claims::{self, claimed, file_name, not_a_digest};
use super::xml::{self, Element};
use super::{DocumentError, ascmhl, c4};
use crate::manifest::entry::Claimed;
use crate::manifest::record::Record;

/// Whether this is such a list.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    xml::has_root(head, "hashlist", "version") && !ascmhl::recognises(b"", head)
}

/// The files of the list.
///
/// # Errors
/// If it is not such a list.
pub(in crate::manifest) fn read(text: &[u8]) -> Result<Vec<Record>, DocumentError> {
    let (mut records, mut open) = (Vec::new(), Record::default());
    xml::walk(text, |element| {
        match element.path.split_once("hashlist/hash") {
            Some(("", "")) => {
                claims::push(&mut records, std::mem::take(&mut open)).map_err(|error| element.error(error.why))?;
            }
            Some(("", part)) if part.starts_with('/') => read_part(&part[1..], &element, &mut open)?,
            _ if element.path == "hashlist" => check_version(&element)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(records)
}

fn check_version(root: &Element<'_>) -> Result<(), DocumentError> {
    match root.attribute("version") {
        Some(version) if version.starts_with("1.") => Ok(()),
        Some(version) => Err(root.error(format!("version {version:?} of Media Hash List is not read"))),
        None => Err(root.error("it has no version")),
    }
}

fn read_part(part: &str, element: &Element<'_>, record: &mut Record) -> Result<(), DocumentError> {
    let text = element.text.trim_ascii();
    let at = |error: DocumentError| element.error(error.why);
    match part {
        "file" => record.name = file_name(element.text).map_err(at)?,
        "size" => record.size = Some(text.parse().map_err(|_| element.error("the size is not a number"))?),
        "lastmodificationdate" => record.modified_at = text.parse().ok(),
        "creationdate" | "hashdate" | "null" => {}
        algorithm => record.digests.extend(digest(algorithm, text).map_err(at)?),
    }
    Ok(())
}

/// The claim of an element. `None` if hivesum lacks the algorithm.
fn digest(element: &str, digits: &str) -> Result<Option<Claimed>, DocumentError> {
    const OF: &str = "this file";
    match element {
        "xxhash" => {
            let value: u32 = digits.parse().map_err(|_| not_a_digest("xxhash", OF))?;
            claimed("xxh32", &format!("{value:08x}"), OF)
        }
        "xxhash64" => Ok(claimed("xxh64", digits, OF)?.map(Claimed::reversed)),
        "xxhash64be" => claimed("xxh64", digits, OF),
        "xxhash128" | "xxh128" => claimed("xxh3_128", digits, OF),
        "xxhash3_64" | "xxh3" => claimed("xxh3_64", digits, OF),
        "c4" => c4::claimed(digits, OF).map(Some),
        named => claimed(named, digits, OF),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    /// simple-mhl of mhl-suite 1.3.1: `simple-mhl seal . -a md5`.
    const SEALED: &str = include_str!("mhl/sealed.mhl");

    fn hash(parts: &str) -> String {
        format!("<hashlist version=\"1.1\">\n<hash><file>a</file>\n{parts}</hash></hashlist>")
    }

    /// The digests of the only file, with the algorithms that hivesum has.
    fn digests(parts: &str) -> Vec<(String, String)> {
        let records = read(hash(parts).as_bytes()).unwrap();
        let shown = |claim: &Claimed| (claim.tag().unwrap().name().to_owned(), hex::encode(claim.as_bytes()));
        records[0].digests.iter().map(shown).collect()
    }

    #[test]
    fn a_sealed_folder_is_read() {
        let records = read(SEALED.as_bytes()).unwrap();
        let names: Vec<_> = records.iter().map(|record| String::from_utf8_lossy(&record.name)).collect();
        assert_eq!(names, ["S & \"q\".txt", "Clips/b.mov", "Clips/A/a.mov"]);
        let sizes: Vec<_> = records.iter().map(|record| record.size).collect();
        assert_eq!(sizes, [Some(1), Some(3), Some(6)]);
        assert!(records.iter().all(|record| record.modified_at.unwrap().to_string() == "2020-01-02T03:04:05Z"));
        // printf abc | md5sum
        let md5 = records[1].digest_of(Algorithm::Md5).unwrap();
        assert_eq!(hex::encode(md5.as_bytes()), "900150983cd24fb0d6963f7d28e17f72");
    }

    /// Of `hello` and LF: xxhsum 0.8.1 with -H32 and -H64, and the ways in which mhl-tool 0.2 prints them.
    #[test]
    fn the_three_xxhashes_are_read_in_decimal_reversed_and_as_they_are() {
        let of = |name: &str, digits: &str| vec![(name.to_owned(), digits.to_owned())];
        assert_eq!(digests("<xxhash>2490063865</xxhash>"), of("xxh32", "946b5bf9"));
        assert_eq!(digests("<xxhash>0000000010</xxhash>"), of("xxh32", "0000000a"));
        assert_eq!(digests("<xxhash64be>E4C191D091BD8853</xxhash64be>"), of("xxh64", "e4c191d091bd8853"));
        assert_eq!(digests("<xxhash64> 5388bd91d091c1e4\n</xxhash64>"), of("xxh64", "e4c191d091bd8853"));
    }

    #[test]
    fn several_digests_are_read_and_none_is_taken_from_null_or_an_unknown_element() {
        let parts = "<size>3</size><md5>900150983cd24fb0d6963f7d28e17f72</md5><null/><snefru>00</snefru>
            <sha1>a9993e364706816aba3e25717850c26c9cd0d89d</sha1><hashdate>2020-01-02T03:04:05Z</hashdate>";
        let names: Vec<_> = digests(parts).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["md5", "sha1"]);
        assert_eq!(digests("<size>3</size><null></null>"), []);
    }

    #[test]
    fn it_is_recognised_by_its_root() {
        assert!(recognises(b"", SEALED.as_bytes()));
        assert!(!recognises(b"a.mhl", b"<hashlist>") && !recognises(b"a.mhl", b"900150983cd24fb0d6963f7d28e17f72  a"));
        assert!(!recognises(b"", b"<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\">"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, why) in [
            (hash("<md5>00</md5>"), "line 3: the md5 of \"this file\" is not a digest of this algorithm"),
            (
                hash("<xxhash>f4ed9354</xxhash>"),
                "line 3: the xxhash of \"this file\" is not a digest of this algorithm",
            ),
            (hash("<size>many</size>"), "line 3: the size is not a number"),
            (hash("").replace("<file>a</file>", ""), "line 3: a file has no name"),
            (hash("").replace("1.1", "3.0"), "line 3: version \"3.0\" of Media Hash List is not read"),
            (hash("").replace("version", "v"), "line 3: it has no version"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), why, "{text}");
        }
    }
}

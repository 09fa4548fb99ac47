//! The chain of a history, `ascmhl_chain.xml`: the SHA-512 of each generation, as C4 ID.
//!
//! A chain is whole if its numbers are 1, 2, 3, ... and no generation stands in it twice. Whether the files of the
//! generations are what it says is for the caller to see: this module opens none.

use super::{DocumentError, Reference, add, c4_of, path};
use crate::manifest::documents::xml::{self, Element};
use crate::manifest::record::Record;

const NAMESPACE: &str = "urn:ASC:MHL:DIRECTORY:v2.0";

/// One generation in the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Its number, from 1.
    pub number: u64,
    /// Its file, and the SHA-512 of that.
    pub generation: Reference,
}

impl Link {
    pub(super) fn into_record(self) -> Record {
        let digests = self.generation.sha512.into_iter().collect();
        Record { name: self.generation.path, digests, ..Record::default() }
    }
}

/// Whether this is a chain.
pub(super) fn recognises(head: &[u8]) -> bool {
    xml::has_root(head, "ascmhldirectory", NAMESPACE)
}

/// The generations, oldest first.
///
/// # Errors
/// If it is not a chain, or one with a gap.
pub fn read(text: &[u8]) -> Result<Vec<Link>, DocumentError> {
    let (mut chain, mut link) = (Vec::new(), Link::default());
    xml::walk(text, |element| part(&element, &mut link, &mut chain).map_err(|error| element.error(error.why)))?;
    Ok(chain)
}

fn part(element: &Element<'_>, link: &mut Link, chain: &mut Vec<Link>) -> Result<(), DocumentError> {
    match element.path {
        "ascmhldirectory/hashlist/path" => path(element.text, &mut link.generation.path),
        "ascmhldirectory/hashlist/c4" => c4_of(element.text, &mut link.generation.sha512),
        "ascmhldirectory/hashlist" => {
            link.number = element.attribute("sequencenr").and_then(|number| number.parse().ok()).unwrap_or_default();
            check(link, chain)?;
            add(chain, std::mem::take(link))
        }
        path if path.contains('/') => Ok(()),
        "ascmhldirectory" => Ok(()),
        other => Err(DocumentError::new(format!("the root is {other:?}, not a chain"))),
    }
}

fn check(link: &Link, chain: &[Link]) -> Result<(), DocumentError> {
    let expected = chain.len() as u64 + 1;
    let Link { number, generation: Reference { path, sha512 } } = link;
    let why = match () {
        () if *number != expected => format!("generation {number} stands where generation {expected} should"),
        () if path.is_empty() => format!("generation {number} has no path"),
        () if path.contains(&b'/') => format!("generation {number} is not in the folder of the chain"),
        () if sha512.is_none() => format!("generation {number} has no C4 ID"),
        () => return Ok(()),
    };
    Err(DocumentError::new(why))
}

/// The file of a chain.
///
/// # Panics
/// Never: a digest of SHA-512 has 64 bytes.
#[must_use]
pub fn write(chain: &[NewLink<'_>]) -> String {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ascmhldirectory xmlns=\"{NAMESPACE}\">\n");
    for (index, link) in chain.iter().enumerate() {
        let (number, path, id) = (index + 1, xml::escaped(link.file_name), super::c4::encode(link.sha512));
        out += &format!(
            "  <hashlist sequencenr=\"{number}\">\n    <path>{path}</path>\n    <c4>{id}</c4>\n  </hashlist>\n"
        );
    }
    out + "</ascmhldirectory>\n"
}

/// A generation to write into a chain; its number is its place.
#[derive(Debug, Clone, Copy)]
pub struct NewLink<'a> {
    /// The file name of the generation.
    pub file_name: &'a str,
    /// The SHA-512 of the file.
    pub sha512: &'a [u8; 64],
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha512};

    use super::*;

    /// ascmhl 1.2: `ascmhl create . -h c4 -h md5 -h xxh128`.
    const CHAIN: &str = include_str!("samples/chain.xml");
    const GENERATION: &str = include_str!("samples/first_generation.mhl");

    #[test]
    fn the_chain_of_a_history_names_its_generation_with_its_digest() {
        let chain = read(CHAIN.as_bytes()).unwrap();
        assert_eq!((chain.len(), chain[0].number), (1, 1));
        assert_eq!(chain[0].generation.path, b"0001_film_2026-11-28_214512Z.mhl");
        assert_eq!(chain[0].generation.sha512.unwrap().as_bytes(), &Sha512::digest(GENERATION)[..]);
        let records = super::super::read(CHAIN.as_bytes()).unwrap();
        assert_eq!((records.len(), records[0].digests.len()), (1, 1));
    }

    #[test]
    fn the_chain_is_written_as_the_reference_implementation_writes_it() {
        let sha512 = Sha512::digest(GENERATION).into();
        let link = NewLink { file_name: "0001_film_2026-11-28_214512Z.mhl", sha512: &sha512 };
        assert_eq!(write(&[link]), CHAIN);
        let odd = NewLink { file_name: "0002_a&b.mhl", ..link };
        let chain = read(write(&[link, odd]).as_bytes()).unwrap();
        assert_eq!((chain[1].number, &chain[1].generation.path[..]), (2, &b"0002_a&b.mhl"[..]));
    }

    #[test]
    fn a_chain_with_a_gap_is_refused() {
        for (from, to, why) in [
            ("sequencenr=\"1\"", "sequencenr=\"2\"", "line 6: generation 2 stands where generation 1 should"),
            ("sequencenr=\"1\"", "", "line 6: generation 0 stands where generation 1 should"),
            ("<path>0001", "<path>../0001", "line 6: generation 1 is not in the folder of the chain"),
            ("c4>", "md5>", "line 6: generation 1 has no C4 ID"),
            ("path>", "file>", "line 6: generation 1 has no path"),
            ("ascmhldirectory", "directory", "line 7: the root is \"directory\", not a chain"),
        ] {
            assert_eq!(read(CHAIN.replace(from, to).as_bytes()).unwrap_err().to_string(), why);
        }
    }
}

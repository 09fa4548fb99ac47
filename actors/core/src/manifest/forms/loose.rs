//! Other shapes of checksum lines that are seen in releases. A text has one of them only if all of its lines do.
//!
//! [`Shape`] lists them. `HEX *NAME` of `openssl dgst -r` and `HEX NAME` of `md5 -r` are not among them: they are
//! ordinary checksum lines. Lines that are blank or begin with `#` or `;` are comments. A text that is one digest and
//! nothing else, as beside the artifacts of Maven and Gradle, is read by [`bare`]; its name is for the caller to know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::bsd::split_tag;
use super::super::entry::Claimed;
use super::super::names::{is_blank, skip_blanks};
use super::super::record::Record;
use super::gentoo;
use super::{LineForm, LineIs, algorithm_of, claim, reads_all, valid_name, without_cr};
use crate::digest::{Algorithm, MAX_DIGEST_BYTES};

/// The longest text that may be a bare digest.
const MAX_BARE_BYTES: usize = 1 << 10;

/// Digits of the shortest digest that is read without its algorithm: a CRC-32 alone, or a 64-bit one beside a name.
/// `NAME` and eight digits are SFV, and shorter digests are words and years.
const MIN_BARE_DIGITS: usize = 8;
const MIN_DIGITS: usize = 16;

/// A shape of lines, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) enum Shape {
    /// `HEX ?ALGORITHM*NAME`, of SlavaSoft's fsum.
    Fsum,
    /// `ALGORITHM:HEX  NAME`, as in container images and lock files.
    Colon,
    /// `ALGORITHM-BASE64  NAME`: a digest of W3C's Subresource Integrity, and a name.
    Integrity,
    /// `XXH3_HEX  NAME`, of `xxhsum -H3` from 0.8.2 on.
    Xxh3,
    /// `HEX`, one tab, `NAME`.
    Tab,
    /// `NAME HEX` or `NAME: HEX`.
    NameFirst,
}

impl Shape {
    const ALL: [Self; 6] = [Self::Fsum, Self::Colon, Self::Integrity, Self::Xxh3, Self::Tab, Self::NameFirst];

    /// The shape that all lines of the head have. A Gentoo Manifest, whose lines end with a digest too, has none.
    pub(in crate::manifest) fn of(head: &[u8]) -> Option<Self> {
        let shape = Self::ALL.into_iter().find(|&shape| reads_all(Loose { shape }, head))?;
        (shape != Self::NameFirst || !gentoo::recognises(b"", head)).then_some(shape)
    }

    /// The name and the digest of a line.
    fn read(self, line: &[u8]) -> Option<(&[u8], Claimed)> {
        match self {
            Self::Fsum => {
                let (digits, rest) = split_blank(line)?;
                let rest = rest.strip_prefix(b"?")?;
                let star = rest.iter().position(|&byte| byte == b'*')?;
                Some((&rest[star + 1..], Claimed::tagged(algorithm_of(&rest[..star])?, digits)?))
            }
            Self::Colon => split_blank(line).and_then(|(word, name)| Some((name_after(name)?, with_colon(word)?))),
            Self::Integrity => split_blank(line).and_then(|(word, name)| Some((name_after(name)?, integrity(word)?))),
            Self::Xxh3 => {
                let (digits, name) = split_blank(line.strip_prefix(b"XXH3_")?)?;
                Some((name_after(name)?, Claimed::tagged(Algorithm::Xxh3_64, digits)?))
            }
            Self::Tab => {
                let tab = line.iter().position(|&byte| byte == b'\t')?;
                let name = &line[tab + 1..];
                let is_plain = !name.starts_with(b" ") && !name.starts_with(b"*");
                Some((name, untagged(&line[..tab], MIN_DIGITS).filter(|_| is_plain)?))
            }
            Self::NameFirst => read_name_first(line),
        }
    }
}

/// A word and what follows one blank.
fn split_blank(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = line.iter().position(|&byte| is_blank(byte))?;
    Some((&line[..blank], &line[blank + 1..]))
}

/// The name after the first blank: one more blank, or the `*` of binary mode, belongs to the form.
fn name_after(rest: &[u8]) -> Option<&[u8]> {
    valid_name(rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"*")).unwrap_or(rest))
}

/// A digest of at least so many digits, of some algorithm.
fn untagged(digits: &[u8], at_least: usize) -> Option<Claimed> {
    Claimed::untagged(digits, None).filter(|_| digits.len() >= at_least)
}

fn read_name_first(line: &[u8]) -> Option<(&[u8], Claimed)> {
    let line = line.trim_ascii_end();
    let blank = line.iter().rposition(|&byte| is_blank(byte))?;
    let digits = &line[blank + 1..];
    let name = line[..blank].trim_ascii_end();
    let name = name.strip_suffix(b":").unwrap_or(name);
    // `HEX HEX` is an ordinary line, `ALGORITHM (NAME) = HEX` a tagged one, also without its `=`, and `ALGORITHM: HEX`
    // has no name.
    let (first, _) = split_blank(line)?;
    let first = first.strip_prefix(b"\\").unwrap_or(first);
    let is_algorithm = algorithm_of(name.strip_suffix(b"sum").unwrap_or(name)).is_some();
    let is_tagged = name.ends_with(b"=") || split_tag(line).is_some();
    let is_other = untagged(first, MIN_BARE_DIGITS).is_some() || is_tagged || is_algorithm;
    untagged(digits, MIN_DIGITS).filter(|_| !is_other).map(|digest| (name, digest))
}

/// `ALGORITHM: HEX` or `ALGORITHM = HEX`.
fn labelled(line: &[u8]) -> Option<Claimed> {
    let at = line.iter().position(|byte| matches!(byte, b':' | b'='))?;
    Claimed::tagged(algorithm_of(line[..at].trim_ascii_end())?, line[at + 1..].trim_ascii_start())
}

/// `ALGORITHM:HEX`.
fn with_colon(word: &[u8]) -> Option<Claimed> {
    let colon = word.iter().position(|&byte| byte == b':')?;
    Claimed::tagged(algorithm_of(&word[..colon])?, &word[colon + 1..])
}

/// `ALGORITHM-BASE64`. Base64 has no `-`, an algorithm may.
fn integrity(word: &[u8]) -> Option<Claimed> {
    let dash = word.iter().rposition(|&byte| byte == b'-')?;
    let mut room = [0; MAX_DIGEST_BYTES.next_multiple_of(3)];
    let length = STANDARD.decode_slice(&word[dash + 1..], &mut room).ok()?;
    claim(algorithm_of(&word[..dash])?, &room[..length])
}

/// Reads lines of one shape.
#[derive(Debug)]
pub(in crate::manifest) struct Loose {
    shape: Shape,
}

impl Loose {
    /// Reads lines of this shape.
    pub(in crate::manifest) const fn new(shape: Shape) -> Self {
        Self { shape }
    }
}

impl LineForm for Loose {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let line = skip_blanks(without_cr(line));
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b";") {
            return LineIs::Ignored;
        }
        let Some((name, digest)) = self.shape.read(line) else { return LineIs::NotRead };
        let Some(name) = valid_name(name) else { return LineIs::NotRead };
        record.name.extend_from_slice(name);
        record.digests.push(digest);
        LineIs::Entry
    }
}

/// Whether all lines have one of the shapes.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    Shape::of(head).is_some()
}

/// The digest of a text that holds nothing else: hexadecimal digits in either case (also in groups, as gpg prints
/// them), `ALGORITHM:HEX`, `ALGORITHM = HEX`, `ALGORITHM-BASE64`, or the line of a tool that read its standard input, whose name is `-` or
/// `stdin`. The file it is of is the one that the manifest is named for.
pub(in crate::manifest) fn bare(text: &[u8]) -> Option<Claimed> {
    let line = text.get(..text.len().min(MAX_BARE_BYTES + 1))?.trim_ascii();
    if line.len() > MAX_BARE_BYTES || text.len() > MAX_BARE_BYTES {
        return None;
    }
    untagged(line, MIN_BARE_DIGITS)
        .or_else(|| labelled(line))
        .or_else(|| integrity(line))
        .or_else(|| of_standard_input(line))
        .or_else(|| in_groups(line))
}

/// `HEX  -`, `HEX *stdin`, `SHA256(stdin)= HEX`, `(stdin)= HEX`, `SHA256 (-) = HEX`.
fn of_standard_input(line: &[u8]) -> Option<Claimed> {
    const NAMES: [&[u8]; 2] = [b"-", b"stdin"];
    if let Some(open) = line.iter().position(|&byte| byte == b'(') {
        let close = line.iter().position(|&byte| byte == b')')?;
        let digits = skip_blanks(skip_blanks(&line[close + 1..]).strip_prefix(b"=")?);
        let is_input = NAMES.contains(line.get(open + 1..close).as_ref()?);
        let digest = match line[..open].trim_ascii() {
            b"" => untagged(digits, MIN_BARE_DIGITS),
            tag => Claimed::tagged(openssl_algorithm(tag)?, digits),
        };
        return digest.filter(|_| is_input);
    }
    let (digits, rest) = split_blank(line)?;
    NAMES.contains(&name_after(rest)?).then(|| untagged(digits, MIN_BARE_DIGITS))?
}

/// OpenSSL 3 says `SHA2-256` for SHA-256.
fn openssl_algorithm(tag: &[u8]) -> Option<Algorithm> {
    match tag.strip_prefix(b"SHA2-") {
        Some(bits) => algorithm_of(&[b"SHA-", bits].concat()),
        None => algorithm_of(tag),
    }
}

/// Groups of two, four or eight digits, between blanks and line ends.
fn in_groups(text: &[u8]) -> Option<Claimed> {
    let groups = || text.split(u8::is_ascii_whitespace).filter(|group| !group.is_empty());
    let width = groups().next()?.len();
    let is_even = matches!(width, 2 | 4 | 8) && groups().all(|group| group.len() == width);
    let digits: Vec<u8> = groups().flatten().copied().collect();
    untagged(&digits, MIN_DIGITS).filter(|_| is_even)
}

#[cfg(test)]
mod tests;

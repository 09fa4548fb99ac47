//! `SHA256 (NAME) = HEX`: tagged lines, as written by the BSDs, `sha256sum --tag`, `cksum -a` and `b3sum --tag`, and
//! OpenSSL's `SHA256(NAME)= HEX`.

use super::entry::{Claimed, Digits, Entry};
use super::names::{Escaping, LineEnd, begin_line, skip_blanks, write_hex, write_name};
use crate::digest::Algorithm;

/// The content of a tagged line.
#[derive(Debug, Clone, Copy)]
pub struct Tagged<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The algorithm of the digest.
    pub algorithm: Algorithm,
    /// The bytes of the digest.
    pub digest: &'a [u8],
}

/// Appends one line.
pub fn write_line(out: &mut Vec<u8>, line: Tagged<'_>, end: LineEnd) {
    let escaping = begin_line(out, line.name, end);
    out.extend_from_slice(line.algorithm.bsd_tag().as_bytes());
    out.extend_from_slice(b" (");
    write_name(out, line.name, escaping);
    out.extend_from_slice(b") = ");
    write_hex(out, line.digest);
    out.push(end.byte());
}

/// The algorithm of a tag. OpenSSL 3 has its own names for some of them.
fn algorithm_of_tag(tag: &[u8]) -> Option<Algorithm> {
    Algorithm::from_bsd_tag(tag).or(match tag {
        b"SHA2-224" => Some(Algorithm::Sha224),
        b"SHA2-256" => Some(Algorithm::Sha256),
        b"SHA2-384" => Some(Algorithm::Sha384),
        b"SHA2-512" => Some(Algorithm::Sha512),
        b"SHA2-512/256" => Some(Algorithm::Sha512_256),
        b"BLAKE2B-512" => Some(Algorithm::Blake2b),
        _ => None,
    })
}

/// If the line begins with the tag of an algorithm and a parenthesis: the algorithm, and what follows.
pub(super) fn split_tag(line: &[u8]) -> Option<(Algorithm, &[u8])> {
    let open = line.iter().position(|&byte| byte == b'(')?;
    let tag = &line[..open];
    let algorithm = algorithm_of_tag(tag.strip_suffix(b" ").unwrap_or(tag))?;
    Some((algorithm, &line[open + 1..]))
}

/// Reads what follows the opening parenthesis. The name ends at the last closing parenthesis.
pub(super) fn parse(algorithm: Algorithm, rest: &[u8], escaping: Escaping, form: Digits) -> Option<Entry<'_>> {
    let close = rest.iter().rposition(|&byte| byte == b')')?;
    let digits = skip_blanks(skip_blanks(&rest[close + 1..]).strip_prefix(b"=")?);
    let digest = Claimed::tagged_in(form, algorithm, digits)?;
    Some(Entry { name: escaping.name(&rest[..close])?, digest })
}

//! `SHA256 (NAME) = HEX`: tagged lines, as the BSDs, `sha256sum --tag`, `cksum -a` and `b3sum --tag` write
//! them, and OpenSSL's `SHA256(NAME)= HEX`.

use super::entry::{Claimed, Digits, Entry};
use super::names::{Escaping, LineEnd, begin_line, skip_blanks, write_hex, write_name};
use crate::digest::Algorithm;

/// What a tagged line says.
#[derive(Debug, Clone, Copy)]
pub struct Tagged<'a> {
    /// The name's bytes.
    pub name: &'a [u8],
    /// Whose digest it is.
    pub algorithm: Algorithm,
    /// The digest's bytes.
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

/// OpenSSL 3 has names of its own for some of them.
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

/// Whether the line begins with the tag of an algorithm and a parenthesis; gives what follows that.
pub(super) fn split_tag(line: &[u8]) -> Option<(Algorithm, &[u8])> {
    let open = line.iter().position(|&byte| byte == b'(')?;
    let tag = &line[..open];
    let algorithm = algorithm_of_tag(tag.strip_suffix(b" ").unwrap_or(tag))?;
    Some((algorithm, &line[open + 1..]))
}

/// Reads what follows the opening parenthesis. The name ends at the last closing one.
pub(super) fn parse(algorithm: Algorithm, rest: &[u8], escaping: Escaping, form: Digits) -> Option<Entry<'_>> {
    let close = rest.iter().rposition(|&byte| byte == b')')?;
    let digits = skip_blanks(skip_blanks(&rest[close + 1..]).strip_prefix(b"=")?);
    let digest = Claimed::tagged_in(form, algorithm, digits)?;
    Some(Entry { name: escaping.name(&rest[..close])?, digest })
}

//! `SHA256 (NAME) = HEX`: tagged lines, as written by the BSDs, `sha256sum --tag`, `cksum -a` and `b3sum --tag`, and
//! OpenSSL's `SHA256(NAME)= HEX`.

use super::entry::{Claimed, Digits, Entry};
use super::names::{Escaping, LineEnd, begin_line, skip_blanks, write_hex, write_name};
use crate::digest::{Algorithm, ByteOrder, Tag, unsupported_algorithm};

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

/// What a line that looks tagged begins with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Head<'a> {
    /// The tag of an algorithm, and what follows the parenthesis.
    Tag(Tag, &'a [u8]),
    /// The tag of an algorithm that hivesum lacks.
    Unsupported(&'static str),
}

/// The start of a line of the form `TAG (NAME) = DIGEST`. `None` if it does not begin with a tag and a parenthesis.
pub(super) fn split_tag(line: &[u8]) -> Option<Head<'_>> {
    let open = line.iter().position(|&byte| byte == b'(')?;
    // rhash pads tags to one width.
    let tag = line[..open].trim_ascii_end();
    let is_word = !tag.is_empty() && tag.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte));
    if !is_word {
        return None;
    }
    if let Some(tag) = Algorithm::of_tag(tag) {
        return Some(Head::Tag(tag, &line[open + 1..]));
    }
    let name = std::str::from_utf8(tag).ok().and_then(unsupported_algorithm)?;
    looks_tagged(line).then_some(Head::Unsupported(name))
}

/// Whether the line ends as a tagged one does, whatever its tag: `...) = DIGITS`.
pub(super) fn looks_tagged(line: &[u8]) -> bool {
    let Some(open) = line.iter().position(|&byte| byte == b'(') else { return false };
    let close = line.iter().rposition(|&byte| byte == b')').filter(|&close| close > open);
    close.and_then(|close| skip_blanks(&line[close + 1..]).strip_prefix(b"=")).is_some_and(|digits| {
        let digits = digits.trim_ascii();
        !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

/// Reads what follows the opening parenthesis. The name ends at the last closing parenthesis.
pub(super) fn parse(tag: Tag, rest: &[u8], escaping: Escaping, form: Digits) -> Option<Entry<'_>> {
    let close = rest.iter().rposition(|&byte| byte == b')')?;
    let digits = skip_blanks(skip_blanks(&rest[close + 1..]).strip_prefix(b"=")?);
    let digest = Claimed::tagged_in(form, tag.algorithm, digits)?;
    let digest = match tag.byte_order {
        ByteOrder::BigEndian => digest,
        ByteOrder::LittleEndian => digest.reversed(),
    };
    Some(Entry { name: escaping.name(&rest[..close])?, digest })
}

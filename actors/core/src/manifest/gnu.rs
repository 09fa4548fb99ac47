//! `HEX  NAME`: the lines of sha256sum and the related tools of GNU coreutils 9.x, and `HEX NAME`, the reversed form of
//! BSD.
//!
//! The first valid line of a manifest decides between the two, as in coreutils.

use super::entry::{Claimed, Entry};
use super::error::ReadOptions;
use super::names::{Escaping, LineEnd, begin_line, is_blank, write_hex, write_name};

/// Appends one line.
pub fn write_line(out: &mut Vec<u8>, name: &[u8], digest: &[u8], end: LineEnd) {
    let escaping = begin_line(out, name, end);
    write_hex(out, digest);
    out.extend_from_slice(b"  ");
    write_name(out, name, escaping);
    out.push(end.byte());
}

/// How digest and name are separated in a manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Style {
    /// There was no valid line yet.
    #[default]
    Undecided,
    /// One blank, then a space or `*`.
    Gnu,
    /// One blank.
    BsdReversed,
}

impl Style {
    /// The name in what follows the digest and one blank. `None` if it does not fit the style.
    fn name_in(self, rest: &[u8]) -> Option<(Self, &[u8])> {
        let marked = rest.len() > 1 && matches!(rest[0], b' ' | b'*');
        match (self, marked) {
            (Self::Undecided | Self::Gnu, true) => Some((Self::Gnu, &rest[1..])),
            (Self::Undecided | Self::BsdReversed, false) | (Self::BsdReversed, true) => Some((Self::BsdReversed, rest)),
            (Self::Gnu, false) => None,
        }
    }
}

/// Reads one line from its digest on. Without an algorithm the digest may have the length of any algorithm.
pub(super) fn parse<'a>(
    line: &'a [u8],
    escaping: Escaping,
    options: &ReadOptions,
    style: &mut Style,
) -> Option<Entry<'a>> {
    let digits = line.iter().take_while(|&&byte| options.digits.has(byte)).count();
    let digest = Claimed::untagged_in(options.digits, &line[..digits], options.asked.or(options.untagged))?;
    let (&blank, rest) = line[digits..].split_first()?;
    if !is_blank(blank) || rest.is_empty() {
        return None;
    }
    let (decided, written) = style.name_in(rest)?;
    // As in coreutils, a line decides even if its name then turns out to be invalid.
    *style = decided;
    Some(Entry { name: escaping.name(written)?, digest })
}

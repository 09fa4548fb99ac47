//! `HEX  NAME`: the lines of sha256sum and the related tools of GNU coreutils 9.x, and `HEX NAME`, the reversed form of
//! BSD.
//!
//! The first valid line of a manifest decides between the two, as in coreutils.

use super::entry::{Claimed, Entry};
use super::error::ReadOptions;
use super::format::Format;
use super::hint::Hint;
use super::names::{Escaping, LineEnd, NotRepresentable, begin_line, is_blank, write_hex, write_name};
use super::not_read::NotRead;

/// Appends one line.
pub fn write_line(out: &mut Vec<u8>, name: &[u8], digest: &[u8], end: LineEnd) {
    let escaping = begin_line(out, name, end);
    write_hex(out, digest);
    out.extend_from_slice(b"  ");
    write_name(out, name, escaping);
    out.push(end.byte());
}

/// Appends one line with one blank, as in the sidecar of an OCFL inventory.
///
/// # Errors
/// [`NotRepresentable`] for a name with a line end, or one that a reader would take for a marked one.
pub fn write_reversed_line(out: &mut Vec<u8>, name: &[u8], digest: &[u8]) -> Result<(), NotRepresentable> {
    let refuse = |why| Err(NotRepresentable { format: Format::OcflSidecar, why });
    if name.iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0)) {
        return refuse("holds a line end or NUL");
    }
    if name.is_empty() || name.starts_with(b" ") || name.starts_with(b"*") {
        return refuse("is empty or begins with a blank or a star");
    }
    write_hex(out, digest);
    out.push(b' ');
    out.extend_from_slice(name);
    out.push(b'\n');
    Ok(())
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

/// Reads one line from its digest on. Without a hint the digest may have the length of any algorithm.
pub(super) fn parse<'a>(
    line: &'a [u8],
    escaping: Escaping,
    options: &ReadOptions,
    style: &mut Style,
) -> Result<Entry<'a>, NotRead> {
    let digits = line.iter().take_while(|&&byte| options.digits.has(byte)).count();
    let hint = options.hint();
    let told = match hint {
        Some(Hint::Unsupported(_)) => None,
        Some(Hint::Algorithm(_) | Hint::Family(_)) | None => hint,
    };
    let digest = Claimed::untagged_in(options.digits, &line[..digits], told).ok_or(NotRead::Malformed)?;
    let (&blank, rest) = line[digits..].split_first().ok_or(NotRead::Malformed)?;
    if !is_blank(blank) || rest.is_empty() {
        return Err(NotRead::Malformed);
    }
    let (decided, written) = style.name_in(rest).ok_or(NotRead::Malformed)?;
    if let Some(Hint::Unsupported(name)) = hint {
        return Err(NotRead::Unsupported(name));
    }
    // As in coreutils, a line decides even if its name then turns out to be invalid.
    *style = decided;
    Ok(Entry { name: escaping.name(written).ok_or(NotRead::Malformed)?, digest })
}

//! Names in checksum lines: the escapes of GNU coreutils 9.x, which b3sum 1.8 also uses.
//!
//! In a name with a backslash, LF or CR these are written as `\\`, `\n` and `\r`, and the line begins with one `\`.
//! Every other byte stands for itself. In lines that end with NUL, nothing is escaped.

use std::borrow::Cow;

use super::Format;

/// What ends a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// LF; names are escaped.
    #[default]
    Newline,
    /// NUL; names are written as they are.
    Nul,
}

impl LineEnd {
    /// The byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Newline => b'\n',
            Self::Nul => 0,
        }
    }
}

/// A name that a format cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {format} format cannot carry a name that {why}")]
#[non_exhaustive]
pub struct NotRepresentable {
    /// The format.
    pub format: Format,
    /// What is wrong with the name, to follow "a name that".
    pub why: &'static str,
}

/// Whether the name contains a byte that GNU lines escape.
#[must_use]
pub fn needs_escape(name: &[u8]) -> bool {
    name.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r'))
}

/// Appends the name, escaped.
pub fn escape_into(out: &mut Vec<u8>, name: &[u8]) {
    for &byte in name {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            byte => out.push(byte),
        }
    }
}

/// Whether the name of a line is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escaping {
    /// The line begins with a backslash.
    Escaped,
    /// Every byte stands for itself.
    Literal,
}

impl Escaping {
    /// Removes the backslash at the front of a line that ends with LF.
    pub(super) fn strip(line: &[u8], end: LineEnd) -> (Self, &[u8]) {
        match (end, line.strip_prefix(b"\\")) {
            (LineEnd::Newline, Some(rest)) => (Self::Escaped, rest),
            (LineEnd::Newline, None) | (LineEnd::Nul, _) => (Self::Literal, line),
        }
    }

    /// The name, unescaped. `None` if an escape is not valid.
    pub(super) fn name(self, written: &[u8]) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Escaped if written.contains(&b'\\') => unescape(written).map(Cow::Owned),
            Self::Escaped | Self::Literal => Some(Cow::Borrowed(written)),
        }
    }
}

fn unescape(written: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(written.len());
    let mut bytes = written.iter();
    while let Some(&byte) = bytes.next() {
        name.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(name)
}

/// Starts a line, with a backslash if the name must be escaped.
pub(super) fn begin_line(out: &mut Vec<u8>, name: &[u8], end: LineEnd) -> Escaping {
    if end == LineEnd::Nul || !needs_escape(name) {
        return Escaping::Literal;
    }
    out.push(b'\\');
    Escaping::Escaped
}

/// Appends the name, escaped if its line is.
pub(super) fn write_name(out: &mut Vec<u8>, name: &[u8], escaping: Escaping) {
    match escaping {
        Escaping::Escaped => escape_into(out, name),
        Escaping::Literal => out.extend_from_slice(name),
    }
}

/// Appends bytes as lower-case hexadecimal digits.
pub(super) fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

/// Whether the byte is a blank in GNU lines: space or tab.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The line without one CR at its end.
pub(super) fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The bytes without leading blanks.
pub(super) fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|&&byte| is_blank(byte)).count();
    &bytes[blanks..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_escapes_are_refused() {
        for written in [&b"\\"[..], b"a\\", b"\\t", b"\\0", b"\\\\\\"] {
            assert_eq!(Escaping::Escaped.name(written), None, "{written:?}");
            assert_eq!(Escaping::Literal.name(written).as_deref(), Some(written));
        }
        assert_eq!(Escaping::Escaped.name(b"\\\\n\\n\\r").as_deref(), Some(&b"\\n\n\r"[..]));
    }
}

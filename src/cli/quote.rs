//! Quotes file names in messages as GNU coreutils 9.x does (shell-escape style, with colons quoted, too).
//!
//! Plain names stay unchanged. Names that a shell would interpret are quoted, and bytes that could harm a terminal
//! become `$'\n'` or `$'\377'`. The result can be pasted into a shell. Bytes above 127 are printed as they are if the
//! locale uses UTF-8 and they are valid UTF-8.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

/// Which characters the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// ASCII and valid UTF-8.
    Utf8,
    /// ASCII only.
    Ascii,
}

impl Charset {
    /// Taken from `LC_ALL`, `LC_CTYPE` or `LANG`, the first that is set.
    pub(super) fn of_environment() -> Self {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        match locale.contains(".utf-8") || locale.contains(".utf8") {
            true => Self::Utf8,
            false => Self::Ascii,
        }
    }
}

/// The name, quoted if necessary.
pub(super) fn quote(name: &[u8], charset: Charset) -> String {
    let pieces = pieces(name, charset);
    let lone_brace = matches!(name, b"{" | b"}");
    let special = |(index, piece): (usize, &Piece)| piece.is_special(index);
    if !name.is_empty() && !lone_brace && !pieces.iter().enumerate().any(special) {
        return pieces.iter().map(Piece::shown).collect();
    }
    let has_apostrophe = pieces.contains(&Piece::Char('\''));
    if has_apostrophe && pieces.iter().all(Piece::is_plain_in_double_quotes) {
        return format!("\"{}\"", pieces.iter().map(Piece::shown).collect::<String>());
    }
    in_single_quotes(&pieces)
}

/// A path, quoted for the locale of the environment.
pub(super) fn quoted(path: &OsStr) -> String {
    quote(path.as_bytes(), Charset::of_environment())
}

/// A character, or a byte that cannot be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Char(char),
    Byte(u8),
}

impl Piece {
    /// Whether a name with it at this index must be quoted.
    fn is_special(&self, index: usize) -> bool {
        match self {
            Self::Char('#' | '~') => index == 0,
            Self::Char(' ' | '\'' | ':') => true,
            piece => !piece.is_plain_in_double_quotes(),
        }
    }

    /// Whether it needs no escape between double quotes.
    fn is_plain_in_double_quotes(&self) -> bool {
        match self {
            Self::Char(char) => !"!\"$&()*;<=>?[\\^`|".contains(*char),
            Self::Byte(_) => false,
        }
    }

    /// The character. Never called for bytes.
    fn shown(&self) -> char {
        match *self {
            Self::Char(char) => char,
            Self::Byte(byte) => char::from(byte),
        }
    }
}

fn pieces(name: &[u8], charset: Charset) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for char in chunk.valid().chars() {
            let shown = !is_unprintable(char) && (charset == Charset::Utf8 || char.is_ascii());
            match shown {
                true => pieces.push(Piece::Char(char)),
                false => pieces.extend(char.encode_utf8(&mut [0; 4]).bytes().map(Piece::Byte)),
            }
        }
        pieces.extend(chunk.invalid().iter().copied().map(Piece::Byte));
    }
    pieces
}

/// Control characters, and the Unicode line and paragraph separators.
fn is_unprintable(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')
}

fn in_single_quotes(pieces: &[Piece]) -> String {
    let mut quoted = String::from("'");
    // coreutils scans a name with an apostrophe twice. If the first scan ended within an escape, the second one starts
    // as if within an escape. The output must be the same as that of coreutils.
    let mut in_escape = pieces.contains(&Piece::Char('\'')) && matches!(pieces.last(), Some(Piece::Byte(_)));
    for piece in pieces {
        match *piece {
            Piece::Byte(byte) => {
                if !in_escape {
                    quoted.push_str("'$'");
                }
                in_escape = true;
                push_escape(&mut quoted, byte);
            }
            Piece::Char('\'') => {
                quoted.push_str("'\\''");
                in_escape = false;
            }
            Piece::Char(char) => {
                if in_escape {
                    quoted.push_str("''");
                }
                in_escape = false;
                quoted.push(char);
            }
        }
    }
    quoted.push('\'');
    quoted
}

fn push_escape(quoted: &mut String, byte: u8) {
    let letter = match byte {
        0x07 => 'a',
        0x08 => 'b',
        b'\t' => 't',
        b'\n' => 'n',
        0x0b => 'v',
        0x0c => 'f',
        b'\r' => 'r',
        byte => {
            // Writing into a string never fails.
            let _ = write!(quoted, "\\{byte:03o}");
            return;
        }
    };
    quoted.extend(['\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_as_coreutils_quotes_them() {
        for (name, quoted) in [
            (&b"plain-1.2_@%+,/x"[..], "plain-1.2_@%+,/x"),
            (b"", "''"),
            (b"a b", "'a b'"),
            (b"a:b", "'a:b'"),
            (b"a'b", "\"a'b\""),
            (b"a'b$", "'a'\\''b$'"),
            (b"a\nb", "'a'$'\\n''b'"),
            (b"a\n", "'a'$'\\n'"),
            (b"\x01\xff", "''$'\\001\\377'"),
            (b"back\\slash", "'back\\slash'"),
            (b"#a", "'#a'"),
            (b"a#", "a#"),
            (b"{", "'{'"),
            (b"{a}", "{a}"),
            (b"it's\n", "'''it'\\''s'$'\\n'"),
            ("caf\u{e9}".as_bytes(), "caf\u{e9}"),
        ] {
            assert_eq!(quote(name, Charset::Utf8), quoted);
        }
        assert_eq!(quote("\u{e9}".as_bytes(), Charset::Ascii), "''$'\\303\\251'");
    }
}

//! A bracket expression of a glob: `[a-z]`, `[!abc]`, `[[:digit:]]`.
//!
//! As in git's `wildmatch.c`: `!` or `^` negates, a `]` in the first place and a `\` before any byte stand for
//! themselves, and no expression matches a `/`. What git would take for "matches nothing" is an error here.

/// The bytes that an expression matches.
struct ByteSet([bool; 256]);

/// A name between `[:` and `:]`, and what it stands for.
type Named = (&'static str, fn(&u8) -> bool);

/// The names between `[:` and `:]`, for ASCII as in the C locale.
const NAMED: [Named; 12] = [
    ("alnum", u8::is_ascii_alphanumeric),
    ("alpha", u8::is_ascii_alphabetic),
    ("blank", |byte| matches!(byte, b' ' | b'\t')),
    ("cntrl", u8::is_ascii_control),
    ("digit", u8::is_ascii_digit),
    ("graph", u8::is_ascii_graphic),
    ("lower", u8::is_ascii_lowercase),
    ("print", |byte| matches!(byte, b' '..=b'~')),
    ("punct", u8::is_ascii_punctuation),
    ("space", |byte| matches!(byte, b' ' | b'\t'..=b'\r')),
    ("upper", u8::is_ascii_uppercase),
    ("xdigit", u8::is_ascii_hexdigit),
];

/// Reads an expression; `text` begins after its `[`. Returns a regular expression for one byte, and how many bytes of
/// `text` were read, the `]` included.
pub(super) fn parse(text: &[u8]) -> Result<(String, usize), String> {
    let negated = matches!(text.first(), Some(b'!' | b'^'));
    let start = usize::from(negated);
    let mut set = ByteSet([false; 256]);
    let (mut at, mut before) = (start, None);
    loop {
        let byte = *text.get(at).ok_or("a [ has no ]")?;
        match byte {
            b']' if at > start => break,
            b'-' if before.is_some() && text.get(at + 1).is_some_and(|&next| next != b']') => {
                let (last, length) = literal(&text[at + 1..])?;
                set.add_range(before.take().unwrap_or_default(), last)?;
                at += 1 + length;
            }
            b'[' if text.get(at + 1) == Some(&b':') => {
                at += set.add_named(&text[at..])?;
                before = None;
            }
            _ => {
                let (byte, length) = literal(&text[at..])?;
                set.0[usize::from(byte)] = true;
                before = Some(byte);
                at += length;
            }
        }
    }
    if negated {
        set.0.iter_mut().for_each(|is_member| *is_member = !*is_member);
    }
    Ok((set.regex()?, at + 1))
}

/// One byte that stands for itself, and how many bytes it takes.
fn literal(text: &[u8]) -> Result<(u8, usize), String> {
    match text {
        [b'\\', byte, ..] => Ok((*byte, 2)),
        [b'/', ..] => Err("a / within [...] is not part of a name".to_owned()),
        [byte, ..] if *byte != b'\\' => Ok((*byte, 1)),
        _ => Err("a [ has no ]".to_owned()),
    }
}

impl ByteSet {
    fn add_range(&mut self, first: u8, last: u8) -> Result<(), String> {
        if first > last {
            return Err(format!("the range {}-{} is reversed", first.escape_ascii(), last.escape_ascii()));
        }
        self.0[usize::from(first)..=usize::from(last)].fill(true);
        Ok(())
    }

    /// Adds the bytes of `[:NAME:]`. Returns its length.
    fn add_named(&mut self, text: &[u8]) -> Result<usize, String> {
        let end = text.windows(2).position(|two| two == b":]").ok_or("a [: has no :]")?;
        let name = &text[2.min(end)..end];
        let (_, is_member) = NAMED
            .iter()
            .find(|(known, _)| known.as_bytes() == name)
            .ok_or_else(|| format!("there is no [:{}:]", name.escape_ascii()))?;
        (0..=255u8).filter(is_member).for_each(|byte| self.0[usize::from(byte)] = true);
        Ok(end + 2)
    }

    fn regex(mut self) -> Result<String, String> {
        self.0[usize::from(b'/')] = false;
        let mut regex = String::from("[");
        for byte in (0..=255u8).filter(|&byte| self.0[usize::from(byte)]) {
            regex += &format!(r"\x{byte:02x}");
        }
        if regex.len() == 1 {
            return Err("a [...] in it matches nothing".to_owned());
        }
        Ok(regex + "]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> String {
        let (regex, length) = parse(text.as_bytes()).unwrap();
        assert_eq!(length, text.len(), "{text}");
        let regex = regex::bytes::Regex::new(&format!("(?s-u)^{regex}$")).unwrap();
        (b' '..=b'~').filter(|&byte| regex.is_match(&[byte])).map(char::from).collect()
    }

    #[test]
    fn members_are_bytes_ranges_and_named_classes() {
        assert_eq!(members("abx]"), "abx");
        assert_eq!(members("c-ea]"), "acde");
        assert_eq!(members("[:digit:]f-]"), "-0123456789f");
        assert_eq!(members("[:xdigit:]]"), "0123456789ABCDEFabcdef");
        assert_eq!(members("]a]"), "]a");
        assert_eq!(members(r"\]\-\\]"), r"-\]");
        assert_eq!(members("a-]"), "-a");
        assert_eq!(members("--0]"), "-.0", "a slash is never matched");
        assert_eq!(members("!!-~]"), " ");
        assert_eq!(members("^ -|]"), "}~");
    }

    #[test]
    fn an_expression_that_matches_nothing_is_an_error() {
        for text in ["", "a", "!", "]", "!]", "a\\", "[:digit:]", "[:digits:]]", "[:]", "z-a]", "a/b]", "\\/]", ".-/]"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}

//! One glob, parsed as a line of `.gitignore` (`gitignore(5)`, `wildmatch.c`) into a regular expression over bytes.
//!
//! A `/` at the beginning or in the middle makes the glob relative to the start of the walk; otherwise it matches a
//! name at any depth. A `/` at its end makes it match directories only. `./` and `//` are read as the shortest path
//! that means the same. A glob that no path can match is an error: it would do nothing, and nobody would notice.

use super::class;

/// The longest name of a file, in bytes: `NAME_MAX` of Linux.
const MAX_NAME_BYTES: usize = 255;

/// What a glob is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The last component of a path.
    Name,
    /// The path relative to the start of the walk.
    Path,
}

/// A glob that can match.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Without anchors.
    pub(super) regex: String,
    pub(super) scope: Scope,
    pub(super) directories_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// A regular expression for one byte.
    OneOf(String),
    /// So many `*` in a row.
    Stars(usize),
    Slash,
}

impl Pattern {
    /// Parses a glob without alternatives in braces. The error says why it cannot match.
    pub(super) fn parse(glob: &str) -> Result<Self, String> {
        if glob.is_empty() {
            return Err("it is empty".to_owned());
        }
        if glob.starts_with('!') {
            return Err(r"globs are not negated: write \! for a name that begins with !".to_owned());
        }
        let tokens = tokens_of(glob.as_bytes())?;
        let components: Vec<&[Token]> = tokens.split(|token| *token == Token::Slash).collect();
        let is_unnamed = |component: &[Token]| matches!(component, [] | [Token::Byte(b'.')]);
        let starts_with_slash = components.len() > 1 && components.first().is_some_and(|first| first.is_empty());
        let directories_only = components.len() > 1 && components.last().is_some_and(|last| is_unnamed(last));
        let named: Vec<&[Token]> = components.into_iter().filter(|component| !is_unnamed(component)).collect();
        named.iter().try_for_each(|component| check(component))?;
        let scope = match named.len() {
            0 => return Err("it stands for the whole directory, not for anything in it".to_owned()),
            1 if !starts_with_slash => Scope::Name,
            _ => Scope::Path,
        };
        Ok(Self { regex: regex_of(&named), scope, directories_only })
    }
}

fn tokens_of(mut text: &[u8]) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::with_capacity(text.len());
    while let Some((&byte, rest)) = text.split_first() {
        text = rest;
        let token = match byte {
            0 => return Err("it holds a NUL byte, and no name does".to_owned()),
            b'/' => Token::Slash,
            b'?' => Token::OneOf("[^/]".to_owned()),
            b'*' => match tokens.pop() {
                Some(Token::Stars(stars)) => Token::Stars(stars + 1),
                before => {
                    tokens.extend(before);
                    Token::Stars(1)
                }
            },
            b'[' => {
                let (regex, length) = class::parse(text)?;
                text = &text[length..];
                Token::OneOf(regex)
            }
            b'\\' => {
                let (&escaped, rest) = text.split_first().ok_or("it ends with a backslash")?;
                text = rest;
                if escaped == b'/' { Token::Slash } else { Token::Byte(escaped) }
            }
            byte => Token::Byte(byte),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

/// Refuses a component that is never part of a path.
fn check(component: &[Token]) -> Result<(), String> {
    if *component == [Token::Byte(b'.'), Token::Byte(b'.')] {
        return Err("it leads up with .., and only what is below is walked".to_owned());
    }
    let bytes = component.iter().filter(|token| matches!(token, Token::Byte(_) | Token::OneOf(_))).count();
    if bytes > MAX_NAME_BYTES {
        return Err(format!("a name in it has more than {MAX_NAME_BYTES} bytes"));
    }
    Ok(())
}

fn regex_of(components: &[&[Token]]) -> String {
    let mut regex = String::new();
    for (index, component) in components.iter().enumerate() {
        let is_last = index + 1 == components.len();
        match (component, is_last) {
            ([Token::Stars(2..)], true) => regex += ".*",
            // No directory, or any number of them.
            ([Token::Stars(2..)], false) => regex += "(?:.*/)?",
            _ => {
                component.iter().for_each(|token| push_token(&mut regex, token));
                regex += if is_last { "" } else { "/" };
            }
        }
    }
    regex
}

fn push_token(regex: &mut String, token: &Token) {
    match token {
        Token::Byte(byte) => *regex += &format!(r"\x{byte:02x}"),
        Token::OneOf(one) => *regex += one,
        Token::Stars(_) => *regex += "[^/]*",
        Token::Slash => regex.push('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slashes_of_a_glob_decide_what_it_is_compared_with() {
        for (glob, scope, directories_only) in [
            ("a", Scope::Name, false),
            ("./a", Scope::Name, false),
            ("././/a", Scope::Name, false),
            ("a/", Scope::Name, true),
            ("a/.", Scope::Name, true),
            (r"a\/", Scope::Name, true),
            ("/a", Scope::Path, false),
            ("//a/", Scope::Path, true),
            ("a/b", Scope::Path, false),
            ("./a//b/./", Scope::Path, true),
            ("**", Scope::Name, false),
            ("/**", Scope::Path, false),
        ] {
            let pattern = Pattern::parse(glob).unwrap();
            assert_eq!((pattern.scope, pattern.directories_only), (scope, directories_only), "{glob}");
        }
        assert_eq!(Pattern::parse("./a//b"), Pattern::parse("a/b"));
    }

    #[test]
    fn a_glob_that_can_never_match_is_an_error_that_says_why() {
        let long = "x".repeat(256);
        for (glob, why) in [
            ("", "empty"),
            ("/", "whole directory"),
            (".", "whole directory"),
            ("./", "whole directory"),
            ("..", "leads up"),
            ("../a", "leads up"),
            ("a/../b", "leads up"),
            ("a/..", "leads up"),
            ("!a", "not negated"),
            ("a\\", "backslash"),
            ("a[", "no ]"),
            ("a[b/c]", "a / within"),
            ("a\0", "NUL"),
            (long.as_str(), "255"),
        ] {
            let error = Pattern::parse(glob).unwrap_err();
            assert!(error.contains(why), "{glob:?}: {error}");
        }
        for glob in ["...", "..a", r"\!a", "#a", "a b ", "*".repeat(300).as_str()] {
            assert!(Pattern::parse(glob).is_ok(), "{glob}");
        }
    }
}

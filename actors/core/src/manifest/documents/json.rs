//! Parts of JSON documents: lists and maps of bounded length, and what a document begins with.
//!
//! serde_json bounds the depth. A map keeps the order of its keys, and a key that stands twice is there twice.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{DocumentError, MAX_ENTRIES};

/// Reads a document.
///
/// # Errors
/// If it is not JSON of this shape.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, DocumentError> {
    serde_json::from_slice(text).map_err(|error| {
        let line = Some(error.line() as u64).filter(|&line| line > 0);
        let why = error.to_string();
        let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why);
        DocumentError { line, why: in_plain_words(why) }
    })
}

/// What serde says of a value of another type, in the words of JSON; any other text as it is.
fn in_plain_words(why: &str) -> String {
    if let Some(member) = why.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return format!("the member {member:?} is missing");
    }
    let value = why.strip_prefix("invalid type: ").or_else(|| why.strip_prefix("invalid value: "));
    let Some((found, expected)) = value.and_then(|rest| rest.split_once(", expected ")) else { return why.to_owned() };
    let found = match found.split_once(' ').map_or(found, |(kind, _)| kind) {
        "map" => "an object",
        "sequence" => "a list",
        "string" => "a text",
        "integer" | "floating" => "a number",
        "boolean" => "true or false",
        other => other,
    };
    let expected = match expected {
        "a map" => "an object",
        "a sequence" => "a list",
        "a string" | "a borrowed string" | "str" => "a text",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{found} stands where {expected} is needed")
}

/// A string, borrowed if it has no escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A list of at most [`MAX_ENTRIES`] elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List<T>(pub(super) Vec<T>);

/// A map of at most [`MAX_ENTRIES`] entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Map<'a, V>(pub(super) Vec<(Text<'a>, V)>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Default for Map<'_, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct Bounded<T>(PhantomData<T>);

fn room<E: Error>(entries: usize) -> Result<(), E> {
    match entries < MAX_ENTRIES {
        true => Ok(()),
        false => Err(E::custom(format_args!("more than {MAX_ENTRIES} entries"))),
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Bounded::<Self>(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<List<T>> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            room(list.len())?;
            list.push(element);
        }
        Ok(List(list))
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Map<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Bounded::<Self>(PhantomData))
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Visitor<'de> for Bounded<Map<'a, V>> {
    type Value = Map<'a, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map<'a, V>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            room(entries.len())?;
            entries.push(entry);
        }
        Ok(Map(entries))
    }
}

/// Whether a text begins with these tokens, white space between them left out. A token of one letter or more is a
/// string: `"..."`.
pub(super) fn begins_with(head: &[u8], tokens: &[&str]) -> bool {
    let mut rest = head;
    tokens.iter().all(|token| {
        rest = rest.trim_ascii_start();
        let found = rest.strip_prefix(token.as_bytes());
        rest = found.unwrap_or(rest);
        found.is_some()
    })
}

/// Whether a text has this key, with a colon after it, anywhere.
pub(super) fn has_key(head: &[u8], key: &str) -> bool {
    let quoted = format!("\"{key}\"");
    let mut rest = head;
    while let Some(at) = find(rest, quoted.as_bytes()) {
        rest = &rest[at + quoted.len()..];
        if rest.trim_ascii_start().starts_with(b":") {
            return true;
        }
    }
    false
}

/// Where a word begins.
pub(super) fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_a_million_is_read_and_one_more_is_refused() {
        let mut text = format!("[{}0]", "0,".repeat(MAX_ENTRIES - 1));
        assert_eq!(parse::<List<u8>>(text.as_bytes()).unwrap().0.len(), MAX_ENTRIES);
        text.insert_str(1, "0,");
        let error = parse::<List<u8>>(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 1: more than 1000000 entries");
    }

    #[test]
    fn a_map_of_a_million_is_read_and_one_more_is_refused() {
        let mut text = format!("{{{}\"\":0}}", "\"\":0,".repeat(MAX_ENTRIES - 1));
        assert_eq!(parse::<Map<'_, u8>>(text.as_bytes()).unwrap().0.len(), MAX_ENTRIES);
        text.insert_str(1, "\"\":0,");
        assert!(parse::<Map<'_, u8>>(text.as_bytes()).unwrap_err().why.contains("1000000"));
    }

    #[test]
    fn a_map_keeps_its_order_and_keys_that_stand_twice() {
        let map: Map<'_, u8> = parse(br#"{"b":1,"a\n":2,"b":3}"#).unwrap();
        let entries: Vec<_> = map.0.iter().map(|(key, value)| (&**key, *value)).collect();
        assert_eq!(entries, [("b", 1), ("a\n", 2), ("b", 3)]);
    }

    #[test]
    fn an_error_of_json_tells_its_line() {
        let error = parse::<List<u8>>(b"[1,\n2,\n-]").unwrap_err();
        assert_eq!((error.line, error.why.as_str()), (Some(3), "invalid number"));
        let deep = "[".repeat(100_000);
        assert!(parse::<serde_json::Value>(deep.as_bytes()).unwrap_err().why.contains("recursion limit"));
    }

    #[test]
    fn a_text_is_known_by_its_first_tokens_and_its_keys() {
        assert!(begins_with(b" { \"a\" :\n[", &["{", "\"a\"", ":", "["]));
        assert!(!begins_with(b"{\"ab\":[", &["{", "\"a\"", ":"]));
        assert!(has_key(b"{\"a\" : 1", "a"));
        assert!(has_key(b"{\"b\":\"a\",\"a\":1", "a"));
        assert!(!has_key(b"{\"b\":\"a\",", "a"));
    }
}

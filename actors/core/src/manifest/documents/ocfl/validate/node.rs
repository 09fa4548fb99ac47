//! A JSON value with all of its members: a validator wants to see those that are unknown, of another type, or there
//! twice.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor, value};

use super::fault::Faults;
use crate::manifest::documents::DocumentError;
use crate::manifest::documents::json::{self, List, Map, Text};

/// How many values an inventory may have. One of 64 MiB with SHA-512 has some two million.
const MAX_VALUES: usize = 4_000_000;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node<'a> {
    Object(Map<'a, Node<'a>>),
    List(List<Node<'a>>),
    String(Cow<'a, str>),
    /// A number, a truth value or null: the specification has none of them.
    Other,
}

/// Reads a document.
///
/// # Errors
/// If it is not JSON, or has more values than an inventory may have.
pub(super) fn parse(text: &[u8]) -> Result<Node<'_>, DocumentError> {
    // Each value but the first follows one of these; those in strings only make the estimate too high.
    let values = text.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MAX_VALUES {
        return Err(DocumentError::new(format!("more than {MAX_VALUES} values")));
    }
    json::parse(text)
}

impl<'a> Node<'a> {
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Object(_) | Self::List(_) | Self::Other => None,
        }
    }

    pub(super) const fn as_object(&self) -> Option<&Map<'a, Self>> {
        match self {
            Self::Object(members) => Some(members),
            Self::List(_) | Self::String(_) | Self::Other => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(&list.0),
            Self::Object(_) | Self::String(_) | Self::Other => None,
        }
    }
}

/// The member of an object.
pub(super) fn member<'n, 'a>(object: &'n Map<'a, Node<'a>>, key: &str) -> Option<&'n Node<'a>> {
    object.0.iter().find(|(name, _)| **name == *key).map(|(_, value)| value)
}

/// Whether this is a digest of so many bytes in hexadecimal digits of either case.
pub(super) fn is_hex(digits: &str, bytes: usize) -> bool {
    digits.len() == 2 * bytes && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode(Node::Other))
    }
}

struct AnyNode<'a>(Node<'a>);

impl<'de: 'a, 'a> Visitor<'de> for AnyNode<'a> {
    type Value = Node<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Node<'a>, A::Error> {
        Map::deserialize(value::MapAccessDeserializer::new(map)).map(Node::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Node<'a>, A::Error> {
        List::deserialize(value::SeqAccessDeserializer::new(seq)).map(Node::List)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'a>, E> {
        Ok(Node::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'a>, E> {
        Ok(Node::String(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node<'a>, E> {
        Ok(self.0)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node<'a>, E> {
        Ok(self.0)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node<'a>, E> {
        Ok(self.0)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node<'a>, E> {
        Ok(self.0)
    }

    fn visit_unit<E>(self) -> Result<Node<'a>, E> {
        Ok(self.0)
    }
}

/// A key, for messages and lookups.
pub(super) fn key<'n>(text: &'n Text<'_>) -> &'n str {
    text
}

/// Keys that the specification does not have.
pub(super) fn known_keys(members: &Map<'_, Node<'_>>, known: &[&str], of: &str, faults: &mut Faults) {
    for (name, _) in members.0.iter().filter(|(name, _)| !known.contains(&key(name))) {
        faults.add("E102", format!("{of} has the unknown key {:?}", key(name)));
    }
}

/// Whether a text begins with a scheme (RFC 3986, section 3.1).
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_first = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_other = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    is_first && scheme.bytes().all(is_other) && !rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_are_kept_and_scalars_are_other() {
        let Ok(Node::Object(members)) = parse(br#"{"a":[1,-1,1.5,true,null,"x","y\n"],"a":{}}"#) else { panic!() };
        assert_eq!(members.0.len(), 2);
        let list = member(&members, "a").unwrap().as_list().unwrap();
        assert_eq!(list.iter().filter(|node| **node == Node::Other).count(), 5);
        assert_eq!((list[5].as_str(), list[6].as_str()), (Some("x"), Some("y\n")));
        assert!(member(&members, "b").is_none());
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let row = format!("[{}0]", "0,".repeat(999_999));
        let text = |rows: usize| format!("[{}[]]", format!("{row},").repeat(rows));
        assert!(parse(text(3).as_bytes()).is_ok());
        let error = parse(text(4).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "more than 4000000 values");
    }
}

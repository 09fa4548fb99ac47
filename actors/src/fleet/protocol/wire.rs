//! The form of a message: two bytes that say that it is ours, the version, and the content in postcard.
//!
//! The version is the one in which this form has come, so that programs of the version before can read what they know.
//!
//! A message is decoded whole or not at all. Its content is read by the type that the subject calls for, so nothing in
//! the bytes chooses what is built. Allocations are bounded by the length of the message.

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first two bytes of every message.
const MAGIC: [u8; 2] = *b"hs";

/// The longest message: half of what a NATS server takes unless it is told otherwise (`max_payload`, 1 MiB).
pub(crate) const MAX_MESSAGE_BYTES: usize = 512 << 10;

/// The versions of the protocol that one program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Versions {
    pub(crate) oldest: u8,
    pub(crate) newest: u8,
}

impl Versions {
    /// Those of this program: the second has parts of files.
    pub(crate) const OURS: Self = Self::up_to(2);

    /// The newest version, and the one before it if there is one.
    pub(crate) const fn up_to(newest: u8) -> Self {
        Self { oldest: if newest > 1 { newest - 1 } else { newest }, newest }
    }

    /// Whether this version is one of them.
    pub(crate) const fn have(self, version: u8) -> bool {
        self.oldest <= version && version <= self.newest
    }

    /// The newest version that both speak.
    pub(crate) fn common(self, other: Self) -> Option<u8> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest)
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.oldest == self.newest {
            true => write!(f, "{}", self.newest),
            false => write!(f, "{} to {}", self.oldest, self.newest),
        }
    }
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("it is longer than {MAX_MESSAGE_BYTES} bytes")]
    TooLong,
    #[error("it does not begin as a message of a fleet")]
    NotOurs,
    #[error("it is of version {0} of the protocol, and this program speaks {ours}", ours = Versions::OURS)]
    Version(u8),
    #[error("its content cannot be read")]
    Content,
    #[error("{0}")]
    Rule(&'static str),
}

/// What travels between a coordinator and its nodes.
pub(crate) trait Message: Serialize + DeserializeOwned {
    /// The version of the protocol that its form has come with.
    const VERSION: u8 = 1;

    /// Checks what the types do not: bounds, names, and that indices point at something.
    fn check(&self) -> Result<(), Malformed>;
}

/// The bytes of a message.
///
/// # Errors
/// [`Malformed::TooLong`]; the sender bounds what it puts into a message.
pub(crate) fn encode<M: Message>(message: &M) -> Result<Bytes, Malformed> {
    let mut head = Vec::with_capacity(256);
    head.extend_from_slice(&MAGIC);
    head.push(M::VERSION);
    let bytes = postcard::to_extend(message, head).map_err(|_| Malformed::Content)?;
    if bytes.len() > MAX_MESSAGE_BYTES { Err(Malformed::TooLong) } else { Ok(bytes.into()) }
}

/// Whether the bytes are a message of the form that this type has.
pub(crate) fn is_of_version<M: Message>(bytes: &[u8]) -> bool {
    bytes.get(MAGIC.len()) == Some(&M::VERSION)
}

/// The message that the bytes are.
///
/// # Errors
/// Why they are none.
pub(crate) fn decode<M: Message>(bytes: &[u8]) -> Result<M, Malformed> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(Malformed::TooLong);
    }
    let (version, content) = match bytes {
        [first, second, version, content @ ..] if [*first, *second] == MAGIC => (*version, content),
        _ => return Err(Malformed::NotOurs),
    };
    if !Versions::OURS.have(version) {
        return Err(Malformed::Version(version));
    }
    if version != M::VERSION {
        return Err(Malformed::Content);
    }
    let (message, left): (M, _) = postcard::take_from_bytes(content).map_err(|_| Malformed::Content)?;
    if !left.is_empty() {
        return Err(Malformed::Content);
    }
    message.check()?;
    Ok(message)
}

/// Bytes that travel as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BlobVisitor)
    }
}

struct BlobVisitor;

impl Visitor<'_> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(Blob(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note(Blob);

    impl Message for Note {
        fn check(&self) -> Result<(), Malformed> {
            if self.0.0 == b"bad" { Err(Malformed::Rule("it is bad")) } else { Ok(()) }
        }
    }

    #[test]
    fn a_message_comes_back_as_it_was_and_anything_else_says_why_not() {
        let note = Note(Blob(b"text".to_vec()));
        let bytes = encode(&note).unwrap().to_vec();
        assert_eq!(decode::<Note>(&bytes), Ok(note));
        let with = |at: usize, byte| {
            let mut changed = bytes.clone();
            changed[at] = byte;
            decode::<Note>(&changed)
        };
        assert_eq!(with(0, b'x'), Err(Malformed::NotOurs));
        assert_eq!(with(2, 9), Err(Malformed::Version(9)));
        assert_eq!(with(3, 200), Err(Malformed::Content), "it promises more than there is");
        assert_eq!(decode::<Note>(&[&bytes[..], b"x"].concat()), Err(Malformed::Content), "something is left over");
        assert_eq!(decode::<Note>(&encode(&Note(Blob(b"bad".to_vec()))).unwrap()), Err(Malformed::Rule("it is bad")));
        assert_eq!(decode::<Note>(b""), Err(Malformed::NotOurs));
    }

    #[test]
    fn nothing_longer_than_the_bound_is_sent_or_read() {
        let note = |length| Note(Blob(vec![7; length]));
        // Three bytes before the content, and three for its length.
        assert_eq!(encode(&note(MAX_MESSAGE_BYTES - 6)).unwrap().len(), MAX_MESSAGE_BYTES);
        assert_eq!(encode(&note(MAX_MESSAGE_BYTES - 5)), Err(Malformed::TooLong));
        assert_eq!(decode::<Note>(&vec![b'h'; MAX_MESSAGE_BYTES + 1]), Err(Malformed::TooLong));
    }

    #[test]
    fn a_program_speaks_its_newest_version_and_the_one_before() {
        let [one, two, three] = [1, 2, 3].map(Versions::up_to);
        assert_eq!(one.common(one), Some(1));
        assert_eq!((two.common(one), one.common(two)), (Some(1), Some(1)));
        assert_eq!((three.common(two), two.common(three)), (Some(2), Some(2)));
        assert_eq!((three.common(one), one.common(three)), (None, None));
        assert_eq!((one.to_string(), three.to_string()), ("1".to_owned(), "2 to 3".to_owned()));
    }
}

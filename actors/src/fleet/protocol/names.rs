//! Names of fleets, nodes and roots, and how roots are called in subjects.
//!
//! The name of a node stands in subjects, so that a NATS user can be allowed those of one node alone. The name of a
//! root never does: subjects have a short digest of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name of a fleet or of a node.
const MAX_NAME_BYTES: usize = 64;

/// The longest name of a root.
const MAX_ROOT_NAME_BYTES: usize = 255;

/// Bytes of a digest of a root's name in subjects: 2 x 8 digits.
const ROOT_ID_BYTES: usize = 8;

/// The name of a node: 1 to 64 letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct NodeName(String);

/// A name that a node cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be the name of a node or of a fleet: it has 1 to 64 letters, digits, - and _")]
pub(crate) struct NameInvalid(pub(crate) String);

/// Whether a fleet can have this name.
pub(crate) fn is_fleet_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_part)
}

/// Whether a root of a node can have this name. `@` stands between the names of a root and of its node.
pub(crate) fn is_root_name(name: &str) -> bool {
    (1..=MAX_ROOT_NAME_BYTES).contains(&name.len()) && !name.contains(['/', '@']) && !name.chars().any(char::is_control)
}

impl NodeName {
    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = NameInvalid;

    fn from_str(name: &str) -> Result<Self, NameInvalid> {
        if is_fleet_name(name) { Ok(Self(name.to_owned())) } else { Err(NameInvalid(name.to_owned())) }
    }
}

impl TryFrom<String> for NodeName {
    type Error = NameInvalid;

    fn try_from(name: String) -> Result<Self, NameInvalid> {
        name.parse()
    }
}

impl From<NodeName> for String {
    fn from(name: NodeName) -> Self {
        name.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a root is called in subjects and in the names of consumers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RootId([u8; ROOT_ID_BYTES]);

/// The root of one node, or, without a node, of a pool.
pub(crate) fn root_id(root: &str, node: Option<&NodeName>) -> RootId {
    let mut hasher = blake3::Hasher::new();
    match node {
        Some(node) => hasher.update(b"node\0").update(node.as_str().as_bytes()),
        None => hasher.update(b"pool"),
    };
    hasher.update(b"\0").update(root.as_bytes());
    let digest = hasher.finalize();
    RootId(*digest.as_bytes().first_chunk().expect("a BLAKE3 digest has 32 bytes"))
}

impl fmt::Display for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_node_is_one_token_of_a_subject() {
        for name in ["n", "node-1", "NAS_2", &"x".repeat(64)] {
            assert_eq!(name.parse::<NodeName>().unwrap().as_str(), name);
        }
        for name in ["", "a.b", "*", ">", "a b", "\u{e4}", "a\n", &"x".repeat(65)] {
            assert!(name.parse::<NodeName>().is_err(), "{name:?}");
            assert!(serde_json::from_value::<NodeName>(name.into()).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_root_keeps_its_id_and_differs_from_those_of_other_nodes_and_of_pools() {
        let node = |name: &str| name.parse::<NodeName>().unwrap();
        let ids = [
            root_id("photos", Some(&node("a"))),
            root_id("photos", Some(&node("b"))),
            root_id("photos", None),
            root_id("music", None),
        ];
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[at + 1..].contains(id));
            assert!(id.to_string().len() == 16 && id.to_string().bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        assert_eq!(root_id("photos", None), ids[2]);
    }

    #[test]
    fn a_root_s_name_fits_into_a_url_and_before_the_name_of_a_node() {
        assert!(is_root_name("Photos 2024") && is_root_name("caf\u{e9}"));
        for name in ["", "a/b", "a@b", "a\nb", &"x".repeat(256)] {
            assert!(!is_root_name(name), "{name:?}");
        }
    }
}

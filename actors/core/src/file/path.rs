//! Paths that a request may contain: bytes, relative, without `..`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path that a request may not contain; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path {0}")]
#[non_exhaustive]
pub struct PathInvalid(pub &'static str);

/// The longest path in a request, in bytes. Trees may contain longer ones: a walk finds them, but a request cannot name
/// them.
const MAX_PATH_BYTES: usize = 4096;

/// A path relative to a root: components separated by single `/`, none of them empty, `.` or `..`, without NUL. The
/// empty path is the root itself.
///
/// ```
/// use hivesum_core::RelPath;
///
/// let path = RelPath::new("photos/2024/a.jpg")?;
/// assert_eq!(path.file_name(), b"a.jpg");
/// for refused in ["/etc/passwd", "../a", "a//b", "./a"] {
///     assert!(RelPath::new(refused).is_err());
/// }
/// # Ok::<(), hivesum_core::file::PathInvalid>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelPath(Vec<u8>);

impl RelPath {
    /// Checks the bytes, which are taken literally: nothing is decoded.
    ///
    /// # Errors
    /// The rule that the path violates.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, PathInvalid> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Ok(Self(bytes));
        }
        if bytes.len() > MAX_PATH_BYTES {
            return Err(PathInvalid("is longer than 4096 bytes"));
        }
        if bytes.contains(&0) {
            return Err(PathInvalid("contains a NUL byte"));
        }
        if bytes.starts_with(b"/") {
            return Err(PathInvalid("is absolute: name it relative to its root"));
        }
        for component in bytes.split(|&byte| byte == b'/') {
            match component {
                b"" => return Err(PathInvalid("has an empty component")),
                b"." | b".." => return Err(PathInvalid("has a `.` or `..` component")),
                component if component.len() > 255 => return Err(PathInvalid("has a component over 255 bytes")),
                _ => {}
            }
        }
        Ok(Self(bytes))
    }

    /// The bytes; empty for the root itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the root itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last component; empty for the root itself.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
    }
}

/// As JSON a path is the member `path`, and also `path_b64` if the former is not the exact bytes. To be flattened into
/// the object that it belongs to.
#[derive(Serialize, Deserialize)]
struct Members {
    #[serde(default)]
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
}

impl Serialize for RelPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let path = String::from_utf8_lossy(&self.0).into_owned();
        let exact = path.as_bytes() == self.0;
        Members { path, path_b64: (!exact).then(|| STANDARD.encode(&self.0)) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Members::deserialize(deserializer)?;
        let bytes = match members.path_b64 {
            None => members.path.into_bytes(),
            Some(exact) => STANDARD.decode(exact).map_err(serde::de::Error::custom)?,
        };
        Self::new(bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_taken_literally() {
        for path in ["", "a", "a/b", "a b/%2e%2e/..c", "-rf", "\\", "a/\n"] {
            assert_eq!(RelPath::new(path).unwrap().as_bytes(), path.as_bytes());
        }
    }

    #[test]
    fn paths_that_lead_up_or_out_are_refused() {
        for path in ["/", "/etc", "..", "a/..", "../a", "a/../b", ".", "./a", "a//b", "a/", "a\0b"] {
            assert!(RelPath::new(path).is_err(), "{path:?} was accepted");
        }
        assert!(RelPath::new("x".repeat(256)).is_err());
        assert!(RelPath::new(vec![b'a'; 5000]).is_err());
    }

    #[test]
    fn every_path_survives_json() {
        for path in [&b"a/b"[..], b"caf\xe9", b"", b"\xff\xfe/x"] {
            let path = RelPath::new(path).unwrap();
            let json = serde_json::to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<RelPath>(&json).unwrap(), path);
        }
    }

    mod laws {
        use proptest::prelude::*;

        use super::*;

        /// The contract about paths, written independently of `new`.
        fn is_good(bytes: &[u8]) -> bool {
            let components: Vec<_> = bytes.split(|&byte| byte == b'/').collect();
            let bad = |component: &&[u8]| [&b""[..], b".", b".."].contains(component) || component.len() > 255;
            bytes.is_empty() || (bytes.len() <= 4096 && !bytes.contains(&0) && !components.iter().any(bad))
        }

        fn bytes() -> impl Strategy<Value = Vec<u8>> {
            let byte = prop_oneof![Just(b'/'), Just(b'.'), Just(0), any::<u8>()];
            prop_oneof![
                prop::collection::vec(byte, 0..20),
                (0..600_usize, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
            ]
        }

        proptest! {
            #[test]
            fn any_bytes_are_accepted_or_refused_as_the_contract_says(bytes in bytes()) {
                let taken = RelPath::new(bytes.clone());
                prop_assert_eq!(taken.is_ok(), is_good(&bytes));
                if let Ok(path) = taken {
                    prop_assert_eq!(path.as_bytes(), &bytes[..]);
                    prop_assert!(bytes.ends_with(path.file_name()));
                    let json = serde_json::to_string(&path).unwrap();
                    prop_assert_eq!(serde_json::from_str::<RelPath>(&json).unwrap(), path);
                }
            }

            #[test]
            fn json_of_any_bytes_is_a_good_path_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
                if let Ok(path) = serde_json::from_slice::<RelPath>(&bytes) {
                    prop_assert!(is_good(path.as_bytes()));
                }
            }
        }
    }
}

//! A spelling as JSON, kept with a job: `{"separator": "slash", "taken_off": "rotmnt/"}`, with `taken_off_b64` where that
//! is not UTF-8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Separator, Spelling};
use crate::result::serialize_name;

impl Serialize for Spelling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("separator", &self.separator)?;
        serialize_name(&mut map, "taken_off", "taken_off_b64", &self.taken_off)?;
        map.end()
    }
}

#[derive(Deserialize)]
struct Members {
    separator: Separator,
    taken_off: String,
    #[serde(default)]
    taken_off_b64: Option<String>,
}

impl<'de> Deserialize<'de> for Spelling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Members { separator, taken_off, taken_off_b64 } = Members::deserialize(deserializer)?;
        let exact = taken_off_b64.map(|exact| STANDARD.decode(exact)).transpose();
        let taken_off = exact.map_err(D::Error::custom)?.unwrap_or_else(|| taken_off.into_bytes());
        Ok(Self { separator, taken_off })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spelling_is_read_back_byte_for_byte() {
        for (taken_off, json) in [
            (&b"a/"[..], "{\"separator\":\"backslash\",\"taken_off\":\"a/\"}"),
            (b"\xe9/", "{\"separator\":\"backslash\",\"taken_off\":\"\u{fffd}/\",\"taken_off_b64\":\"6S8=\"}"),
        ] {
            let spelling = Spelling { separator: Separator::Backslash, taken_off: taken_off.to_vec() };
            assert_eq!(serde_json::to_string(&spelling).unwrap(), json);
            assert_eq!(serde_json::from_str::<Spelling>(json).unwrap(), spelling);
        }
    }
}

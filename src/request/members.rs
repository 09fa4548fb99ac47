//! The members of a JSON object, taken one by one: a wrong one is named by a JSON pointer, and unknown ones are refused.
//!
//! A member that is left out is told from one that is null, as a merge patch (RFC 7396) needs it.

use std::num::NonZeroU64;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::number::positive;
use crate::error::ApiError;

/// The members that were not taken yet.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Members(Map<String, Value>);

/// A positive whole number, in every form that JSON Schema takes for one, or null.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(bound = "T: TryFrom<NonZeroU64>")]
pub(crate) struct Positive<T>(#[serde(deserialize_with = "positive")] pub(crate) Option<T>);

impl Members {
    /// Takes a member. `None` if it is left out.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(value) = self.0.shift_remove(name) else { return Ok(None) };
        let read = serde_json::from_value(value);
        read.map(Some).map_err(|error| ApiError::invalid(format!("`{name}`: {error}")).at(name))
    }

    /// Takes a member that must be there.
    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ApiError> {
        self.take(name)?.ok_or_else(|| ApiError::invalid(format!("`{name}` is missing")).at(name))
    }

    /// Whether a member is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Refuses members that were not taken.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.0.keys().next() {
            Some(name) => Err(ApiError::invalid(format!("{name:?} is no member of this body")).at(name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn members(json: &str) -> Members {
        serde_json::from_str(json).unwrap()
    }

    fn pointer(error: ApiError) -> String {
        let ApiError::AtMember { pointer, .. } = error else { panic!("{error:?}") };
        pointer
    }

    #[test]
    fn a_member_is_there_null_or_left_out() {
        let mut all = members(r#"{"a":3.0,"b":null}"#);
        let mut taken = |name| all.take::<Positive<NonZeroU16>>(name).unwrap().map(|Positive(number)| number);
        assert_eq!((taken("a"), taken("b"), taken("c")), (Some(NonZeroU16::new(3)), Some(None), None));
        all.finish().unwrap();
    }

    #[test]
    fn wrong_missing_and_unknown_members_are_named() {
        let mut all = members(r#"{"a":0,"b":1}"#);
        assert_eq!(pointer(all.take::<Positive<NonZeroU16>>("a").unwrap_err()), "/a");
        assert_eq!(pointer(all.required::<String>("c").unwrap_err()), "/c");
        assert_eq!(pointer(all.finish().unwrap_err()), "/b");
    }
}

//! What a comparison says of a file, and how often it says what.

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

/// What became of a file from one time to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, VariantArray, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Change {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// Its content is another.
    Modified,
    /// It has another name.
    Moved,
    /// Its content is another, and nothing tells of a write.
    SuspectedRot,
    /// It could not be read at one of the two times.
    Unreadable,
}

impl Change {
    /// Every change.
    pub const ALL: [Self; 6] = crate::variants();

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The change of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.name() == name)
    }
}

/// How many files changed in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// They were not there.
    pub added: u64,
    /// They are not there any more.
    pub removed: u64,
    /// Of other content.
    pub modified: u64,
    /// Under another name.
    pub moved: u64,
    /// Of other content without a write.
    pub suspected_rot: u64,
    /// The same under the same name.
    pub unchanged: u64,
    /// Not readable at one of the two times; left out where there is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub unreadable: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Whether nothing differs.
    #[must_use]
    pub fn all_unchanged(&self) -> bool {
        *self == Self { unchanged: self.unchanged, ..Self::default() }
    }

    pub(super) fn of(&mut self, change: Change) -> &mut u64 {
        match change {
            Change::Added => &mut self.added,
            Change::Removed => &mut self.removed,
            Change::Modified => &mut self.modified,
            Change::Moved => &mut self.moved,
            Change::SuspectedRot => &mut self.suspected_rot,
            Change::Unreadable => &mut self.unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_api_and_of_the_serde_form() {
        assert_eq!(Change::ALL.map(Change::name).join(" "), "added removed modified moved suspected_rot unreadable");
        for change in Change::ALL {
            assert_eq!(serde_json::to_value(change).unwrap(), change.name());
            assert_eq!(Change::from_name(change.name()), Some(change));
        }
    }
}

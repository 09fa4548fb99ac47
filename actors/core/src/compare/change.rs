//! How a file changed between two times, and how many files changed in which way.

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use crate::result::Verdict;

/// How a file changed between two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, VariantArray, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Change {
    /// It did not exist.
    Added,
    /// It no longer exists.
    Removed,
    /// Its content differs.
    Modified,
    /// It has another name.
    Moved,
    /// Its content differs, and its metadata shows no write.
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

    /// The change with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.name() == name)
    }

    /// The members of a difference for the path that the content of the file was recorded at: readable, and the exact
    /// bytes.
    #[must_use]
    pub const fn source_members(self) -> [&'static str; 2] {
        match self {
            Self::Moved => Verdict::Moved.source_members(),
            Self::Added => Verdict::New.source_members(),
            Self::Modified | Self::SuspectedRot | Self::Removed | Self::Unreadable => {
                Verdict::Modified.source_members()
            }
        }
    }
}

/// How many files changed in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Files that did not exist.
    pub added: u64,
    /// Files that no longer exist.
    pub removed: u64,
    /// Files whose content differs.
    pub modified: u64,
    /// Files under another name.
    pub moved: u64,
    /// Files whose content differs without a write.
    pub suspected_rot: u64,
    /// Files with the same content and name.
    pub unchanged: u64,
    /// Files that could not be read at one of the two times. As JSON it is left out if it is 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub unreadable: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Whether no file changed.
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

//! The verdict of an audit on a file, and how many files have which verdict.

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

/// What happened to one file since its digests were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, VariantArray, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Verdict {
    /// Its content matches.
    Matched = 1,
    /// Its content differs.
    Modified = 2,
    /// It has the content of a missing file, under a new name.
    Moved = 3,
    /// It is recorded and does not exist.
    Missing = 4,
    /// It exists and is not recorded.
    New = 5,
    /// It cannot be read, so its content is unknown.
    Unreadable = 6,
    /// Its content differs, and its metadata shows no write.
    SuspectedRot = 7,
}

impl Verdict {
    /// Every verdict, in the order of their numbers.
    pub const ALL: [Self; 7] = crate::variants();

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The verdict with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// The members of an item for the path that the content of the file was recorded at: readable, and the exact bytes.
    #[must_use]
    pub const fn source_members(self) -> [&'static str; 2] {
        match self {
            Self::Moved => ["moved_from", "moved_from_b64"],
            Self::New => ["copied_from", "copied_from_b64"],
            Self::Modified | Self::SuspectedRot | Self::Matched | Self::Missing | Self::Unreadable => {
                ["content_from", "content_from_b64"]
            }
        }
    }
}

/// How many files have which verdict. Moved files are not among the new ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct AuditCounts {
    /// Files whose content matches.
    pub matched: u64,
    /// Files whose content differs, apart from those suspected of rot.
    pub modified: u64,
    /// Files under another name.
    pub moved: u64,
    /// Files that do not exist.
    pub missing: u64,
    /// Files that are not recorded.
    pub new: u64,
    /// Files that cannot be read.
    pub unreadable: u64,
    /// Files whose content differs although their metadata shows no write. Only a manifest with the change time of
    /// its files can show it; others count such files as modified. As JSON left out if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub suspected_rot: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl AuditCounts {
    /// Whether there was at least one entry, all entries matched, and there were no other files.
    #[must_use]
    pub fn all_matched(&self) -> bool {
        *self == Self { matched: self.matched, ..Self::default() } && self.matched > 0
    }

    /// Counts one more file.
    pub fn count(&mut self, verdict: Verdict) {
        *self.of(verdict) += 1;
    }

    fn of(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::Matched => &mut self.matched,
            Verdict::Modified => &mut self.modified,
            Verdict::SuspectedRot => &mut self.suspected_rot,
            Verdict::Moved => &mut self.moved,
            Verdict::Missing => &mut self.missing,
            Verdict::New => &mut self.new,
            Verdict::Unreadable => &mut self.unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_api_and_of_the_serde_form() {
        let names = "matched modified moved missing new unreadable suspected_rot";
        assert_eq!(Verdict::ALL.map(Verdict::name).join(" "), names);
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
            assert_eq!(Verdict::from_name(verdict.name()), Some(verdict));
        }
        assert_eq!(Verdict::from_name("Matched"), None);
    }
}

//! What an audit says of a file, and how often it says what.

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

/// What became of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, VariantArray, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Verdict {
    /// It is what it should be.
    Matched = 1,
    /// Its content is another.
    Modified = 2,
    /// The content of a missing file, under a new name.
    Moved = 3,
    /// It should be there and is not.
    Missing = 4,
    /// Nobody said that it should be there.
    New = 5,
    /// It cannot be read, so nobody knows.
    Unreadable = 6,
    /// Its content is another, and nothing tells of a write.
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

    /// The verdict of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// How many files came to which verdict. Suspected rot counts as modified; a manifest cannot show it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct AuditCounts {
    /// What they should be.
    pub matched: u64,
    /// Of other content.
    pub modified: u64,
    /// Under another name.
    pub moved: u64,
    /// Not there.
    pub missing: u64,
    /// Not listed.
    pub new: u64,
    /// Not readable.
    pub unreadable: u64,
}

impl AuditCounts {
    /// Whether every entry matched and there was nothing else, and there was an entry at all.
    #[must_use]
    pub fn all_matched(&self) -> bool {
        *self == Self { matched: self.matched, ..Self::default() } && self.matched > 0
    }

    pub(crate) fn of(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::Matched => &mut self.matched,
            Verdict::Modified | Verdict::SuspectedRot => &mut self.modified,
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

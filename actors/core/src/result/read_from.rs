//! Where the bytes of a file came from when it was read: its device, or the memory of the kernel.
//!
//! A byte that has changed on the device stays unseen while the page cache holds the old one. Only where it was asked
//! for is it known; `file/device` decides.

/// Where the bytes came from that a digest was made of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReadFrom {
    /// All of them came from the device during this read: as many bytes as the file system has stored there. Holes and
    /// extents that were never written to count, for there is nothing to read.
    Device,
    /// At least some may have come from the kernel's page cache: fewer bytes than that came from the device, or pages
    /// stayed in memory. Damage on the device may be hidden.
    Cache,
    /// It cannot be told: the file has no device (tmpfs), is served by a program or another machine (FUSE, network),
    /// or is stored among the metadata of the file system.
    Unknown,
}

impl ReadFrom {
    /// All of them.
    pub const ALL: [Self; 3] = crate::variants();

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The one of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The same of a part that was read after others; `None` as long as nothing was asked for.
    #[must_use]
    pub fn joined(before: Option<Self>, part: Option<Self>) -> Option<Self> {
        before.zip(part).map(|(before, part)| before.and(part)).or(before).or(part)
    }

    /// Of bytes that were read in two parts: what holds for both. One part from the cache makes the whole doubtful.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Cache, _) | (_, Self::Cache) => Self::Cache,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Device, Self::Device) => Self::Device,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReadFrom::{Cache, Device, Unknown};

    #[test]
    fn the_names_are_those_of_the_api_and_of_the_serde_form() {
        assert_eq!(ReadFrom::ALL.map(ReadFrom::name), ["device", "cache", "unknown"]);
        for one in ReadFrom::ALL {
            assert_eq!(
                (ReadFrom::from_name(one.name()), serde_json::to_value(one).unwrap()),
                (Some(one), one.name().into())
            );
        }
        assert_eq!(ReadFrom::from_name("disk"), None);
    }

    #[test]
    fn a_file_is_from_the_device_only_if_every_part_of_it_is() {
        let wholes = [[Device, Device], [Device, Unknown], [Unknown, Cache], [Cache, Device]];
        assert_eq!(wholes.map(|[one, other]| one.and(other)), [Device, Unknown, Cache, Cache]);
        assert_eq!(wholes.map(|[one, other]| other.and(one)), [Device, Unknown, Cache, Cache]);
    }
}

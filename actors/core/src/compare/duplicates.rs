//! Files with the same content, and how many bytes could be freed by keeping only one of them.
//!
//! Names of one inode are one copy: removing one of them frees nothing. Duplicates are only reported; hivesum never
//! deletes a file.

use crate::digest::{Algorithm, Algorithms};
use crate::result::FileIdentity;

/// How many bytes of a digest are compared: SHA-512 cut to 256 bits is as good as SHA-512/256.
const KEY_BYTES: usize = 32;

/// One name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copy {
    size: u64,
    key: [u8; KEY_BYTES],
    identity: FileIdentity,
    /// The caller's index of this name, in walk order.
    index: u64,
    /// Whether a group is wanted for this name.
    is_sought: bool,
}

impl Copy {
    /// A name of a file with this digest.
    #[must_use]
    pub fn new(index: u64, size: u64, digest: &[u8], identity: FileIdentity) -> Self {
        let mut key = [0; KEY_BYTES];
        let len = digest.len().min(KEY_BYTES);
        key[..len].copy_from_slice(&digest[..len]);
        Self { size, key, identity, index, is_sought: true }
    }

    /// The same name, for which alone no group is wanted: it is listed beside a name that is sought.
    #[must_use]
    pub const fn unsought(self) -> Self {
        Self { is_sought: false, ..self }
    }
}

/// Files with the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The size of each in bytes.
    pub size: u64,
    /// The number of copies; names of one inode count as one.
    pub count: u64,
    /// The bytes of all copies but one.
    pub reclaimable_bytes: u64,
    /// The caller's indices of all names.
    pub places: Vec<u64>,
    /// For each name the number of its file, counted from 0 in the order of the names. Hard links to one file have the
    /// same number.
    pub file_numbers: Vec<u64>,
}

/// An order of groups. Equal ones are sorted by their first names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupOrder {
    /// The sort key.
    pub by: GroupKey,
    /// The largest first.
    pub descending: bool,
}

/// The keys that groups can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKey {
    /// The bytes of all copies but one.
    ReclaimableBytes,
    /// The size of one copy.
    Size,
    /// The number of copies.
    Count,
}

impl Default for GroupOrder {
    fn default() -> Self {
        Self { by: GroupKey::ReclaimableBytes, descending: true }
    }
}

/// A text that is not an order of groups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("choose reclaimable_bytes, size or count, with a `-` in front to begin with the largest")]
pub struct GroupOrderInvalid;

impl std::str::FromStr for GroupOrder {
    type Err = GroupOrderInvalid;

    fn from_str(word: &str) -> Result<Self, GroupOrderInvalid> {
        let (descending, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
        let by = match name {
            "reclaimable_bytes" => GroupKey::ReclaimableBytes,
            "size" => GroupKey::Size,
            "count" => GroupKey::Count,
            _ => return Err(GroupOrderInvalid),
        };
        Ok(Self { by, descending })
    }
}

/// Sorts groups.
pub fn sort_groups(groups: &mut [Group], order: GroupOrder) {
    let key = |group: &Group| match order.by {
        GroupKey::ReclaimableBytes => group.reclaimable_bytes,
        GroupKey::Size => group.size,
        GroupKey::Count => group.count,
    };
    groups.sort_by(|one, other| {
        let by_key = key(one).cmp(&key(other));
        let by_key = if order.descending { by_key.reverse() } else { by_key };
        by_key.then_with(|| one.places.first().cmp(&other.places.first()))
    });
}

/// Groups of at least two copies with a name that is sought, sorted by reclaimable bytes, the most first, then by their first names.
#[must_use]
pub fn groups(mut copies: Vec<Copy>, min_size: u64) -> Vec<Group> {
    copies.retain(|copy| copy.size >= min_size);
    copies.sort_unstable_by_key(|copy| (copy.size, copy.key, copy.identity, copy.index));
    let same_content = |one: &Copy, other: &Copy| (one.size, one.key) == (other.size, other.key);
    let mut groups: Vec<Group> = copies.chunk_by(same_content).filter_map(group_of).collect();
    sort_groups(&mut groups, GroupOrder::default());
    groups
}

fn group_of(names: &[Copy]) -> Option<Group> {
    let links = || names.chunk_by(|one, other| one.identity == other.identity);
    let count = links().count() as u64;
    let size = names.first()?.size;
    if count < 2 || !names.iter().any(|copy| copy.is_sought) {
        return None;
    }
    // Each name with the first name of its file.
    let mut named: Vec<(u64, u64)> =
        links().flat_map(|links| links.iter().map(|copy| (copy.index, links[0].index))).collect();
    named.sort_unstable();
    let firsts: Vec<u64> = named.iter().filter(|(index, first)| index == first).map(|(index, _)| *index).collect();
    let file_numbers = named.iter().map(|(_, first)| firsts.partition_point(|known| known < first) as u64).collect();
    let places = named.into_iter().map(|(index, _)| index).collect();
    Some(Group { size, count, reclaimable_bytes: size.saturating_mul(count - 1), places, file_numbers })
}

/// All digests of a job are too short to prove that two files are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the job has no digest long enough to tell that two files are alike")]
pub struct DigestsTooShort;

/// The algorithm that proves best that two files are the same.
///
/// # Errors
/// [`DigestsTooShort`] if all digests are too short.
pub fn key_algorithm(algorithms: &Algorithms) -> Result<Algorithm, DigestsTooShort> {
    let strength = |algorithm: &Algorithm| (algorithm.is_secure(), algorithm.digest_bytes().min(KEY_BYTES));
    let long_enough = |algorithm: &Algorithm| algorithm.digest_bytes() >= 16;
    algorithms.iter().filter(long_enough).max_by_key(strength).ok_or(DigestsTooShort)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(index: u64, size: u64, digest: u8, inode: u64) -> Copy {
        Copy::new(index, size, &[digest; 64], FileIdentity { device: 1, inode })
    }

    #[test]
    fn groups_are_sorted_by_reclaimable_bytes() {
        let copies =
            vec![copy(0, 10, 1, 1), copy(1, 10, 1, 2), copy(2, 100, 2, 3), copy(3, 100, 2, 4), copy(4, 10, 3, 5)];
        let groups = groups(copies, 0);
        let shown: Vec<_> = groups.iter().map(|group| (group.reclaimable_bytes, &group.places[..])).collect();
        assert_eq!(shown, [(100, &[2, 3][..]), (10, &[0, 1])]);
    }

    #[test]
    fn names_of_one_inode_are_one_copy() {
        let links = vec![copy(0, 10, 1, 1), copy(1, 10, 1, 1)];
        assert_eq!(groups(links.clone(), 0), []);
        let [group] = &groups([links, vec![copy(2, 10, 1, 2)]].concat(), 0)[..] else { panic!("one group") };
        assert_eq!((group.count, group.reclaimable_bytes, &group.places[..]), (2, 10, &[0, 1, 2][..]));
        assert_eq!(group.file_numbers, [0, 0, 1]);
    }

    #[test]
    fn hard_links_have_the_number_of_their_file_wherever_they_are_listed() {
        let copies =
            vec![copy(0, 10, 1, 9), copy(1, 10, 1, 1), copy(2, 10, 1, 5), copy(3, 10, 1, 9), copy(4, 10, 1, 1)];
        assert_eq!(groups(copies, 0)[0].file_numbers, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn a_group_is_listed_whole_if_one_of_its_names_is_sought() {
        let copies = vec![
            copy(0, 10, 1, 1).unsought(),
            copy(1, 10, 1, 2),
            copy(2, 10, 2, 3).unsought(),
            copy(3, 10, 2, 4).unsought(),
        ];
        let [group] = &groups(copies, 0)[..] else { panic!("one group") };
        assert_eq!(group.places, [0, 1]);
    }

    #[test]
    fn groups_are_sorted_by_each_key_in_both_directions() {
        let copies =
            [(0, 10, 1), (1, 10, 1), (2, 10, 1), (3, 15, 2), (4, 15, 2), (5, 5, 3), (6, 5, 3), (7, 5, 4), (8, 5, 4)];
        let mut groups = groups(copies.map(|(index, size, digest)| copy(index, size, digest, index)).into(), 0);
        for (order, expected) in [
            ("-reclaimable_bytes", [0, 3, 5, 7]),
            ("reclaimable_bytes", [5, 7, 3, 0]),
            ("size", [5, 7, 0, 3]),
            ("-size", [3, 0, 5, 7]),
            ("-count", [0, 3, 5, 7]),
            ("count", [3, 5, 7, 0]),
        ] {
            sort_groups(&mut groups, order.parse().unwrap());
            assert_eq!(groups.iter().map(|group| group.places[0]).collect::<Vec<_>>(), expected, "{order}");
        }
        for word in ["", "-", "names", "--size", "Size"] {
            assert_eq!(word.parse::<GroupOrder>(), Err(GroupOrderInvalid), "{word}");
        }
    }

    #[test]
    fn small_files_and_files_of_other_sizes_are_left_out() {
        assert_eq!(groups(vec![copy(0, 9, 1, 1), copy(1, 9, 1, 2)], 10), []);
        assert_eq!(groups(vec![copy(0, 9, 1, 1), copy(1, 8, 1, 2)], 0), []);
    }

    #[test]
    fn the_best_algorithm_is_used_and_a_short_one_never() {
        let key = |list: &str| key_algorithm(&list.parse().unwrap());
        assert_eq!(key("md5,crc32,sha256"), Ok(Algorithm::Sha256));
        assert_eq!(key("xxh3_128,sha1"), Ok(Algorithm::Sha1));
        assert_eq!(key("crc32,xxh3_64"), Err(DigestsTooShort));
    }
}

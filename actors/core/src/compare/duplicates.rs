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
}

impl Copy {
    /// A name of a file with this digest.
    #[must_use]
    pub fn new(index: u64, size: u64, digest: &[u8], identity: FileIdentity) -> Self {
        let mut key = [0; KEY_BYTES];
        let len = digest.len().min(KEY_BYTES);
        key[..len].copy_from_slice(&digest[..len]);
        Self { size, key, identity, index }
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
}

/// Groups of at least two copies, sorted by reclaimable bytes, the most first, then by their first names.
#[must_use]
pub fn groups(mut copies: Vec<Copy>, min_size: u64) -> Vec<Group> {
    copies.retain(|copy| copy.size >= min_size);
    copies.sort_unstable_by_key(|copy| (copy.size, copy.key, copy.identity, copy.index));
    let same_content = |one: &Copy, other: &Copy| (one.size, one.key) == (other.size, other.key);
    let mut groups: Vec<Group> = copies.chunk_by(same_content).filter_map(group_of).collect();
    groups.sort_by(|one, other| {
        (other.reclaimable_bytes, one.places.first()).cmp(&(one.reclaimable_bytes, other.places.first()))
    });
    groups
}

fn group_of(names: &[Copy]) -> Option<Group> {
    let count = names.chunk_by(|one, other| one.identity == other.identity).count() as u64;
    let size = names.first()?.size;
    let mut places: Vec<u64> = names.iter().map(|copy| copy.index).collect();
    places.sort_unstable();
    (count > 1).then(|| Group { size, count, reclaimable_bytes: size.saturating_mul(count - 1), places })
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

//! Which sizes of parts a multipart upload may have had, given the size of the object and the number of its parts.

use super::parameters::PartMebibytes;

/// What the common tools use: the AWS CLI and SDKs 8 (5 at least), rclone and the console 5 to 16, s3cmd 15, Cyberduck
/// 10 and others round numbers, in MiB.
const USUAL: [u64; 15] = [8, 5, 16, 15, 10, 64, 100, 50, 20, 25, 32, 128, 256, 512, 1024];

/// The sizes of parts that give an object of `size_bytes` exactly this many `parts`, each once, most likely first: the
/// usual ones, then the powers of two (the AWS CLI doubles its 8 MiB until 10,000 parts are enough), then the smallest
/// one that is enough (rclone and others divide the size by the number of parts and round up). With one part all sizes
/// mean the same, so only the smallest usual one is given.
///
/// ```
/// use hivesum_core::digest::s3_part_sizes;
///
/// let sizes: Vec<u64> = s3_part_sizes(40 << 20, 3).map(|size| size.get()).collect();
/// assert_eq!(sizes, [16, 15, 14]);
/// ```
pub fn s3_part_sizes(size_bytes: u64, parts: u64) -> impl Iterator<Item = PartMebibytes> {
    let gives = move |size: &PartMebibytes| size_bytes.div_ceil(size.bytes()).max(1) == parts;
    let doubled = (3..=12).map(|power| 1 << power);
    let least = size_bytes.div_ceil(parts.max(1)).div_ceil(1 << 20).max(1);
    let all: Vec<_> = USUAL.into_iter().chain(doubled).chain([least]).filter_map(PartMebibytes::new).collect();
    let of_one = if parts == 1 { 1 } else { usize::MAX };
    let fresh: Vec<_> = (0..all.len()).filter(|&at| !all[..at].contains(&all[at])).map(|at| all[at]).collect();
    fresh.into_iter().filter(gives).take(of_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(size_bytes: u64, parts: u64) -> Vec<u64> {
        s3_part_sizes(size_bytes, parts).map(PartMebibytes::get).collect()
    }

    #[test]
    fn every_given_size_gives_that_many_parts_and_stands_there_once() {
        for size_bytes in [0, 1, 5 << 20, (5 << 20) + 1, 1 << 30, (1 << 30) + 1, 123_456_789_012, 5 << 40] {
            for parts in [0, 1, 2, 3, 10, 127, 128, 129, 9999, 10_000] {
                let sizes = sizes(size_bytes, parts);
                assert!(
                    sizes.iter().all(|size| size_bytes.div_ceil(size << 20).max(1) == parts),
                    "{size_bytes} {parts}"
                );
                let mut apart = sizes.clone();
                apart.sort_unstable();
                apart.dedup();
                assert_eq!(apart.len(), sizes.len());
            }
        }
    }

    #[test]
    fn the_usual_size_comes_first_and_the_one_of_the_division_last() {
        assert_eq!(sizes(1 << 30, 128), [8]);
        assert_eq!(sizes((1 << 30) + 1, 129), [8]);
        assert_eq!(sizes(100 << 20, 2), [64, 50]);
        assert_eq!(sizes(600 << 30, 9600), [64]);
        // rclone of 200 GiB: 200 GiB / 10,000 parts is 20.48 MiB
        assert_eq!(sizes(200 << 30, 9753), [21]);
        assert_eq!(sizes(5 << 40, 9987), [525]);
    }

    #[test]
    fn one_part_means_the_same_with_every_size_and_no_parts_are_none() {
        assert_eq!(sizes(0, 1), [8]);
        assert_eq!(sizes(5 << 20, 1), [8]);
        assert_eq!(sizes(2000 << 20, 1), [2048]);
        assert_eq!((sizes(0, 0), sizes(0, 2), sizes(1 << 20, 2), sizes(u64::MAX, 3)), (vec![], vec![], vec![], vec![]));
    }
}

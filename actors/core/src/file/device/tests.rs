use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use super::*;

const TOLD: Held = Held { least_bytes: 8192, is_encoded: false, is_inline: false, is_told: true };

#[test]
fn bytes_that_did_not_come_are_from_the_cache_and_more_than_expected_are_from_the_device() {
    use ReadFrom::{Cache, Device, Unknown};
    let judged = |came| judge(TOLD, Resident::Nothing, came);
    assert_eq!([0, 8191, 8192, 20_000].map(judged), [Cache, Cache, Device, Device]);
    let untold = Held { is_told: false, ..TOLD };
    assert_eq!([0, 4096, 8192].map(|came| judge(untold, Resident::Nothing, came)), [Cache, Unknown, Device]);
}

#[test]
fn pages_that_stayed_in_memory_are_never_covered_by_metadata_that_was_read() {
    use ReadFrom::{Cache, Device};
    assert_eq!(judge(TOLD, Resident::Some, 1 << 20), Cache);
    assert_eq!(judge(TOLD, Resident::All, 8192), Device, "a kernel that does not tell says so of every page");
    let encoded = Held { is_encoded: true, ..TOLD };
    assert_eq!(judge(encoded, Resident::All, 1 << 20), Cache, "one page may have stayed");
    assert_eq!(judge(encoded, Resident::Nothing, 8192), Device);
    assert_eq!(judge(Held { least_bytes: 0, ..TOLD }, Resident::Some, 0), Device, "a hole has nothing to read");
}

#[test]
fn an_alignment_of_zero_says_that_no_read_is_direct_and_one_that_is_too_large_is_not_used() {
    assert!([(512, 512), (4, 512), (4096, 4096)].into_iter().all(is_direct));
    assert!(![(0, 0), (512, 0), (512, 8192), (512, 3000)].into_iter().any(is_direct));
}

#[test]
fn every_length_around_a_block_and_a_piece_is_read_as_it_is() {
    let bytes = hivesum_test_support::cycle(WINDOW_BYTES);
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    file.sync_all().unwrap();
    let mut reader = DeviceReader::default();
    let lengths = [1, 511, 512, 513, 4095, 4096, 4097, WINDOW_BYTES - 1, WINDOW_BYTES];
    for length in lengths.into_iter().rev() {
        file.set_len(length as u64).unwrap();
        let access = DeviceAccess::prepare(file.as_fd(), false).unwrap();
        let file = file.as_fd();
        for direct in [true, false] {
            if !direct {
                access.stop_direct(file);
            }
            let range = DeviceRange { file, access: &access, offset: 0, bytes: length };
            let (read, _) = reader.read(range, Duration::from_secs(60)).unwrap();
            assert!(read == &bytes[..length], "{length} bytes, direct: {direct}");
        }
    }
}

#[test]
fn a_file_that_became_shorter_lacks_bytes() {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(&[1; 5000], 0).unwrap();
    let access = DeviceAccess::prepare(file.as_fd(), false).unwrap();
    let range = DeviceRange { file: file.as_fd(), access: &access, offset: 0, bytes: 9000 };
    let read = DeviceReader::default().read(range, Duration::from_secs(60)).map(|(bytes, _)| bytes.len());
    assert_eq!(read, Err(ReadFailure::MissingBytes));
}

#[test]
fn a_stacked_file_system_that_does_not_tell_is_not_asked() {
    let file = tempfile::tempfile().unwrap();
    let tells = DeviceAccess::prepare(file.as_fd(), false).unwrap().bypasses_cache;
    if !tells {
        assert!(DeviceAccess::prepare(file.as_fd(), true).is_none());
    }
}

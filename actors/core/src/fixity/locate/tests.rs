//! What is said of copies, and what is copied from where.

use crate::result::FileMeta;

use super::*;

const MIB: u64 = 1 << 20;

/// A copy with these values for its pieces; 0 for one that cannot be read.
fn copy(values: &[u8]) -> CopyRead {
    let size = values.len() as u64 * MIB;
    let pieces = Pieces::new(size, values.iter().map(|value| [*value; 32]).collect());
    let unreadable = (0..).zip(values).filter(|(_, value)| **value == 0).map(|(index, _)| mib(index, 1));
    let unreadable = joined(unreadable.collect());
    let digest = if unreadable.is_empty() { pieces.as_ref().map(Pieces::digest) } else { None };
    CopyRead {
        meta: FileMeta { size, ..FileMeta::default() },
        digest,
        digests: None,
        pieces,
        unreadable,
        read_from: None,
    }
}

/// A short copy, which has no pieces.
fn short(digest: u8) -> CopyRead {
    let meta = FileMeta { size: 100, ..FileMeta::default() };
    CopyRead { meta, digest: Some([digest; 32]), digests: None, pieces: None, unreadable: Vec::new(), read_from: None }
}

fn mib(first: u64, count: u64) -> Range<u64> {
    first * MIB..(first + count) * MIB
}

/// What a file should be, with its pieces or without.
fn good(values: &[u8], has_pieces: bool) -> Good {
    let copy = copy(values);
    let digest = copy.digest.unwrap();
    Good { digest, size: has_pieces.then_some(copy.meta.size), pieces: copy.pieces.filter(|_| has_pieces) }
}

#[test]
fn a_file_is_compared_with_what_it_should_be() {
    let good = good(&[1; 6], true);
    assert_eq!(Plan::of(Some(&good), &copy(&[1; 6]), None), Plan::new(Verdict::Good, Some(Vec::new())));
    let plan = Plan::of(Some(&good), &copy(&[1, 2, 2, 1, 0, 1]), None);
    assert_eq!(plan, Plan::new(Verdict::Damaged, Some(vec![mib(1, 2), mib(4, 1)])));
    let cut = Plan::of(Some(&good), &copy(&[1; 5]), None);
    assert_eq!(cut.ranges, Some(vec![mib(5, 1)]));
    assert_eq!(Plan::of(Some(&good), &short(1), None).ranges, Some(vec![mib(0, 6)]));
}

#[test]
fn a_replica_is_copied_from_where_it_is_good_even_if_it_is_damaged_elsewhere() {
    let (good, file) = (good(&[1; 6], true), copy(&[1, 2, 2, 1, 0, 1]));
    let plan = Plan::of(Some(&good), &file, Some(&copy(&[1; 6])));
    assert_eq!((plan.copy, plan.lacking, plan.replica_is_good), (vec![mib(1, 2), mib(4, 1)], vec![], Some(true)));
    let plan = Plan::of(Some(&good), &file, Some(&copy(&[3, 1, 4, 1, 1, 1])));
    assert_eq!(plan.copy, [mib(1, 1), mib(4, 1)]);
    assert_eq!((plan.lacking, plan.replica_is_good), (vec![mib(2, 1)], Some(false)));
}

#[test]
fn without_pieces_a_good_replica_tells_where_and_another_one_nothing() {
    let (good, file) = (good(&[1; 6], false), copy(&[1, 2, 1, 1, 1, 1]));
    let plan = Plan::of(Some(&good), &file, Some(&copy(&[1; 6])));
    assert_eq!((plan.ranges, plan.copy), (Some(vec![mib(1, 1)]), vec![mib(1, 1)]));
    for replica in [None, Some(copy(&[3; 6]))] {
        let plan = Plan::of(Some(&good), &file, replica.as_ref());
        assert_eq!((plan.verdict, plan.ranges, plan.copy), (Verdict::Damaged, None, vec![]));
    }
}

#[test]
fn of_two_copies_without_more_nothing_is_to_be_copied() {
    let plan = Plan::of(None, &copy(&[1, 2, 1, 1, 1]), Some(&copy(&[1, 1, 1, 1, 0])));
    let Plan { verdict, ranges, copy: to_copy, .. } = plan;
    assert_eq!((verdict, ranges, to_copy), (Verdict::Different, Some(vec![mib(1, 1), mib(4, 1)]), vec![]));
    assert_eq!(Plan::of(None, &short(1), Some(&short(1))).verdict, Verdict::Same);
    assert_eq!(Plan::of(None, &short(1), Some(&short(2))).ranges, Some(std::iter::once(0..100).collect()));
    // Neither can be read there, which does not make them the same.
    let plan = Plan::of(None, &copy(&[1, 0, 1, 1]), Some(&copy(&[1, 0, 1, 1])));
    assert_eq!((plan.verdict, plan.ranges), (Verdict::Different, Some(vec![mib(1, 1)])));
}

#[test]
fn beyond_the_end_that_it_should_have_nothing_is_copied() {
    let good = good(&[1; 5], true);
    let plan = Plan::of(Some(&good), &copy(&[1, 1, 1, 1, 2, 2, 2]), Some(&copy(&[1; 5])));
    assert_eq!((plan.ranges, plan.copy), (Some(vec![mib(4, 3)]), vec![mib(4, 1)]));
}

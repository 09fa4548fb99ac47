use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::Claimed;
use crate::digest::{Algorithm, Digest};
use crate::result::{Known, Trace};

fn crc(byte: u8) -> Claimed {
    Claimed::of(Digest::new(Algorithm::Crc32, &[byte; 4]).unwrap())
}

const KNOWN: Known =
    Known { size: Some(1), mtime_ns: Some(1), ctime_ns: Some(1), inode: Some(1), times_may_repeat: false };

fn fact(path: &str, byte: u8) -> Fact {
    Fact { path: path.as_bytes().to_vec(), known: KNOWN, digests: vec![crc(byte)] }
}

fn unreadable(path: &str) -> Fact {
    Fact { digests: Vec::new(), ..fact(path, 0) }
}

fn source(facts: &[Fact]) -> impl Iterator<Item = Result<Fact, Infallible>> {
    facts.iter().cloned().map(Ok)
}

fn between(old: Vec<Fact>, new: Vec<Fact>) -> Comparison {
    let mut comparison = compare(source(&old), source(&new)).unwrap();
    comparison.find_copies(source(&new)).unwrap();
    comparison
}

fn shown(comparison: &Comparison) -> Vec<(&str, Change, Option<&str>)> {
    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }
    comparison
        .items
        .iter()
        .map(|item| (text(&item.path[..]), item.change, item.content_from.as_deref().map(text)))
        .collect()
}

#[test]
fn every_change_has_its_name() {
    let touched = Fact { known: Known { ctime_ns: Some(2), ..KNOWN }, ..fact("edited", 9) };
    let old = vec![fact("a", 1), fact("edited", 2), fact("gone", 3), fact("rotten", 4), fact("was", 5)];
    let new = vec![fact("a", 1), touched, fact("is", 5), fact("more", 6), fact("rotten", 7)];
    let comparison = between(old, new);
    assert_eq!(
        shown(&comparison),
        [
            ("edited", Change::Modified, None),
            ("gone", Change::Removed, None),
            ("is", Change::Moved, Some("was")),
            ("more", Change::Added, None),
            ("rotten", Change::SuspectedRot, None),
        ]
    );
    let evidence = comparison.items[4].evidence.unwrap();
    assert_eq!((evidence.size, evidence.ctime), (Trace::Same, Trace::Same));
    let counts = serde_json::to_value(comparison.counts).unwrap();
    let expected = serde_json::json!({
        "added": 1, "removed": 1, "modified": 1, "moved": 1, "suspected_rot": 1, "unchanged": 1
    });
    assert_eq!(counts, expected);
}

#[test]
fn a_copy_is_told_from_a_new_file_and_contents_that_changed_places_from_edits() {
    let old = [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("gone", 6), ("kept", 7), ("over", 8), ("z", 7)];
    let new =
        [("a", 2), ("b", 1), ("c", 4), ("copy", 7), ("d", 5), ("e", 3), ("kept", 7), ("over", 6), ("y", 9), ("z", 7)];
    let facts = |files: &[(&str, u8)]| files.iter().map(|(path, byte)| fact(path, *byte)).collect::<Vec<_>>();
    let comparison = between(facts(&old), facts(&new));
    let traced: Vec<_> = shown(&comparison).into_iter().map(|(path, _, from)| (path, from)).collect();
    assert_eq!(
        traced,
        [
            ("a", Some("b")),
            ("b", Some("a")),
            ("c", Some("d")),
            ("copy", Some("kept")),
            ("d", Some("e")),
            ("e", Some("c")),
            ("gone", None),
            ("over", Some("gone")),
            ("y", None),
        ]
    );
    let json = serde_json::to_value(&comparison.items).unwrap();
    assert_eq!((&json[0]["verdict"], &json[0]["content_from"]), (&"suspected_rot".into(), &"b".into()));
    assert_eq!((&json[3]["verdict"], &json[3]["copied_from"]), (&"added".into(), &"kept".into()));
    assert!(!comparison.counts.all_unchanged());
}

#[test]
fn a_file_that_could_not_be_read_at_one_time_is_neither_removed_nor_added() {
    let old = vec![fact("a/x", 1), fact("b", 2), unreadable("c"), unreadable("d"), unreadable("e")];
    let new = vec![unreadable("a"), unreadable("b"), fact("c", 3), fact("e/x", 4)];
    let comparison = between(old, new);
    assert_eq!(
        shown(&comparison),
        [
            ("a", Change::Unreadable, None),
            ("a/x", Change::Unreadable, None),
            ("b", Change::Unreadable, None),
            ("c", Change::Unreadable, None),
            ("e/x", Change::Unreadable, None),
        ]
    );
    assert_eq!(comparison.counts.unreadable, 5);
}

#[test]
fn an_item_contains_the_old_and_the_new_state() {
    let comparison =
        between(vec![fact("a", 1)], vec![Fact { known: Known { size: Some(2), ..KNOWN }, ..fact("a", 2) }]);
    let json = serde_json::to_value(&comparison.items[0]).unwrap();
    assert_eq!(json["verdict"], "modified");
    assert_eq!(json["evidence"]["size"], "changed");
    assert_eq!((&json["old"]["size"], &json["new"]["size"]), (&serde_json::json!(1), &serde_json::json!(2)));
    assert_eq!(json["old"]["digests"]["crc32"], "01010101");
}

#[test]
fn digests_of_different_algorithms_cannot_be_compared() {
    let md5 = Claimed::of(Digest::new(Algorithm::Md5, &[1; 16]).unwrap());
    let new = vec![Ok::<_, Infallible>(Fact { digests: vec![md5], ..fact("a", 0) })];
    let compared = compare(vec![Ok(fact("a", 1))], new);
    assert!(matches!(compared, Err(ComparisonError::NothingInCommon)));
}

fn any_tree() -> impl Strategy<Value = Vec<Fact>> {
    let names = prop::sample::select(vec!["a", "a/b", "a b", "a.c", "b", "b/c/d", "c", "d"]);
    prop::collection::btree_map(names, 1..4_u8, 0..8).prop_map(|tree| {
        let mut facts: Vec<_> = tree.into_iter().map(|(path, byte)| fact(path, byte)).collect();
        facts.sort_by(|one, other| walk_order(&one.path, &other.path));
        facts
    })
}

proptest! {
    #[test]
    fn every_file_is_counted_once_on_each_side(old in any_tree(), new in any_tree()) {
        let Comparison { counts, items, .. } = between(old.clone(), new.clone());
        let both = counts.modified + counts.suspected_rot + counts.unchanged + counts.moved;
        prop_assert_eq!(counts.removed + both, old.len() as u64);
        prop_assert_eq!(counts.added + both, new.len() as u64);
        prop_assert!(items.windows(2).all(|pair| walk_order(&pair[0].path, &pair[1].path).is_lt()));
        prop_assert!(between(new.clone(), new).counts.all_unchanged());
    }

    #[test]
    fn what_was_added_one_way_was_removed_the_other(old in any_tree(), new in any_tree()) {
        let (there, back) = (between(old.clone(), new.clone()).counts, between(new, old).counts);
        prop_assert_eq!((there.added, there.removed, there.moved), (back.removed, back.added, back.moved));
        prop_assert_eq!(there.unchanged, back.unchanged);
    }
}

#[test]
fn digests_that_do_not_name_their_algorithm_and_never_agree_decide_nothing() {
    let untagged = |path: &str, byte: &str| {
        let claimed = Claimed::untagged_for_tests(&byte.repeat(32));
        Ok::<_, Infallible>(Fact { path: path.as_bytes().to_vec(), digests: vec![claimed], ..Fact::default() })
    };
    let never = compare(vec![untagged("a", "01"), untagged("b", "02")], vec![untagged("a", "03"), untagged("b", "04")]);
    assert!(matches!(never, Err(ComparisonError::Undecided)));
    let once = compare(vec![untagged("a", "01"), untagged("b", "02")], vec![untagged("a", "01"), untagged("b", "04")]);
    let counts = once.unwrap().counts;
    assert_eq!((counts.unchanged, counts.modified), (1, 1), "one agrees, so that both sides have the same algorithm");
    let moved = compare(vec![untagged("a", "01"), untagged("b", "02")], vec![untagged("a", "03"), untagged("c", "02")]);
    assert_eq!(moved.unwrap().counts.moved, 1);
}

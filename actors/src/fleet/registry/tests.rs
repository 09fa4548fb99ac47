//! What names mean, who is there, and which processes are taken.

use super::super::protocol::{NodeFigures, OfferedRoot, Reading, root_id};
use super::*;

const AGE: Duration = Duration::from_secs(10);

fn said(node: &str, roots: &[(&str, bool)]) -> Announcement {
    let root = |(name, pool): &(&str, bool)| OfferedRoot {
        name: (*name).to_owned(),
        pool: *pool,
        filesystem: "local".to_owned(),
    };
    Announcement {
        protocol: Versions::OURS,
        version: "0.1.0".to_owned(),
        node: node.parse().unwrap(),
        session: 1,
        roots: roots.iter().map(root).collect(),
        figures: NodeFigures::default(),
    }
}

fn registry(nodes: &[(&str, &[(&str, bool)])], now: Instant) -> Registry {
    let mut registry = Registry::new(vec!["home".to_owned()], AGE);
    for (node, roots) in nodes {
        registry.hear(said(node, roots), now, Timestamp::UNIX_EPOCH).unwrap();
    }
    registry
}

fn name_of(registry: &Registry, name: &str) -> String {
    match registry.resolve(name) {
        FarName::Unknown => "unknown".to_owned(),
        FarName::Unreachable => "unreachable".to_owned(),
        FarName::Ambiguous(names) => names.join(" or "),
        FarName::Root(root) => root.name,
    }
}

#[test]
fn a_name_means_one_root_or_none() {
    let now = Instant::now();
    let registry = registry(
        &[
            ("a", &[("photos", false), ("pool", true), ("both", true), ("alone", false)]),
            ("b", &[("photos", false), ("pool", true), ("both", false)]),
        ],
        now,
    );
    assert_eq!(name_of(&registry, "photos"), "photos@a or photos@b", "which files are the same is not guessed");
    assert_eq!(name_of(&registry, "photos@b"), "photos@b");
    assert_eq!(name_of(&registry, "pool"), "pool", "they have said that it is one");
    assert_eq!(name_of(&registry, "both"), "both", "the pool has no other name, and jobs are stored with it");
    assert_eq!(name_of(&registry, "both@b"), "both@b");
    assert_eq!(name_of(&registry, "alone"), "alone@a");
    for unknown in ["pool@a", "photos@c", "photos@", "@a", "other", ""] {
        assert_eq!(name_of(&registry, unknown), "unknown", "{unknown:?}");
    }
    let pool = registry.roots().into_iter().find(|root| root.name == "pool").unwrap();
    assert_eq!(pool.nodes.iter().map(|node| &*node.name).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(registry.nodes_of(root_id("pool", None)).len(), 2);
}

#[test]
fn a_silent_node_is_lost_once_and_its_roots_are_unreachable_and_not_unknown() {
    let now = Instant::now();
    let mut registry = registry(&[("a", &[("photos", false)]), ("b", &[("photos", false)])], now);
    assert_eq!(registry.expire(now + AGE), []);
    let late = now + AGE + Duration::from_millis(1);
    assert_eq!(registry.expire(late).len(), 2);
    assert_eq!(registry.expire(late), []);
    assert_eq!(name_of(&registry, "photos@a"), "unreachable");
    let back = registry.hear(said("a", &[("photos", false)]), late, Timestamp::UNIX_EPOCH).unwrap();
    assert!(back.joined && back.new_roots.is_empty());
    assert_eq!(name_of(&registry, "photos@a"), "photos@a");
    assert_eq!(name_of(&registry, "photos"), "photos@a or photos@b", "the lost one may come back");
    assert!(registry.nodes_of(root_id("photos", Some(&"b".parse().unwrap()))).is_empty());
}

#[test]
fn a_node_cannot_have_the_name_of_a_local_root_and_of_two_processes_the_last_counts() {
    let now = Instant::now();
    let mut registry = registry(&[], now);
    let heard = registry.hear(said("a", &[("home", true), ("x", false)]), now, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((heard.roots_refused.len(), heard.new_roots.len()), (1, 1));
    assert_eq!(name_of(&registry, "home"), "unknown");
    let second = Announcement { session: 2, ..said("a", &[("x", false)]) };
    assert!(registry.hear(second, now, Timestamp::UNIX_EPOCH).is_ok());
    let refused = registry.hear(said("a", &[("x", false)]), now, Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(refused.contains("has taken its place"), "{refused}");
}

#[test]
fn a_node_of_another_protocol_and_one_too_many_are_refused_in_words() {
    let now = Instant::now();
    let mut registry = Registry::new(Vec::new(), AGE);
    let new = Announcement { protocol: Versions { oldest: 8, newest: 9 }, ..said("a", &[]) };
    assert!(registry.hear(new, now, Timestamp::UNIX_EPOCH).unwrap_err().contains("version 8 to 9"));
    for number in 0..MAX_NODES {
        registry.hear(said(&format!("n{number}"), &[]), now, Timestamp::UNIX_EPOCH).unwrap();
    }
    assert!(registry.hear(said("one-more", &[]), now, Timestamp::UNIX_EPOCH).is_err());
    assert!(registry.hear(said("n0", &[]), now, Timestamp::UNIX_EPOCH).is_ok(), "it is known");
}

#[test]
fn parts_of_files_are_for_several_nodes_that_all_speak_the_version_that_has_them() {
    let now = Instant::now();
    let mut registry = registry(&[("a", &[("x", true)]), ("c", &[("y", true)])], now);
    let root = root_id("x", None);
    assert!(!registry.shares(root, 2), "one node alone");
    registry.hear(said("b", &[("x", true)]), now, Timestamp::UNIX_EPOCH).unwrap();
    assert!(registry.shares(root, 2));
    let old = Announcement { protocol: Versions::up_to(1), ..said("d", &[("x", true)]) };
    registry.hear(old, now, Timestamp::UNIX_EPOCH).unwrap();
    assert!(!registry.shares(root, 2) && registry.shares(root, 1));
    assert_eq!(registry.nodes_of(root).len(), 3, "whole files are for each of them");
}

#[test]
fn a_process_is_alive_as_long_as_anything_of_it_is_heard_and_one_that_was_replaced_is_not() {
    let now = Instant::now();
    let mut registry = registry(&[("a", &[("x", true)])], now);
    let node = "a".parse().unwrap();
    let late = now + AGE + Duration::from_millis(1);
    assert!(registry.is_alive(&node, 1, now + AGE) && !registry.is_alive(&node, 1, late));
    registry.note_sign(&node, 2, now + AGE);
    assert!(!registry.is_alive(&node, 1, late), "a sign of another process");
    registry.note_sign(&node, 1, now + AGE);
    assert!(registry.is_alive(&node, 1, late) && registry.expire(late).is_empty());
    let second = Announcement { session: 2, ..said("a", &[("x", true)]) };
    registry.hear(second, late, Timestamp::UNIX_EPOCH).unwrap();
    assert!(!registry.is_alive(&node, 1, late) && registry.is_alive(&node, 2, late));
}

#[test]
fn a_node_is_not_lost_because_the_broker_was_away() {
    let now = Instant::now();
    let mut registry = registry(&[("a", &[("x", true)])], now);
    let back = now + 3 * AGE;
    registry.excuse(back);
    assert!(registry.expire(back + AGE).is_empty() && registry.is_alive(&"a".parse().unwrap(), 1, back + AGE));
    assert_eq!(registry.expire(back + AGE + Duration::from_millis(1)).len(), 1);
    registry.excuse(back + 2 * AGE);
    assert!(!registry.is_alive(&"a".parse().unwrap(), 1, back + 2 * AGE), "it was lost before");
}

#[test]
fn a_node_reads_beneath_its_own_roots_and_nothing_once_it_is_lost() {
    let now = Instant::now();
    let mut registry = registry(&[], now);
    let node: NodeName = "a".parse().unwrap();
    let mut said = said("a", &[("photos", false), ("pool", true)]);
    let roots = [root_id("photos", Some(&node)), root_id("pool", None), root_id("of another", None)];
    said.figures.reading = roots.map(|root| Reading::new([7; 16], root, b"2026".to_vec())).to_vec();
    registry.hear(said, now, Timestamp::UNIX_EPOCH).unwrap();
    let reads = |registry: &Registry, at: Instant| registry.nodes(at).remove(0).reading;
    let names: Vec<_> = reads(&registry, now).into_iter().map(|reading| reading.root).collect();
    assert_eq!(names, ["photos@a", "pool"]);
    let late = now + AGE + Duration::from_millis(1);
    registry.expire(late);
    assert_eq!(reads(&registry, late), []);
}

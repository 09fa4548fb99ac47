//! Laws: digests that do not name their algorithm give the verdicts that they would give if they named it, whatever
//! files are damaged and in whatever order files are looked at.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::{Audit, Baseline, BaselineBuilder, Change, ComparisonError, Fact, compare};
use crate::digest::{Algorithm, Algorithms, MultiHasher};
use crate::manifest::{Candidates, Claimed, Hint, Record};
use crate::result::{FileMeta, ItemRef, Known, Origin, Stability, Status, Verdict, walk_order};

/// Names with their contents, in walk order.
type Tree = Vec<(String, Vec<u8>)>;

/// A tree as it was recorded, and as it is now.
#[derive(Debug, Clone)]
struct Times {
    then: Tree,
    now: Tree,
    /// The order in which a probe looks at the files.
    probed: Vec<usize>,
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let names = prop::sample::select(vec!["a", "a/b", "b", "b.c", "c/d", "c/e", "f", "g"]);
    let contents = prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 1..20)];
    prop::collection::btree_map(names, contents, 1..8).prop_map(|files| {
        let mut tree: Tree = files.into_iter().map(|(name, content)| (name.to_owned(), content)).collect();
        tree.sort_by(|(one, _), (other, _)| walk_order(one.as_bytes(), other.as_bytes()));
        tree
    })
}

/// Some files keep their content, some have another one, some are gone and some are new.
fn any_times() -> impl Strategy<Value = Times> {
    (any_tree(), any_tree(), prop::collection::vec(any::<bool>(), 8)).prop_flat_map(|(then, other, kept)| {
        let mut now: BTreeMap<String, Vec<u8>> = other.into_iter().collect();
        let kept_files = then.iter().zip(kept).filter(|(_, is_kept)| *is_kept).map(|(file, _)| file.clone());
        now.extend(kept_files);
        let mut now: Tree = now.into_iter().collect();
        now.sort_by(|(one, _), (other, _)| walk_order(one.as_bytes(), other.as_bytes()));
        let order: Vec<usize> = (0..now.len()).collect();
        let probed = prop::sample::subsequence(order.clone(), 0..=order.len()).prop_shuffle();
        (Just(then), Just(now), probed).prop_map(|(then, now, probed)| Times { then, now, probed })
    })
}

/// An algorithm that a length alone may mean.
fn any_algorithm() -> impl Strategy<Value = Algorithm> {
    let all = [4, 8, 16, 20, 24, 28, 32, 48, 64].into_iter().flat_map(|bytes| Algorithm::of_length(bytes).to_vec());
    prop::sample::select(all.collect::<Vec<_>>())
}

fn digests(algorithms: &Algorithms, content: &[u8]) -> Vec<u8> {
    let mut hasher = MultiHasher::new(algorithms);
    hasher.update(content);
    let mut out = Vec::new();
    hasher.finalize_reset_into(&mut out);
    out
}

fn claimed(algorithm: Algorithm, content: &[u8]) -> Claimed {
    Claimed::untagged_for_tests(&hex::encode(digests(&Algorithms::single(algorithm), content)))
}

fn baseline(tree: &Tree, algorithm: Algorithm) -> Baseline {
    let mut builder = BaselineBuilder::new();
    for (name, content) in tree {
        let digests = vec![claimed(algorithm, content)];
        builder.push(&Record { name: name.clone().into_bytes(), digests, ..Record::default() }).unwrap();
    }
    builder.finish()
}

/// Calls `look` with the result of hashing a file.
fn hashed(file: &(String, Vec<u8>), algorithms: &Algorithms, look: impl FnOnce(&ItemRef<'_>)) {
    let (path, content) = file;
    let digests = digests(algorithms, content);
    look(&ItemRef {
        path: path.as_bytes(),
        meta: FileMeta { size: content.len() as u64, ..FileMeta::default() },
        status: Status::Hashed(Stability::Stable),
        digests: &digests,
        algorithms,
        origin: Origin::Read,
        fixity: None,
    });
}

/// The verdicts of an audit: of each file, and of those that are not there.
fn verdicts(baseline: Baseline, candidates: Candidates, now: &Tree) -> (Vec<Verdict>, Vec<String>) {
    let mut audit = Audit::new(baseline, candidates);
    let algorithms = audit.algorithms().unwrap();
    let mut all = Vec::new();
    for file in now {
        hashed(file, &algorithms, |item| all.push(audit.judge(item).verdict.unwrap()));
    }
    let findings = audit.finish();
    let moved = findings.traced.into_iter().map(|one| format!("{one:?}"));
    (all, moved.chain(findings.absent.into_iter().map(|one| format!("{one:?}"))).collect())
}

fn facts(tree: &Tree, algorithm: Algorithm) -> Vec<Result<Fact, Infallible>> {
    let fact = |(name, content): &(String, Vec<u8>)| Fact {
        path: name.clone().into_bytes(),
        known: Known { size: Some(content.len() as u64), ..Known::default() },
        digests: vec![claimed(algorithm, content)],
    };
    tree.iter().map(|file| Ok(fact(file))).collect()
}

/// Few contents, so that many files have the same.
fn any_copied_tree() -> impl Strategy<Value = Tree> {
    let names = prop::sample::select(vec!["a", "a/b", "b", "b.c", "c/d", "c/e", "f", "g"]);
    let contents = prop::sample::select(vec![&b""[..], b"x", b"yy", b"zz", b"w"]);
    prop::collection::btree_map(names, contents, 1..8).prop_map(|files| in_walk_order(files.into_iter().collect()))
}

fn in_walk_order(files: Vec<(&str, &[u8])>) -> Tree {
    let mut tree: Tree = files.into_iter().map(|(name, content)| (name.to_owned(), content.to_vec())).collect();
    tree.sort_by(|(one, _), (other, _)| walk_order(one.as_bytes(), other.as_bytes()));
    tree
}

/// Paths with those that their contents were recorded at, and whether they moved, as a comparison tells them.
fn traced(then: &Tree, now: &Tree) -> BTreeMap<String, (String, bool)> {
    let [then, now] = [then, now].map(|tree| facts_of(tree, Algorithm::Sha256));
    let mut compared = compare(then, now.clone()).unwrap();
    compared.find_copies(now).unwrap();
    assert_eq!(compared.untraced, 0);
    let text = |path: Vec<u8>| String::from_utf8(path).unwrap();
    let traced = compared
        .items
        .into_iter()
        .filter_map(|item| Some((text(item.path), (text(item.content_from?), item.change == Change::Moved))));
    traced.collect()
}

/// The same, as an audit tells them.
fn traced_by_audit(then: &Tree, now: &Tree) -> BTreeMap<String, (String, bool)> {
    let known = Candidates::new(Some(Hint::Algorithm(Algorithm::Sha256)));
    let mut audit = Audit::new(baseline(then, Algorithm::Sha256), known);
    let algorithms = audit.algorithms().unwrap();
    now.iter().for_each(|file| {
        hashed(file, &algorithms, |item| {
            audit.judge(item);
        })
    });
    let text = |path: Vec<u8>| String::from_utf8(path).unwrap();
    let traced = audit.finish().traced.into_iter();
    traced.map(|one| (text(one.path), (text(one.from), one.verdict == Verdict::Moved))).collect()
}

/// As [`facts`], with digests that name their algorithm.
fn facts_of(tree: &Tree, algorithm: Algorithm) -> Vec<Result<Fact, Infallible>> {
    let mut all = facts(tree, algorithm);
    for fact in all.iter_mut().flatten() {
        fact.digests[0] = fact.digests[0].resolved(algorithm).unwrap();
    }
    all
}

proptest! {
    #[test]
    fn what_is_traced_is_true_and_what_is_not_has_no_source(then in any_copied_tree(), now in any_copied_tree()) {
        let traced = traced(&then, &now);
        let (was, is): (BTreeMap<_, _>, BTreeMap<_, _>) = (then.into_iter().collect(), now.into_iter().collect());
        let unchanged = |name: &String| was.get(name) == is.get(name);
        let moved_away: Vec<_> = traced.values().filter(|(_, moved)| *moved).map(|(from, _)| from).collect();
        for (name, content) in is.iter().filter(|(name, _)| !unchanged(name)) {
            let had_it: Vec<_> = was.iter().filter(|(_, had)| *had == content && !had.is_empty()).collect();
            let first_copied = had_it.iter().map(|(from, _)| *from).find(|from| unchanged(from));
            match traced.get(name) {
                Some((from, true)) => {
                    prop_assert!(had_it.iter().any(|(one, _)| *one == from) && !is.contains_key(from));
                    prop_assert_eq!(moved_away.iter().filter(|one| **one == from).count(), 1);
                }
                Some((from, false)) if was.contains_key(name) => prop_assert!(had_it.iter().any(|(one, _)| *one == from)),
                Some((from, false)) => prop_assert_eq!(Some(from), first_copied, "the first in byte order"),
                None if was.contains_key(name) => prop_assert!(had_it.is_empty(), "an edit has new content"),
                None => prop_assert_eq!(first_copied, None, "and is no copy"),
            }
        }
        prop_assert!(traced.keys().all(|name| is.contains_key(name) && !unchanged(name)));
    }

    #[test]
    fn an_audit_traces_what_a_comparison_traces(then in any_copied_tree(), now in any_copied_tree()) {
        prop_assert_eq!(traced_by_audit(&then, &now), traced(&then, &now));
    }

    #[test]
    fn contents_that_change_places_are_all_traced_back(order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let tree = |order: &[usize]| -> Tree {
            order.iter().enumerate().map(|(at, content)| (format!("f{at}"), vec![b'x'; content + 1])).collect()
        };
        let then: Vec<usize> = (0..6).collect();
        let moves = order.iter().enumerate().filter(|(at, from)| at != *from);
        let expected = moves.map(|(at, from)| (format!("f{at}"), (format!("f{from}"), false))).collect();
        prop_assert_eq!(traced(&tree(&then), &tree(&order)), expected);
    }

    #[test]
    fn narrowing_never_turns_a_verdict_wrong(times in any_times(), algorithm in any_algorithm()) {
        let Times { then, now, probed } = &times;
        let known = Candidates::new(Some(Hint::Algorithm(algorithm)));
        let wanted = verdicts(baseline(then, algorithm), known, now);
        let mut candidates = Candidates::default();
        let recorded = baseline(then, algorithm);
        for &index in probed {
            let algorithms = recorded.algorithms(&candidates).unwrap();
            hashed(&now[index], &algorithms, |item| recorded.narrow(&mut candidates, item));
            let left = candidates.of(&claimed(algorithm, b"")).unwrap();
            prop_assert!(left.contains(algorithm), "{algorithm} is never ruled out");
        }
        prop_assert_eq!(verdicts(recorded, candidates, now), wanted);
    }

    #[test]
    fn two_lists_are_compared_as_if_they_named_their_algorithm_or_not_at_all(
        times in any_times(),
        algorithm in any_algorithm(),
    ) {
        let wanted = compare(facts_of(&times.then, algorithm), facts_of(&times.now, algorithm)).unwrap();
        match compare(facts(&times.then, algorithm), facts(&times.now, algorithm)) {
            Ok(compared) => prop_assert_eq!(compared.counts, wanted.counts),
            Err(ComparisonError::Undecided) => prop_assert!(wanted.counts.modified > 0),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn lists_of_two_algorithms_are_never_said_to_be_modified(
        tree in any_tree(),
        one in any_algorithm(),
        pick in any::<prop::sample::Index>(),
    ) {
        let same_length = Algorithm::of_length(one.digest_bytes());
        let others: Vec<_> = same_length.iter().copied().filter(|other| *other != one).collect();
        let other = others[pick.index(others.len())];
        match compare(facts(&tree, one), facts(&tree, other)) {
            Ok(compared) => prop_assert_eq!(compared.counts.modified, 0),
            Err(ComparisonError::Undecided) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}

//! Whose results count, and what a work that has lost its node costs.

use super::super::super::protocol::{ScanKey, WorkTag};
use super::*;

fn works(files: u32) -> Works {
    let mut works = Works::default();
    works.insert(7, NewWork { places: places(0..files), part: None, lost: Vec::new() }, Bytes::new());
    works
}

fn places(range: std::ops::Range<u32>) -> Vec<Place> {
    range.map(|index| Place { plan: 0, index }).collect()
}

fn holder(name: &str) -> Holder {
    Holder { node: name.parse().unwrap(), session: 1 }
}

fn lost(names: &[&str]) -> Vec<Holder> {
    names.iter().map(|name| holder(name)).collect()
}

fn claim(number: u64) -> Claim {
    Claim { tag: WorkTag { scan: ScanKey { job: [0; 16], attempt: 1 }, number }, session: 1 }
}

fn claimed(works: &mut Works, name: &str, number: u64) -> Claimed {
    works.claim(name.parse().unwrap(), &claim(number), |_| false)
}

const HOLDS: fn(u32) -> Claimed = |settled| Claimed::Answer(ClaimAnswer::Holds { settled });

#[test]
fn results_count_only_from_the_holder_in_order_and_once() {
    let mut works = works(10);
    assert_eq!(works.counts(&holder("a"), 7, 0, 4), Counted::Refused, "nobody holds it");
    assert_eq!(claimed(&mut works, "a", 7), HOLDS(0));
    assert_eq!(works.counts(&holder("b"), 7, 0, 4), Counted::Refused);
    assert_eq!(works.counts(&Holder { session: 2, ..holder("a") }, 7, 0, 4), Counted::Refused, "an earlier process");
    assert_eq!(works.counts(&holder("a"), 7, 1, 4), Counted::Refused, "a gap");
    assert_eq!(works.counts(&holder("a"), 7, 0, 11), Counted::Refused, "more than there are");
    assert_eq!(works.counts(&holder("a"), 7, 0, 4), Counted::New { skip: 0 });
    assert_eq!(works.settle(7, 4), 4);
    assert_eq!(works.counts(&holder("a"), 7, 0, 4), Counted::Nothing { settled: 4 }, "said again");
    assert_eq!(works.counts(&holder("a"), 7, 2, 8), Counted::New { skip: 2 });
    assert_eq!((works.settle(7, 6), works.len()), (10, 0));
    assert_eq!(works.counts(&holder("a"), 7, 0, 4), Counted::Refused, "it is done");
    assert_eq!(claimed(&mut works, "b", 7), Claimed::Answer(ClaimAnswer::Stale));
}

#[test]
fn a_work_that_was_given_back_goes_on_where_it_was_and_counts_no_death() {
    let mut works = works(100);
    for _ in 0..5 {
        assert_eq!(claimed(&mut works, "a", 7), HOLDS(0));
        works.give_back("a".parse().unwrap(), &claim(7));
    }
    assert_eq!(claimed(&mut works, "b", 7), HOLDS(0));
    works.settle(7, 30);
    works.give_back("a".parse().unwrap(), &claim(7));
    assert_eq!(works.counts(&holder("b"), 7, 30, 1), Counted::New { skip: 0 }, "another node cannot give it back");
    works.give_back("b".parse().unwrap(), &claim(7));
    assert_eq!(claimed(&mut works, "a", 7), HOLDS(30));
}

#[test]
fn a_file_that_kills_its_nodes_costs_itself_alone() {
    let mut works = works(100);
    assert_eq!(claimed(&mut works, "a", 7), HOLDS(0));
    works.settle(7, 20);
    let rest = Rest { places: places(20..100), lost: lost(&["a"]) };
    assert_eq!(claimed(&mut works, "b", 7), Claimed::Cut { rest, files: 64 });
    assert_eq!(works.counts(&holder("a"), 7, 20, 1), Counted::Refused, "the first one wakes up too late");
    works.insert(8, NewWork { places: places(20..84), lost: lost(&["a"]), part: None }, Bytes::new());
    assert_eq!(claimed(&mut works, "b", 8), HOLDS(0));
    let rest = Rest { places: places(20..84), lost: lost(&["a", "b"]) };
    assert_eq!(claimed(&mut works, "c", 8), Claimed::Cut { rest, files: 1 });
    works.insert(9, NewWork { places: places(20..21), lost: lost(&["a", "b"]), part: None }, Bytes::new());
    assert_eq!(claimed(&mut works, "c", 9), HOLDS(0));
    assert_eq!(
        claimed(&mut works, "a", 9),
        Claimed::GiveUp(Rest { places: places(20..21), lost: lost(&["a", "b", "c"]) })
    );
    assert_eq!(works.len(), 0);
}

#[test]
fn a_holder_that_is_slow_and_alive_loses_its_work_and_counts_as_no_death() {
    let mut works = works(100);
    for name in ["a", "b", "c", "d"] {
        let claimed = works.claim(name.parse().unwrap(), &claim(7), |_| true);
        assert_eq!(claimed, HOLDS(0));
    }
    assert_eq!(works.counts(&holder("a"), 7, 0, 1), Counted::Refused);
    assert_eq!(works.counts(&holder("d"), 7, 0, 1), Counted::New { skip: 0 });
}

#[test]
fn a_small_work_that_lost_its_node_is_taken_over_as_it_is() {
    let mut works = works(10);
    assert_eq!(claimed(&mut works, "a", 7), HOLDS(0));
    works.settle(7, 3);
    assert_eq!(claimed(&mut works, "b", 7), HOLDS(3));
    assert_eq!(works.counts(&holder("a"), 7, 3, 1), Counted::Refused);
    assert_eq!(works.counts(&holder("b"), 7, 3, 1), Counted::New { skip: 0 });
}

#[test]
fn only_works_in_the_stream_without_a_sign_may_be_lost_and_are_named_once() {
    let mut works = works(10);
    assert_eq!(works.silent_for(Duration::ZERO), [], "it is not in the stream");
    works.get_mut(7).unwrap().sent = Sent::Stored(3);
    assert_eq!(works.silent_for(Duration::from_secs(3600)), []);
    assert_eq!(works.silent_for(Duration::ZERO), [(7, 3)]);
}

#[test]
fn a_node_that_is_heard_again_was_not_killed_by_a_file() {
    let mut works = works(1);
    let (silent, mut alive) = (|_: &Holder| false, Vec::new());
    for name in ["a", "b", "c"] {
        assert_eq!(works.claim(name.parse().unwrap(), &claim(7), silent), HOLDS(0));
        alive.push(holder(name));
    }
    let speaks = |all: &[Holder]| {
        let all = all.to_vec();
        move |holder: &Holder| all.contains(holder)
    };
    assert_eq!(works.claim("d".parse().unwrap(), &claim(7), speaks(&alive[..1])), HOLDS(0));
    assert_eq!(works.claim("e".parse().unwrap(), &claim(7), speaks(&alive)), HOLDS(0), "d alone is lost");
    assert_eq!(works.claim("f".parse().unwrap(), &claim(7), silent), HOLDS(0));
    let rest = Rest { places: places(0..1), lost: lost(&["d", "e", "f"]) };
    assert_eq!(works.claim("a".parse().unwrap(), &claim(7), silent), Claimed::GiveUp(rest));
}

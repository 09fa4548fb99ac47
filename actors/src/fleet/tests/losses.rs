//! What is lost is done again: nodes that die or stop, a broker that is killed or wiped, a coordinator that restarts.

use std::fs;

use super::super::port::{FarName, FarRoots as _};
use super::bed::{Bed, collect, far_scan, root, start, sums, tree};
use crate::scan::ScanOutcome;

#[actix_rt::test]
async fn a_node_that_stops_gives_its_works_back_and_another_goes_on() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(20, 100);
    let big = fs::File::create(dir.path().join("d000/big")).unwrap();
    big.set_len(256 << 20).unwrap();
    let fleet = bed.coordinate().await;
    let first = bed.node_of("n1", &[("pool", dir.path())], true).await;
    let mut scan = start(&fleet, "pool", far_scan("sha256")).await;
    let begun = scan.next().await.unwrap();
    assert!(!begun.is_empty());
    let second = bed.node_of("n2", &[("pool", dir.path())], true).await;
    first.stop().await;
    let (lines, end) = collect(scan).await;
    assert_eq!(end.outcome, ScanOutcome::Completed);
    let expected = sums(dir.path());
    assert_eq!(lines, expected[begun.len()..]);
    second.stop().await;
    fleet.stop().await;
}

#[actix_rt::test]
async fn a_broker_that_is_killed_and_one_that_has_lost_everything_cost_nothing() {
    let Some(mut bed) = Bed::new() else { return };
    let dir = tree(40, 200);
    let fleet = bed.coordinate().await;
    let node = bed.node("n1", &[("photos", dir.path())]).await;
    let expected = sums(dir.path());
    for loss in [Loss::Killed, Loss::Wiped] {
        let mut scan = start(&fleet, "photos", far_scan("sha256")).await;
        let begun = scan.next().await.unwrap();
        if loss == Loss::Wiped {
            bed.broker.wipe();
        }
        bed.broker.start_again();
        let (lines, end) = collect(scan).await;
        assert_eq!(end.outcome, ScanOutcome::Completed, "{loss:?}");
        assert_eq!(lines, expected[begun.len()..], "{loss:?}");
    }
    node.stop().await;
    fleet.stop().await;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Killed,
    Wiped,
}

#[actix_rt::test]
async fn a_coordinator_that_restarts_has_its_lease_and_its_nodes_at_once_and_another_one_is_refused() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(2, 2);
    let fleet = bed.coordinate().await;
    let node = bed.node("n1", &[("photos", dir.path())]).await;
    root(&fleet, "photos").await;
    let refused = bed.try_coordinate("another").await.unwrap_err();
    assert!(refused.to_string().contains("another service coordinates the fleet"), "{refused}");
    // It did not stop in order: it still holds the lease.
    fleet.shared().stop_at_once();
    let again = bed.coordinate().await;
    assert!(matches!(again.resolve("photos"), FarName::Root(_)), "the bucket has kept what the node said");
    let (lines, end) = collect(start(&again, "photos", far_scan("sha256")).await).await;
    assert_eq!((end.outcome, lines), (ScanOutcome::Completed, sums(dir.path())));
    again.stop().await;
    // It has given the lease back.
    bed.try_coordinate("another").await.unwrap().stop().await;
    node.stop.cancel();
}

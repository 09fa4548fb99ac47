//! Scans whose files are on nodes: rows are those of sha256sum, in walk order, as of a local scan.

use std::fs;
use std::os::unix::fs::symlink;

use hivesum_core::file::RelPath;
use hivesum_test_support::LONGEST_WAIT;

use super::super::port::{FarFailure, FarName, FarRoots as _, FarScan};
use super::bed::{Bed, collect, far_scan, root, start, sums, tree};
use crate::scan::ScanOutcome;

#[actix_rt::test]
async fn rows_of_one_node_are_those_of_sha256sum() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(30, 40);
    symlink("d000", dir.path().join("link")).unwrap();
    let fleet = bed.coordinate().await;
    let node = bed.node("n1", &[("photos", dir.path())]).await;
    let (mut lines, end) = collect(start(&fleet, "photos", far_scan("sha256")).await).await;
    assert_eq!(end.outcome, ScanOutcome::Completed);
    assert_eq!(lines.pop(), Some(("link".to_owned(), "skip(symlink)".to_owned())));
    assert_eq!(lines, sums(dir.path()));
    assert_eq!((end.summary.hashed, end.summary.skipped), (1200, 1));
    node.stop().await;
    fleet.stop().await;
}

#[actix_rt::test]
async fn three_nodes_of_a_pool_share_a_scan_of_many_works() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(40, 200);
    let fleet = bed.coordinate().await;
    let mut nodes = Vec::new();
    for name in ["n1", "n2", "n3"] {
        nodes.push(bed.node_of(name, &[("pool", dir.path())], true).await);
    }
    let (lines, end) = collect(start(&fleet, "pool", far_scan("sha256,blake3")).await).await;
    assert_eq!(end.outcome, ScanOutcome::Completed);
    let sha256: Vec<_> = lines.iter().map(|(path, digests)| (path.clone(), digests[..64].to_owned())).collect();
    assert_eq!(sha256, sums(dir.path()));
    assert_eq!(root(&fleet, "pool").await.nodes.len(), 3);
    for node in nodes {
        node.stop().await;
    }
    fleet.stop().await;
}

#[actix_rt::test]
async fn paths_globs_and_single_files_mean_what_they_mean_locally() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(3, 3);
    fs::write(dir.path().join("d001/extra.txt"), "abc").unwrap();
    let fleet = bed.coordinate().await;
    let node = bed.node("n1", &[("photos", dir.path())]).await;
    let of = |path: &str, include: &[&str], exclude: &[&str]| FarScan {
        path: RelPath::new(path).unwrap(),
        include: include.iter().map(|&glob| glob.to_owned()).collect(),
        exclude: exclude.iter().map(|&glob| glob.to_owned()).collect(),
        ..far_scan("sha256")
    };
    let mut paths = Vec::new();
    for scan in [of("d001", &[], &["f00*"]), of("d001/extra.txt", &[], &[]), of("", &["*.txt"], &[])] {
        let (lines, end) = collect(start(&fleet, "photos@n1", scan).await).await;
        assert_eq!(end.outcome, ScanOutcome::Completed);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(lines.iter().all(|(_, digest)| digest == abc), "{lines:?}");
        paths.push(lines.into_iter().map(|(path, _)| path).collect::<Vec<_>>().join(" "));
    }
    assert_eq!(paths, ["extra.txt", "extra.txt", "d001/extra.txt"]);
    let look = |path: &str| fleet.look("photos@n1", &RelPath::new(path).unwrap());
    assert_eq!((look("d001").await, look("d001/no").await), (Ok(()), Err(FarFailure::NotFound)));
    node.stop().await;
    fleet.stop().await;
}

#[actix_rt::test]
async fn equal_names_are_replicas_and_a_local_name_is_not_taken() {
    let Some(bed) = Bed::new() else { return };
    let (one, other) = (tree(1, 1), tree(1, 2));
    let fleet = bed.coordinate().await;
    let nodes = [
        bed.node("a", &[("photos", one.path()), ("home", one.path())]).await,
        bed.node("b", &[("photos", other.path())]).await,
    ];
    let names = ["photos@a", "photos@b"].map(str::to_owned);
    assert_eq!(fleet.resolve("photos"), FarName::Ambiguous(names.to_vec()));
    for (name, dir) in names.iter().zip([&one, &other]) {
        let (lines, _) = collect(start(&fleet, name, far_scan("sha256")).await).await;
        assert_eq!(lines, sums(dir.path()));
    }
    assert_eq!(fleet.resolve("home"), FarName::Unknown, "the coordinator has a directory of this name");
    let refused = bed.begin_node("c", &[("home", one.path())], false, || ()).await;
    let why = refused.task.await.unwrap().unwrap_err().to_string();
    assert!(why.contains("is a directory of the coordinator"), "{why}");
    for node in nodes {
        node.stop().await;
    }
    fleet.stop().await;
}

#[actix_rt::test]
async fn a_scan_that_nobody_wants_ends_on_its_nodes_too() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(1, 1);
    // Bytes of nothing that are not read before the test is over.
    fs::File::create(dir.path().join("endless")).unwrap().set_len(1 << 40).unwrap();
    let fleet = bed.coordinate().await;
    let node = bed.node("n1", &[("photos", dir.path())]).await;
    let scan = start(&fleet, "photos", far_scan("sha256")).await;
    let mut progress = scan.progress();
    let canceller = scan.canceller();
    progress.wait_for(|progress| progress.bytes_under_way > 0).await.unwrap();
    canceller.cancel();
    assert_eq!(collect(scan).await.1.outcome, ScanOutcome::Cancelled);
    // A node that did not hear of the end would be at the file for longer than this waits.
    let is_idle = async {
        while node.engine.stats().hashers.busy > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONGEST_WAIT, is_idle).await.expect("the node ends the work");
    node.stop().await;
    fleet.stop().await;
}

#[actix_rt::test]
async fn a_node_of_a_pool_that_sees_other_files_gets_no_work_of_the_job() {
    let Some(bed) = Bed::new() else { return };
    let (dir, other) = (tree(20, 150), tree(20, 150));
    let fleet = bed.coordinate().await;
    // The walk goes to the first one by name.
    let nodes = [
        bed.node_of("a", &[("pool", dir.path())], true).await,
        bed.node_of("b", &[("pool", other.path())], true).await,
    ];
    let (lines, end) = collect(start(&fleet, "pool", far_scan("sha256")).await).await;
    assert_eq!((end.outcome, lines), (ScanOutcome::Completed, sums(dir.path())));
    assert_eq!(nodes[1].engine.stats().files_hashed, 0, "it has shown what it sees before");
    for node in nodes {
        node.stop().await;
    }
    fleet.stop().await;
}

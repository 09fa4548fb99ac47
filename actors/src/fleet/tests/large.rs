//! A large file of a pool, hashed in parts by several nodes.

use std::fs::File;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use hivesum_test_support::LONGEST_WAIT;
use tempfile::TempDir;

use super::super::port::{FarRoots as _, FarScan};
use super::bed::{Bed, RunningNode, collect, far_scan, start};
use crate::scan::ScanOutcome;

/// A sparse file with something else in each of its parts, beside a small one.
fn tree(parts: u64, last_bytes: u64) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a"), "small").unwrap();
    let file = File::create(dir.path().join("large")).unwrap();
    for part in 0..parts {
        file.write_at(&part.to_le_bytes(), (part << 30) + 4096 * part).unwrap();
    }
    file.set_len((parts << 30) + last_bytes).unwrap();
    dir
}

fn blake3_of(path: &Path) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).unwrap()).unwrap();
    hasher.finalize().to_hex().to_string()
}

async fn two_nodes(bed: &Bed, dir: &TempDir) -> [RunningNode; 2] {
    let pool = [("pool", dir.path())];
    [bed.node_of("n1", &pool, true).await, bed.node_of("n2", &pool, true).await]
}

#[actix_rt::test]
async fn its_digest_is_that_of_the_whole_file_also_if_a_node_stops_in_the_middle() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(3, 5);
    let fleet = bed.coordinate().await;
    let [first, second] = two_nodes(&bed, &dir).await;
    let scan = start(&fleet, "pool", far_scan("blake3")).await;
    let mut figures = scan.progress();
    figures.wait_for(|progress| progress.bytes_under_way > 64 << 20).await.unwrap();
    first.stop().await;
    let (lines, end) = collect(scan).await;
    assert_eq!(end.outcome, ScanOutcome::Completed);
    let expected = ["a", "large"].map(|name| (name.to_owned(), blake3_of(&dir.path().join(name))));
    assert_eq!(lines, expected);
    assert_eq!(end.summary.bytes, (3 << 30) + 10);
    second.stop().await;
    fleet.stop().await;
}

#[actix_rt::test]
async fn several_nodes_read_it_at_the_same_time() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(8, 0);
    let fleet = bed.coordinate().await;
    let nodes = two_nodes(&bed, &dir).await;
    // So slow that no part ends: one node is at three at a time, and the others are left to the other one.
    let slow = FarScan { max_bytes_per_second: NonZeroU64::new(64 << 20), ..far_scan("blake3") };
    let scan = start(&fleet, "pool", slow).await;
    let mut changed = fleet.shared().registry_changed();
    let all_read = async {
        while !fleet.view().nodes.iter().all(|node| !node.reading.is_empty()) {
            changed.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LONGEST_WAIT, all_read).await.expect("each of them has a part");
    drop(scan);
    for node in nodes {
        node.stop().await;
    }
    fleet.stop().await;
}

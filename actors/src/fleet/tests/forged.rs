//! Messages that are none, and messages that are forged with a node's credentials: nothing of them counts.

use std::fs;

use futures_util::StreamExt as _;
use hivesum_core::result::{FileMeta, Origin, RowRef, Stability, Status};

use super::super::link::connect;
use super::super::protocol::{
    Claim, ClaimAnswer, Done, DoneAnswer, ResultRows, WalkNotice, WalkTag, decode, encode, to_json,
};
use super::super::subjects::{FromNode, Subjects};
use super::bed::{Bed, collect, far_scan, start, sums, tree};
use crate::scan::ScanOutcome;

#[actix_rt::test]
async fn what_another_node_says_of_a_work_or_a_walk_does_not_count() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(3, 50);
    fs::File::create(dir.path().join("z")).unwrap().set_len(1 << 30).unwrap();
    let fleet = bed.coordinate().await;
    let node = bed.node("n1", &[("photos", dir.path())]).await;
    let (subjects, evil) = (Subjects::new("hivesum"), "evil".parse().unwrap());
    let link = connect(&bed.config, "evil", "_INBOX_evil").await.unwrap();
    let real = "n1".parse().unwrap();
    let mut claims = link.client.subscribe(subjects.said_by(&real, FromNode::Claim)).await.unwrap();
    link.client.flush().await.unwrap();
    let scan = start(&fleet, "photos", far_scan("sha256")).await;
    let claim: Claim = decode(&claims.next().await.unwrap().payload).unwrap();

    let end = WalkNotice::End { tag: WalkTag { scan: claim.tag.scan, number: 0 }, plans: 0 };
    link.client.publish(subjects.said_by(&evil, FromNode::Walk), encode(&end).unwrap()).await.unwrap();
    let mut rows = ResultRows::default();
    let zeros = [0; 32];
    let status = Status::Hashed(Stability::Stable);
    rows.push(RowRef {
        directory: b"",
        name: b"",
        meta: FileMeta::default(),
        status,
        digests: &zeros,
        origin: Origin::Read,
    });
    // The last file is under way as long as this takes: its place is not known here, so each is tried.
    for first in 0..151 {
        let done = Done { tag: claim.tag, session: claim.session, first, rows: rows.clone() };
        let answer =
            link.client.request(subjects.said_by(&evil, FromNode::Done), encode(&done).unwrap()).await.unwrap();
        assert_eq!(decode(&answer.payload), Ok(DoneAnswer::Stale), "{first}");
    }
    let back = link.client.request(subjects.said_by(&evil, FromNode::GiveBack), encode(&claim).unwrap()).await.unwrap();
    assert_eq!(decode(&back.payload), Ok(ClaimAnswer::Stale));
    let (lines, end) = collect(scan).await;
    assert_eq!((end.outcome, lines), (ScanOutcome::Completed, sums(dir.path())));
    node.stop().await;
    fleet.stop().await;
}

#[actix_rt::test]
async fn bytes_that_are_no_message_cost_nothing() {
    let Some(bed) = Bed::new() else { return };
    let dir = tree(2, 20);
    let fleet = bed.coordinate().await;
    let node = bed.node("n1", &[("photos", dir.path())]).await;
    let link = connect(&bed.config, "evil", "_INBOX_evil").await.unwrap();
    let (subjects, name) = (Subjects::new("hivesum"), "n1".parse().unwrap());
    let everywhere = FromNode::EVERY.map(|what| subjects.said_by(&name, what));
    let to_node = [subjects.call(&name), subjects.credit(&name), subjects.cancel()];
    for subject in everywhere.into_iter().chain(to_node) {
        for bytes in [&b""[..], b"hs\x01\xff\xff\xff\xff", b"hs\x09", b"{}", &vec![b'x'; 600 << 10]] {
            link.client.publish(subject.clone(), bytes.to_vec().into()).await.unwrap();
        }
    }
    // Nor does a work that is none, in the queue of the root.
    let scan = super::super::protocol::ScanKey { job: [1; 16], attempt: 1 };
    let work = subjects.work(super::super::protocol::root_id("photos", Some(&name)), &scan);
    link.jetstream.publish(work, to_json(&"no work").to_vec().into()).await.unwrap().await.unwrap();
    let (lines, end) = collect(start(&fleet, "photos", far_scan("sha256")).await).await;
    assert_eq!((end.outcome, lines), (ScanOutcome::Completed, sums(dir.path())));
    node.stop().await;
    fleet.stop().await;
}

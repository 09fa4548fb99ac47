//! Laws of the messages: any bytes are a message or refused, never a panic; a message comes back as it was.

use hivesum_core::result::{ErrorCode, FileMeta, Origin, ReadFrom, RowRef, SkipReason, Stability, Status};
use hivesum_core::walk::Fate;
use proptest::prelude::*;

use super::work::MAX_SAMPLE;
use super::*;

/// Bytes that begin as a message does, or not.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let content = || prop::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        content(),
        (1..=2_u8, content()).prop_map(|(version, content)| [b"hs", &[version][..], &content].concat())
    ]
}

/// Decodes what is possible, and looks at every part of it.
fn read_all(bytes: &[u8]) {
    if let Ok(work) = decode_work(bytes) {
        assert!(
            work.entries.iter().count() <= MAX_WORK_ENTRIES
                && work.entries.to_plan().entries.len() == work.entries.len()
        );
        assert!(work.path().is_ok() && work.rules.algorithms().is_ok());
    }
    if let Ok(WalkNotice::Plan(plan)) = decode(bytes) {
        assert_eq!(plan.entries.to_plan().entries.len(), plan.entries.len());
    }
    if let Ok(done) = decode::<Done>(bytes) {
        let _ = done.rows.with_digests(32).map(Iterator::count);
    }
    let _ = (decode::<Call>(bytes), decode::<CallAnswer>(bytes), decode::<Claim>(bytes), decode::<ClaimAnswer>(bytes));
    let _ = decode::<Shown>(bytes);
    let _ = (decode::<DoneAnswer>(bytes), decode::<Progress>(bytes), decode::<Cancel>(bytes), decode::<Credit>(bytes));
    let _ = (Announcement::read(bytes), Welcome::read(bytes));
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>().prop_filter("no separator", |byte| !matches!(byte, 0 | b'/')), 1..20)
        .prop_filter("a name", |name| !matches!(&name[..], b"." | b".."))
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Hashed(Stability::Stable)),
        Just(Status::Hashed(Stability::Unverified)),
        (0..ErrorCode::ALL.len(), any::<i32>())
            .prop_map(|(code, errno)| Status::Error { code: ErrorCode::ALL[code], errno }),
        (0..SkipReason::ALL.len()).prop_map(|reason| Status::Skipped(SkipReason::ALL[reason])),
    ]
}

fn meta() -> impl Strategy<Value = FileMeta> {
    any::<(u64, i128, i128, u64, u64)>().prop_map(|(size, mtime_ns, ctime_ns, inode, device)| FileMeta {
        size,
        mtime_ns,
        ctime_ns,
        inode,
        device,
    })
}

fn entries() -> impl Strategy<Value = Entries> {
    let identity = meta().prop_map(|meta| Identity::of(&meta));
    let entry = (prop::collection::vec(name(), 0..3), name(), status(), prop::option::of(identity));
    prop::collection::vec(entry, 1..30).prop_map(|all| {
        let mut entries = Entries::default();
        for (directory, name, status, identity) in &all {
            let fate = if let Status::Hashed(_) = status { Fate::Hash } else { Fate::Settled(*status) };
            let directory = directory.join(&b'/');
            entries.push(EntryRef { directory: &directory, name, fate, identity: *identity });
        }
        entries
    })
}

fn tag() -> impl Strategy<Value = WorkTag> {
    any::<([u8; 16], u64, u64)>().prop_map(|(job, attempt, number)| WorkTag { scan: ScanKey { job, attempt }, number })
}

#[test]
fn a_sample_has_a_bound_and_is_of_the_files_of_the_work() {
    for files in [1, 2, 63, 64, 65, 1000, MAX_WORK_ENTRIES] {
        let sample: Vec<_> = sample_of(files).collect();
        assert_eq!(sample.len(), files.min(MAX_SAMPLE), "{files}");
        assert!(sample[0] == 0 && sample.is_sorted_by(|one, next| one < next) && sample.iter().all(|at| *at < files));
    }
    assert_eq!(sample_of(0).count(), 0);
    let claim = Claim { tag: WorkTag { scan: ScanKey { job: [0; 16], attempt: 0 }, number: 0 }, session: 0 };
    let shown = |files| encode(&Shown { claim, seen: vec![None; files] }).unwrap();
    assert!(decode::<Shown>(&shown(MAX_SAMPLE)).is_ok() && decode::<Shown>(&shown(MAX_SAMPLE + 1)).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_refused(bytes in bytes()) {
        read_all(&bytes);
    }

    #[test]
    fn a_message_with_changed_bytes_is_a_message_or_refused(
        (tag, entries) in (tag(), entries()), (at, byte) in any::<(prop::sample::Index, u8)>(), cut in any::<prop::sample::Index>()
    ) {
        let plan = PlanMessage { tag: WalkTag { scan: tag.scan, number: 0 }, number: tag.number, entries };
        let mut bytes = encode(&WalkNotice::Plan(plan)).unwrap().to_vec();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        read_all(&bytes);
        read_all(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn a_work_comes_back_as_it_was_and_its_length_is_foreseen((tag, entries) in (tag(), entries()), meta in meta()) {
        let rules = WorkRules::new(&"sha256,blake3".parse().unwrap(), hivesum_core::Reach::Everywhere, false);
        let root = root_id("photos", None);
        let mut work = Work::new(tag, root, &hivesum_core::RelPath::new("a/b").unwrap(), rules);
        let plan = PlanMessage { tag: WalkTag { scan: tag.scan, number: 1 }, number: 0, entries: entries.clone() };
        let foreseen = entries.encoded_bytes() + 64;
        prop_assert!(encode(&WalkNotice::Plan(plan)).unwrap().len() <= foreseen);
        work.entries = entries;
        work.known = vec![KnownFile::new(0, meta, Stability::Unverified)];
        let back: Work = decode(&encode(&work).unwrap()).unwrap();
        prop_assert_eq!(&back, &work);
        prop_assert_eq!(back.known[0].meta(), meta);
    }

    #[test]
    fn results_come_back_as_they_were_and_their_length_is_foreseen(
        tag in tag(), all in prop::collection::vec((status(), meta(), any::<bool>()), 0..40)
    ) {
        let mut rows = ResultRows::default();
        for (at, (status, meta, device)) in all.iter().enumerate() {
            let digests = [at as u8; 32];
            let digests = if let Status::Hashed(_) = status { &digests[..] } else { &[] };
            let origin = if *device { Origin::ReadFrom(ReadFrom::Device) } else { Origin::Read };
            rows.push(RowRef { directory: b"", name: b"", meta: *meta, status: *status, digests, origin });
        }
        let done = Done { tag, session: 3, first: 5, rows };
        let bytes = encode(&done).unwrap();
        prop_assert!(bytes.len() <= done.rows.encoded_bytes() + 64);
        let back: Done = decode(&bytes).unwrap();
        prop_assert_eq!(&back, &done);
        for (at, (row, digests)) in back.rows.with_digests(32).unwrap().enumerate() {
            prop_assert_eq!((row.status(), row.meta()), (all[at].0, all[at].1));
            prop_assert!(digests.iter().all(|byte| *byte == at as u8));
        }
    }
}

use super::*;

const THEN: Known =
    Known { size: Some(3), mtime_ns: Some(10), ctime_ns: Some(20), inode: Some(7), times_may_repeat: false };

fn verdict(now: Known) -> Verdict {
    Evidence::between(&THEN, &now).verdict()
}

#[test]
fn a_time_of_a_manifest_without_a_fraction_is_one_of_whole_seconds() {
    let (second, later) = (1_790_000_000 * SECOND_NS, 1_790_000_000 * SECOND_NS + 89_347_238);
    let of_manifest = |mtime_ns| Known { mtime_ns: Some(mtime_ns), ..Known::default() };
    let of_file = |mtime_ns| Known { ctime_ns: Some(later), ..of_manifest(mtime_ns) };
    let mtime = |old: &Known, new: &Known| Evidence::between(old, new).mtime;
    assert_eq!(mtime(&of_manifest(second), &of_file(later)), Trace::Same);
    assert_eq!(mtime(&of_manifest(later), &of_manifest(second)), Trace::Same, "two manifests");
    assert_eq!(mtime(&of_manifest(second), &of_file(later + SECOND_NS)), Trace::Changed);
    assert_eq!(mtime(&of_manifest(second - 1), &of_file(later)), Trace::Changed, "it has a fraction");
    assert_eq!(mtime(&of_file(second), &of_file(later)), Trace::Changed, "a job knows all digits");
    assert_eq!(mtime(&of_manifest(-SECOND_NS), &of_file(-SECOND_NS + 5)), Trace::Same, "before 1970");
}

#[test]
fn only_a_change_that_no_write_explains_is_suspected_rot() {
    assert_eq!(verdict(THEN), Verdict::SuspectedRot);
    assert_eq!(verdict(Known { size: Some(4), ..THEN }), Verdict::Modified);
    assert_eq!(verdict(Known { mtime_ns: Some(11), ..THEN }), Verdict::Modified);
    assert_eq!(verdict(Known { ctime_ns: Some(21), ..THEN }), Verdict::Modified, "mtime was set back");
    assert_eq!(verdict(Known { inode: Some(8), ..THEN }), Verdict::Modified);
    assert_eq!(
        verdict(Known { ctime_ns: None, inode: None, ..THEN }),
        Verdict::Modified,
        "a write cannot be ruled out"
    );
    assert_eq!(verdict(Known { inode: None, ..THEN }), Verdict::SuspectedRot);
}

#[test]
fn times_that_may_repeat_show_no_rot_but_still_show_a_write() {
    let repeats = Known { times_may_repeat: true, ..THEN };
    let same = Evidence::between(&repeats, &THEN);
    assert_eq!((same.verdict(), same.mtime, same.ctime), (Verdict::Modified, Trace::Unknown, Trace::Unknown));
    let written = Evidence::between(&repeats, &Known { ctime_ns: Some(21), ..THEN });
    assert_eq!((written.verdict(), written.ctime), (Verdict::Modified, Trace::Changed));
    let now = Evidence::between(&THEN, &repeats);
    assert_eq!(now.verdict(), Verdict::SuspectedRot, "the record was made when its times could not repeat");
}

#[test]
fn evidence_and_its_absence_are_written_as_words() {
    let none = Evidence::between(&Known::default(), &THEN);
    assert_eq!(serde_json::to_string(&none).unwrap(), "\"none\"");
    assert_eq!(none.to_string(), "no evidence: nothing but digests was recorded");
    let some = Evidence::between(&Known { size: Some(3), mtime_ns: Some(1), ..Known::default() }, &THEN);
    let json = r#"{"size":"same","mtime":"changed","ctime":"unknown","inode":"unknown"}"#;
    assert_eq!(serde_json::to_string(&some).unwrap(), json);
    assert_eq!(some.to_string(), "content and mtime changed, size did not; ctime and inode are not known");
    assert_eq!(
        Evidence::between(&THEN, &THEN).to_string(),
        "content changed, size and mtime did not; ctime and inode are the same"
    );
    let set_back = Evidence::between(&THEN, &Known { ctime_ns: Some(21), ..THEN });
    let edited = Evidence { size: Trace::Changed, mtime: Trace::Changed, ..set_back };
    assert_eq!(
        [set_back, edited].map(|evidence| evidence.to_string()),
        [
            "content changed, size and mtime did not; ctime changed, inode is the same",
            "content, size and mtime changed; ctime changed, inode is the same",
        ]
    );
    assert_eq!(&some.code(), b"scuu");
    assert_eq!(Evidence::from_code(&some.code()), Some(some));
    for code in [&b"scu"[..], b"scux", b"scuuy", b"scuuxx"] {
        assert_eq!(Evidence::from_code(code), None);
    }
}

#[test]
fn an_entry_that_contradicts_itself_is_damaged_and_no_evidence_of_rot() {
    for known in [THEN, Known::default()] {
        let evidence = Evidence { digests: EntryDigests::Contradict, ..Evidence::between(&known, &THEN) };
        assert_eq!((evidence.verdict(), evidence.is_none()), (Verdict::Modified, false));
        assert_eq!(evidence.to_string(), "the digests of this entry contradict each other: the manifest is damaged");
        assert!(serde_json::to_string(&evidence).unwrap().ends_with(r#""digests":"contradict"}"#));
        assert_eq!(Evidence::from_code(&evidence.code()), Some(evidence));
    }
}

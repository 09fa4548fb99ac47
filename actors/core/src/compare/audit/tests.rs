use super::super::baseline::BaselineBuilder;
use super::*;
use crate::digest::Digest;
use crate::manifest::{Candidates, Claimed, Form, Limits, ManifestReader, ReadOptions, Record};
use crate::result::{FileMeta, Origin, Stability};

const CRC32: Algorithms = Algorithms::single(Algorithm::Crc32);
const HASHED: Status = Status::Hashed(Stability::Stable);

fn crc(byte: u8) -> Claimed {
    Claimed::of(Digest::new(Algorithm::Crc32, &[byte; 4]).unwrap())
}

fn baseline(entries: &[(&str, u8)]) -> Baseline {
    let mut builder = BaselineBuilder::new();
    for (name, byte) in entries {
        builder
            .push(&Record { name: name.as_bytes().to_vec(), digests: vec![crc(*byte)], ..Record::default() })
            .unwrap();
    }
    builder.finish()
}

fn judge(audit: &mut Audit, path: &str, status: Status, byte: u8) -> Option<Verdict> {
    let (path, meta) = (path.as_bytes(), FileMeta { size: 1, ..FileMeta::default() });
    let digests = [byte; 4];
    let digests = if matches!(status, Status::Hashed(_)) { &digests[..] } else { &[] };
    audit
        .judge(&ItemRef { path, meta, status, digests, algorithms: &CRC32, origin: Origin::Read, fixity: None })
        .verdict
}

fn failed(code: ErrorCode) -> Status {
    Status::Error { code, errno: 0 }
}

fn absent(findings: &Findings) -> Vec<(&str, Verdict)> {
    findings.absent.iter().map(|one| (std::str::from_utf8(&one.path).unwrap(), one.verdict)).collect()
}

fn traced(row: u64, path: &str, from: &str, verdict: Verdict) -> Traced {
    Traced { row, path: path.into(), from: from.into(), verdict }
}

#[test]
fn every_file_gets_its_verdict() {
    let mut audit =
        Audit::new(baseline(&[("a", 1), ("b/x", 2), ("b/y", 3), ("c", 4), ("d", 5), ("e", 6)]), Candidates::default());
    assert_eq!(judge(&mut audit, "a", HASHED, 1), Some(Verdict::Matched));
    assert_eq!(judge(&mut audit, "b/w", HASHED, 9), Some(Verdict::New));
    assert_eq!(judge(&mut audit, "b/x", HASHED, 8), Some(Verdict::Modified));
    assert_eq!(judge(&mut audit, "c", failed(ErrorCode::Permission), 0), Some(Verdict::Unreadable));
    assert_eq!(judge(&mut audit, "f", HASHED, 3), Some(Verdict::New), "moved, which is known at the end");
    assert_eq!(judge(&mut audit, "link", Status::Skipped(crate::result::SkipReason::Symlink), 0), None);
    let findings = audit.finish();
    assert_eq!(absent(&findings), [("d", Verdict::Missing), ("e", Verdict::Missing)]);
    assert_eq!(findings.traced, [traced(4, "f", "b/y", Verdict::Moved)]);
    let expected =
        AuditCounts { matched: 1, modified: 1, moved: 1, missing: 2, new: 1, unreadable: 1, suspected_rot: 0 };
    assert_eq!(findings.counts, expected);
    assert!(!findings.counts.all_matched());
}

#[test]
fn what_is_below_a_directory_that_cannot_be_entered_is_unreadable_and_not_missing() {
    let mut audit = Audit::new(baseline(&[("a/x", 1), ("a/y/z", 2), ("ab", 3)]), Candidates::default());
    assert_eq!(judge(&mut audit, "a", failed(ErrorCode::Permission), 0), Some(Verdict::Unreadable));
    // The same content elsewhere is not a move, because a/x may still exist.
    assert_eq!(judge(&mut audit, "b", HASHED, 1), Some(Verdict::New));
    let findings = audit.finish();
    let expected = [("a/x", Verdict::Unreadable), ("a/y/z", Verdict::Unreadable), ("ab", Verdict::Missing)];
    assert_eq!(absent(&findings), expected);
    assert_eq!((findings.counts.unreadable, findings.counts.moved), (3, 0));
}

#[test]
fn a_name_that_was_opened_and_not_found_is_missing_or_moved() {
    let mut audit = Audit::new(baseline(&[("a", 1), ("b", 2)]), Candidates::default());
    assert_eq!(judge(&mut audit, "a", failed(ErrorCode::NotFound), 0), None);
    assert_eq!(judge(&mut audit, "b", failed(ErrorCode::NotFound), 0), None);
    assert_eq!(judge(&mut audit, "c", HASHED, 2), Some(Verdict::New));
    let findings = audit.finish();
    assert_eq!(absent(&findings), [("a", Verdict::Missing)]);
    assert_eq!(findings.traced[0].from, b"b");
}

#[test]
fn all_matched_is_true_for_a_complete_tree_and_false_for_an_empty_baseline() {
    let mut audit = Audit::new(baseline(&[("a", 1)]), Candidates::default());
    judge(&mut audit, "a", HASHED, 1);
    assert!(audit.finish().counts.all_matched());
    assert!(!Audit::new(baseline(&[]), Candidates::default()).finish().counts.all_matched());
}

#[test]
fn every_digest_of_a_name_must_match() {
    let mut audit = Audit::new(baseline(&[("a", 1), ("a", 2)]), Candidates::default());
    assert_eq!(judge(&mut audit, "a", HASHED, 1), Some(Verdict::Modified));
}

#[test]
fn the_first_match_decides_what_untagged_digests_of_64_digits_are() {
    let text = format!("{}  a\n{}  b\n{}  c\n", "fe".repeat(32), "02".repeat(32), "01".repeat(32));
    let mut reader = ManifestReader::new(text.as_bytes(), Form::Checksums, ReadOptions::new(Limits::REQUEST)).unwrap();
    let mut builder = BaselineBuilder::new();
    while let Some((_, record)) = reader.next_record().unwrap() {
        builder.push(record.unwrap()).unwrap();
    }
    let mut audit = Audit::new(builder.finish(), Candidates::default());
    let both = audit.algorithms().unwrap();
    assert_eq!(both.as_slice()[..2], [Algorithm::Sha256, Algorithm::Blake3]);
    let each = (1..).take(both.len()).flat_map(|byte| vec![byte; 32]);
    let digests: Vec<u8> = each.collect();
    let meta = FileMeta { size: 1, ..FileMeta::default() };
    let mut verdict = |path: &[u8]| {
        audit
            .judge(&ItemRef {
                path,
                meta,
                status: HASHED,
                digests: &digests,
                algorithms: &both,
                origin: Origin::Read,
                fixity: None,
            })
            .verdict
    };
    assert_eq!(verdict(b"a"), Some(Verdict::Modified));
    assert_eq!(verdict(b"b"), Some(Verdict::Matched));
    assert_eq!(verdict(b"c"), Some(Verdict::Modified), "correct for SHA-256, but BLAKE3 is decided now");
    assert_eq!(audit.finish().algorithm, Some(Algorithm::Blake3));
}

#[test]
fn a_copy_is_new_and_names_the_first_file_that_matches() {
    let mut audit = Audit::new(baseline(&[("a", 1), ("b", 1), ("c", 2), ("d", 3)]), Candidates::default());
    for (path, byte) in [("a", 7), ("b", 1), ("b copy", 1), ("c", 2), ("c copy", 2), ("d", 9), ("d copy", 3)] {
        judge(&mut audit, path, HASHED, byte);
    }
    let findings = audit.finish();
    let expected = [traced(2, "b copy", "b", Verdict::New), traced(4, "c copy", "c", Verdict::New)];
    assert_eq!(findings.traced, expected, "neither a nor d still have the content");
    assert_eq!((findings.counts.new, findings.counts.moved, findings.untraced), (3, 0, 0));
}

#[test]
fn contents_that_changed_places_are_told_from_edits() {
    let entries = [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6), ("gone", 7)];
    let mut audit = Audit::new(baseline(&entries), Candidates::default());
    for (path, byte) in [("a", 2), ("b", 1), ("c", 4), ("d", 5), ("e", 3), ("f", 7)] {
        assert_eq!(judge(&mut audit, path, HASHED, byte), Some(Verdict::Modified));
    }
    let findings = audit.finish();
    let pairs = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c"), ("f", "gone")];
    let expected = (0..).zip(pairs).map(|(row, (path, from))| traced(row, path, from, Verdict::Modified));
    assert_eq!(findings.traced, expected.collect::<Vec<_>>());
    assert_eq!((findings.counts.modified, findings.counts.missing), (6, 1), "the verdicts stay");
}

#[test]
fn files_beyond_those_that_are_kept_are_counted_and_not_guessed() {
    let mut audit = Audit::new(baseline(&[("a", 1)]), Candidates::default());
    audit.tracer.limit_to(2);
    for path in ["a", "b", "c", "d", "e"] {
        judge(&mut audit, path, HASHED, 1);
    }
    let findings = audit.finish();
    assert_eq!((findings.traced.len(), findings.untraced, findings.counts.new), (2, 2, 4));
}

#[test]
fn only_an_unlisted_file_with_the_content_of_the_manifest_has_no_verdict() {
    let text = b"352441c2  a\n";
    let meta = FileMeta { size: text.len() as u64, ..FileMeta::default() };
    let content = ManifestContent::of(text, CRC32);
    let digests = content.digests.clone();
    let mut audit = Audit::new(baseline(&[("a", 1)]), Candidates::default()).with_manifest(Some(content));
    let mut judged = |path: &str, meta: FileMeta, digests: &[u8]| {
        let (path, status, algorithms) = (path.as_bytes(), HASHED, &CRC32);
        audit.judge(&ItemRef { path, meta, status, digests, algorithms, origin: Origin::Read, fixity: None }).verdict
    };
    assert_eq!(judged("a", meta, &digests), Some(Verdict::Modified), "it is listed, so its digest counts");
    assert_eq!(judged("b", meta, &digests), None);
    assert_eq!(judged("c", FileMeta { size: meta.size + 1, ..meta }, &digests), Some(Verdict::New));
    assert_eq!(judged("d", meta, &[0; 4]), Some(Verdict::New));
    let counts = audit.finish().counts;
    assert_eq!((counts.new, counts.modified, counts.missing), (2, 1, 0));
}

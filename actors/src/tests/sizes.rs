//! Files at every threshold -1, 0, +1, read and mapped, alone and in sets of algorithms.

use std::fs;
use std::path::Path;

use crate::ScanSpec;

use super::tree::{cycle, engine, run, spec, system_digest};
use hivesum_core::digest::subtree::SubtreeMerger;
use hivesum_core::file::IoMode;
use hivesum_core::hash::{Coverage, FilePart};

/// Read buffer, map threshold, piece, several pieces, BLAKE3's chunk.
const THRESHOLDS: [usize; 6] = [1 << 10, 256 << 10, 1 << 20, 8 << 20, 16 << 20, 24 << 20];

fn sizes() -> Vec<usize> {
    let around = THRESHOLDS.iter().flat_map(|&threshold| [threshold - 1, threshold, threshold + 1]);
    [0, 1].into_iter().chain(around).collect()
}

fn tree_of_sizes(path: &Path) {
    for size in sizes() {
        fs::write(path.join(format!("{size:09}")), cycle(size)).unwrap();
    }
}

#[test]
fn at_every_threshold_the_engine_agrees_with_the_system_tools_however_it_reads() {
    let tree = tempfile::tempdir().unwrap();
    tree_of_sizes(tree.path());
    let (engine, background) = engine();
    for io in [IoMode::Auto, IoMode::Map, IoMode::Read] {
        let mut spec = spec(tree.path(), "sha256,md5,blake3");
        spec.io = io;
        let (lines, end) = run(&engine, spec);
        assert_eq!(end.summary.hashed as usize, sizes().len());
        for (line, size) in lines.iter().zip(sizes()) {
            let path = tree.path().join(&line.path);
            let blake3 = blake3::hash(&cycle(size)).to_hex();
            let expected = format!("{} {} {blake3}", system_digest("sha256sum", &path), system_digest("md5sum", &path));
            assert_eq!(line.outcome, expected, "{size} bytes, {io:?}");
        }
    }
    background.join();
}

#[test]
fn blake3_alone_agrees_at_every_threshold_too() {
    let tree = tempfile::tempdir().unwrap();
    tree_of_sizes(tree.path());
    let (engine, background) = engine();
    let (lines, _) = run(&engine, spec(tree.path(), "blake3"));
    for (line, size) in lines.iter().zip(sizes()) {
        assert_eq!(line.outcome, blake3::hash(&cycle(size)).to_hex().as_str(), "{size} bytes");
    }
    background.join();
}

#[test]
fn parts_of_a_file_are_merged_to_its_digest_and_a_part_of_another_size_is_a_change() {
    const PIECE: usize = 8 << 20;
    let tree = tempfile::tempdir().unwrap();
    let (engine, background) = engine();
    let outcome = |part: FilePart| {
        let (lines, _) = run(&engine, ScanSpec { coverage: Coverage::Part(part), ..spec(tree.path(), "blake3") });
        lines[0].outcome.clone()
    };
    for (size, part_bytes) in [(5 * PIECE + 1, 2 * PIECE), (4 * PIECE, PIECE), (3 * PIECE - 1, 2 * PIECE)] {
        fs::write(tree.path().join("f"), cycle(size)).unwrap();
        let mut merger = SubtreeMerger::new();
        for offset in (0..size).step_by(part_bytes) {
            let bytes = part_bytes.min(size - offset);
            let part = FilePart::new(size as u64, offset as u64, bytes as u64).unwrap();
            merger.push(hex::decode(outcome(part)).unwrap().try_into().unwrap());
        }
        assert_eq!(merger.finish().unwrap(), *blake3::hash(&cycle(size)).as_bytes(), "{size} by {part_bytes}");
    }
    for other in [3 * PIECE, 9 * PIECE] {
        let part = FilePart::new(other as u64, 2 * PIECE as u64, PIECE as u64).unwrap();
        assert_eq!(outcome(part), "error(file_changed)", "it had {other} bytes");
    }
    background.join();
}

#[test]
fn a_sparse_file_past_4_gib_has_its_right_digest() {
    const BYTES: u64 = (4 << 30) + 1;
    let tree = tempfile::tempdir().unwrap();
    fs::File::create(tree.path().join("sparse")).unwrap().set_len(BYTES).unwrap();
    let (engine, background) = engine();
    let (lines, _) = run(&engine, spec(tree.path(), "blake3"));
    let mut expected = blake3::Hasher::new();
    let zeros = vec![0; 1 << 20];
    for _ in 0..BYTES >> 20 {
        expected.update(&zeros);
    }
    expected.update(&[0]);
    assert_eq!(lines[0].outcome, expected.finalize().to_hex().as_str());
    background.join();
}

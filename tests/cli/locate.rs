//! `hivesum locate` without a collection: two copies are compared range by range, and a digest tells which is right.

use hivesum_test_support::cycle;
use serde_json::{Value, json};

use super::work_dir::WorkDir;

const MIB: usize = 1 << 20;

/// A good file of six pieces, a copy with two damaged pieces, and one that is too long.
fn copies() -> WorkDir {
    let dir = WorkDir::new();
    let good = cycle(6 * MIB);
    let mut bad = good.clone();
    bad[MIB + 5] ^= 1;
    bad[6 * MIB - 1] ^= 1;
    let long = [&good[..], b"and more"].concat();
    for (name, content) in [("good", &good), ("bad film", &bad), ("long", &long)] {
        dir.write(name, content);
    }
    dir
}

fn locate(dir: &WorkDir, args: &[&str]) -> (Option<i32>, String, String) {
    let ran = dir.hivesum(["locate", "--state", "s"].iter().chain(args));
    let of_sources = |line: &&str| !line.ends_with(": unknown") && !line.ends_with(": cache");
    let said: Vec<_> = ran.stderr().lines().filter(of_sources).map(str::to_owned).collect();
    (ran.code, ran.stdout(), said.join("\n"))
}

#[test]
fn a_digest_tells_which_copy_is_right_and_the_commands_mend_the_other_one() {
    let dir = copies();
    let expect = format!("blake3:{}", blake3::hash(&cycle(6 * MIB)));
    let (code, plan, said) = locate(&dir, &["bad film", "good", "--expect", &expect]);
    assert_eq!(code, Some(1));
    let expected = "damaged: 1048576 bytes at 1048576\n\
                    damaged: 1048576 bytes at 5242880\n\
                    dd if=good of='bad film' bs=1048576 skip=1 seek=1 count=1 conv=notrunc\n\
                    dd if=good of='bad film' bs=1048576 skip=5 seek=5 count=1 conv=notrunc\n";
    assert_eq!(plan, expected);
    let told = "'bad film': is damaged in 2 ranges, 2097152 of 6291456 bytes\ngood: is what it should be";
    assert!(said.contains(&told.replace('\n', "\nhivesum: ")) || said.contains(told), "{said}");
    for command in plan.lines().filter(|line| line.starts_with("dd ")) {
        assert_eq!(dir.run("sh", ["-c", command]).code, Some(0), "{command}");
    }
    assert!(std::fs::read(dir.path("bad film")).unwrap() == cycle(6 * MIB));
    let (code, plan, said) = locate(&dir, &["bad film", "--expect", &expect]);
    assert_eq!((code, plan.as_str()), (Some(0), ""));
    assert!(said.ends_with("'bad film': is what it should be"), "{said}");
}

#[test]
fn without_a_digest_the_ranges_are_told_and_nothing_is_to_be_copied() {
    let dir = copies();
    let (code, plan, said) = locate(&dir, &["bad film", "good"]);
    assert_eq!(
        (code, plan.as_str()),
        (Some(1), "different: 1048576 bytes at 1048576\ndifferent: 1048576 bytes at 5242880\n")
    );
    assert!(said.contains("which of them is right is not known: see --expect"), "{said}");
    assert_eq!(locate(&dir, &["good", "good"]).0, Some(0));
    // One that is too long is cut, after its end was compared.
    let expect = blake3::hash(&cycle(6 * MIB)).to_string();
    let (code, plan, _) = locate(&dir, &["long", "good", "--expect", &expect]);
    assert_eq!((code, plan.as_str()), (Some(1), "damaged: 8 bytes at 6291456\ntruncate --size=6291456 long\n"));
    let ran = dir.hivesum(["locate", "--state", "s", "--json", "bad film", "good"]);
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((&document["verdict"], &document["expected"]), (&json!("different"), &Value::Null));
    assert_eq!(document["ranges"][0], json!({ "offset": 1_048_576, "bytes": 1_048_576 }));
    assert_eq!(document["replica"]["blake3"], expect);
}

#[test]
fn what_cannot_be_compared_is_said_in_words() {
    let dir = copies();
    for (args, code, words) in [
        (&["good"][..], 2, "good: no collection knows this file with a BLAKE3 digest"),
        (&["good", "--expect", "sha256:00"], 2, "must be a BLAKE3 digest: 64 hexadecimal digits"),
        (&["good", "gone"], 1, "gone: No such file or directory"),
        (&["good", "."], 1, ".: Is a directory"),
        (&["nowhere/good", "good"], 1, "nowhere/good: No such file or directory"),
    ] {
        let (found, stdout, said) = locate(&dir, args);
        assert_eq!((found, stdout.as_str()), (Some(code), ""), "{args:?}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
    let wrong = format!("{:064}", 0);
    let (code, plan, said) = locate(&dir, &["bad film", "good", "--expect", &wrong]);
    assert_eq!((code, plan.as_str()), (Some(1), ""));
    assert!(said.contains("where is not known: a good copy of it would tell"), "{said}");
    assert!(said.contains("good: is not what it should be either"), "{said}");
}

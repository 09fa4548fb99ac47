//! `hivesum duplicates`: found without reading unique files whole.

use std::collections::BTreeMap;

use hivesum_test_support::has_tool;
use hivesum_test_support::vectors::ABC_BLAKE3;
use serde_json::{Value, json};

use super::work_dir::WorkDir;

fn report(dir: &WorkDir, args: &[&str]) -> Value {
    let ran = dir.hivesum(["duplicates", "--format", "json"].iter().chain(args));
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), ""));
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
fn groups_are_sorted_by_reclaimable_bytes_and_hard_links_count_as_one_copy() {
    let large = vec![7; 100_000];
    let mut other_middle = large.clone();
    other_middle[50_000] = 8;
    let dir = WorkDir::with(&[
        (b"d/a", b"abc"),
        (b"d/b", b"abc"),
        (b"d/alone", b"abd"),
        (b"d/large1", &large),
        (b"d/large2", &large),
        (b"d/large3", &other_middle),
        (b"d/e1", b""),
        (b"d/e2", b""),
    ]);
    std::fs::hard_link(dir.path("d/a"), dir.path("d/link")).unwrap();
    std::fs::hard_link(dir.path("d/alone"), dir.path("d/its link")).unwrap();
    dir.link("d/symlink", "large1");
    let document = report(&dir, &["d"]);
    let groups = document["groups"].as_array().unwrap();
    assert_eq!((groups.len(), &document["reclaimable_bytes"]), (2, &json!(100_003)));
    assert_eq!(groups[0]["paths"], json!(["large1", "large2"]), "large3 differs only in its middle");
    assert_eq!(groups[1]["paths"], json!(["a", "b", "link"]));
    assert_eq!((&groups[1]["count"], &groups[1]["reclaimable_bytes"]), (&json!(2), &json!(3)));
    assert_eq!(groups[1]["file_numbers"], json!([0, 1, 0]));
    assert_eq!(groups[1]["digest"], ABC_BLAKE3);
    assert_eq!(report(&dir, &["d", "--min-size", "4"])["total"], 1);
    assert_eq!(report(&dir, &["d", "--min-size", "1KiB"])["total"], 1);
    let wrong = dir.hivesum(["duplicates", "d", "--min-size", "large"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr().contains("must be a number of bytes with a unit, such as"), "{}", wrong.stderr());
    assert_eq!(report(&dir, &["d", "--min-size", "0"])["total"], 3);
    let ran = dir.hivesum(["duplicates", "d"]);
    assert!(ran.stdout().ends_with(
        "3 B reclaimable, 2 copies of 3 B\n  a\n  b\n  link (hard link to a)\n\n2 groups, 97.66 KiB reclaimable\n"
    ));
}

#[test]
fn several_directories_are_compared_with_each_other_and_names_begin_with_theirs() {
    let dir = WorkDir::with(&[
        (b"d/a", b"abc"),
        (b"d/sub/alone", b"abd"),
        (b"e/b", b"abc"),
        (b"e/c", b"two"),
        (b"f/c", b"two"),
        (b"f/skipped", b"abc"),
    ]);
    std::fs::create_dir(dir.path("empty")).unwrap();
    std::fs::hard_link(dir.path("d/a"), dir.path("f/link")).unwrap();
    let document = report(&dir, &["d", "empty", "e/", "./f", "--exclude", "skipped"]);
    assert_eq!(document["groups"][0]["paths"], json!(["d/a", "e/b", "./f/link"]));
    assert_eq!(document["groups"][0]["file_numbers"], json!([0, 1, 0]));
    assert_eq!(document["groups"][1]["paths"], json!(["e/c", "./f/c"]));
    assert_eq!(document["total"], 2);
    dir.link("way", "d");
    for (args, why) in [
        (&["d/sub", "d"][..], "d/sub lies in d"),
        (&["d", "way"], "lies in"),
        (&["d", "0197a2b4-6d3c-7000-8000-000000000001"], "the id of one job alone"),
    ] {
        let refused = dir.hivesum(["duplicates"].iter().chain(args));
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(2), ""), "{args:?}");
        assert!(refused.stderr().contains(why), "{args:?}: {}", refused.stderr());
    }
}

#[test]
fn a_unique_file_is_not_read_whole() {
    if !has_tool("strace") {
        return;
    }
    let dir = WorkDir::with(&[(b"d/twin1", &[1; 20_000]), (b"d/twin2", &[1; 20_000])]);
    let size = 64_000_000;
    for (name, byte) in [("lonely1", 1), ("lonely2", 2)] {
        let mut content = vec![0; size];
        content[size - 1] = byte;
        dir.write(format!("d/{name}"), content);
    }
    let args = [
        "-f",
        "-e",
        "trace=read,pread64,preadv2,mmap",
        "-o",
        "trace",
        super::work_dir::HIVESUM,
        "duplicates",
        "--io",
        "read",
        "d",
    ];
    let ran = dir.run("strace", args);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr());
    let read: u64 = dir
        .read("trace")
        .lines()
        .filter(|line| line.contains("read"))
        .filter_map(|line| line.rsplit_once(" = ")?.1.trim().parse::<u64>().ok())
        .sum();
    assert!(read < 4_000_000, "{read} bytes were read of twice {size}");
}

/// Digests and paths of groups, found by a plain loop over all files.
fn by_hand(dir: &std::path::Path) -> BTreeMap<String, Vec<String>> {
    use std::os::unix::fs::MetadataExt;
    let (mut groups, mut stack) = (BTreeMap::<String, Vec<(u64, String)>>::new(), vec![dir.to_owned()]);
    while let Some(next) = stack.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() {
                stack.push(path);
            } else if meta.is_file() && meta.len() > 0 {
                let digest = blake3::hash(&std::fs::read(&path).unwrap()).to_string();
                let shown = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
                groups.entry(digest).or_default().push((meta.ino(), shown));
            }
        }
    }
    groups.retain(|_, names| names.iter().any(|(inode, _)| *inode != names[0].0));
    let sorted = |mut names: Vec<(u64, String)>| {
        names.sort_by_key(|(_, name)| name.replace('/', "\0"));
        names.into_iter().map(|(_, name)| name).collect()
    };
    groups.into_iter().map(|(digest, names)| (digest, sorted(names))).collect()
}

/// `HIVESUM_DUPLICATES_TREE=/usr cargo test --test cli duplicates` takes a larger tree.
#[test]
fn a_real_tree_has_the_groups_that_a_plain_loop_finds() {
    let tree =
        std::env::var("HIVESUM_DUPLICATES_TREE").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned() + "/src");
    let dir = WorkDir::new();
    let ran = dir.hivesum(["duplicates", "--format", "json", &tree]);
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let found: BTreeMap<String, Vec<String>> = document["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let paths = group["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned());
            (group["digest"].as_str().unwrap().to_owned(), paths.collect())
        })
        .collect();
    assert_eq!(found, by_hand(std::path::Path::new(&tree)));
}

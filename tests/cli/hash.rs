//! `hivesum hash`: which files are hashed, in which order, and what is reported about the rest.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use hivesum_test_support::{cycle, has_tool};

use super::work_dir::{HIVESUM, Ran, WorkDir, arg, sorted};

/// Names that are difficult for formats and terminals.
const HOSTILE: [&[u8]; 14] = [
    b"plain",
    b"a b",
    b" lead",
    b"trail ",
    b"new\nline",
    b"back\\slash",
    b"car\rriage",
    b"caf\xc3\xa9",
    b"latin\xe9",
    b"*star",
    b"-dash",
    b"#hash",
    b"quo'te\"",
    b"x)y",
];

/// Hostile names, and sizes around each way of reading: none, small, mapped, in segments.
fn tree() -> WorkDir {
    let dir = WorkDir::new();
    for (number, name) in HOSTILE.iter().enumerate() {
        dir.write([b"tree/sub/", *name].concat(), cycle(number * 1000));
    }
    for size in [0, 1, 1023, 1024, 1025, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (17 << 20) + 1] {
        dir.write(format!("tree/size-{size}"), cycle(size));
    }
    dir
}

fn digests_of_all(dir: &WorkDir, tool: &str) -> Vec<Vec<u8>> {
    let find = format!("find tree -type f -print0 | xargs -0 {tool}");
    let ran = dir.run("sh", ["-c", &find]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr());
    sorted(&ran.stdout)
}

#[test]
fn a_tree_gets_the_same_lines_as_from_sha256sum() {
    if !has_tool("sha256sum") {
        return;
    }
    let dir = tree();
    let ran = dir.hivesum(["hash", "-a", "sha256", "tree"]);
    assert_eq!((ran.code, ran.stderr()), (Some(0), String::new()));
    assert_eq!(sorted(&ran.stdout), digests_of_all(&dir, "sha256sum"));
    let read = dir.hivesum(["hash", "-a", "sha256", "--io", "read", "-j", "3", "tree"]);
    let mapped = dir.hivesum(["hash", "-a", "sha256", "--io", "map", "-j", "1", "tree"]);
    assert_eq!((&read.stdout, &mapped.stdout), (&ran.stdout, &ran.stdout));
}

#[test]
fn a_tree_gets_the_digests_of_b3sum_and_b3sum_reads_them() {
    if !has_tool("b3sum") {
        return;
    }
    let dir = tree();
    // b3sum cannot print the first name, and its older releases do not escape the second.
    for name in ["latin\u{e9}".as_bytes(), b"car\rriage"] {
        let name = if name.starts_with(b"l") { b"latin\xe9".as_slice() } else { name };
        std::fs::remove_file(dir.path([b"tree/sub/", name].concat())).unwrap();
    }
    let ran = dir.hivesum(["hash", "--format", "b3sum", "tree"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(sorted(&ran.stdout), digests_of_all(&dir, "b3sum"));
    let checked = dir.feed("b3sum", &ran.stdout, ["--check", "-"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr());
}

#[test]
fn lines_are_in_walk_order_with_names_sorted_by_bytes() {
    let files: [(&[u8], &[u8]); 6] =
        [(b"d/b", b""), (b"d/a/z", b""), (b"d/a.txt", b""), (b"d/B", b""), (b"d/a-", b""), (b"d/\xff", b"")];
    let dir = WorkDir::with(&files);
    let lines = dir.hivesum(["hash", "d"]).stdout;
    let names: Vec<_> =
        lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(|line| &line[66..]).collect();
    assert_eq!(names, [&b"d/B"[..], b"d/a/z", b"d/a-", b"d/a.txt", b"d/b", b"d/\xff"]);
}

#[test]
fn paths_are_printed_as_they_were_given() {
    let dir = WorkDir::with(&[(b"d/f", b"x"), (b"g", b"y")]);
    let absolute = dir.path("d");
    let args = ["hash", "g", "./d", "d/", ".//d", "d/../d/f", absolute.to_str().unwrap(), "g"];
    let lines = dir.hivesum(args).expect_success();
    let names: Vec<_> = lines.lines().map(|line| &line[66..]).collect();
    let in_absolute = format!("{}/f", absolute.to_str().unwrap());
    assert_eq!(names, ["g", "./d/f", "d/f", ".//d/f", "d/../d/f", &in_absolute, "g"]);
}

#[test]
fn a_missing_file_is_reported_and_the_rest_is_hashed() {
    let dir = WorkDir::with(&[(b"a", b"1"), (b"b", b"2")]);
    let ran = dir.hivesum(["hash", "a", "no such", "b/c", "b"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stdout().lines().count(), 2);
    assert_eq!(ran.stderr(), "hivesum: 'no such': No such file or directory\nhivesum: b/c: Not a directory\n");
}

#[test]
fn a_file_without_read_permission_is_reported_and_the_rest_is_hashed() {
    let dir = WorkDir::with(&[(b"d/closed/f", b"1"), (b"d/secret", b"2"), (b"d/open", b"3")]);
    for name in ["d/closed", "d/secret"] {
        std::fs::set_permissions(dir.path(name), PermissionsExt::from_mode(0o000)).unwrap();
    }
    std::fs::set_permissions(dir.path(""), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = dir.command(HIVESUM);
    if std::fs::read(dir.path("d/secret")).is_ok() {
        command.uid(65_534); // permissions do not bind root, so run as nobody
    }
    let ran = Ran::of(command.args(["hash", "d"]).output().expect("the user nobody can run the program"));
    std::fs::set_permissions(dir.path("d/closed"), PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr(), "hivesum: d/closed: Permission denied\nhivesum: d/secret: Permission denied\n");
    assert!(ran.stdout().ends_with("  d/open\n") && ran.stdout().lines().count() == 1, "{}", ran.stdout());
}

#[test]
fn a_directory_that_may_be_read_and_not_searched_is_listed() {
    let dir = WorkDir::with(&[(b"target/f", b"1"), (b"target/g", b"2"), (b"d/below/f", b"3"), (b"d/open", b"4")]);
    for name in ["target", "d/below"] {
        std::fs::set_permissions(dir.path(name), PermissionsExt::from_mode(0o444)).unwrap();
    }
    std::fs::set_permissions(dir.path(""), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = dir.command(HIVESUM);
    if std::fs::read(dir.path("target/f")).is_ok() {
        command.uid(65_534); // permissions do not bind root, so run as nobody
    }
    let ran = Ran::of(command.args(["hash", "target", "d"]).output().expect("the user nobody can run the program"));
    for name in ["target", "d/below"] {
        std::fs::set_permissions(dir.path(name), PermissionsExt::from_mode(0o700)).unwrap();
    }
    let refused = ["target/f", "target/g", "d/below/f"].map(|name| format!("hivesum: {name}: Permission denied\n"));
    assert_eq!((ran.code, ran.stderr()), (Some(1), refused.concat()));
    assert!(ran.stdout().ends_with("  d/open\n") && ran.stdout().lines().count() == 1, "{}", ran.stdout());
}

#[test]
fn a_link_is_followed_as_an_argument_and_skipped_in_a_walk() {
    let dir = WorkDir::with(&[(b"real/f", b"1")]);
    dir.link("to-dir", "real");
    dir.link("to-file", "real/f");
    dir.link("real/inner", "f");
    dir.link("broken", "nowhere");
    let ran = dir.hivesum(["hash", "to-dir", "to-file", "broken"]);
    let names: Vec<_> = ran.stdout().lines().map(|line| line[66..].to_owned()).collect();
    assert_eq!(names, ["to-dir/f", "to-file"]);
    assert_eq!(
        ran.stderr(),
        "hivesum: broken: No such file or directory\nhivesum: skipped: 1 symbolic link (-v lists it)\n"
    );
    assert_eq!(ran.code, Some(1));
}

#[test]
fn standard_input_is_hashed_without_a_path_as_a_dash_and_as_dev_stdin() {
    if !has_tool("sha256sum") {
        return;
    }
    let dir = WorkDir::with(&[(b"f", b"file")]);
    for length in [0, 1, 40_000, 3 << 20] {
        let input = cycle(length);
        let expected = dir.feed("sha256sum", &input, ["-"]).stdout();
        for args in [&["hash", "-a", "sha256"][..], &["hash", "-a", "sha256", "-"]] {
            assert_eq!(dir.feed(HIVESUM, &input, args).expect_success(), expected, "{length} bytes");
        }
        let through = dir.feed(HIVESUM, &input, ["hash", "-a", "sha256", "/dev/stdin"]).expect_success();
        assert_eq!(through[..64], expected[..64]);
    }
    let between = dir.feed(HIVESUM, b"x", ["hash", "f", "-", "f"]).expect_success();
    assert_eq!(between.lines().map(|line| &line[66..]).collect::<Vec<_>>(), ["f", "-", "f"]);
}

#[test]
fn globs_select_files_and_prune_directories() {
    let names = ["src/a.rs", "src/b.txt", "src/deep/c.rs", "target/d.rs", "top.rs"];
    let dir = WorkDir::new();
    for name in names {
        dir.write(format!("t/{name}"), "");
    }
    let hashed = |args: &[&str]| {
        let all = ["hash", "t"].iter().chain(args);
        dir.hivesum(all).expect_success().lines().map(|line| line[68..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(hashed(&["--include", "*.rs"]), ["src/a.rs", "src/deep/c.rs", "target/d.rs", "top.rs"]);
    assert_eq!(hashed(&["--include", "*.rs", "--exclude", "target"]), ["src/a.rs", "src/deep/c.rs", "top.rs"]);
    assert_eq!(hashed(&["--include", "src/*.rs"]), ["src/a.rs"]);
    assert_eq!(hashed(&["--exclude", "src/**"]), ["target/d.rs", "top.rs"]);
}

#[test]
fn thousands_of_arguments_keep_their_order() {
    let dir = WorkDir::new();
    let names: Vec<_> = (0..8192).map(|number| format!("f{:05}", (number * 5001) % 8192)).collect();
    for name in &names {
        dir.write(name, name);
    }
    let lines = dir.hivesum(["hash"].into_iter().chain(names.iter().map(String::as_str))).expect_success();
    let printed: Vec<_> = lines.lines().map(|line| &line[66..]).collect();
    assert_eq!(printed, names);
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let dir = WorkDir::new();
    for number in 0..20_000 {
        std::fs::write(dir.path(format!("{number:05}-{}", "x".repeat(100))), "").unwrap();
    }
    let mut command = dir.command(HIVESUM);
    let mut child = command.args(["hash", "."]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("  ./00000-"));
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stderr()), (Some(0), String::new()));
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let dir = WorkDir::with(&[(b"f", b"1")]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = Ran::of(dir.command(HIVESUM).args(["hash", "f"]).stdout(full).output().unwrap());
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), "hivesum: write error: No space left on device\n"));
}

#[test]
fn a_name_that_the_format_cannot_carry_is_reported_and_the_rest_is_hashed() {
    let dir = WorkDir::with(&[(b"d/caf\xe9", b"1"), (b"d/plain", b"2")]);
    let ran = dir.hivesum([arg("hash"), arg("--format"), arg("b3sum"), arg("d")]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr(), "hivesum: 'd/caf'$'\\351': the b3sum format cannot carry a name that is not UTF-8\n");
    assert!(ran.stdout().ends_with("  d/plain\n") && ran.stdout().lines().count() == 1);
}

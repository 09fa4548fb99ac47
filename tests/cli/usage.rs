//! Wrong command lines: exit status 2, a message about the mistake, and nothing is read or written.

use super::work_dir::WorkDir;

#[test]
fn wrong_use_of_options_exits_with_2_before_anything_is_read() {
    let dir = WorkDir::with(&[(b"f", b"1")]);
    for (args, message) in [
        (&["hash", "-a", "sha255", "f"][..], "sha255"),
        (&["hash", "-a", "", "f"], "--algorithms"),
        (
            &["hash", "--format", "xml", "f"],
            "choose gnu, bsd, b3sum, hashdeep, sfv, bagit, csv, json, ndjson, mtree, wheel_record or ocfl_sidecar",
        ),
        (&["hash", "--format", "gnu", "-a", "md5,sha1", "f"], "the gnu format carries one algorithm only"),
        (&["hash", "--format", "b3sum", "-a", "blake3,sha1", "f"], "the b3sum format carries one algorithm only"),
        (&["hash", "--format", "b3sum", "-a", "sha256", "f"], "the b3sum format carries blake3 only"),
        (&["hash", "--format", "json", "-z", "f"], "--zero works with the formats gnu and bsd"),
        (&["hash", "--include", "a[", "f"], "a["),
        (&["hash", "--exclude", "../f", "."], "leads up"),
        (&["hash", "--exclude", "/usr/share", "."], "can never match"),
        (&["hash", "--include", "./", "."], "whole directory"),
        (&["hash", "--include", "!f", "."], "not negated"),
        (&["duplicates", "--exclude", "a/../b", "."], "leads up"),
        (&["duplicates", "--exclude", "a", "0197a2b4-6d3c-7000-8000-000000000001"], "directories only"),
        (&["hash", "-j", "0", "f"], "must be a number of at least 1"),
        (&["hash", "--io", "magic", "f"], "choose auto, map or read"),
        (&["hash", "--frobnicate"], "--frobnicate"),
        (&["check", "-a", "blake4", "f"], "blake4"),
        (&["check", "--format", "x"], "--format"),
        (&["serve", "--listen", "nowhere"], "--listen"),
        (&["serve", "--rate-limit", "0"], "or off"),
        (&["serve", "--no-auth", "--listen", "0.0.0.0:0", "--state", "s"], "loopback address only"),
        (&["serve", "--state", "s", "--listen", "127.0.0.1:0", "x=/", "x=/"], "called \"x\""),
        (&["token", "create", "--scope", "all"], "all"),
        (&["token", "create", "--expires", "1999-01-01T00:00:00Z"], "is in the past"),
        (&["man", "frobnicate"], "hivesum has no command \"frobnicate\""),
        (&["man", "bag", "frobnicate"], "hivesum bag has no command \"frobnicate\""),
        (&["man", "--dir", "d", "check"], "cannot be used with"),
        (&["completions", "tcsh"], "possible values: bash, zsh, fish"),
        (&["frobnicate"], "frobnicate"),
        (&[], "Usage: hivesum"),
    ] {
        let ran = dir.hivesum(args.iter().chain(&["-o", "out"][..if args.contains(&"hash") { 2 } else { 0 }]));
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr());
        assert!(ran.stderr().contains(message), "{args:?}: {}", ran.stderr());
        assert_eq!(ran.stdout(), "", "{args:?}");
        assert_eq!(dir.names(), ["f"], "{args:?}");
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    let dir = WorkDir::new();
    for args in
        [&["--help"][..], &["hash", "--help"], &["check", "-h"], &["serve", "--help"], &["token", "create", "--help"]]
    {
        let help = dir.hivesum(args).expect_success();
        assert!(help.contains("Usage: hivesum"), "{args:?}");
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(110), "{args:?}: {widest:?} columns");
    }
    assert!(dir.hivesum(["--version"]).expect_success().starts_with("hivesum "));
}

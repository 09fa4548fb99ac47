//! Wrong command lines: exit status 2, a message about the mistake, and nothing is read or written.

use super::pages::commands;
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
        (&["bag", "update", "b", "--info-only"], "--bag-info"),
        (&["bag", "update", "b", "--finish", "--undo"], "cannot be used with"),
        (&["bag", "update", "b", "--accept", "all"], "possible values: modified, suspected-rot"),
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

/// More than these in a row are not read.
const MOST_UNDER_ONE_HEADING: usize = 12;

#[test]
fn no_command_has_more_than_twelve_options_under_one_heading() {
    let mut crowded = Vec::new();
    for command in commands() {
        let mut heading = String::new();
        let mut options = 0;
        for line in command.help.lines() {
            match line.strip_suffix(':').filter(|title| !title.starts_with(' ')) {
                Some(title) => (heading, options) = (title.to_owned(), 0),
                None => options += usize::from(line.trim_start().starts_with('-') && line.starts_with(' ')),
            }
            if options == MOST_UNDER_ONE_HEADING + 1 {
                crowded.push(format!("{}: {heading}", command.words.join(" ")));
            }
        }
    }
    assert!(crowded.is_empty(), "{crowded:?}");
}

#[test]
fn options_after_a_group_of_shared_ones_stand_under_their_own_heading() {
    let dir = WorkDir::new();
    for (command, heading, option) in [
        ("hash", "Options", "--require-stable"),
        ("hash", "Reading", "--io"),
        ("audit", "Options", "--state"),
        ("audit", "Selection", "--exclude"),
        ("serve", "Jobs", "--keep-jobs"),
    ] {
        let help = dir.hivesum([command, "--help"]).expect_success();
        let (_, below) = help.split_once(&format!("\n{heading}:\n")).unwrap();
        let group = below.split("\n\n").next().unwrap();
        assert!(group.lines().any(|line| line.trim_start().split(' ').any(|word| word == option)), "{command} {group}");
    }
}

#[test]
fn an_id_that_is_none_is_refused_in_plain_words_with_the_usage_of_its_command() {
    let dir = WorkDir::new();
    for args in [&["jobs", "show", "x"][..], &["jobs", "cancel", "0197"], &["jobs", "export", "0197a2b4-zz"]] {
        let refused = dir.hivesum(args);
        let said = refused.stderr();
        assert_eq!(refused.code, Some(2), "{args:?}: {said}");
        assert!(said.contains("must be the id of a job, as hivesum jobs list prints it"), "{args:?}: {said}");
        assert!(said.contains(&format!("Usage: hivesum jobs {} ", args[1])), "{args:?}: {said}");
    }
}

#[test]
fn a_number_that_is_none_is_refused_in_plain_words() {
    let dir = WorkDir::with(&[]);
    for (args, why) in [
        (&["serve", "--max-parts", "many"][..], "invalid value 'many' for '--max-parts <N>': must be a whole number"),
        (&["serve", "--max-upload-bytes=-1"], "must be a whole number"),
        (&["serve", "--max-upload-bytes", "99999999999999999999"], "is too large a number"),
        (&["serve", "--max-bytes-per-second", "0"], "must be a number of at least 1"),
        (&["hash", "--read-timeout-seconds", "x", "."], "must be a whole number of seconds"),
        (&["serve", "--hashers", "0"], "must be a number of at least 1"),
    ] {
        let refused = dir.hivesum(args);
        assert_eq!(refused.code, Some(2), "{args:?}");
        let said = refused.stderr();
        assert!(said.contains(why), "{args:?}: {said}");
        for of_program in ["digit", "target type", "non-zero"] {
            assert!(!said.contains(of_program), "{args:?}: {said}");
        }
    }
}

#[test]
fn an_option_of_another_program_is_answered_with_ours_and_never_with_how_to_name_a_file_so() {
    let dir = WorkDir::new();
    for (args, tip) in [
        (&["hash", "--json", "f"][..], Some("use '-f json'")),
        (&["hash", "--ndjson"], Some("use '-f ndjson'")),
        (&["hash", "--tag", "f"], Some("use '-f bsd'")),
        (&["hash", "--sha256", "f"], Some("use '-a sha256'")),
        (&["hash", "--sha3-256", "f"], Some("use '-a sha3_256'")),
        (&["hash", "--jsonx", "f"], None),
        (&["check", "--json", "f"], Some("use '-f json'")),
        (&["check", "--csv", "f"], None),
        (&["check", "--sha512", "f"], Some("use '-a sha512'")),
        (&["audit", "--json", "d"], Some("use '-f json'")),
        (&["compare", "--json", "a", "b"], Some("use '-f json'")),
        (&["duplicates", "--json", "d"], Some("use '-f json'")),
        (&["jobs", "export", "--json"], Some("use '--format json'")),
        (&["check", "--quite", "f"], Some("a similar argument exists: '--quiet'")),
    ] {
        let ran = dir.hivesum(args);
        let tips: Vec<_> =
            ran.stderr().lines().filter_map(|line| line.strip_prefix("  tip: ").map(str::to_owned)).collect();
        assert_eq!((ran.code, tips.iter().map(String::as_str).collect()), (Some(2), Vec::from_iter(tip)), "{args:?}");
        assert!(ran.stderr().contains("\nUsage: hivesum "), "{args:?}: {}", ran.stderr());
        assert!(!ran.stderr().contains("--job <ID>"), "{args:?}: {}", ran.stderr());
    }
}

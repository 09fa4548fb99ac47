//! Standard streams that were closed before the program started, as coreutils treat them: reading one fails, and so
//! does writing to one. Rust's runtime would have them empty and bottomless.

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, Ran, WorkDir};

fn shell(dir: &WorkDir, program: &str, args: &str) -> Ran {
    dir.run("sh", ["-c", &format!("exec '{program}' {args}")])
}

fn work_dir() -> WorkDir {
    let dir = WorkDir::with(&[(b"f", b"1")]);
    dir.hivesum(["hash", "-a", "sha256", "f", "-o", "S"]).expect_success();
    dir
}

#[test]
fn a_closed_standard_input_has_no_digest() {
    let dir = work_dir();
    for args in ["hash <&-", "hash - <&-", "hash f - f <&-", "hash --format ndjson <&-", "hash - <&- 0>&-"] {
        let ran = shell(&dir, HIVESUM, args);
        assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), "hivesum: standard input: Bad file descriptor\n"));
        assert!(!ran.stdout().contains("  -"), "{}", ran.stdout());
    }
    for empty in ["hash </dev/null", "hash <>/dev/null"] {
        assert_eq!(shell(&dir, HIVESUM, empty).expect_success().lines().count(), 1, "open and empty");
    }
}

#[test]
fn a_manifest_from_a_closed_standard_input_is_an_error() {
    let dir = work_dir();
    for (args, code) in
        [("check -", 1), ("check", 1), ("audit . --manifest -", 1), ("compare S -", 2), ("convert - --to bsd", 1)]
    {
        let ran = shell(&dir, HIVESUM, &format!("{args} <&-"));
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(code), ""), "{args}");
        assert!(
            ran.stderr().contains("Bad file descriptor") || ran.stderr().contains("read error"),
            "{}",
            ran.stderr()
        );
    }
}

#[test]
fn results_that_nobody_can_receive_are_an_error() {
    let dir = work_dir();
    let commands = [
        "hash f",
        "hash -o /dev/stdout f",
        "hash . --format json",
        "check S",
        "audit . --manifest S --all",
        "compare S S",
        "convert S --to bsd -a sha256",
        "duplicates .",
        "config",
        "--help",
        "hash --help",
        "--version",
    ];
    for args in commands {
        let ran = shell(&dir, HIVESUM, &format!("{args} >&-"));
        assert_eq!(ran.code, Some(1), "{args}: {}", ran.stderr());
        assert!(ran.stderr().ends_with("hivesum: write error: Bad file descriptor\n"), "{args}: {}", ran.stderr());
    }
    for args in ["--help", "--version", "check --help"] {
        let ran = shell(&dir, HIVESUM, &format!("{args} >/dev/full"));
        assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), "hivesum: write error: No space left on device\n"));
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error_to_tell() {
    let dir = work_dir();
    for args in ["audit . --manifest S --all", "check S", "compare S S", "duplicates .", "config", "algorithms"] {
        let ran = dir.run("bash", ["-c", &format!("exec 3> >(:); wait $!; exec '{HIVESUM}' {args} >&3")]);
        assert!(!ran.stderr().contains("rror"), "{args}: {}", ran.stderr());
    }
}

#[test]
fn a_closed_stream_that_is_not_needed_does_no_harm() {
    let dir = work_dir();
    for args in ["hash f -o T >&-", "hash f <&-", "check --status S <&- >&-", "hash f -o T <&- >&- 2>&-"] {
        assert_eq!(shell(&dir, HIVESUM, args).code, Some(0), "{args}");
    }
    let wrong = shell(&dir, HIVESUM, "hash --wrong >&-");
    assert_eq!(wrong.code, Some(2));
    assert_eq!(shell(&dir, HIVESUM, "hash missing 2>&-").code, Some(1));
}

#[test]
fn the_exit_statuses_are_those_of_sha256sum() {
    if !has_tool("sha256sum") {
        return;
    }
    let dir = work_dir();
    for (ours, theirs) in [
        ("hash <&-", "<&-"),
        ("hash f >&-", "f >&-"),
        ("check S >&-", "--check S >&-"),
        ("check --status S >&-", "--check --status S >&-"),
        ("--version >&-", "--version >&-"),
    ] {
        assert_eq!(shell(&dir, HIVESUM, ours).code, shell(&dir, "sha256sum", theirs).code, "{ours}");
    }
}

//! What people in front of a terminal see, and what scripts do not: colours, the progress bar, the closing line, and
//! the number of skipped links. The terminal is a pseudo-terminal of Python's.

use hivesum_test_support::has_tool;
use hivesum_test_support::process::PSEUDO_TERMINAL;

use super::work_dir::{HIVESUM, WorkDir};

const GREEN_OK: &str = "\x1b[32mOK\x1b[0m";

/// What a command shows on a terminal. `None` without Python.
fn on_terminal(dir: &WorkDir, mode: &str, args: &[&str], variables: &[(&str, &str)]) -> Option<String> {
    if !has_tool("python3") {
        return None;
    }
    let mut command = dir.command("python3");
    command.args(["-c", PSEUDO_TERMINAL, mode, HIVESUM]).args(args).env("TERM", "xterm").env_remove("NO_COLOR");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

fn checked() -> WorkDir {
    let dir = WorkDir::with(&[(b"d/good", b"1"), (b"d/bad", b"2")]);
    dir.hivesum(["hash", "-a", "sha256", "d", "-o", "SHA256SUMS"]).expect_success();
    dir.write("d/bad", "3");
    dir
}

#[test]
fn verdicts_have_colours_on_a_terminal_and_not_with_no_color() {
    let dir = checked();
    let check = ["check", "SHA256SUMS"];
    let Some(seen) = on_terminal(&dir, "both", &check, &[]) else { return };
    assert!(seen.contains(&format!("d/good: {GREEN_OK}\n")), "{seen:?}");
    assert!(seen.contains("d/bad: \x1b[1;31mFAILED\x1b[0m\n"), "{seen:?}");
    for (args, variables) in [
        (&["check", "SHA256SUMS"][..], &[("NO_COLOR", "1")][..]),
        (&["check", "SHA256SUMS"], &[("TERM", "dumb")]),
        (&["check", "--color", "never", "SHA256SUMS"], &[]),
    ] {
        let seen = on_terminal(&dir, "both", args, variables).unwrap();
        assert!(seen.contains("d/good: OK\n") && !seen.contains("\x1b[32m"), "{args:?} {variables:?}: {seen:?}");
    }
    let audited = on_terminal(&dir, "both", &["audit", "d", "--manifest", "SHA256SUMS"], &[]).unwrap();
    assert!(audited.contains("\x1b[1;31mmodified\x1b[0m: bad\n"), "{audited:?}");
}

#[test]
fn pipes_get_no_colours_unless_they_are_asked_for() {
    let dir = checked();
    let auto = dir.hivesum(["check", "SHA256SUMS"]);
    assert_eq!(auto.stdout(), "d/bad: FAILED\nd/good: OK\n");
    let always = dir.hivesum(["check", "--color", "always", "SHA256SUMS"]);
    assert!(always.stdout().contains(&format!("d/good: {GREEN_OK}\n")), "{}", always.stdout());
    assert_eq!(dir.hivesum(["check", "--color", "sometimes", "SHA256SUMS"]).code, Some(2));
}

#[test]
fn the_closing_line_is_for_terminals_and_for_verbose_scripts() {
    let dir = checked();
    let totals = "hivesum: 1 OK, 1 FAILED\n";
    let quiet = dir.hivesum(["check", "SHA256SUMS"]);
    assert_eq!(quiet.stderr(), "hivesum: WARNING: 1 computed checksum did NOT match\n", "as sha256sum has it");
    assert!(dir.hivesum(["check", "-v", "SHA256SUMS"]).stderr().ends_with(totals));
    assert!(dir.hivesum(["hash", "-v", "d"]).stderr().starts_with("hivesum: hashed 2 files, 2 B in "));
    let audited = dir.hivesum(["audit", "-v", "d", "--manifest", "SHA256SUMS"]).stderr();
    assert!(audited.contains("hivesum: read 2 files, 2 B in "), "{audited}");
    let Some(seen) = on_terminal(&dir, "stderr", &["check", "SHA256SUMS"], &[]) else { return };
    assert!(seen.ends_with(totals), "{seen:?}");
    let hashed = on_terminal(&dir, "stderr", &["hash", "d"], &[]).unwrap();
    assert!(hashed.contains("hivesum: hashed 2 files, 2 B in "), "{hashed:?}");
    for args in [&["check", "--quiet", "SHA256SUMS"][..], &["hash", "-q", "d"]] {
        let seen = on_terminal(&dir, "stderr", args, &[]).unwrap();
        assert!(!seen.contains("hashed") && !seen.contains(totals), "{args:?}: {seen:?}");
    }
}

#[test]
fn skipped_links_are_counted_and_listed_with_v() {
    let dir = WorkDir::with(&[(b"d/a", b"1")]);
    dir.link("d/one", "a");
    dir.link("d/two", "nowhere");
    let normal = dir.hivesum(["hash", "d"]);
    let told = "hivesum: skipped: 2 symbolic links (-v lists them)\n";
    assert_eq!((normal.code, normal.stderr().as_str()), (Some(0), told));
    let verbose = dir.hivesum(["hash", "-v", "d"]).stderr();
    let listed =
        "hivesum: d/one: skipped: symbolic link\nhivesum: d/two: skipped: symbolic link\nhivesum: hashed 1 file, ";
    assert!(verbose.starts_with(listed) && verbose.ends_with("; 2 skipped\n"), "{verbose}");
    assert_eq!(dir.hivesum(["hash", "-q", "d"]).expect_success(), normal.stdout());
}

#[test]
fn a_progress_bar_is_drawn_on_a_terminal_unless_it_is_not_wanted() {
    let dir = WorkDir::new();
    // The bar is drawn as long as standard input is open, and removed at the end.
    let Some(seen) = on_terminal(&dir, "bar", &["hash", "-"], &[]) else { return };
    assert!(seen.contains("0 files  0 B  0 B/s"), "{seen:?}");
    let without = on_terminal(&dir, "both", &["hash", "-q", "--no-progress", "-"], &[]).unwrap();
    assert!(without.ends_with("  -\n") && !without.contains('\x1b') && !without.contains('\r'), "{without:?}");
}

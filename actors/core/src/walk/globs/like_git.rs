//! Globs held against `git check-ignore`, which reads each as the only line of a `.gitignore`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use hivesum_test_support::has_tool;
use hivesum_test_support::tools::{feed, output};
use proptest::prelude::*;

use super::Filters;
use crate::file::{DEFAULT_READ_TIMEOUT, Reach};
use crate::walk::{Inventory, Target, WalkSpec};

/// Files of a tree, between blanks; their directories are the interesting part.
const FILES: &str = r"
    a b ab a.rs abc.txt x/a x/b.rs x/a.rs x/y/a x/y/a.rs x/y/z/b build/a build/x/b x/build/ab x/y/build src/a.rs
    src/a/b.rs src/x/y/a.rs lib.d/a lib.d/b.d foo/bar foo/bar2/x bar/foo/x bar [a] a*b a\b {a,b} !a #a a-b a]b
    x/a]b - .hidden x/.hidden/a A 7 x/7z deep/er/and/deep/er/a d/a d/aa d/d/a d/d/d/a";

/// Files with names that cannot stand there.
const MORE_FILES: [&[u8]; 5] = [b"a b", b"\xff.bin", b"caf\xc3\xa9", b"new\nline", b"x/new\nline/a"];

/// Globs between blanks, of which each one matches something in the tree or shows a rule.
const GLOBS: &str = r"
    a /a a/ /a/ *.rs /*.rs x x/ /x x/a /x/a x/*.rs x/* x/** /x/** **/a **/a/ /**/a x/**/a x/**/a.rs **/x/** **
    /** **/ * /* */ /*/ */* */*/ a* *a *a* ? ?? /? x/? [ab] [!a] [^a] [a-c]* [[:digit:]]* [[:upper:]]
    x/[[:digit:]]? []-] a[]]b a[-]b a[*]b \[a\] [[]a] a\*b a\\b a[\\]b \#a \!a [!a-z] [*] x[!y]a x?a x*a x**a
    a** **a *** x/*** x/***/a build build/ /build/ build/* x/build x/build/ build/** **/build lib.d *.d *.d/
    /*.d *.d/*.d foo/bar foo/bar/ foo/bar* foo/bar*/ /bar bar/ .* /.hidden .hidden/ *.bin ?.bin caf?? caf?
    new?line new* **/new*/a deep/**/er deep/**/deep/**/a **/er/a d/**/a d/*/a **/d/a d/**/d/a d/d nothing
    x/nothing/ café src/*/*.rs src/**/*.rs src/* src* a?b *]* A [A]
";

struct Oracle {
    directory: tempfile::TempDir,
}

impl Oracle {
    fn new() -> Self {
        let oracle = Self { directory: tempfile::tempdir().unwrap() };
        output(oracle.directory.path(), "git", &["init", "--quiet", "."]);
        for name in FILES.split_whitespace().map(str::as_bytes).chain(MORE_FILES) {
            let path = oracle.tree().join(OsStr::from_bytes(name));
            // Where two names collide, one is a directory and the other is not there.
            if std::fs::create_dir_all(path.parent().unwrap()).is_ok() && !path.is_dir() {
                std::fs::write(path, "").unwrap();
            }
        }
        oracle
    }

    fn tree(&self) -> &Path {
        self.directory.path()
    }

    fn files(&self) -> BTreeSet<Vec<u8>> {
        self.wanted(&Filters::new(&[], &["/.git/".to_owned()]).unwrap())
    }

    /// The files of the tree that git would ignore.
    fn ignored(&self, glob: &str) -> BTreeSet<Vec<u8>> {
        std::fs::write(self.tree().join(".git/info/exclude"), format!("{glob}\n")).unwrap();
        let mut names = self.files().into_iter().collect::<Vec<_>>().join(&0);
        names.push(0);
        let mut command = Command::new("git");
        command.args(["check-ignore", "--no-index", "-z", "--stdin"]).current_dir(self.tree());
        let printed = feed(&mut command, &names);
        assert!(matches!(printed.status.code(), Some(0 | 1)), "{glob}: {printed:?}");
        printed.stdout.split(|&byte| byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect()
    }

    /// The files that a walk finds.
    fn wanted(&self, filters: &Filters) -> BTreeSet<Vec<u8>> {
        let targets = vec![Target::directory(self.tree()).unwrap()];
        let (filters, timeout) = (filters.clone(), DEFAULT_READ_TIMEOUT);
        let spec = WalkSpec { filters, reach: Reach::OneFilesystem, timeout, ..WalkSpec::new(targets) };
        Inventory::of_walk(spec).names.iter().map(<[u8]>::to_vec).collect()
    }

    /// Holds what a walk leaves out and takes in because of a glob against git.
    fn compare(&self, glob: &str) -> Result<(), TestCaseError> {
        let ignored = self.ignored(glob);
        let excluding = match Filters::new(&[], &[glob.to_owned(), "/.git/".to_owned()]) {
            Ok(excluding) => excluding,
            // git reads z-a as a z alone, and counts a / within [...] as one of the path.
            Err(error) if ["is reversed", "a / within"].iter().any(|why| error.reason.contains(why)) => return Ok(()),
            Err(error) => {
                prop_assert!(ignored.is_empty(), "{error}, and git finds {:?}", shown(&ignored));
                return Ok(());
            }
        };
        let files = self.files();
        let kept: BTreeSet<_> = files.difference(&ignored).cloned().collect();
        prop_assert_eq!(shown(&self.wanted(&excluding)), shown(&kept), "--exclude {}", glob);
        let including = Filters::new(&[glob.to_owned()], &["/.git/".to_owned()]).unwrap();
        prop_assert_eq!(shown(&self.wanted(&including)), shown(&ignored), "--include {}", glob);
        for path in &files {
            prop_assert_eq!(excluding.wants_path(path), !ignored.contains(path), "{}: {}", glob, path.escape_ascii());
            prop_assert_eq!(including.wants_path(path), ignored.contains(path), "{}: {}", glob, path.escape_ascii());
        }
        Ok(())
    }
}

fn shown(names: &BTreeSet<Vec<u8>>) -> Vec<PathBuf> {
    names.iter().map(|name| OsStr::from_bytes(name).into()).collect()
}

#[test]
fn a_table_of_globs_matches_what_git_ignores() {
    if !has_tool("git") {
        return;
    }
    let oracle = Oracle::new();
    assert!(oracle.files().len() > 40);
    for glob in GLOBS.split_whitespace().chain(["a b", "new*line"]) {
        oracle.compare(glob).unwrap();
    }
}

/// Globs of the characters that mean something, without `//` and `.` as a component, which are read more kindly here.
/// Where characters without a meaning come before `**`, git 2.47 cuts them off first and then takes the stars for a
/// whole component; gitignore(5) says that they are regular ones.
fn any_glob() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[abxd]",
        3 => Just("*".to_owned()),
        2 => Just("/".to_owned()),
        1 => Just("**/".to_owned()),
        1 => Just("/**".to_owned()),
        1 => Just("?".to_owned()),
        1 => "\\[[!^]?[]ab\\\\-]{0,3}\\]?",
        1 => "\\\\[ab*?\\[\\\\]?",
        1 => Just("build".to_owned()),
    ];
    let is_read_alike = |glob: &String| {
        let stars_after_others =
            glob.match_indices("**").any(|(at, _)| !matches!(glob[..at].chars().last(), None | Some('/' | '*')));
        !glob.contains("//") && !glob.contains("\\/") && !stars_after_others
    };
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat()).prop_filter("read differently", is_read_alike)
}

#[test]
fn any_glob_matches_what_git_ignores() {
    if !has_tool("git") {
        return;
    }
    let oracle = Oracle::new();
    let cases = hivesum_test_support::number_from_env("HIVESUM_GLOB_CASES").unwrap_or(200) as u32;
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner.run(&any_glob(), |glob| oracle.compare(&glob)).unwrap();
}

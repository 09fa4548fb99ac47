//! Manifests as other tools publish them, read by `check`, `audit` and `convert`: right verdicts on an intact tree and
//! on a damaged one, no line skipped in silence, and the right name for every algorithm.

use std::collections::BTreeSet;
use std::path::Path;

use hivesum_test_support::published::{Lists, Made, Published, rows};
use serde_json::Value;

use crate::work_dir::{HIVESUM, Ran, WorkDir};

/// A row that was made, and where commands on it run.
struct Case<'a> {
    row: &'a Published,
    made: Made,
    dir: WorkDir,
}

impl Case<'_> {
    fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.dir.command(HIVESUM);
        Ran::of(command.args(args).current_dir(&self.made.tree).output().unwrap())
    }

    fn manifest(&self) -> &str {
        self.made.manifest.to_str().unwrap()
    }

    /// The report of a command in JSON, and its exit status.
    fn json(&self, args: &[&str]) -> (Value, Option<i32>) {
        let ran = self.run(&[args, &["--format", "json"]].concat());
        let report = serde_json::from_slice(&ran.stdout);
        (report.unwrap_or_else(|_| panic!("{}: {args:?}: {ran:?}", self.row.what)), ran.code)
    }
}

/// Makes every row that can be made, looks at each, and reports all failures together.
fn each_row(look: impl Fn(&Case<'_>) -> Result<(), String>) {
    let mut failures = Vec::new();
    for row in rows().filter(|row| row.can_be_made()) {
        let dir = WorkDir::new();
        let made = row.make(dir.path("").as_path());
        let case = Case { row, made, dir };
        if let Err(why) = look(&case) {
            failures.push(format!("{}: {why}", row.what));
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

fn expect(what: &str, found: impl PartialEq + std::fmt::Debug, wanted: impl std::fmt::Debug) -> Result<(), String> {
    let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found}, wanted {wanted}")) }
}

/// Each path with its verdict.
fn verdicts(report: &Value) -> BTreeSet<(String, String)> {
    let items = report["items"].as_array().unwrap();
    items.iter().map(|item| (text(&item["path"]), text(&item["verdict"]))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The algorithms that the items name.
fn algorithms(report: &Value) -> BTreeSet<String> {
    let items = report["items"].as_array().unwrap();
    let named = items.iter().flat_map(|item| {
        let several = item["algorithms"].as_array().into_iter().flatten().map(text);
        several.chain(item["algorithm"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    });
    named.collect()
}

fn wanted(row: &Published) -> BTreeSet<String> {
    row.algorithms.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn an_intact_tree_is_ok_by_check_and_every_verdict_names_its_algorithm() {
    each_row(|case| {
        let (report, code) = case.json(&["check", case.manifest()]);
        let bad = verdicts(&report).into_iter().filter(|(_, verdict)| verdict != "matched").collect::<Vec<_>>();
        expect("not matched", bad, [(); 0])?;
        expect("exit status", code, Some(0))?;
        expect("algorithms", algorithms(&report), wanted(case.row))?;
        let listed =
            if case.row.lists == Lists::OnlyA { 1 } else { count_of_files(&case.made.tree, &case.made.manifest) };
        expect("files", verdicts(&report).len(), listed)?;
        lines_not_read(&report, case.row)
    });
}

/// Prose is counted to the line; a signature has as many lines as its key needs.
fn lines_not_read(report: &Value, row: &Published) -> Result<(), String> {
    let lines = &report["lines_not_read"];
    let count = lines["count"].as_u64().unwrap_or_default();
    match row.not_read {
        _ if lines["signed"] == true && row.not_read > 0 => expect("some lines are a signature", count > 0, true),
        wanted => expect("lines not read", count, wanted),
    }
}

fn count_of_files(tree: &Path, manifest: &Path) -> usize {
    let mut count = 0;
    let mut directories = vec![tree.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            let is_own = entry == manifest || entry.ends_with("ascmhl");
            match entry.is_dir() {
                true if !is_own => directories.push(entry),
                is_directory => count += usize::from(!is_directory && !is_own),
            }
        }
    }
    count
}

#[test]
fn an_intact_tree_is_clean_by_audit() {
    each_row(|case| {
        let (report, code) = case.json(&["audit", ".", "--manifest", case.manifest()]);
        let new = case.row.lists == Lists::OnlyA;
        let bad = verdicts(&report)
            .into_iter()
            .filter(|(_, verdict)| verdict != "matched" && !(new && verdict == "new"))
            .filter(|(path, _)| !path.starts_with("ascmhl/"));
        expect("not matched", bad.collect::<Vec<_>>(), [(); 0])?;
        let has_own_files = case.manifest().contains("ascmhl");
        expect("exit status", code, Some(i32::from(new || has_own_files)))
    });
}

#[test]
fn a_damaged_tree_is_found_by_check_and_audit() {
    each_row(|case| {
        case.made.damage();
        let (report, code) = case.json(&["check", case.manifest()]);
        let found = verdicts(&report);
        let has = |path: &str, verdict: &str| {
            found.iter().any(|(one, what)| (one == path || one.ends_with(&format!("/{path}"))) && what == verdict)
        };
        let is_tree = case.row.lists == Lists::Tree;
        expect("check", (has("a", "modified"), has("sub/d", "missing") || has("sub\\d", "missing")), (true, is_tree))?;
        expect("exit status of check", code, Some(1))?;
        let (report, code) = case.json(&["audit", ".", "--manifest", case.manifest()]);
        let found = verdicts(&report);
        let has = |path: &str, verdict: &str| found.contains(&(path.to_owned(), verdict.to_owned()));
        let wanted = (true, is_tree, true);
        expect("audit", (has("a", "modified"), has("sub/d", "missing"), has("new", "new")), wanted)?;
        expect("exit status of audit", code, Some(1))
    });
}

#[test]
fn a_conversion_names_the_right_algorithms() {
    each_row(|case| {
        let tree = case.made.tree.to_str().unwrap();
        let args = ["convert", "--to", "csv", "--root", tree, case.manifest()];
        let ran = case.run(&args);
        if ran.code != Some(0) {
            return Err(format!("convert: {}", ran.stderr()));
        }
        let stdout = ran.stdout();
        let header = stdout.lines().next().unwrap_or_default();
        let named: BTreeSet<String> = header.trim_end().split(',').skip(3).map(str::to_owned).collect();
        expect("columns", named, self::wanted(case.row))
    });
}

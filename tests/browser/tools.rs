//! Tools of the system that make and read checksum files, and axe-core.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Says what is missing; where it must be there, that fails the test.
fn found(is: bool, needs: &str) -> bool {
    if !is {
        assert!(std::env::var_os("HIVESUM_REQUIRE_TOOLS").is_none_or(|value| value != "1"), "needs {needs}");
        eprintln!("SKIPPED: needs {needs}");
    }
    is
}

/// Whether a tool is there, which Debian has as a package of its name.
pub(crate) fn has(tool: &str) -> bool {
    let starts = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    found(starts, &format!("{tool} (apt-get install {tool})"))
}

/// The source of axe-core, as `.ci/run` installs it from npm.
pub(crate) fn axe_core() -> Option<String> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("npm/node_modules/axe-core/axe.min.js");
    let source = std::fs::read_to_string(path).ok();
    let needs = "axe-core (npm install --prefix target/tmp/npm axe-core)";
    found(source.is_some(), needs).then_some(source).flatten()
}

/// What a tool says in a directory, where it must succeed.
pub(crate) fn output(directory: &Path, tool: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(tool).args(args).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{tool}: {output:?}");
    output.stdout
}

/// The digest in the first word that a tool says of a file.
pub(crate) fn digest_by(tool: &str, path: &Path) -> String {
    let said = output(path.parent().unwrap(), tool, &[path.to_str().unwrap()]);
    String::from_utf8(said).unwrap().trim_start_matches('\\').split_whitespace().next().unwrap().to_owned()
}

/// Runs `tool --check --strict` on lines in a directory, quietly.
pub(crate) fn check(directory: &Path, tool: &str, lines: &[u8]) -> Output {
    let mut child = Command::new(tool)
        .args(["--check", "--strict", "--quiet", "-"])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines).unwrap();
    child.wait_with_output().unwrap()
}

//! Running system tools: what they print, the digests they compute, and the manifests they accept.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a tool prints in a directory, where it must succeed.
pub fn output(directory: &Path, tool: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(tool).args(args).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{tool}: {output:?}");
    output.stdout
}

/// Runs a command with these bytes on its standard input, through a pipe.
pub fn feed(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program may exit without reading to the end.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The digest that a tool prints for a file.
pub fn digest_of_file(tool: &str, path: &Path) -> String {
    first_word(&output(path.parent().unwrap(), tool, &[path.to_str().unwrap()]))
}

/// The digest that a tool prints for bytes on its standard input.
pub fn digest_of_bytes(tool: &str, bytes: &[u8]) -> String {
    let output = feed(&mut Command::new(tool), bytes);
    assert!(output.status.success(), "{tool}: {output:?}");
    first_word(&output.stdout)
}

/// A line for a name with escapes begins with a backslash.
fn first_word(line: &[u8]) -> String {
    let line = std::str::from_utf8(line).unwrap();
    line.trim_start_matches('\\').split_whitespace().next().unwrap().to_owned()
}

/// Runs `tool --check -` and more arguments in a directory, with a manifest on its standard input.
pub fn check(tool: &str, more: &[&str], directory: &Path, manifest: &[u8]) -> Output {
    feed(Command::new(tool).arg("--check").args(more).arg("-").current_dir(directory), manifest)
}

//! Tools of the system, and digests that they or their makers published.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Of "abc": FIPS 180-4 examples, RFC 1321, and BLAKE3's reference implementation.
pub const ABC_SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
pub const ABC_BLAKE3: &str = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
pub const ABC_MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

/// Of nothing.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
pub const EMPTY_BLAKE3: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

/// A cycle of 251 bytes, so that swapped blocks show.
pub fn cycle(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

/// Whether the tool is there. Where it must be, its absence fails the test.
pub fn has(tool: &str, install: &str) -> bool {
    let found = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    lets(tool, found, install)
}

/// The same of what a tool needs of the system.
pub fn lets(what: &str, found: bool, remedy: &str) -> bool {
    if !found {
        assert!(std::env::var_os("HIVESUM_REQUIRE_TOOLS").is_none_or(|value| value != "1"), "needs {what} ({remedy})");
        eprintln!("SKIPPED: needs {what} ({remedy})");
    }
    found
}

/// What the tool's lines say of some bytes: its first word.
pub fn digest_by(tool: &str, bytes: &[u8]) -> String {
    let mut child = Command::new(tool).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// Runs `tool --check` on a manifest in a directory.
pub fn check(tool: &str, dir: &Path, manifest: &[u8]) -> Output {
    let mut child = Command::new(tool)
        .args(["--check", "-"])
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(manifest).unwrap();
    child.wait_with_output().unwrap()
}

//! Under a system call filter that takes `openat2` and `cachestat` away, as systemd's `DynamicUser=` and
//! `RestrictSUIDSGID=` do: files are read all the same, and links are still not followed.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use hivesum_test_support::has_tool;
use rustix::io::Errno;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::restartable_server::RestartableServer;

/// `printf abc | sha256sum`
const ABC_SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// What a filter answers: systemd's, and that of older container runtimes.
const ERRORS: [Errno; 2] = [Errno::NOSYS, Errno::PERM];

/// The program that installs the filter and becomes another one. None without a compiler.
fn filter(at: &TempDir) -> Option<PathBuf> {
    if !has_tool("cc") {
        return None;
    }
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/seccomp/filter.c");
    let program = at.path().join("filter");
    let compiled = Command::new("cc").arg("-o").arg(&program).arg(source).output().unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    Some(program)
}

/// A tree with a file, a file in a directory, and links to each, to be hashed or skipped.
fn fill(server: &RestartableServer, outside: &TempDir) {
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    server.write("a", "abc");
    server.write("deep/er/b", "abc");
    symlink(outside.path(), server.tree().join("link")).unwrap();
    symlink(outside.path().join("secret"), server.tree().join("deep/secret")).unwrap();
}

/// The path, status and digest of each result.
fn outcomes(results: &[Value]) -> Value {
    results.iter().map(|result| json!([result["path"], result["status"], result["digests"]["sha256"]])).collect()
}

#[test]
fn without_openat2_a_service_reads_files_and_follows_no_link() {
    let at = tempfile::tempdir().unwrap();
    let Some(filter) = filter(&at) else { return };
    for errno in ERRORS {
        let (server, outside) = (RestartableServer::new(), tempfile::tempdir().unwrap());
        fill(&server, &outside);
        let number = errno.raw_os_error().to_string();
        let process =
            server.start_or_refusal(&[filter.to_str().unwrap(), &number]).unwrap_or_else(|end| panic!("{end:?}"));
        let spec = json!({ "algorithms": ["sha256"] });
        let id = server.submit(&process, "key", &spec).expect("a directory is opened");
        let job = server.wait_for(&process, &id);
        assert_eq!(job["state"], "completed", "{errno}: {job}");
        let results = server.results(&process, &id);
        let expected = json!([
            ["a", "hashed", ABC_SHA256],
            ["deep/er/b", "hashed", ABC_SHA256],
            ["deep/secret", "skipped", null],
            ["link", "skipped", null],
        ]);
        assert_eq!(outcomes(&results), expected, "{errno}");
        for (path, status) in [("deep/er/b", 202), ("deep/er", 202), ("link", 404), ("link/secret", 404), ("no", 404)] {
            let request = server.client.post(format!("{}/api/v1/jobs", process.url));
            let answer = request.json(&json!({ "root": "files", "path": path })).send().unwrap();
            assert_eq!(answer.status(), status, "{errno}: {path}");
        }
        assert_eq!(server.get(&process, "/api/v1/roots/files/entries?path=deep")["items"][0]["name"], "er", "{errno}");
    }
}

#[test]
fn without_openat2_the_command_line_hashes_a_tree() {
    let at = tempfile::tempdir().unwrap();
    let Some(filter) = filter(&at) else { return };
    let (server, outside) = (RestartableServer::new(), tempfile::tempdir().unwrap());
    fill(&server, &outside);
    for errno in ERRORS {
        let mut command = Command::new(&filter);
        command.arg(errno.raw_os_error().to_string()).arg(env!("CARGO_BIN_EXE_hivesum"));
        let output = command.args(["hash", "-a", "sha256", "."]).current_dir(server.tree()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{errno}: {output:?}");
        assert_eq!(said.matches(ABC_SHA256).count(), 2, "{errno}: {said}");
        assert_eq!(said.lines().count(), 2, "{errno}: {said}");
    }
}

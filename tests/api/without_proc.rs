//! A system without /proc: directories are listed and hashed all the same, by the service and by the commands.

use std::process::{Command, Output};

use hivesum_test_support::has_tool;
use serde_json::json;

use crate::damage::can_mount;
use crate::restartable_server::RestartableServer;

/// Makes /proc an empty directory and becomes the program that follows.
const WITHOUT_PROC: [&str; 5] =
    ["unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /proc && test ! -e /proc/self && exec \"$0\" \"$@\""];

/// `printf abc | md5sum`
const ABC_MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

fn without_proc(arguments: &[&str]) -> Output {
    let mut command = Command::new(WITHOUT_PROC[0]);
    command.args(&WITHOUT_PROC[1..]).arg(env!("CARGO_BIN_EXE_hivesum")).args(arguments);
    command.output().unwrap()
}

fn can_hide_proc() -> bool {
    has_tool("unshare") && can_mount()
}

#[test]
fn without_proc_the_commands_read_directories_and_write_files() {
    if !can_hide_proc() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, list) = (dir.path().join("root"), dir.path().join("list"));
    std::fs::create_dir_all(root.join("deep/er")).unwrap();
    for name in ["a", "deep/er/b"] {
        std::fs::write(root.join(name), "abc").unwrap();
    }
    std::fs::write(root.join("MD5SUMS"), format!("{ABC_MD5}  a\n{ABC_MD5}  deep/er/b\n")).unwrap();
    let (root, list) = (root.to_str().unwrap(), list.to_str().unwrap());
    let lines = format!("{ABC_MD5}  {root}/a\n{ABC_MD5}  {root}/deep/er/b\n");
    let hash = ["hash", "-a", "md5", "--exclude", "MD5SUMS"];
    for (arguments, expected) in [
        (&[&hash[..], &[root]].concat()[..], lines.as_str()),
        (&[&hash[..], &["-o", list, root]].concat(), ""),
        (&["check", "--quiet", list], ""),
    ] {
        let output = without_proc(arguments);
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{arguments:?}");
    }
    assert_eq!(std::fs::read_to_string(list).unwrap(), lines);
    let output = without_proc(&["audit", root]);
    assert!(output.status.success(), "{output:?}");
    let output = without_proc(&["duplicates", root]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("  a\n  deep/er/b\n"), "{output:?}");
}

#[test]
fn without_proc_the_service_starts_and_hashes_directories() {
    if !can_hide_proc() {
        return;
    }
    let server = RestartableServer::new();
    server.write("a", "abc");
    server.write("deep/er/b", "abc");
    let process = server.try_start(&WITHOUT_PROC).expect("it starts");
    let id = server.submit(&process, "key", &json!({ "algorithms": ["md5"] })).unwrap();
    assert_eq!(server.wait_for(&process, &id)["state"], "completed");
    let results = server.results(&process, &id);
    let told: Vec<_> = results.iter().map(|result| (&result["path"], &result["digests"]["md5"])).collect();
    assert_eq!(told, [(&json!("a"), &json!(ABC_MD5)), (&json!("deep/er/b"), &json!(ABC_MD5))]);
}

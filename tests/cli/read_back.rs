//! Manifests that `hash` and `convert` write for tools that verify them: RECORD rows by `wheel`, OCFL sidecars by ocfl-py.
//! Each tool accepts what is written and finds what was changed after it.

use hivesum_test_support::{Requirement, has_tool};
use serde_json::json;

use super::work_dir::{HIVESUM, WorkDir};

/// Packs the directories as a wheel, and what `wheel` says of it: whether it unpacks, and its output.
fn unpacked(dir: &WorkDir, to: &str) -> (bool, String) {
    let zip = ["-m", "zipfile", "-c", "x-1-py3-none-any.whl", "x", "x-1.dist-info"];
    dir.run("python3", zip).expect_success();
    let ran = dir.run("wheel", ["unpack", "-d", to, "x-1-py3-none-any.whl"]);
    (ran.code == Some(0), ran.stdout() + &ran.stderr())
}

#[test]
fn wheel_unpacks_what_the_rows_of_a_record_list_and_finds_a_changed_file() {
    if !has_tool("python3") || !Requirement::tool("wheel", "pip install wheel==0.45.1").is_met(has_wheel) {
        return;
    }
    for algorithm in ["sha256", "sha384", "sha512"] {
        let dir = WorkDir::with(&[
            (b"x/__init__.py", b"a = 1\n"),
            (b"x/b c,\"d\".txt", b"x"),
            (b"x/empty", b""),
            (b"x-1.dist-info/METADATA", b"Metadata-Version: 2.1\nName: x\nVersion: 1\n"),
            (b"x-1.dist-info/WHEEL", b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        ]);
        let (record, converted) = ("x-1.dist-info/RECORD", "sums.csv");
        dir.hivesum(["hash", "-a", algorithm, "x", "x-1.dist-info", "--format", "wheel_record", "-o", record])
            .expect_success();
        let (accepted, said) = unpacked(&dir, "intact");
        assert!(accepted, "{algorithm}: {said}");

        let written = dir.read(record);
        std::fs::rename(dir.path(record), dir.path("RECORD")).unwrap();
        dir.hivesum(["convert", "--to", "csv", "RECORD", "-o", converted]);
        let back = dir.hivesum(["convert", "--to", "wheel_record", converted, "-o", record]);
        assert_eq!((back.code, dir.read(record)), (Some(0), written), "{algorithm}: {}", back.stderr());

        dir.write("x/__init__.py", "a = 2\n");
        let (accepted, said) = unpacked(&dir, "damaged");
        assert!(!accepted && said.contains("Hash mismatch for file 'x/__init__.py'"), "{algorithm}: {said}");
    }
}

fn has_wheel() -> bool {
    std::process::Command::new("wheel").arg("version").output().is_ok_and(|ran| ran.status.success())
}

/// An object of one version with one file, without the sidecars of its inventories.
fn object() -> WorkDir {
    let dir =
        WorkDir::with(&[(b"object/v1/content/a", b"hello\n"), (b"object/0=ocfl_object_1.0", b"ocfl_object_1.0\n")]);
    let digest = dir.digest("sha512sum", "object/v1/content/a");
    let inventory = json!({
        "id": "urn:x", "type": "https://ocfl.io/1.0/spec/#inventory", "digestAlgorithm": "sha512", "head": "v1",
        "manifest": { &digest: ["v1/content/a"] },
        "versions": { "v1": {
            "created": "2026-11-28T10:00:00Z", "message": "m", "user": { "name": "n", "address": "mailto:n@example.org" },
            "state": { &digest: ["a"] },
        } },
    });
    for name in ["object/inventory.json", "object/v1/inventory.json"] {
        dir.write(name, inventory.to_string());
    }
    dir
}

#[test]
fn ocfl_py_validates_an_object_with_the_sidecars_and_finds_a_changed_inventory() {
    if !has_tool("ocfl-validate.py") {
        return;
    }
    let dir = object();
    let valid = || dir.run("ocfl-validate.py", ["object"]);
    assert_ne!(valid().code, Some(0), "without sidecars");
    let sums = dir.feed("sh", b"", ["-c", "cd object && sha512sum inventory.json"]).expect_success();
    let converted = ["convert", "--to", "ocfl_sidecar", "-a", "sha512", "-", "-o", "object/inventory.json.sha512"];
    assert_eq!(dir.feed(HIVESUM, sums.as_bytes(), converted).code, Some(0));
    let mut hash = dir.command(HIVESUM);
    hash.current_dir(dir.path("object/v1")).args(["hash", "-a", "sha512", "inventory.json"]);
    let hashed = hash.args(["--format", "ocfl_sidecar", "-o", "inventory.json.sha512"]).status().unwrap();
    assert!(hashed.success());
    let ran = valid();
    assert!(ran.code == Some(0) && ran.stdout().contains("is VALID"), "{ran:?}");

    let changed = dir.read("object/inventory.json").replace("\"m\"", "\"n\"");
    dir.write("object/inventory.json", changed);
    let ran = valid();
    assert!(ran.code != Some(0) && ran.stdout().contains("E060"), "{ran:?}");
}

//! Lines of a manifest that are not entries, in `audit`, `compare` and `convert`: counted, said, and refused under
//! `--strict`; and digests of other algorithms than the requested one, which are left out.

use hivesum_test_support::has_tool;
use serde_json::{Value, json};

use super::work_dir::{Ran, WorkDir};

const ALL_MATCHED: &str = "2 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
const UNCHANGED: &str = "0 added, 0 removed, 0 modified, 0 moved, 0 suspected rot, 2 unchanged\n";

/// A tree, its manifest `SHA256SUMS`, and the same with foreign lines as `signed/SHA256SUMS`.
fn with_foreign_lines() -> WorkDir {
    let dir = WorkDir::with(&[(b"d/f", b"hello\n"), (b"d/g", b"1")]);
    let sums = ["f", "g"].map(|name| format!("{}  {name}\n", dir.digest("sha256sum", format!("d/{name}")))).concat();
    let signed = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nRelease of today\n{sums}\
         SKEIN-256 (f) = {}\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n",
        "0".repeat(64)
    );
    dir.write("SHA256SUMS", sums);
    dir.write("signed/SHA256SUMS", signed);
    dir
}

fn document(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

#[test]
fn foreign_lines_are_counted_and_said_by_every_command() {
    let dir = with_foreign_lines();
    let audit = dir.hivesum(["audit", "d", "--manifest", "signed/SHA256SUMS"]);
    assert_eq!((audit.code, audit.stdout().as_str()), (Some(0), ALL_MATCHED), "{}", audit.stderr());
    let compare = dir.hivesum(["compare", "SHA256SUMS", "signed/SHA256SUMS"]);
    assert_eq!((compare.code, compare.stdout().as_str()), (Some(0), UNCHANGED), "{}", compare.stderr());
    let convert = dir.hivesum(["convert", "--to", "gnu", "signed/SHA256SUMS"]);
    assert_eq!((convert.code, convert.stdout()), (Some(0), dir.read("SHA256SUMS")), "{}", convert.stderr());
    for said in [audit.stderr(), compare.stderr(), convert.stderr()] {
        assert!(said.starts_with("hivesum: signed/SHA256SUMS: not read: "), "{said}");
        assert!(said.contains("Skein is not supported") && said.contains("the signature is not verified"), "{said}");
    }
}

#[test]
fn json_reports_have_the_lines_with_their_numbers() {
    let dir = with_foreign_lines();
    let audit = document(&dir.hivesum(["audit", "d", "--manifest", "signed/SHA256SUMS", "--format", "json"]));
    let compare = document(&dir.hivesum(["compare", "signed/SHA256SUMS", "SHA256SUMS", "--format", "json"]));
    for lines in [&audit["lines_not_read"], &compare["lines_not_read"]["old"]] {
        let first = lines["first"].as_array().unwrap();
        assert_eq!(lines["count"], first.len(), "{lines}");
        assert!(first.contains(&json!({ "line": 4, "why": "not an entry" })), "{lines}");
        assert!(first.contains(&json!({ "line": 7, "why": "Skein is not supported" })), "{lines}");
        assert_eq!((&lines["unsupported"], &lines["signed"]), (&json!(["Skein"]), &json!(true)));
    }
    assert_eq!(compare["lines_not_read"]["new"], Value::Null);
    let clean = document(&dir.hivesum(["audit", "d", "--manifest", "SHA256SUMS", "--format", "json"]));
    assert_eq!(clean.get("lines_not_read"), None);
}

/// The exit status of a command that could not begin: of `compare` 1 means that something differs.
fn refused_with(args: &[&str]) -> Option<i32> {
    Some(if args[0] == "compare" { 2 } else { 1 })
}

#[test]
fn a_strict_command_refuses_the_first_foreign_line() {
    let dir = with_foreign_lines();
    dir.write("prose", format!("{}Thanks for reading\n", dir.read("SHA256SUMS")));
    for args in [
        &["audit", "d", "--strict", "-a", "sha256", "--manifest", "prose"][..],
        &["compare", "--strict", "SHA256SUMS", "prose"],
        &["convert", "--strict", "-a", "sha256", "--to", "csv", "prose"],
    ] {
        let refused = dir.hivesum(args);
        assert_eq!((refused.code, refused.stdout().as_str()), (refused_with(args), ""), "{args:?}");
        assert_eq!(refused.stderr(), "hivesum: prose: line 3: not an entry\n");
    }
    assert_eq!(dir.hivesum(["audit", "d", "--strict", "--manifest", "SHA256SUMS"]).code, Some(0));
}

#[test]
fn a_manifest_without_an_entry_is_refused_and_says_what_is_lacking() {
    let dir = with_foreign_lines();
    dir.write("skein", format!("Skein-512 (f) = {}\n", "0".repeat(128)));
    dir.write("README", "These files\nare signed\n");
    for (manifest, why) in [
        ("skein", "no line is an entry; not read: 1 line (1); Skein is not supported"),
        ("README", "no line is an entry; not read: 2 lines (1-2)"),
    ] {
        for args in [
            &["audit", "d", "--manifest", manifest][..],
            &["compare", "SHA256SUMS", manifest],
            &["convert", "--to", "csv", manifest],
        ] {
            let refused = dir.hivesum(args);
            assert_eq!((refused.code, refused.stdout().as_str()), (refused_with(args), ""), "{args:?}");
            assert_eq!(refused.stderr(), format!("hivesum: {manifest}: {why}\n"));
        }
    }
}

#[test]
fn digests_of_other_algorithms_than_the_requested_one_are_left_out() {
    let dir = with_foreign_lines();
    dir.hivesum(["hash", "-a", "md5,sha256", "d", "-o", "m.bsd"]).expect_success();
    dir.hivesum(["hash", "-a", "md5,sha256", "--format", "csv", "d", "-o", "m.csv"]).expect_success();
    let audit = dir.hivesum(["audit", "d", "--strict", "--manifest", "m.bsd", "-a", "sha256"]);
    assert_eq!((audit.code, audit.stdout().as_str()), (Some(0), ALL_MATCHED));
    assert_eq!(audit.stderr(), "hivesum: m.bsd: 2 lines of other algorithms are left out\n");
    let audit = dir.hivesum(["audit", "d", "--manifest", "m.csv", "-a", "md5"]);
    assert_eq!(audit.expect_success(), ALL_MATCHED);
    let compare = dir.hivesum(["compare", "m.bsd", "m.csv", "-a", "md5"]);
    assert_eq!((compare.code, compare.stdout().as_str()), (Some(0), UNCHANGED));
    let convert = dir.hivesum(["convert", "--to", "gnu", "-a", "md5", "m.bsd"]);
    assert_eq!(convert.stdout(), dir.run("md5sum", ["d/f", "d/g"]).stdout());
    let none = dir.hivesum(["audit", "d", "--manifest", "m.bsd", "-a", "sha512"]);
    assert_eq!((none.code, none.stderr().as_str()), (Some(1), "hivesum: m.bsd: no line is of sha512\n"));
}

#[test]
fn every_digest_of_a_file_counts_it_once_and_the_failed_one_is_named() {
    let dir = with_foreign_lines();
    dir.hivesum(["hash", "-a", "md5,sha256", "d", "-o", "m.bsd"]).expect_success();
    let wrong = dir.read("m.bsd").replace(&dir.digest("md5sum", "d/f"), &"0".repeat(32));
    dir.write("m.bsd", wrong);
    let ran = dir.hivesum(["audit", "d", "--manifest", "m.bsd"]);
    let counts = "1 matched, 1 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    assert_eq!(
        ran.stdout(),
        format!(
            "modified: f (the digests of this entry contradict each other: the manifest is damaged) (md5 failed)\n{counts}"
        )
    );
    let report = document(&dir.hivesum(["audit", "d", "--manifest", "m.bsd", "--format", "json"]));
    let f = report["items"].as_array().unwrap().iter().find(|item| item["path"] == "f").unwrap();
    assert_eq!((&f["verdict"], &f["failed"]), (&json!("modified"), &json!(["md5"])));
    std::fs::remove_file(dir.path("d/f")).unwrap();
    let ran = dir.hivesum(["audit", "d", "--manifest", "m.bsd"]);
    assert!(ran.stdout().ends_with("1 matched, 0 modified, 0 moved, 1 missing, 0 new, 0 unreadable\n"), "{ran:?}");
}

#[test]
fn a_table_of_hashdeep_is_read_by_the_columns_that_can_be_computed() {
    let dir = with_foreign_lines();
    let row = |name: &str, size: u64| {
        let path = format!("d/{name}");
        format!("{size},{},{},{name}\n", dir.digest("sha256sum", &path), "0".repeat(32))
    };
    let table = format!("%%%% HASHDEEP-1.0\n%%%% size,sha256,snefru,filename\n{}{}", row("f", 6), row("g", 1));
    dir.write("table", table);
    let audit = dir.hivesum(["audit", "d", "--manifest", "table"]);
    assert_eq!((audit.code, audit.stdout().as_str()), (Some(0), ALL_MATCHED));
    assert_eq!(audit.stderr(), "hivesum: table: digests of snefru are left out: not supported\n");
    let report = document(&dir.hivesum(["audit", "d", "--manifest", "table", "--format", "json"]));
    assert_eq!(report["lines_not_read"]["unsupported"], json!(["snefru"]));
    let asked = dir.hivesum(["audit", "d", "--strict", "--manifest", "table", "-a", "sha256"]);
    assert_eq!(asked.expect_success(), ALL_MATCHED);
    let refused = dir.hivesum(["convert", "--to", "csv", "table"]);
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""));
    let why = "hivesum: table: digests of snefru would be lost: not supported; say with -a which digests to keep\n";
    assert_eq!(refused.stderr(), why);
    let kept = dir.hivesum(["convert", "--to", "csv", "-a", "sha256", "table"]);
    assert_eq!((kept.code, kept.stdout().lines().count()), (Some(0), 3));
}

/// As `rclone lsjson --hash` lists a remote that has no digest of some of its files.
#[test]
fn an_entry_without_a_digest_is_said_and_its_file_is_not_new() {
    let dir = with_foreign_lines();
    let md5 = dir.digest("md5sum", "d/f");
    let list = format!(
        r#"[{{"Path":"f","Name":"f","Size":6,"IsDir":false,"Hashes":{{"md5":"{md5}"}}}},
            {{"Path":"g","Name":"g","Size":1,"IsDir":false}}]"#
    );
    dir.write("list.json", list);
    let audit = ["audit", "d", "--strict", "--manifest", "list.json"];
    let ran = dir.hivesum(audit);
    let counts = "1 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), counts), "{}", ran.stderr());
    assert_eq!(ran.stderr(), "hivesum: list.json: 1 entry has no digest: it is not checked\n");
    dir.write("d/h", "new");
    assert!(dir.hivesum(audit).stdout().starts_with("new: h\n"));
}

#[test]
fn what_gpg_signs_in_clear_text_is_read() {
    if !has_tool("gpg") {
        return;
    }
    let dir = with_foreign_lines();
    std::fs::create_dir(dir.path("home")).unwrap();
    std::os::unix::fs::PermissionsExt::set_mode(&mut std::fs::metadata(dir.path("home")).unwrap().permissions(), 0o700);
    let gpg = |args: &[&str]| {
        let common = ["--homedir", "home", "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"];
        dir.run("gpg", common.iter().chain(args))
    };
    let made = gpg(&["--quick-generate-key", "nobody@example.org", "ed25519", "sign", "never"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr());
    let signed = gpg(&["--clearsign", "--output", "SHA256SUMS.asc", "SHA256SUMS"]);
    assert_eq!(signed.code, Some(0), "{}", signed.stderr());
    let audit = dir.hivesum(["audit", "d", "--manifest", "SHA256SUMS.asc"]);
    assert_eq!((audit.code, audit.stdout().as_str()), (Some(0), ALL_MATCHED), "{}", audit.stderr());
    assert!(audit.stderr().contains("the signature is not verified"), "{}", audit.stderr());
}

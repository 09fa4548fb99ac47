//! The metadata of a bag, `--bag-info KEY=VALUE`, compared with what the `bagit` package of PyPI reads back.

use hivesum_test_support::has_tool;

use super::work_dir::WorkDir;

/// What the PyPI package reads in `bag/bag-info.txt`, as JSON with the labels in their order. None where it is not
/// installed.
pub(super) fn read_by_bagit(dir: &WorkDir) -> Option<serde_json::Value> {
    if !has_tool("bagit.py") {
        return None;
    }
    // The interpreter of the script can import the package.
    let script = r#"read -r line < "$(command -v bagit.py)"
        ${line#\#!} -c 'import bagit, json; print(json.dumps(bagit.Bag("bag").info))'"#;
    let ran = dir.run("bash", ["-c", script]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr());
    Some(serde_json::from_slice(&ran.stdout).unwrap())
}

#[test]
fn fields_are_written_in_their_order_and_read_back_by_other_tools() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    let long = "x".repeat(500);
    let fields = [
        ("source-organization", "Source-Organization", "FOO: University = \"1\""),
        ("Über", "Über", "日本 語\tä"),
        ("My own label", "My own label", "#1 % \\n"),
        ("EXTERNAL-DESCRIPTION", "External-Description", long.as_str()),
    ];
    let given = fields.iter().flat_map(|(key, _, value)| ["--bag-info".to_owned(), format!("{key}={value}")]);
    let args = ["bag", "make", "bag"].map(str::to_owned).into_iter().chain(given);
    let more = ["--bag-info", "Contact-Name=A", "--bag-info", "Contact-Name=B"].map(str::to_owned);
    assert_eq!(dir.hivesum(args.chain(more)).code, Some(0));
    let text = dir.read("bag/bag-info.txt");
    let mut wanted: Vec<_> = fields.iter().map(|(_, label, value)| format!("{label}: {value}")).collect();
    wanted.extend(["Contact-Name: A".to_owned(), "Contact-Name: B".to_owned()]);
    assert_eq!(text.lines().take(wanted.len()).collect::<Vec<_>>(), wanted);
    assert!(text.ends_with("Payload-Oxum: 1.1\n"), "{text}");
    assert_eq!(dir.hivesum(["bag", "check", "bag"]).expect_success(), "valid: 1 file, 1 byte\n");
    let Some(read) = read_by_bagit(&dir) else { return };
    for (_, label, value) in fields {
        assert_eq!(read[label], *value, "{label}");
    }
    assert_eq!((&read["Contact-Name"], &read["Payload-Oxum"]), (&serde_json::json!(["A", "B"]), &"1.1".into()));
    assert_eq!(dir.run("bagit.py", ["--validate", "bag"]).code, Some(0));
}

#[test]
fn a_field_that_cannot_be_kept_is_a_wrong_command_line_and_nothing_is_moved() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    for (fields, why) in [
        (&["Contact-Name"][..], "must be KEY=VALUE"),
        (&["Contact-Name=A\nB"], "a field is one line"),
        (&["payload-oxum=1.1"], "Payload-Oxum is written by hivesum"),
        (&["Bagging-Date=2020-01-01"], "Bagging-Date is written by hivesum"),
        (&["Bag-Count=1 of 2", "Bag-Count=2 of 2"], "Bag-Count can be given only once"),
    ] {
        let given = fields.iter().flat_map(|field| ["--bag-info", *field]);
        let ran = dir.hivesum(["bag", "make", "bag"].into_iter().chain(given));
        assert!(ran.code == Some(2) && ran.stderr().contains(why), "{fields:?}: {}", ran.stderr());
        assert!(dir.path("bag/a").is_file());
    }
}

#[test]
fn an_element_without_a_value_is_taken_away() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    let fields = ["--bag-info", "Contact-Name=A", "--bag-info", "Contact-Name=B", "--bag-info", "Contact-Phone=1"];
    assert_eq!(dir.hivesum(["bag", "make", "bag"].iter().chain(&fields)).code, Some(0));
    let ran = dir.hivesum(["bag", "update", "bag", "--info-only", "--bag-info", "contact-name="]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr());
    let text = dir.read("bag/bag-info.txt");
    assert!(text.starts_with("Contact-Phone: 1\nBag-Software-Agent: "), "{text}");
    dir.hivesum(["bag", "check", "bag"]).expect_success();
    let refused = dir.hivesum(["bag", "make", "bag", "--bag-info", "Contact-Name="]);
    assert_eq!((refused.code, refused.stderr().contains("VALUE is empty")), (Some(2), true), "{}", refused.stderr());
}

#[test]
fn a_bag_without_a_tag_manifest_is_valid_which_is_said_and_an_update_writes_it() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    let before = dir.read("bag/tagmanifest-sha256.txt");
    std::fs::remove_file(dir.path("bag/tagmanifest-sha256.txt")).unwrap();
    let ran = dir.hivesum(["bag", "check", "bag"]);
    let said = "hivesum: bag: has no tag manifest: nothing protects bag-info.txt and the manifests\n";
    assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(0), "valid: 1 file, 1 byte\n", said));
    let ran = dir.hivesum(["bag", "update", "bag"]);
    assert!(ran.code == Some(0) && ran.stderr().starts_with("hivesum: updated: "), "{}", ran.stderr());
    assert_eq!(dir.read("bag/tagmanifest-sha256.txt"), before);
    let ran = dir.hivesum(["bag", "check", "bag"]);
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), ""));
}

#[test]
fn of_a_directory_that_has_nothing_of_a_bag_one_thing_is_said() {
    let dir = WorkDir::with(&[(b"plain/a", b"1")]);
    let ran = dir.hivesum(["bag", "check", "plain"]);
    let said = "plain: this is not a bag (it has no bagit.txt)\nnot valid: 1 fault\n";
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), said));
}

#[test]
fn new_tag_files_are_added_to_the_tag_manifests_by_an_update() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    for (name, content) in [("notes.txt", "n"), ("meta/data/100%.xml", "x"), ("meta/manifest-md5.txt", "m")] {
        dir.write(format!("bag/{name}"), content);
    }
    let update = |more: &[&str]| dir.hivesum(["bag", "update", "bag"].iter().chain(more));
    assert_eq!(update(&["--info-only", "--bag-info", "Contact-Name=Bo"]).stdout(), "");
    assert!(!dir.read("bag/tagmanifest-sha256.txt").contains("notes.txt"));
    let listed = "new: meta/data/100%.xml\nnew: meta/manifest-md5.txt\nnew: notes.txt\n";
    let ran = update(&[]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), listed), "{}", ran.stderr());
    assert_eq!(dir.hivesum(["bag", "check", "bag"]).expect_success(), "valid: 1 file, 1 byte\n");
    assert!(dir.read("bag/tagmanifest-sha256.txt").contains("  meta/data/100%25.xml\n"));
    let ran = update(&[]);
    assert_eq!((ran.code, ran.stderr().contains("nothing to update")), (Some(0), true), "{}", ran.stderr());
    dir.write("bag/meta/data/100%.xml", "y");
    assert_eq!(dir.hivesum(["bag", "check", "bag"]).code, Some(1), "it is protected from now on");
}

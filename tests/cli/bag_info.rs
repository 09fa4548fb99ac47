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

//! `hivesum hash`: the output formats, and the output file of `-o`.

use hivesum_test_support::has_tool;
use serde_json::{Value, json};

use super::work_dir::{HIVESUM, Ran, WorkDir};

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn several_algorithms_are_printed_as_tagged_lines_that_system_tools_read() {
    if !has_tool("sha256sum") {
        return;
    }
    let dir = WorkDir::with(&[(b"a b", b"1"), (b"n\nl", b"2")]);
    let tagged = dir.hivesum(["hash", "-a", "sha256,sha512", "a b", "n\nl"]).expect_success();
    let tags: Vec<_> = tagged.lines().map(|line| line.split(" (").next().unwrap()).collect();
    assert_eq!(tags, ["SHA256", "SHA512", "\\SHA256", "\\SHA512"]);
    for (tool, tag) in [("sha256sum", "SHA256"), ("sha512sum", "SHA512")] {
        let lines: String = tagged.split_inclusive('\n').filter(|line| line.contains(tag)).collect();
        assert_eq!(dir.run(tool, ["--tag", "a b", "n\nl"]).expect_success(), lines);
        assert_eq!(
            dir.feed(tool, lines.as_bytes(), ["--check", "--strict"]).expect_success(),
            "a b: OK\n\\n\\nl: OK\n"
        );
    }
}

#[test]
fn with_z_lines_end_in_nul_as_those_of_sha256sum_do() {
    if !has_tool("sha256sum") {
        return;
    }
    let dir = WorkDir::with(&[(b"a\\b", b"1"), (b"n\nl", b"2")]);
    for (ours, theirs) in [(&["-z"][..], &["-z"][..]), (&["-z", "--format", "bsd"], &["-z", "--tag"])] {
        let ours = ["hash", "-a", "sha256", "a\\b", "n\nl"].iter().chain(ours);
        let theirs = ["a\\b", "n\nl"].iter().chain(theirs);
        assert_eq!(dir.hivesum(ours).expect_success(), dir.run("sha256sum", theirs).expect_success());
    }
}

#[test]
fn ndjson_has_one_result_per_line_and_the_summary_last() {
    let dir = WorkDir::with(&[(b"d/a", b"12345"), (b"d/caf\xe9", b"1")]);
    dir.link("d/link", "a");
    let ran = dir.hivesum(["hash", "--format", "ndjson", "-a", "crc32,md5", "d", "missing"]);
    assert_eq!(ran.code, Some(1));
    let lines = json_lines(&ran.stdout());
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["path"], "d/a");
    assert_eq!(lines[0]["digests"], json!({"crc32": "cbf53a1c", "md5": "827ccb0eea8a706c4c34a16891f84e7b"}));
    assert_eq!((&lines[0]["size"], &lines[0]["status"]), (&json!(5), &json!("hashed")));
    assert_eq!((&lines[1]["path"], &lines[1]["path_b64"]), (&json!("d/caf\u{fffd}"), &json!("ZC9jYWbp")));
    assert_eq!((&lines[2]["status"], &lines[2]["code"]), (&json!("skipped"), &json!("symlink")));
    assert_eq!((&lines[3]["status"], &lines[3]["code"]), (&json!("error"), &json!("not_found")));
    let mut summary = lines[4]["summary"].clone();
    assert!(summary.as_object_mut().unwrap().remove("elapsed_ms").unwrap().is_u64());
    assert_eq!(summary, json!({"files": 4, "hashed": 2, "errors": 1, "skipped": 1, "bytes": 6, "complete": true}));
}

#[test]
fn json_is_one_document_with_the_same_items() {
    let dir = WorkDir::with(&[(b"d/a", b"12345"), (b"d/b", b"")]);
    let document: Value =
        serde_json::from_str(&dir.hivesum(["hash", "--format", "json", "d"]).expect_success()).unwrap();
    let lines = json_lines(&dir.hivesum(["hash", "--format", "ndjson", "d"]).expect_success());
    assert_eq!(document["algorithms"], json!(["blake3"]));
    assert_eq!(document["items"].as_array().unwrap()[..], lines[..2]);
    assert_eq!(document["summary"]["files"], 2);
    let none = dir.hivesum(["hash", "--format", "json", "--include", "x", "d"]);
    assert_eq!((none.code, none.stderr().as_str()), (Some(0), "hivesum: no file matches --include x\n"));
    let empty: Value = serde_json::from_str(&none.stdout()).unwrap();
    assert_eq!(empty["items"], json!([]));
}

#[test]
fn csv_has_a_header_crlf_and_quotes_where_needed() {
    let dir = WorkDir::with(&[(b"d/a,b", b"12345"), (b"d/q\"\n", b"")]);
    let text = dir.hivesum(["hash", "--format", "csv", "-a", "crc32", "d"]).expect_success();
    let records: Vec<_> = text.split("\r\n").collect();
    assert_eq!(records[0], "path,size,modified_at,crc32");
    assert!(records[1].starts_with("\"d/a,b\",5,2") && records[1].ends_with("Z,cbf53a1c"), "{}", records[1]);
    assert!(records[2].starts_with("\"d/q\"\"\n\",0,2") && records[2].ends_with("Z,00000000"), "{}", records[2]);
    assert_eq!(records[3..], [""]);
}

#[test]
fn an_output_file_replaces_the_old_one_and_is_left_out_of_its_own_tree() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/z", b"2"), (b"d/SUMS", b"old")]);
    for format in ["gnu", "ndjson"] {
        dir.hivesum(["hash", "--format", format, "-o", "d/SUMS", "d"]).expect_success();
        let written = dir.read("d/SUMS");
        assert!(written.contains("d/a") && written.contains("d/z") && !written.contains("SUMS"), "{written}");
    }
    let entries = std::fs::read_dir(dir.path("d")).unwrap().count();
    assert_eq!(entries, 3, "nothing is left behind");
}

#[test]
fn an_output_file_that_cannot_be_finished_replaces_nothing() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"SUMS", b"old")]);
    let limited = format!("ulimit -f 0; exec '{HIVESUM}' hash -o SUMS d");
    let ran = dir.run("bash", ["-c", &limited]);
    assert_ne!(ran.code, Some(0));
    assert_eq!(dir.read("SUMS"), "old");
    assert_eq!(dir.names(), ["SUMS", "d"]);
    let nowhere = dir.hivesum(["hash", "-o", "no/where", "d"]);
    assert_eq!((nowhere.code, nowhere.stderr().as_str()), (Some(1), "hivesum: no/where: No such file or directory\n"));
}

#[test]
fn an_output_that_lacks_a_file_is_written_beside_the_one_that_is_whole() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"SUMS", b"old")]);
    let ran = dir.hivesum(["hash", "-o", "SUMS", "d/a", "gone"]);
    let told = "SUMS: not written, as something is missing; what was hashed is in SUMS.partial";
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr().contains(told), "{}", ran.stderr());
    assert_eq!(dir.read("SUMS"), "old");
    assert_eq!(dir.read("SUMS.partial"), dir.hivesum(["hash", "d/a"]).expect_success());
    for format in ["gnu", "ndjson"] {
        let ran = dir.hivesum(["hash", "--format", format, "-o", "SUMS", "gone"]);
        assert_eq!((ran.code, dir.read("SUMS").as_str()), (Some(1), "old"));
        assert!(ran.stderr().ends_with("SUMS: not written, as nothing was hashed\n"), "{}", ran.stderr());
    }
}

#[test]
fn an_output_that_is_also_a_path_is_refused_before_anything_is_written() {
    let dir = WorkDir::with(&[(b"a", b"1"), (b"b", b"2")]);
    std::os::unix::fs::symlink("b", dir.path("link")).unwrap();
    for args in [&["b"][..], &["a", "b"], &["a", "./b"], &["a", "link"]] {
        let ran = dir.hivesum(["hash", "-o", "b"].iter().chain(args));
        assert_eq!((ran.code, dir.read("b").as_str()), (Some(2), "2"));
        assert!(ran.stderr().contains("is both a PATH and the output"), "{}", ran.stderr());
    }
}

#[test]
fn an_output_file_is_synced_once_it_has_a_name() {
    if !has_tool("strace") {
        return;
    }
    let dir = WorkDir::with(&[(b"a", b"1")]);
    let args = ["-f", "-e", "trace=linkat,fsync,/^rename", "-o", "trace", HIVESUM, "hash", "-o", "SUMS", "a"];
    dir.run("strace", args);
    let trace = dir.read("trace");
    let named = |line: &str| ["fsync", "linkat", "rename"].into_iter().find(|call| line.contains(call));
    let calls: Vec<_> = trace.lines().filter(|line| line.ends_with("= 0")).filter_map(named).collect();
    assert_eq!(calls, ["fsync", "linkat", "fsync", "rename", "fsync"], "{trace}");
}

#[test]
fn an_output_file_may_be_a_device_or_standard_output() {
    let dir = WorkDir::with(&[(b"a", b"1")]);
    assert_eq!(dir.hivesum(["hash", "-o", "/dev/null", "a"]).expect_success(), "");
    let direct = dir.hivesum(["hash", "a"]).expect_success();
    for name in ["-", "/dev/stdout"] {
        let log = std::fs::File::create(dir.path("log")).unwrap();
        let ran = Ran::of(dir.command(HIVESUM).args(["hash", "-o", name, "a"]).stdout(log).output().unwrap());
        assert_eq!(ran.code, Some(0));
        assert_eq!(dir.read("log"), direct, "written through the descriptor, not replaced");
    }
}

#[test]
fn a_manifest_of_a_bag_under_another_name_is_answered_with_the_name_it_needs() {
    let dir = WorkDir::with(&[(b"bag/data/a\rb%0Dc", b"1"), (b"bag/data/plain", b"2")]);
    let in_payload = |args: &[&str]| {
        let mut hash = dir.command(HIVESUM);
        hash.args(["hash", "-a", "sha256", "-f", "bagit", "."]).args(args).current_dir(dir.path("bag/data"));
        Ran::of(hash.output().unwrap())
    };
    let not_decoded = "hivesum: ../../list: this manifest of a bag must be called manifest-sha256.txt: under another name, \
                       %0D, %0A and %25 in the names of files are not decoded\n";
    let other_algorithm = "hivesum: ../../manifest-md5.txt: this manifest of a bag must be called manifest-sha256.txt: by its \
                           name, its digests would be read as md5\n";
    for (file, told) in [
        ("../../list", not_decoded),
        ("../../manifest-md5.txt", other_algorithm),
        ("../../manifest-sha256.txt", ""),
        ("-", ""),
    ] {
        let ran = in_payload(&["-o", file]);
        assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), told), "{file}");
    }
    assert_eq!(dir.read("list"), dir.read("manifest-sha256.txt"), "it is written all the same");
    let audit = dir.hivesum(["audit", "bag", "--manifest", "manifest-sha256.txt"]);
    assert_eq!(audit.code, Some(0), "{}", audit.stdout());
    assert_eq!(dir.hivesum(["audit", "bag", "--manifest", "list"]).code, Some(1), "the names are read as they stand");
    for (file, told) in
        [("list.txt", "list.txt: this manifest of a bag must be called"), ("tagmanifest-sha256.txt", "")]
    {
        let ran = dir.hivesum(["convert", "--to", "bagit", "manifest-sha256.txt", "-o", file]);
        let said = ran.stderr();
        assert_eq!((ran.code, said.contains("must be called")), (Some(0), !told.is_empty()), "{said}");
        assert!(said.contains(told), "{said}");
    }
}

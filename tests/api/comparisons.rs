//! `GET /jobs/{id}/compare`: what changed from one job to another.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::app::{TestApp, problem};

fn id(job: &Value) -> &str {
    job["id"].as_str().unwrap()
}

fn shown(page: &Value) -> Vec<(&str, &str, Option<&str>)> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| (item["path"].as_str().unwrap(), item["verdict"].as_str().unwrap(), item["moved_from"].as_str()))
        .collect()
}

/// A job before and a job after some changes.
fn changed(app: &TestApp) -> (Value, Value) {
    for name in ["edited", "gone", "same", "set back", "old name"] {
        app.write(&format!("d/{name}"), name);
    }
    let old = app.run(json!({}));
    app.write("d/edited", "otherwise");
    fs::remove_file(app.root.path().join("d/gone")).unwrap();
    fs::rename(app.root.path().join("d/old name"), app.root.path().join("d/new name")).unwrap();
    app.write("d/more", "more");
    // The size is the same and the mtime is restored, but the ctime changes.
    let file = File::options().write(true).open(app.root.path().join("d/set back")).unwrap();
    let before: SystemTime = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"SET", 0).unwrap();
    file.set_modified(before).unwrap();
    (old, app.run(json!({})))
}

#[test]
fn every_change_is_listed_and_counted() {
    let app = TestApp::start();
    let (old, new) = changed(&app);
    let page = app.json(&format!("/api/v1/jobs/{}/compare?with={}", id(&old), id(&new)));
    assert_eq!(
        shown(&page),
        [
            ("d/edited", "modified", None),
            ("d/gone", "removed", None),
            ("d/more", "added", None),
            ("d/new name", "moved", Some("d/old name")),
            ("d/set back", "modified", None),
        ]
    );
    let counts = json!({ "added": 1, "removed": 1, "modified": 2, "moved": 1, "suspected_rot": 0, "unchanged": 1 });
    assert_eq!((&page["counts"], &page["total"]), (&counts, &json!(5)));
    let set_back = &page["items"][4];
    let evidence = json!({ "size": "same", "mtime": "same", "ctime": "changed", "inode": "same" });
    assert_eq!(set_back["evidence"], evidence);
    assert_ne!(set_back["old"]["digests"], set_back["new"]["digests"]);
    let reversed = app.json(&format!("/api/v1/jobs/{}/compare?with={}", id(&new), id(&old)));
    assert_eq!(reversed, page, "the older job is always the baseline");
}

#[test]
fn a_comparison_has_pages_and_is_filtered_by_verdict() {
    let app = TestApp::start();
    let (old, new) = changed(&app);
    let compare = format!("/api/v1/jobs/{}/compare?with={}", id(&old), id(&new));
    let page = app.json(&format!("{compare}&position=1&limit=2"));
    assert_eq!(shown(&page).iter().map(|(path, ..)| *path).collect::<Vec<_>>(), ["d/gone", "d/more"]);
    let modified = app.json(&format!("{compare}&verdict=modified&position=1"));
    assert_eq!((shown(&modified)[0].0, &modified["total"]), ("d/set back", &json!(2)));
    assert_eq!(app.json(&format!("{compare}&position=9"))["items"], json!([]));
    problem(app.get(&format!("{compare}&verdict=unchanged")).send().unwrap(), 400, "invalid_request");
}

#[test]
fn a_job_compared_with_itself_is_unchanged() {
    let app = TestApp::start();
    app.write("a", "abc");
    let job = app.run(json!({}));
    let page = app.json(&format!("/api/v1/jobs/{0}/compare?with={0}", id(&job)));
    assert_eq!((&page["items"], &page["counts"]["unchanged"]), (&json!([]), &json!(1)));
}

#[test]
fn jobs_that_cannot_be_compared_are_refused() {
    let app = TestApp::start();
    app.write("a", "abc");
    let (one, other) = (app.run(json!({})), app.run(json!({ "algorithms": ["md5"] })));
    let compare = format!("/api/v1/jobs/{}/compare", id(&one));
    let refused = |query: &str| app.get(&format!("{compare}{query}")).send().unwrap();
    problem(refused(&format!("?with={}", id(&other))), 409, "algorithm_not_in_job");
    problem(refused(""), 400, "invalid_request");
    problem(refused("?with=00000000-0000-0000-0000-000000000000"), 404, "not_found");
    let big = File::create(app.root.path().join("big")).unwrap();
    big.set_len(1 << 40).unwrap();
    let running = app.submit(json!({ "max_bytes_per_second": 1000 }));
    problem(refused(&format!("?with={running}")), 409, "job_not_finished");
}

#[test]
fn a_copy_is_told_from_an_added_file_and_a_rotation_from_edits() {
    let app = TestApp::start();
    for name in ["a", "b", "c", "kept", "kept too"] {
        app.write(name, if name.starts_with("kept") { "kept" } else { name });
    }
    let old = app.run(json!({}));
    for (name, content) in [("a", "b"), ("b", "c"), ("c", "a"), ("copy", "kept"), ("more", "more"), ("empty", "")] {
        app.write(name, content);
    }
    let new = app.run(json!({}));
    let page = app.json(&format!("/api/v1/jobs/{}/compare?with={}", id(&old), id(&new)));
    let items = page["items"].as_array().unwrap();
    let sources: Vec<_> =
        items.iter().map(|item| (&item["path"], &item["copied_from"], &item["content_from"])).collect();
    let (null, text) = (Value::Null, |text: &str| json!(text));
    assert_eq!(
        sources,
        [
            (&text("a"), &null, &text("b")),
            (&text("b"), &null, &text("c")),
            (&text("c"), &null, &text("a")),
            (&text("copy"), &text("kept"), &null),
            (&text("empty"), &null, &null),
            (&text("more"), &null, &null),
        ]
    );
    let counts = json!({ "added": 3, "removed": 0, "modified": 3, "moved": 0, "suspected_rot": 0, "unchanged": 2 });
    assert_eq!(page["counts"], counts, "the verdicts stay");
}

#[test]
fn a_moved_file_is_found_by_the_algorithm_that_both_jobs_have() {
    let app = TestApp::start();
    app.write("old name", "abc");
    let both = app.run(json!({ "algorithms": ["blake3", "sha256"] }));
    fs::rename(app.root.path().join("old name"), app.root.path().join("new name")).unwrap();
    let one = app.run(json!({ "algorithms": ["sha256"] }));
    let page = app.json(&format!("/api/v1/jobs/{}/compare?with={}", id(&both), id(&one)));
    assert_eq!(shown(&page), [("new name", "moved", Some("old name"))]);
}

#[test]
fn a_comparison_is_searched_by_a_part_of_either_path() {
    let app = TestApp::start();
    let (old, new) = changed(&app);
    let compare = format!("/api/v1/jobs/{}/compare?with={}", id(&old), id(&new));
    let found = |query: &str| -> Vec<String> {
        let page = app.json(&format!("{compare}{query}"));
        assert_eq!(page["total"], page["items"].as_array().unwrap().len());
        shown(&page).iter().map(|(path, ..)| (*path).to_owned()).collect()
    };
    assert_eq!(found("&q=set%20b"), ["d/set back"]);
    assert_eq!(found("&q=ol"), ["d/new name"], "by the old name, too");
    assert_eq!(found("&q=d/e&verdict=modified"), ["d/edited"]);
    assert_eq!(found("&q=d/e&verdict=moved"), [""; 0]);
    assert_eq!(found("&q=%2A"), [""; 0], "an asterisk is a character");
}

#[test]
fn all_differences_are_sent_as_lines_that_end_with_a_summary() {
    let app = TestApp::start();
    app.write("a,\"b", "kept");
    app.write("was", "moved");
    let old = app.run(json!({ "algorithms": ["crc32"] }));
    app.write("copy", "kept");
    fs::rename(app.root.path().join("was"), app.root.path().join("is")).unwrap();
    let new = app.run(json!({ "algorithms": ["crc32"] }));
    let compare = format!("/api/v1/jobs/{}/compare?with={}", id(&old), id(&new));
    let text = |query: &str, accept: &str| {
        let answer = app.get(&format!("{compare}{query}")).header("accept", accept).send().unwrap();
        let field = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
        (field("content-type"), field("content-disposition"), answer.text().unwrap())
    };
    let (media_type, disposition, lines) = text("", "application/x-ndjson");
    assert_eq!((&*media_type, &*disposition), ("application/x-ndjson", "attachment; filename=\"comparison.ndjson\""));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let page = app.json(&compare);
    assert_eq!(&lines[..2], &page["items"].as_array().unwrap()[..]);
    let summary = json!({ "old": id(&old), "new": id(&new), "counts": page["counts"], "items": 2 });
    assert_eq!(lines[2..], [json!({ "summary": summary })]);

    let (media_type, _, rows) = text("", "text/csv");
    let rows: Vec<&str> = rows.split_terminator("\r\n").collect();
    assert_eq!((&*media_type, rows.len()), ("text/csv", 4));
    let columns = "verdict,path,from,evidence,old_size,new_size,old_modified_at,new_modified_at,old_digest,new_digest";
    assert_eq!(rows[0], columns);
    assert!(
        rows[1].starts_with("added,copy,\"a,\"\"b\",,,4,,20") && rows[1].ends_with("Z,,crc32:fb286a06"),
        "{}",
        rows[1]
    );
    assert!(rows[2].starts_with("moved,is,was,,5,5,20"), "{}", rows[2]);
    assert_eq!(rows[3], "summary,,,\"2 rows, 1 unchanged\",,,,,,");
    assert!(rows.iter().all(|row| row.replace("a,\"\"b", "").matches(',').count() == 9 + row.matches(", ").count()));

    assert_eq!(text("&format=csv&q=nothing", "text/html").2.lines().count(), 2, "the columns and the summary");
    assert_eq!(text("&format=ndjson&verdict=moved", "*/*").2.lines().count(), 2);
    problem(app.get(&format!("{compare}&format=xml")).send().unwrap(), 400, "invalid_request");
}

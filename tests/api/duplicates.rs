//! `GET /jobs/{id}/duplicates`: files with equal content.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use hivesum_test_support::vectors::ABC_BLAKE3;
use serde_json::{Value, json};

use crate::app::{TestApp, problem};

fn duplicates(app: &TestApp, job: &Value, query: &str) -> Value {
    app.json(&format!("/api/v1/jobs/{}/duplicates{query}", job["id"].as_str().unwrap()))
}

#[test]
fn groups_are_sorted_by_reclaimable_bytes_and_hard_links_count_as_one_copy() {
    let app = TestApp::start();
    for (name, content) in [("a", "abc"), ("d/b", "abc"), ("c", "only one"), ("e1", ""), ("e2", "")] {
        app.write(name, content);
    }
    fs::hard_link(app.root.path().join("a"), app.root.path().join("link")).unwrap();
    fs::hard_link(app.root.path().join("c"), app.root.path().join("link to c")).unwrap();
    for number in 0..3 {
        app.write(&format!("large{number}"), "x".repeat(1000));
    }
    let job = app.run(json!({ "algorithms": ["crc32", "blake3"] }));
    let page = duplicates(&app, &job, "");
    assert_eq!((&page["total"], &page["reclaimable_bytes"]), (&json!(2), &json!(2003)));
    assert_eq!(page["algorithm"], "blake3", "crc32 is too short to compare by");
    let [large, small] = &page["groups"].as_array().unwrap()[..] else { panic!("two groups: {page}") };
    assert_eq!(large["paths"], json!(["large0", "large1", "large2"]));
    assert_eq!((&large["count"], &large["reclaimable_bytes"]), (&json!(3), &json!(2000)));
    let expected = json!({
        "digest": ABC_BLAKE3, "size": 3, "count": 2, "reclaimable_bytes": 3, "names": 3, "paths": ["a", "d/b", "link"],
        "file_numbers": [0, 1, 0]
    });
    assert_eq!(small, &expected);
    assert_eq!(duplicates(&app, &job, "?position=1")["groups"], json!([expected]));
    assert_eq!(duplicates(&app, &job, "?min_size=4")["total"], 1);
    assert_eq!(duplicates(&app, &job, "?min_size=0")["total"], 3, "with empty files");
}

fn text(app: &TestApp, job: &Value, query: &str, media_type: &str) -> String {
    let address = format!("/api/v1/jobs/{}/duplicates{query}", job["id"].as_str().unwrap());
    let answer = app.get(&address).header("accept", media_type).send().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], media_type);
    answer.text().unwrap()
}

#[test]
fn groups_are_filtered_by_a_part_of_a_path_and_sorted_by_each_key() {
    let app = TestApp::start();
    for (name, content) in
        [("x/a", "abc"), ("y/a", "abc"), ("z/a", "abc"), ("x/b", "twelve bytes"), ("b", "twelve bytes")]
    {
        app.write(name, content);
    }
    let job = app.run(json!({}));
    let firsts = |query: &str| -> Vec<String> {
        let groups = duplicates(&app, &job, query)["groups"].as_array().unwrap().clone();
        groups.iter().map(|group| group["paths"][0].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(firsts("?q=y%2F"), ["x/a"], "the whole group of a path that matches");
    assert_eq!(duplicates(&app, &job, "?q=y%2F")["reclaimable_bytes"], 6);
    assert_eq!(firsts("?q=nowhere"), [""; 0]);
    assert_eq!(firsts("?sort=-count"), ["x/a", "b"]);
    for sort in ["count", "-size", "-reclaimable_bytes"] {
        assert_eq!(firsts(&format!("?sort={sort}")), ["b", "x/a"], "{sort}");
    }
    let address = format!("/api/v1/jobs/{}/duplicates?sort=name", job["id"].as_str().unwrap());
    problem(app.get(&address).send().unwrap(), 400, "invalid_request");
}

#[test]
fn all_groups_are_sent_as_lines_that_end_with_a_summary() {
    let app = TestApp::start();
    for name in ["a", "b, \"c\"", "small1", "small2"] {
        app.write(name, if name.starts_with("small") { "x" } else { "abc" });
    }
    fs::hard_link(app.root.path().join("a"), app.root.path().join("link")).unwrap();
    let job = app.run(json!({}));
    let lines = text(&app, &job, "?min_size=2", "application/x-ndjson");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], duplicates(&app, &job, "")["groups"][0]);
    let summary = json!({ "algorithm": "blake3", "groups": 1, "names": 3, "reclaimable_bytes": 3 });
    assert_eq!(lines[1..], [json!({ "summary": summary })]);
    let expected = format!(
        "group,digest,size,file,path\r\n0,{ABC_BLAKE3},3,0,a\r\n0,{ABC_BLAKE3},3,1,\"b, \"\"c\"\"\"\r\n\
         0,{ABC_BLAKE3},3,0,link\r\nsummary,blake3,3,1,\r\n"
    );
    assert_eq!(text(&app, &job, "?q=lin", "text/csv"), expected);
    assert_eq!(text(&app, &job, "?q=none", "text/csv"), "group,digest,size,file,path\r\nsummary,blake3,0,0,\r\n");
}

#[test]
fn the_form_of_all_groups_is_named_in_the_address_too_and_then_it_is_a_file_to_save() {
    let app = TestApp::start();
    for name in ["a", "b", "x/c"] {
        app.write(name, "abc");
    }
    let job = app.run(json!({}));
    let address = format!("/api/v1/jobs/{}/duplicates", job["id"].as_str().unwrap());
    for (format, media_type) in [("csv", "text/csv"), ("ndjson", "application/x-ndjson")] {
        let asked = format!("{address}?q=x%2F&format={format}");
        let answer = app.get(&asked).header("accept", "text/html").send().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], media_type);
        let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert_eq!(disposition, format!("attachment; filename=\"duplicates.{format}\""));
        assert_eq!(answer.text().unwrap(), text(&app, &job, "?q=x%2F", media_type));
        // The page asks in this way whether it would be refused.
        assert_eq!(app.request(reqwest::Method::HEAD, &asked).send().unwrap().status(), 200);
    }
    problem(app.get(&format!("{address}?format=xml")).send().unwrap(), 400, "invalid_request");
}

#[test]
fn a_group_of_many_names_takes_several_lines() {
    let app = TestApp::start();
    for number in 0..1001 {
        app.write(&format!("{number:04}"), "");
    }
    let job = app.run(json!({}));
    let lines = text(&app, &job, "?min_size=0", "application/x-ndjson");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (lines.len(), lines[0]["paths"].as_array().unwrap().len(), &lines[0]["paths_from"]),
        (3, 1000, &Value::Null)
    );
    let rest = (&lines[1]["paths"], &lines[1]["paths_from"], &lines[1]["file_numbers"], &lines[1]["names"]);
    assert_eq!(rest, (&json!(["1000"]), &json!(1000), &json!([1000]), &json!(1001)));
    assert_eq!(lines[2]["summary"]["names"], 1001);
}

#[test]
fn names_that_are_not_utf8_keep_their_bytes() {
    let app = TestApp::start();
    app.write("a", "abc");
    fs::write(app.root.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "abc").unwrap();
    let job = app.run(json!({}));
    let group = &duplicates(&app, &job, "")["groups"][0];
    assert_eq!(group["paths_b64"], json!(["YQ==", "Y2Fm6Q=="]));
    assert_eq!(group["paths"][1], "caf\u{fffd}");
}

#[test]
fn a_job_with_short_digests_only_is_refused() {
    let app = TestApp::start();
    app.write("a", "abc");
    let job = app.run(json!({ "algorithms": ["crc32"] }));
    let refused = app.get(&format!("/api/v1/jobs/{}/duplicates", job["id"].as_str().unwrap())).send().unwrap();
    problem(refused, 409, "algorithm_not_in_job");
}

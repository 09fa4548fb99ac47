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
        "digest": ABC_BLAKE3, "size": 3, "count": 2, "reclaimable_bytes": 3, "names": 3, "paths": ["a", "d/b", "link"]
    });
    assert_eq!(small, &expected);
    assert_eq!(duplicates(&app, &job, "?position=1")["groups"], json!([expected]));
    assert_eq!(duplicates(&app, &job, "?min_size=4")["total"], 1);
    assert_eq!(duplicates(&app, &job, "?min_size=0")["total"], 3, "with empty files");
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

//! `GET /jobs/{id}/results`, as pages and as one stream.

use std::os::unix::ffi::OsStrExt;

use hivesum_test_support::vectors::{ABC_BLAKE3, ABC_MD5, ABC_SHA256, EMPTY_SHA256};
use serde_json::{Value, json};

use crate::app::{TestApp, ok_json, problem};

/// Runs a job on a small tree. The path of its results.
fn finished(app: &TestApp) -> String {
    app.write("a", "abc");
    app.write("d/b", "");
    app.write("d/c", "abc");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        app.root.path().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let job = app.run(json!({ "algorithms": ["sha256"] }));
    format!("/api/v1/jobs/{}/results", job["id"].as_str().unwrap())
}

fn paths(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap()).collect()
}

#[test]
fn results_are_in_walk_order_with_all_members() {
    let app = TestApp::start();
    let page = app.json(&finished(&app));
    assert_eq!(paths(&page), ["a", "d/b", "d/c", "fifo"]);
    assert_eq!((&page["total"], &page["position"]), (&json!(4), &json!(0)));
    let a = &page["items"][0];
    assert_eq!(
        (&a["status"], &a["size"], &a["digests"]),
        (&json!("hashed"), &json!(3), &json!({ "sha256": ABC_SHA256 }))
    );
    assert!(a["stability"].is_string() && a["modified_at"].is_string());
    assert_eq!(page["items"][1]["digests"]["sha256"], EMPTY_SHA256);
    let fifo = &page["items"][3];
    assert_eq!((&fifo["status"], &fifo["code"]), (&json!("skipped"), &json!("not_regular")));
    assert_eq!(fifo.get("digests"), None);
}

#[test]
fn results_are_filtered_by_status_prefix_and_part_of_the_path() {
    let app = TestApp::start();
    let results = finished(&app);
    for (query, expected) in [
        ("status=hashed", &["a", "d/b", "d/c"][..]),
        ("status=skipped", &["fifo"]),
        ("status=error", &[]),
        ("path_prefix=d/", &["d/b", "d/c"]),
        ("q=c", &["d/c"]),
        ("q=%2Fb", &["d/b"]),
        ("position=1&limit=2", &["d/b", "d/c"]),
        ("position=9", &[]),
    ] {
        let page = app.json(&format!("{results}?{query}"));
        assert_eq!(paths(&page), expected, "{query}");
    }
    assert_eq!(app.json(&format!("{results}?limit=1"))["total"], 4);
    for query in ["status=matched", "limit=0", "limit=1001", "position=-1", "sort=name"] {
        problem(app.get(&format!("{results}?{query}")).send().unwrap(), 400, "invalid_request");
    }
}

#[test]
fn the_ndjson_stream_has_all_results_and_the_summary_last() {
    let app = TestApp::start();
    for number in 0..2500 {
        app.write(&format!("{}/{number:04}", number % 10), number.to_string());
    }
    let job = app.run(json!({}));
    let results = format!("/api/v1/jobs/{}/results", job["id"].as_str().unwrap());
    let answer = app.get(&results).header("accept", "application/x-ndjson").send().unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2501);
    assert_eq!(lines[2500], json!({ "summary": job["summary"] }));
    let first = app.json(&format!("{results}?limit=1000"));
    assert_eq!(lines[..1000], first["items"].as_array().unwrap()[..]);
    let distinct: std::collections::BTreeSet<_> = lines[..2500].iter().map(|line| line["path"].to_string()).collect();
    assert_eq!(distinct.len(), 2500);
}

#[test]
fn the_stream_is_filtered_like_pages() {
    let app = TestApp::start();
    let results = finished(&app);
    let request = app.get(&format!("{results}?status=skipped")).header("accept", "application/x-ndjson");
    let text = request.send().unwrap().text().unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn the_stream_can_be_sorted_once_the_job_has_ended() {
    let app = TestApp::start();
    for number in 0..1_500 {
        app.write(&format!("{}/{number:04}", number % 10), "x".repeat(number % 7));
    }
    let job = app.run(json!({ "algorithms": ["sha256"] }));
    let lines = |id: &str, query: &str| {
        let path = format!("/api/v1/jobs/{id}/results?{query}");
        app.get(&path).header("accept", "application/x-ndjson").send().unwrap()
    };
    let id = job["id"].as_str().unwrap();
    for query in ["sort=-size".to_owned(), "sort=size&q=9".to_owned(), format!("digest={EMPTY_SHA256}")] {
        let text = lines(id, &query).text().unwrap();
        let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.pop().unwrap(), json!({ "summary": job["summary"] }));
        let page = |from| app.json(&format!("/api/v1/jobs/{id}/results?{query}&limit=1000&position={from}"));
        let pages = [page(0), page(1000)].map(|page| page["items"].as_array().unwrap().clone()).concat();
        assert!(lines.len() > 100 && lines == pages, "{query}");
    }
    std::fs::File::create(app.root.path().join("endless")).unwrap().set_len(1 << 40).unwrap();
    let running = app.submit(json!({ "path": "endless" }));
    problem(lines(&running, "sort=size"), 409, "job_not_finished");
}

#[test]
fn a_name_that_is_not_utf8_keeps_its_bytes() {
    let app = TestApp::start();
    std::fs::write(app.root.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9\n")), "abc").unwrap();
    let job = app.run(json!({}));
    let page = ok_json(app.get(&format!("/api/v1/jobs/{}/results", job["id"].as_str().unwrap())).send().unwrap());
    assert_eq!(page["items"][0]["path_b64"], "Y2Fm6Qo=");
}

#[test]
fn ended_jobs_are_sorted_and_searched_by_digest_and_running_ones_are_not() {
    let app = TestApp::start();
    app.write("d/small", "abc");
    app.write("d/twin", "abc");
    app.write("large", "something longer");
    let job = app.run(json!({ "algorithms": ["sha256", "md5"] }));
    let results = format!("/api/v1/jobs/{}/results", job["id"].as_str().unwrap());
    let paths = |query: &str| {
        let page = app.json(&format!("{results}?{query}"));
        let items = page["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths("sort=size"), ["d/small", "d/twin", "large"]);
    assert_eq!(paths("sort=-size&limit=1"), ["large"]);
    assert_eq!(paths("sort=-path&position=1"), ["d/twin", "d/small"]);
    assert_eq!(paths("sort=modified_at").len(), 3);
    for digest in [ABC_SHA256.to_owned(), format!("md5:{ABC_MD5}"), ABC_MD5.to_uppercase()] {
        assert_eq!(paths(&format!("digest={digest}")), ["d/small", "d/twin"], "{digest}");
    }
    assert_eq!(paths(&format!("digest={EMPTY_SHA256}")), Vec::<String>::new());
    for query in ["sort=name", "digest=abc", "digest=sha256:zz", &format!("digest={}", "z".repeat(64))] {
        problem(app.get(&format!("{results}?{query}")).send().unwrap(), 400, "invalid_request");
    }
    problem(app.get(&format!("{results}?digest=sha257:00")).send().unwrap(), 400, "algorithm_unknown");
    for digest in [format!("blake3:{ABC_BLAKE3}"), "0".repeat(40)] {
        let answer = app.get(&format!("{results}?digest={digest}")).send().unwrap();
        problem(answer, 409, "algorithm_not_in_job");
    }
    let endless = std::fs::File::create(app.root.path().join("endless")).unwrap();
    endless.set_len(1 << 40).unwrap();
    let running = format!("/api/v1/jobs/{}/results", app.submit(json!({})));
    for query in ["sort=size", "sort=-path", &format!("digest={ABC_BLAKE3}")] {
        problem(app.get(&format!("{running}?{query}")).send().unwrap(), 409, "job_not_finished");
    }
    assert!(app.json(&format!("{running}?sort=path"))["items"].is_array());
}

//! One digest in the jobs of everyone: what is found, and what was not searched.

use serde_json::{Value, json};

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};

const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn search(app: &TestApp, query: &str) -> Value {
    app.json(&format!("/api/v1/search?digest={query}"))
}

/// `searched`, `left_out` and `complete`.
fn bounds(found: &Value) -> [&Value; 3] {
    ["jobs_searched", "jobs_left_out", "complete"].map(|member| &found[member])
}

#[test]
fn a_digest_is_found_in_every_job_that_has_it_the_newest_first() {
    let app = TestApp::start();
    for (path, content) in [("a/one", "abc"), ("a/two", "abc"), ("a/other", "x"), ("b/three", "abc")] {
        app.write(path, content);
    }
    let old = app.run(json!({ "path": "a", "algorithms": ["sha256"] }));
    let new = app.run(json!({ "path": "b", "algorithms": ["blake3", "sha256"] }));
    app.await_json(&format!("/api/v1/search?digest={SHA256_OF_ABC}"), |found| found["complete"] == true);
    let found = search(&app, SHA256_OF_ABC);
    let hits = found["items"].as_array().unwrap();
    let told: Vec<_> = hits.iter().map(|hit| [&hit["job"]["id"], &hit["algorithm"], &hit["item"]["path"]]).collect();
    let expected = [(&new, "three"), (&old, "one"), (&old, "two")];
    let expected = expected.map(|(job, path)| [job["id"].clone(), json!("sha256"), json!(path)]);
    assert_eq!(told, expected.each_ref().map(|row| row.each_ref()));
    assert_eq!((&found["total"], bounds(&found)), (&json!(3), [&json!(2), &json!(0), &json!(true)]));
    let named = search(&app, &format!("sha256:{}", SHA256_OF_ABC.to_uppercase()));
    for member in ["items", "total", "jobs_searched", "jobs_left_out", "complete"] {
        assert_eq!(named[member], found[member], "{member}");
    }
    let cut = search(&app, &format!("{SHA256_OF_ABC}&limit=1"));
    assert_eq!((cut["items"].as_array().unwrap().len(), &cut["total"]), (1, &json!(3)));
}

#[test]
fn what_was_not_searched_is_counted() {
    let app = TestApp::start();
    app.write("a", "abc");
    app.run(json!({ "path": "a", "algorithms": ["sha256"] }));
    app.run(json!({ "path": "a", "algorithms": ["md5"] }));
    let nothing = "0".repeat(64);
    app.await_json(&format!("/api/v1/search?digest={nothing}"), |found| found["jobs_searched"] == 1);
    let found = search(&app, &nothing);
    assert_eq!(
        (&found["total"], bounds(&found)),
        (&json!(0), [&json!(1), &json!(1), &json!(false)]),
        "no SHA-256 there"
    );
    let big = std::fs::File::create(app.root.path().join("big")).unwrap();
    big.set_len(1 << 40).unwrap();
    let running = app.submit(json!({ "path": "big", "algorithms": ["sha256"], "max_bytes_per_second": 1000 }));
    assert_eq!(bounds(&search(&app, &nothing)), [&json!(1), &json!(2), &json!(false)], "one is running");
    app.post(&format!("/api/v1/jobs/{running}/cancel")).send().unwrap();
}

/// Jobs searched and left out under one algorithm.
fn under<'f>(found: &'f Value, algorithm: &str) -> [&'f Value; 2] {
    let all = found["algorithms"].as_array().unwrap();
    let one = all.iter().find(|one| one["algorithm"] == algorithm).unwrap();
    ["jobs_searched", "jobs_left_out"].map(|member| &one[member])
}

#[test]
fn a_bare_digest_is_not_known_where_a_job_lacks_an_algorithm_of_its_length() {
    let app = TestApp::start();
    app.write("a", "abc");
    app.run(json!({ "path": "a", "algorithms": ["blake3"] }));
    app.await_json(&format!("/api/v1/search?digest=blake3:{SHA256_OF_ABC}"), |found| found["complete"] == true);
    let found = search(&app, SHA256_OF_ABC);
    assert_eq!((&found["total"], bounds(&found)), (&json!(0), [&json!(1), &json!(0), &json!(false)]), "it is SHA-256");
    assert_eq!((under(&found, "blake3"), under(&found, "sha256")), ([&json!(1), &json!(0)], [&json!(0), &json!(1)]));
    app.run(json!({ "path": "a", "algorithms": ["sha256"] }));
    app.await_json(&format!("/api/v1/search?digest={SHA256_OF_ABC}"), |found| found["total"] == 1);
    let found = search(&app, SHA256_OF_ABC);
    assert_eq!(bounds(&found), [&json!(2), &json!(0), &json!(false)], "the other job has no SHA-256");
    assert_eq!(under(&found, "sha256"), [&json!(1), &json!(1)]);
    let only = search(&app, &format!("sha256:{SHA256_OF_ABC}"));
    assert_eq!(only["algorithms"], json!([{ "algorithm": "sha256", "jobs_searched": 1, "jobs_left_out": 1 }]));
}

#[test]
fn a_part_of_a_digest_and_unknown_algorithms_are_refused() {
    let app = TestApp::start();
    for (query, code) in [
        ("", "invalid_request"),
        ("?digest=ba7816", "invalid_request"),
        ("?digest=sha256:ba7816", "invalid_request"),
        ("?digest=zz", "invalid_request"),
        ("?digest=nosuch:ba7816bf", "algorithm_unknown"),
    ] {
        problem(app.get(&format!("/api/v1/search{query}")).send().unwrap(), 400, code);
    }
    let part = problem(app.get("/api/v1/search?digest=ba7816").send().unwrap(), 400, "invalid_request");
    let detail = part["detail"].as_str().unwrap();
    assert!(detail.contains("of 6 hex digits, but of 8, 16, 32, 40,") && detail.contains("whole digest"), "{part}");
}

#[test]
fn a_search_over_all_jobs_needs_a_scope_that_sees_them() {
    let app = TestApp::signed_out(|_| {});
    let path = format!("/api/v1/search?digest={SHA256_OF_ABC}");
    let get = |scopes: &str| app.get(&path).bearer_auth(token_until(&app, scopes, None).1).send().unwrap();
    let refused = problem(get("read,hash"), 403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("read:all"), "{refused}");
    for scopes in ["read:all", "read,admin"] {
        assert_eq!(ok_json(get(scopes))["complete"], true);
    }
}

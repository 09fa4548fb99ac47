//! Jobs: submitted, read, cancelled, deleted.

use std::os::unix::fs::symlink;

use hivesum_test_support::comes_true;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, ok_json, problem};

#[test]
fn a_job_hashes_a_tree_and_has_a_summary() {
    let app = TestApp::start();
    app.write("a", "abc");
    app.write("d/b", "");
    symlink("a", app.root.path().join("link")).unwrap();
    let job = app.run(json!({ "algorithms": ["sha256", "md5"] }));
    assert_eq!(job["state"], "completed");
    assert_eq!(job["kind"], "hash");
    assert_eq!(job["spec"]["algorithms"], json!(["sha256", "md5"]));
    let summary = &job["summary"];
    assert_eq!((&summary["hashed"], &summary["skipped"], &summary["errors"]), (&json!(2), &json!(1), &json!(0)));
    assert_eq!((&summary["bytes"], &summary["complete"]), (&json!(3), &json!(true)));
    assert_eq!(app.json(&format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())), job);
}

#[test]
fn a_job_takes_a_directory_or_a_file_and_globs_select_files() {
    let app = TestApp::start();
    app.write("d/a.txt", "abc");
    app.write("d/b.bin", "abc");
    app.write("d/skip/c.txt", "abc");
    let of_directory = app.run(json!({ "path": "d", "include": ["*.txt"], "exclude": ["skip"] }));
    assert_eq!(of_directory["summary"]["hashed"], 1);
    for exclude in ["skip/", "./skip", "/skip", "skip/**"] {
        assert_eq!(app.run(json!({ "path": "d", "exclude": [exclude] }))["summary"]["hashed"], 2, "{exclude}");
    }
    assert_eq!(app.run(json!({ "path": "d", "include": ["skip/"] }))["summary"]["hashed"], 1);
    let of_file = app.run(json!({ "path": "d/b.bin" }));
    assert_eq!(of_file["summary"]["hashed"], 1);
    let by_bytes = app.run(json!({ "path_b64": "ZA==" }));
    assert_eq!(by_bytes["summary"]["hashed"], 3);
}

#[test]
fn a_job_with_an_invalid_spec_or_path_is_refused() {
    let app = TestApp::start();
    app.write("a", "abc");
    symlink("/etc", app.root.path().join("link")).unwrap();
    let refused = |spec: Value| app.post("/api/v1/jobs").json(&spec).send().unwrap();
    for path in ["..", "/etc", "a/../..", "a//b", "a\u{0}"] {
        problem(refused(json!({ "root": "files", "path": path })), 400, "path_invalid");
    }
    for path in ["nothing", "link", "link/passwd", "%2e%2e", "..\\etc"] {
        problem(refused(json!({ "root": "files", "path": path })), 404, "not_found");
    }
    problem(refused(json!({ "root": "other" })), 404, "not_found");
    problem(refused(json!({ "root": "files", "algorithms": ["sha257"] })), 400, "algorithm_unknown");
    for spec in [
        json!({ "root": "files", "algorithms": [] }),
        json!({ "root": "files", "include": ["["] }),
        json!({ "root": "files", "exclude": ["../a"] }),
        json!({ "root": "files", "exclude": ["a", "./"] }),
        json!({ "root": "files", "include": ["!a"] }),
        json!({ "root": "files", "kind": "shred" }),
        json!({ "root": "files", "priority": "high" }),
        json!({ "root": "files", "max_bytes_per_second": 0 }),
        json!({ "root": "files", "path": "a", "path_b64": "YQ==" }),
        json!({ "root": "files", "path_b64": "?" }),
    ] {
        problem(refused(spec), 400, "invalid_request");
    }
    assert_eq!(app.json("/api/v1/jobs")["items"], json!([]));
}

#[test]
fn jobs_are_listed_newest_first_by_state_and_in_pages() {
    let app = TestApp::start();
    app.write("a", "abc");
    let mut ids: Vec<String> = (0..5).map(|_| app.run(json!({}))["id"].as_str().unwrap().to_owned()).collect();
    ids.reverse();
    let listed = |page: &Value| {
        page["items"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = app.json("/api/v1/jobs");
    assert_eq!(listed(&all), ids);
    assert_eq!(all["next_cursor"], Value::Null);
    let first = app.json("/api/v1/jobs?limit=3&state=completed");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.json(&format!("/api/v1/jobs?limit=3&state=completed&cursor={cursor}"));
    assert_eq!([listed(&first), listed(&second)].concat(), ids);
    assert_eq!(app.json("/api/v1/jobs?state=failed")["items"], json!([]));
    for query in ["state=done", "limit=0", "limit=1001", "limit=x", "cursor=x"] {
        problem(app.get(&format!("/api/v1/jobs?{query}")).send().unwrap(), 400, "invalid_request");
    }
}

#[test]
fn jobs_are_listed_by_kind_root_and_exact_path() {
    let app = TestApp::start();
    app.write("a b/file", "abc");
    let root = app.run(json!({}));
    let [old, new] = [(), ()].map(|()| app.run(json!({ "path": "a b" })));
    let verify = app
        .post("/api/v1/verify?root=files&path=a+b")
        .body("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  file\n");
    let verify = app.wait_for(verify.send().unwrap().json::<Value>().unwrap()["id"].as_str().unwrap());
    let listed = |query: &str| {
        let page = app.json(&format!("/api/v1/jobs?{query}"));
        page["items"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect::<Vec<_>>()
    };
    let ids = |jobs: &[&Value]| jobs.iter().map(|job| job["id"].clone()).collect::<Vec<_>>();
    assert_eq!(listed("path=a%20b"), ids(&[&verify, &new, &old]));
    assert_eq!(listed("root=files&path=a+b&kind=hash"), ids(&[&new, &old]));
    assert_eq!(listed("root=files&path="), ids(&[&root]), "the root itself");
    assert_eq!(listed("kind=verify&state=completed&verdict=ok"), ids(&[&verify]));
    assert_eq!(listed("root=files").len(), 4);
    for none in ["root=other", "path=a", "path=a+b/file", "root=files&path=a%2520b"] {
        assert_eq!(listed(none), ids(&[]), "{none}");
    }
    let first = app.json("/api/v1/jobs?root=files&path=a+b&kind=hash&limit=1");
    assert_eq!(first["items"][0]["id"], new["id"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(listed(&format!("root=files&path=a+b&kind=hash&limit=1&cursor={cursor}")), ids(&[&old]));
    for (query, code) in [
        ("kind=shred", "invalid_request"),
        ("root=%ff", "invalid_request"),
        ("path=/a", "path_invalid"),
        ("path=a/..", "path_invalid"),
        ("path=a%00", "path_invalid"),
    ] {
        problem(app.get(&format!("/api/v1/jobs?{query}")).send().unwrap(), 400, code);
    }
}

#[test]
fn cancelling_a_running_job_repeatedly_is_harmless() {
    let app = TestApp::start();
    let big = std::fs::File::create(app.root.path().join("big")).unwrap();
    big.set_len(1 << 40).unwrap();
    let id = app.submit(json!({ "algorithms": ["sha256"], "max_bytes_per_second": 1000 }));
    let one = format!("/api/v1/jobs/{id}");
    problem(app.request(Method::DELETE, &one).send().unwrap(), 409, "job_not_finished");
    problem(app.get(&format!("{one}/manifest")).send().unwrap(), 409, "job_not_finished");
    for _ in 0..3 {
        let job = ok_json(app.post(&format!("{one}/cancel")).send().unwrap());
        assert_eq!(job["id"], id);
    }
    assert_eq!(app.wait_for(&id)["state"], "cancelled");
    assert_eq!(ok_json(app.post(&format!("{one}/cancel")).send().unwrap())["state"], "cancelled");
}

#[test]
fn a_deleted_job_is_gone_with_its_results() {
    let app = TestApp::start();
    app.write("a", "abc");
    let job = app.run(json!({}));
    let one = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(app.request(Method::DELETE, &one).send().unwrap().status(), 204);
    for path in ["", "/results", "/manifest", "/events"] {
        problem(app.get(&format!("{one}{path}")).send().unwrap(), 404, "not_found");
    }
    problem(app.request(Method::DELETE, &one).send().unwrap(), 404, "not_found");
    problem(app.post(&format!("{one}/cancel")).send().unwrap(), 404, "not_found");
}

#[test]
fn an_invalid_id_matches_no_job() {
    let app = TestApp::start();
    for id in ["x", "00000000-0000-0000-0000-000000000000", "%2e%2e", "1"] {
        problem(app.get(&format!("/api/v1/jobs/{id}")).send().unwrap(), 404, "not_found");
    }
}

#[test]
fn jobs_over_the_queue_limit_get_503() {
    let app = TestApp::with(|config| {
        config.limits.max_running_jobs = 1;
        config.limits.max_queued_jobs = 1;
    });
    let big = std::fs::File::create(app.root.path().join("big")).unwrap();
    big.set_len(1 << 40).unwrap();
    let slow = json!({ "root": "files", "max_bytes_per_second": 1000 });
    let answers: Vec<_> = (0..4).map(|_| app.post("/api/v1/jobs").json(&slow).send().unwrap()).collect();
    assert_eq!(answers[0].status(), 202);
    problem(answers.into_iter().last().unwrap(), 503, "queue_full");
}

#[test]
fn a_repeated_request_with_the_same_idempotency_key_returns_the_first_job() {
    let app = TestApp::start();
    app.write("a", "abc");
    let ask =
        |key: &str, spec: Value| app.post("/api/v1/jobs").header("idempotency-key", key).json(&spec).send().unwrap();
    let body = json!({ "root": "files", "path": "a" });
    let ids: Vec<Value> = std::thread::scope(|scope| {
        let asks: Vec<_> =
            (0..8).map(|_| scope.spawn(|| ask("once", body.clone()).json::<Value>().unwrap()["id"].clone())).collect();
        asks.into_iter().map(|ask| ask.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| id.is_string() && *id == ids[0]), "{ids:?}");
    let again = ask("once", body.clone());
    assert_eq!(again.status(), 202);
    problem(ask("once", json!({ "root": "files" })), 409, "idempotency_conflict");
    problem(ask("", body.clone()), 400, "invalid_request");
    problem(ask(&"x".repeat(256), body.clone()), 400, "invalid_request");
    assert_ne!(ask("twice", body).json::<Value>().unwrap()["id"], ids[0]);
    assert_eq!(app.json("/api/v1/jobs")["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_job_that_reuses_another_marks_the_reused_digests() {
    let app = TestApp::start();
    app.write("same", "abc");
    app.write("other", "abc");
    let first = app.run(json!({}));
    app.write("other", "changed");
    let second = app.run(json!({ "reuse_unchanged_from": first["id"] }));
    let page = app.json(&format!("/api/v1/jobs/{}/results", second["id"].as_str().unwrap()));
    let reused: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|item| (&item["path"], &item["reused"])).collect();
    assert_eq!(reused, [(&json!("other"), &Value::Null), (&json!("same"), &json!(true))]);
    let missing = json!({ "root": "files", "reuse_unchanged_from": "0197a2b4-6d3c-7000-8000-000000000001" });
    problem(app.post("/api/v1/jobs").json(&missing).send().unwrap(), 404, "not_found");
}

#[test]
fn the_oldest_jobs_are_deleted_beyond_the_retention_limit() {
    let app = TestApp::with(|config| config.limits.retention.keep_jobs = Some(2));
    app.write("a", "abc");
    let ids: Vec<Value> = (0..4).map(|_| app.run(json!({}))["id"].clone()).collect();
    let listed = || {
        app.json("/api/v1/jobs")["items"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect::<Vec<_>>()
    };
    assert!(comes_true(|| listed().len() <= 2), "still there: {:?}", listed());
    assert_eq!(listed(), [ids[3].clone(), ids[2].clone()]);
    assert!(app.json("/api/v1/stats")["database_bytes"].as_u64().unwrap() > 0);
}

//! Many machines, one job: a coordinator and nodes as processes, with a real NATS server between them.

use std::fs;
use std::process::Command;

use hivesum_test_support::broker::Broker;
use hivesum_test_support::comes_true;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::fleet_bed::Fleet;

#[test]
fn a_job_on_a_node_is_a_job_like_any_other_and_the_node_is_listed() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(10, 50);
    assert_eq!(fleet.get("/api/v1/nodes"), json!({ "coordinates": true, "connected": true, "items": [] }));
    let mut node = fleet.node("n1", &[]);
    let id = fleet.submit("photos");
    fleet.assert_whole(&id);
    let job = fleet.job(&id);
    assert_eq!(job["spec"]["root"], "photos@n1", "the name that means it alone is kept");
    assert_eq!((&job["progress"]["files_done"], &job["progress"]["files_total"]), (&json!(500), &json!(500)));
    let nodes = fleet.get("/api/v1/nodes");
    let shown = &nodes["items"][0];
    assert_eq!(
        (&shown["name"], &shown["roots"], &shown["state"]),
        (&json!("n1"), &json!(["photos@n1"]), &json!("present"))
    );
    assert!(shown["clock_ahead_ms"].as_i64().unwrap().abs() < 60_000 && shown["version"] == env!("CARGO_PKG_VERSION"));
    let roots = fleet.get("/api/v1/roots");
    assert_eq!(roots[0]["name"], "photos@n1");
    assert_eq!(roots[0]["nodes"], json!([{ "name": "n1", "present": true }]));
    node.kill();
    let lost = comes_true(|| fleet.get("/api/v1/nodes")["items"][0]["state"] == "lost");
    assert!(lost);
    let answer = fleet.client.post(fleet.url("/api/v1/jobs")).json(&json!({ "root": "photos@n1" })).send().unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.json::<Value>().unwrap()["code"], "root_unavailable");
}

#[test]
fn a_name_of_two_roots_means_neither_and_what_is_no_manifest_on_a_node_is_refused() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(1, 1);
    let _nodes = [fleet.node("a", &[]), fleet.node("b", &[])];
    let id = fleet.submit("photos@b");
    fleet.assert_whole(&id);
    let refused = |path: &str, body: &str| {
        let answer = fleet.client.post(fleet.url(path)).body(body.to_owned());
        let answer = answer.header("Content-Type", "application/json").send().unwrap();
        (answer.status().as_u16(), answer.json::<Value>().unwrap())
    };
    let (status, problem) = refused("/api/v1/jobs", r#"{"root": "photos"}"#);
    assert_eq!((status, &problem["code"]), (409, &json!("root_ambiguous")));
    assert!(problem["detail"].as_str().unwrap().contains("photos@a or photos@b"), "{problem}");
    let (status, problem) = refused("/api/v1/jobs", r#"{"root": "music"}"#);
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
    for (path, expected, code) in [
        ("d000/f000", 400, "manifest_invalid"),
        ("d000", 404, "not_found"),
        ("d000/no", 404, "not_found"),
        ("../secret", 400, "path_invalid"),
    ] {
        let (status, problem) = refused(&format!("/api/v1/verify?root=photos@a&manifest_path={path}"), "");
        assert_eq!((status, &problem["code"]), (expected, &json!(code)), "{path}: {problem}");
    }
}

#[test]
fn a_node_that_is_told_to_stop_leaves_its_work_to_others() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(20, 100);
    fs::File::create(fleet.tree.path().join("d000/big")).unwrap().set_len(512 << 20).unwrap();
    let mut first = fleet.node("a", &["--pool"]);
    let id = fleet.submit("photos");
    fleet.await_job(&id, |job| job["state"] == "running");
    let _second = fleet.node("b", &["--pool"]);
    first.signal(Signal::TERM);
    assert!(first.child.wait().unwrap().success());
    fleet.assert_whole(&id);
}

#[test]
fn a_node_needs_no_more_rights_than_the_readme_gives_it() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let rights = readme.split("```text\n").find(|block| block.starts_with("authorization {")).unwrap();
    let rights = rights.split("```").next().unwrap();
    let settings = format!("jetstream {{ store_dir: DIR }}\n{rights}");
    let Some(broker) = Broker::with_settings(&settings) else { return };
    let url = |user: &str, password: &str| format!("nats://{user}:{password}@{}", broker.address());
    let coordinator = url("coordinator", "change-me");
    let fleet = Fleet::at(broker, &coordinator);
    fleet.write_tree(3, 300);
    let url = format!("nats://node1:change-me-too@{}", fleet.broker.address());
    let _node = fleet.node_at(&url, "node1", &[]);
    let id = fleet.submit("photos");
    fleet.assert_whole(&id);
}

#[test]
fn two_coordinators_of_one_fleet_do_not_both_start() {
    let Some(fleet) = Fleet::start() else { return };
    let other = tempfile::tempdir().unwrap();
    let options = ["serve", "--no-auth", "--listen", "127.0.0.1:0", "--state", other.path().to_str().unwrap()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    let output = command.args(options).args(["--fleet", &fleet.broker.url()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("another service coordinates the fleet"), "{said}");
}

//! What the service tells of its fleet: what each node reads, metrics by node, and that nodes come and are lost.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use hivesum_test_support::broker::Broker;
use hivesum_test_support::comes_true;
use serde_json::json;

use crate::fleet_bed::{Fleet, Process, SHORT_TIMES};

/// A fleet whose coordinator writes its log to a file.
fn logged(log: &Path) -> Option<Fleet> {
    let broker = Broker::start()?;
    let (state, tree) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    command.args(["serve", "--no-auth", "--rate-limit", "off", "--listen", "127.0.0.1:0", "--fleet", &broker.url()]);
    command.args(SHORT_TIMES).arg("--state").arg(state.path()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(File::create(log).unwrap()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let coordinator = Process { child, said: said.trim_end().to_owned() };
    Some(Fleet { broker, state, tree, coordinator, client: crate::app::client() })
}

/// The value of a series, if there is one.
fn metric(fleet: &Fleet, series: &str) -> Option<f64> {
    let text = fleet.client.get(fleet.url("/metrics")).send().unwrap().text().unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

#[test]
fn what_a_node_reads_is_told_with_its_job_and_no_more_once_the_job_is_over() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(2, 3);
    File::create(fleet.tree.path().join("d001/endless")).unwrap().set_len(1 << 30).unwrap();
    let _node = fleet.node("n1", &["--pool"]);
    let slow = json!({ "root": "photos", "path": "d001", "algorithms": ["sha256"], "max_bytes_per_second": 1000 });
    let answer = fleet.client.post(fleet.url("/api/v1/jobs")).json(&slow).send().unwrap();
    let job: serde_json::Value = answer.json().unwrap();
    let id = job["id"].as_str().unwrap();
    let reading = || fleet.get("/api/v1/nodes")["items"][0]["reading"].clone();
    let expected = json!([{ "job": id, "root": "photos", "path": "d001" }]);
    assert!(comes_true(|| reading() == expected), "{}", reading());
    fleet.client.post(fleet.url(&format!("/api/v1/jobs/{id}/cancel"))).send().unwrap();
    assert!(comes_true(|| reading() == json!([])), "{}", reading());
}

#[test]
fn nodes_that_come_and_are_lost_are_counted_logged_and_measured() {
    let logs = tempfile::tempdir().unwrap();
    let log = logs.path().join("log");
    let Some(fleet) = logged(&log) else { return };
    fleet.write_tree(4, 5);
    let counts = || {
        let states = ["present", "lost"].map(|state| format!("hivesum_fleet_nodes{{state=\"{state}\"}}"));
        let names = ["hivesum_fleet_nodes_joined_total", "hivesum_fleet_nodes_lost_total"];
        let all = names.into_iter().chain(states.iter().map(String::as_str));
        all.map(|series| metric(&fleet, series).unwrap() as u64).collect::<Vec<_>>()
    };
    assert_eq!((counts(), metric(&fleet, "hivesum_fleet_connected")), (vec![0; 4], Some(1.0)));
    assert_eq!(metric(&fleet, "hivesum_node_up{node=\"n1\"}"), None);
    let events = BufReader::new(fleet.client.get(fleet.url("/api/v1/events")).send().unwrap());
    let mut node = fleet.node("n1", &[]);
    let id = fleet.submit("photos");
    fleet.assert_whole(&id);
    let of_node = |name: &str| metric(&fleet, &format!("hivesum_node_{name}{{node=\"n1\"}}"));
    assert_eq!((counts(), of_node("up"), of_node("hashers")), (vec![1, 0, 1, 0], Some(1.0), Some(2.0)));
    assert!(comes_true(|| of_node("hashed_files_total") == Some(20.0)), "it says so with its next announcement");
    node.kill();
    assert!(comes_true(|| counts() == [1, 1, 0, 1]), "{:?}", counts());
    assert_eq!((of_node("up"), of_node("hashers_busy")), (Some(0.0), Some(0.0)));
    assert!(of_node("last_seen_seconds") > Some(1.0));
    let _again = fleet.node("n1", &[]);
    assert!(comes_true(|| counts() == [2, 1, 1, 0]), "{:?}", counts());
    let told = events.lines().map(Result::unwrap).filter(|line| line.starts_with("event: node_"));
    assert_eq!(told.take(3).collect::<Vec<_>>(), ["event: node_joined", "event: node_lost", "event: node_joined"]);
    let said = std::fs::read_to_string(&log).unwrap();
    for (event, times) in [("node_joined", 2), ("node_lost", 1)] {
        let lines = said.lines().filter(|line| line.contains(event) && line.contains("node=n1"));
        assert_eq!(lines.count(), times, "{event} in {said}");
    }
}

#[test]
fn a_node_that_is_drained_ends_what_it_has_begun_and_takes_work_again_once_it_is_resumed() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(2, 3);
    let mut node = fleet.node("n1", &[]);
    let ask = |path: &str| {
        let answer = fleet.client.post(fleet.url(&format!("/api/v1/nodes/{path}"))).send().unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().unwrap_or_default()["code"].clone())
    };
    let state = || fleet.get("/api/v1/nodes")["items"][0]["state"].clone();
    let id = fleet.submit("photos");
    fleet.assert_whole(&id);
    assert_eq!(ask("n1/drain"), (204, json!(null)));
    assert!(comes_true(|| state() == "draining"), "it says so at once");
    let waiting = fleet.submit("photos");
    assert_eq!(fleet.get("/api/v1/roots/photos@n1/entries")["items"][0]["name"], "d000", "it can be looked at");
    assert_eq!(fleet.job(&waiting)["progress"]["files_done"], 0);
    assert_eq!(ask("n1/resume"), (204, json!(null)));
    fleet.assert_whole(&waiting);
    assert_eq!(ask("n2/drain"), (404, json!("not_found")));
    assert_eq!(ask("a%20b/drain"), (404, json!("not_found")), "no node can have this name");
    node.kill();
    assert!(comes_true(|| state() == "lost"));
    assert_eq!(ask("n1/drain"), (503, json!("node_lost")));
}

#[test]
fn outside_its_windows_a_node_takes_no_work() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(1, 1);
    // A window that never opens while this runs, nor soon after.
    let _node = fleet.node("n1", &["--windows", "* 0 29 2 * UTC"]);
    assert!(comes_true(|| fleet.get("/api/v1/nodes")["items"][0]["state"] == "draining"));
    let id = fleet.submit("photos");
    fleet.await_job(&id, |job| job["state"] == "running");
    assert_eq!(fleet.job(&id)["progress"]["files_done"], 0);
}

#[test]
fn a_service_without_a_fleet_has_no_metrics_of_one() {
    let app = crate::app::TestApp::start();
    let text = app.get("/metrics").send().unwrap().text().unwrap();
    assert!(text.contains("hivesum_hashers") && !text.contains("hivesum_node_") && !text.contains("hivesum_fleet_"));
}

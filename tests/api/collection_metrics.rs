//! The metrics of collections, and the alert rules of the README that rest on them.

use std::fs;
use std::process::Command;

use hivesum_test_support::{comes_true, has_tool};
use reqwest::Method;

use crate::app::TestApp;
use crate::collections::{only, scrub, watched};

fn metrics(app: &TestApp) -> String {
    app.get("/metrics").send().unwrap().text().unwrap()
}

/// The metrics, once all collections are counted.
fn counted_metrics(app: &TestApp) -> String {
    let mut text = String::new();
    let is_counted = || {
        text = metrics(app);
        text.lines().any(|line| line == "hivesum_collections_readable 1")
    };
    assert!(comes_true(is_counted), "{text}");
    text
}

fn of_collections(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("hivesum_collection_")).collect()
}

#[test]
fn each_collection_has_its_files_by_condition_its_alerts_and_the_time_that_it_waits() {
    let app = watched();
    let id = only(&app)["id"].as_str().unwrap().to_owned();
    let text = counted_metrics(&app);
    for line in [
        "hivesum_collections 1".to_owned(),
        format!("hivesum_collection_info{{collection=\"{id}\",name=\"photos\"}} 1"),
        format!("hivesum_collection_files{{collection=\"{id}\",state=\"ok\"}} 1"),
        format!("hivesum_collection_files{{collection=\"{id}\",state=\"modified\"}} 1"),
        format!("hivesum_collection_files{{collection=\"{id}\",state=\"suspected_rot\"}} 0"),
        format!("hivesum_collection_open_alerts{{collection=\"{id}\"}} 3"),
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
    }
    let waits = format!("hivesum_collection_oldest_verified_seconds{{collection=\"{id}\"}} ");
    let waits = text.lines().find_map(|line| line.strip_prefix(&waits)).unwrap();
    assert!((0.0..86_400.0).contains(&waits.parse::<f64>().unwrap()), "{waits}");
    assert_eq!(app.request(Method::DELETE, &format!("/api/v1/collections/{id}")).send().unwrap().status(), 204);
    let text = counted_metrics(&app);
    assert_eq!(of_collections(&text), [""; 0], "a collection that is forgotten has no series");
    assert!(text.lines().any(|line| line == "hivesum_collections 0"), "{text}");
}

#[test]
fn only_the_oldest_hundred_collections_have_series() {
    let many = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..101).map(|number| format!("{number:03}")).collect();
    let app = TestApp::with(|config| {
        let dirs: Vec<_> = names.iter().map(|name| many.path().join(name).display().to_string()).collect();
        for dir in &dirs {
            fs::create_dir(dir).unwrap();
        }
        let more: Vec<_> = dirs[1..].iter().map(String::as_str).collect();
        assert_eq!(scrub(config, &many.path().join(&names[0]), &more), Some(0));
    });
    let text = counted_metrics(&app);
    let named = |name: &str| text.contains(&format!("name=\"{name}\""));
    assert!(text.lines().any(|line| line == "hivesum_collections 101"), "{text}");
    assert_eq!((named("000"), named("099"), named("100")), (true, true, false));
}

#[test]
fn promtool_finds_no_fault_with_the_metrics_of_collections_and_the_rules_of_the_readme() {
    if !has_tool("promtool") {
        return;
    }
    let app = watched();
    let dir = tempfile::tempdir().unwrap();
    let text = counted_metrics(&app);
    let mut check = Command::new("promtool");
    let checked = hivesum_test_support::tools::feed(check.args(["check", "metrics"]), text.as_bytes());
    assert!(checked.status.success() && checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let rules = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let path = dir.path().join("rules.yml");
    fs::write(&path, rules).unwrap();
    let checked = Command::new("promtool").args(["check", "rules"]).arg(&path).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    // Each rule rests on a metric that there is.
    let names: Vec<_> = rules.lines().filter(|line| line.contains("expr: ")).collect();
    assert!(names.len() >= 4, "{rules}");
    for line in names {
        let name =
            line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).find(|word| word.starts_with("hivesum_"));
        let name = name.unwrap();
        assert!(text.lines().any(|known| known.starts_with(name)), "{name} is no metric");
    }
}

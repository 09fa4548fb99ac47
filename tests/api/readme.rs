//! The README's curl examples, run as they are written.

use std::process::Command;

use hivesum_test_support::has_tool;

use crate::access::token_until;
use crate::app::TestApp;

/// The README's shell examples that call the service, with continuation lines joined: each line that begins with
/// `curl`, and as a whole each block whose lines use what the line before has found.
fn examples() -> Vec<String> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let calls = |block: &str| block.lines().any(|line| line.contains("curl ") && line.contains("127.0.0.1:8080"));
    let examples = blocks.filter(|block| calls(block)).flat_map(|block| match block.contains("=$(curl") {
        true => vec![format!("set -e\n{block}")],
        false => {
            block.replace("\\\n", "").lines().filter(|line| line.starts_with("curl ")).map(str::to_owned).collect()
        }
    });
    examples.collect()
}

#[test]
fn the_curl_examples_of_the_readme_work_as_written() {
    if !has_tool("curl") || !has_tool("jq") {
        return;
    }
    let app = TestApp::signed_out(|config| config.roots[0].name = Some("photos".to_owned()));
    app.write("2026/summer/a.jpg", "abc");
    let token = token_until(&app, "read,hash,admin", None).1;
    let job = app.anonymous(reqwest::Method::POST, "/api/v1/jobs").bearer_auth(&token);
    let job: serde_json::Value =
        job.json(&serde_json::json!({ "root": "photos", "algorithms": ["sha256"] })).send().unwrap().json().unwrap();
    let id = job["id"].as_str().unwrap();
    let events = app.get(&format!("/api/v1/jobs/{id}/events")).bearer_auth(&token).send().unwrap();
    assert!(events.text().unwrap().contains("event: end"));

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("FILE"), "abc").unwrap();
    std::fs::write(
        dir.path().join("SHA256SUMS"),
        format!("{}  2026/summer/a.jpg\n", hivesum_test_support::vectors::ABC_SHA256),
    )
    .unwrap();
    // curl fails on an error status.
    std::fs::write(dir.path().join(".curlrc"), "fail-with-body\nsilent\nshow-error\n").unwrap();
    let examples = examples();
    assert!(examples.len() >= 6, "{examples:?}");
    for example in examples {
        let line = example.replace("127.0.0.1:8080", &app.address.to_string());
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(dir.path())
            .env("CURL_HOME", dir.path())
            .env("TOKEN", &token)
            .env("JOB", id)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{example}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(!said.is_empty(), "{example}");
        if example.contains("summary.verdict") {
            assert_eq!(said, "ok\n", "{example}");
        }
    }
}

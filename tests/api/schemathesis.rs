//! The served OpenAPI document against the service, by schemathesis: answers must match the schemas, and requests that
//! the schemas forbid must be refused.
//!
//! The seed is fixed and the examples are few. The thorough run, with three seeds:
//! `for seed in 1 2 3; do HIVESUM_SCHEMATHESIS_EXAMPLES=100 HIVESUM_SCHEMATHESIS_SEED=$seed cargo test --all-features
//! --test api schemathesis; done`

use std::process::Command;

use hivesum::config::RateLimit;
use hivesum_test_support::has_tool;

use crate::access::token_until;
use crate::app::TestApp;

/// Values of the formats that are our own.
const HOOKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/schemathesis_hooks.py");

/// The statuses that valid requests may get.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/schemathesis.toml");

#[test]
fn schemathesis_finds_no_undocumented_answer() {
    if !has_tool("schemathesis") {
        return;
    }
    let app = TestApp::signed_out(|config| {
        config.limits.rate = RateLimit::Off;
        config.roots[0].name = Some("photos".to_owned());
    });
    app.write("2026/summer/a", "abc");
    let token = token_until(&app, "read,hash,admin", None).1;
    let examples = std::env::var("HIVESUM_SCHEMATHESIS_EXAMPLES").unwrap_or_else(|_| "12".to_owned());
    let seed = std::env::var("HIVESUM_SCHEMATHESIS_SEED").unwrap_or_else(|_| "20260101".to_owned());
    let output = Command::new("schemathesis")
        .args([
            "--config-file",
            CONFIG,
            "run",
            &app.url("/openapi.json"),
            "-H",
            &format!("Authorization: Bearer {token}"),
        ])
        .args(["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--mode", "all"])
        .args(["--max-examples", &examples, "--seed", &seed, "--no-color"])
        // The stream of all events never ends.
        .args(["--exclude-operation-id", "follow_all_jobs"])
        .args(["--request-timeout", "120", "--workers", "1"])
        .env("SCHEMATHESIS_HOOKS", HOOKS)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(app.state.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

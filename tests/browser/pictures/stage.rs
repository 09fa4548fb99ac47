//! What the pictures show: a tree with names of every kind, and a job for each way to end.

use std::fs::{self, File};

use hivesum_test_support::tools::output;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::collections::watched;
use crate::server::{ROOT, Server};

/// Files above this size are not hashed.
const MAX_FILE_BYTES: u64 = 1 << 30;
const SLOW_FILES: usize = 600;
const SLOW_FILE_BYTES: usize = 4 << 10;
/// So slow that the 1 GiB at the end of the slow directory outlasts the test.
const SLOW_BYTES_PER_SECOND: u64 = 500_000;
const LISTED: [&str; 4] = ["edited", "gone", "gone too", "kept"];
const LONG: &str = "a rather long directory name for a small screen";

/// A service with authentication, which runs one job at a time.
pub(super) fn server() -> Server {
    let most = MAX_FILE_BYTES.to_string();
    let limits = ["--max-file-bytes", &most, "--max-upload-bytes", "1048576", "--rate-limit", "off"];
    let server = Server::prepared(&[&limits[..], &["--max-running-jobs", "1", "--hashers", "4"]].concat(), watched);
    for n in 0..30 {
        server.write(format!("photos/{LONG}/image-{n:04}-original.jpg"), n.to_string().repeat(40 * n + 1));
    }
    server.write(format!("photos/{}.tar", "unbroken".repeat(20)), "long");
    server.write("photos/kept twice/a copy.raw", "content".repeat(9000));
    server.write("photos/kept twice/the same bytes, under a longer name.raw", "content".repeat(9000));
    server.write("photos/kept twice/third.raw", "content".repeat(9000));
    server.write("photos/SHA256SUMS", format!("{}  nothing\n", "0".repeat(64)));
    server.write(b"odd/caf\xe9.txt", "Latin-1");
    server.write("odd/line\nbreak", "two lines");
    std::os::unix::fs::symlink("nothing", server.tree().join("odd/link")).unwrap();
    sparse(&server, "odd/too large.img", MAX_FILE_BYTES + 1);
    fs::create_dir(server.tree().join("empty")).unwrap();
    LISTED.iter().for_each(|name| drop(server.write(format!("listed/{name}"), name)));
    for name in ["edited", "kept", "removed", "moved before", "swapped/one", "swapped/two"] {
        server.write(format!("compared/{name}"), name);
    }
    server.write(format!("compared/{LONG}/before the move.tar.gz"), "archive");
    for n in 0..SLOW_FILES {
        server.write(format!("slow/{n:05}.bin"), [n as u8; SLOW_FILE_BYTES]);
    }
    sparse(&server, "slow/endless.img", MAX_FILE_BYTES);
    server
}

fn sparse(server: &Server, name: &str, bytes: u64) {
    File::create(server.tree().join(name)).unwrap().set_len(bytes).unwrap();
}

/// The ids of the jobs, by how they ended.
pub(super) struct Jobs {
    pub(super) completed: String,
    pub(super) errors: String,
    pub(super) matching: String,
    pub(super) differing: String,
    pub(super) failed: String,
    pub(super) cancelled: String,
    pub(super) running: String,
    pub(super) queued: String,
    /// Before and after the changes of a directory.
    pub(super) compared: [String; 2],
}

impl Jobs {
    /// Runs them all. The last two stay as they are.
    pub(super) async fn run(browser: &Browser, server: &Server) -> Self {
        let all = ["blake3", "sha256", "sha512"];
        let completed = submit(browser, json!({ "path": "photos", "algorithms": all })).await;
        let errors = submit(browser, json!({ "path": "odd" })).await;
        let before = submit(browser, json!({ "path": "compared" })).await;
        let sums = output(&server.tree().join("listed"), "sha256sum", &LISTED);
        let sums = String::from_utf8(sums).unwrap();
        let matching = verify(browser, &sums).await;
        let incomplete = verify(browser, &format!("{sums}this is no entry\n")).await;
        for id in [&completed, &errors, &before, &matching, &incomplete] {
            until_ended(browser, id).await;
        }
        change(server);
        let differing = verify(browser, &sums).await;
        let after = submit(browser, json!({ "path": "compared" })).await;
        let slow = json!({ "path": "slow", "exclude": ["*.bin"], "max_bytes_per_second": 1000 });
        let failed =
            submit(browser, json!({ "path": "slow", "max_bytes_per_second": 1000, "deadline_seconds": 1 })).await;
        until_ended(browser, &failed).await;
        let cancelled = submit(browser, slow).await;
        ask(browser, "POST", &format!("jobs/{cancelled}/cancel"), "").await;
        until_ended(browser, &cancelled).await;
        let running = json!({ "path": "slow", "max_bytes_per_second": SLOW_BYTES_PER_SECOND });
        let running = submit(browser, running).await;
        let queued = submit(browser, json!({ "path": "photos", "priority": "low", "exclude": ["*.tar"] })).await;
        Self { completed, errors, matching, differing, failed, cancelled, running, queued, compared: [before, after] }
    }
}

/// What the verification and the comparison find.
fn change(server: &Server) {
    server.write("listed/edited", "other bytes");
    server.write("listed/new", "new");
    server.write("compared/edited", "other bytes, and more of them");
    server.write("compared/copy", "kept");
    server.write("compared/added", "added");
    server.write("compared/swapped/one", "swapped/two");
    server.write("compared/swapped/two", "swapped/one");
    let at = |name: &str| server.tree().join(name);
    for name in ["listed/gone", "listed/gone too", "compared/removed"] {
        fs::remove_file(at(name)).unwrap();
    }
    fs::rename(at("compared/moved before"), at("compared/moved after")).unwrap();
    let long = at("compared").join(LONG);
    fs::rename(long.join("before the move.tar.gz"), long.join("after.tar.gz")).unwrap();
}

/// An answer of the API to the page, which is signed in.
async fn ask(browser: &Browser, method: &str, path: &str, body: &str) -> Value {
    let script = "const [method, path, body, done] = arguments;
        const type = body.startsWith('{') ? 'application/json' : 'text/plain';
        fetch(`/api/v1/${path}`, { method, ...(body && { body, headers: { 'content-type': type } }) })
            .then((answer) => answer.text()).then((text) => done(text ? JSON.parse(text) : null));";
    let arguments = [method, path, body].map(|text| json!(text));
    browser.client.execute_async(script, arguments.to_vec()).await.unwrap()
}

/// Submits a job on the root. Its id.
async fn submit(browser: &Browser, mut spec: Value) -> String {
    spec["root"] = json!(ROOT);
    let job = ask(browser, "POST", "jobs", &spec.to_string()).await;
    job["id"].as_str().unwrap_or_else(|| panic!("{spec}: {job}")).to_owned()
}

/// Compares the listed files with a manifest.
async fn verify(browser: &Browser, manifest: &str) -> String {
    let job = ask(browser, "POST", &format!("verify?root={ROOT}&path=listed"), manifest).await;
    job["id"].as_str().unwrap_or_else(|| panic!("{job}")).to_owned()
}

async fn until_ended(browser: &Browser, id: &str) {
    browser.run("window.__ended = false;", vec![]).await;
    let look = "const look = () => fetch(`/api/v1/jobs/${arguments[0]}`).then((answer) => answer.json())
        .then(({ state }) => { if (['queued', 'running'].includes(state)) look(); else window.__ended = true; });
        look();";
    browser.run(look, vec![json!(id)]).await;
    browser.until("window.__ended").await;
}

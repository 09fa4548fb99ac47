//! F12 from outside: with a file system that never answers, only its own files fail, and no request waits for it.

use std::time::{Duration, Instant};

use hivesum::config::RootConfig;
use hivesum_test_support::faultfs::{self, Fault, FaultyFile, Mounted};
use hivesum_test_support::process::is_child_with_fuse;
use hivesum_test_support::{LONGEST_WAIT, comes_true};
use serde_json::{Value, json};

use crate::app::TestApp;

/// One file that never answers, and one that does.
fn dead_and_sound() -> Vec<FaultyFile> {
    vec![FaultyFile::file("dead", b"content", Fault::NeverReads), FaultyFile::file("sound", b"content", Fault::None)]
}

#[test]
fn the_fault_file_system_is_served_by_a_child() {
    faultfs::serve(|_| dead_and_sound());
}

/// A service with a sound root and a mounted one in which one file is dead.
struct ServiceWithDeadFile {
    app: TestApp,
    mounted: Option<Mounted>,
    _at: tempfile::TempDir,
}

impl ServiceWithDeadFile {
    fn new(read_timeout: Duration) -> Self {
        let at = tempfile::tempdir().unwrap();
        let mounted = Some(faultfs::mount("dead_mount::the_fault_file_system_is_served_by_a_child", "", at.path()));
        let app = TestApp::with(|config| {
            config.roots.push(RootConfig { name: Some("dead".to_owned()), path: at.path().to_owned() });
            config.hashers = 2.try_into().unwrap();
            config.limits.read_timeout = read_timeout;
            config.limits.rate = hivesum::config::RateLimit::Off;
        });
        app.write("well", "abc");
        Self { app, mounted, _at: at }
    }

    fn submit(&self) -> String {
        let answer = self.app.post("/api/v1/jobs").json(&json!({ "root": "dead" })).send().unwrap();
        assert_eq!(answer.status(), 202);
        let job: Value = answer.json().unwrap();
        job["id"].as_str().unwrap().to_owned()
    }

    fn results(&self, id: &str) -> Vec<Value> {
        let page = self.app.json(&format!("/api/v1/jobs/{id}/results"));
        page["items"].as_array().unwrap().clone()
    }

    fn hashers(&self) -> Value {
        self.app.json("/api/v1/stats")["hashers"].clone()
    }
}

#[test]
fn no_request_waits_for_a_hasher_that_a_dead_mount_holds() {
    if !is_child_with_fuse("dead_mount::no_request_waits_for_a_hasher_that_a_dead_mount_holds") {
        return;
    }
    // So long that the hasher is held during the whole test.
    let mut service = ServiceWithDeadFile::new(Duration::from_secs(24 * 60 * 60));
    let held = service.submit();
    assert!(comes_true(|| service.hashers()["busy"] == 1), "a hasher reads the dead file");
    let app = &service.app;
    let mut longest = Duration::ZERO;
    for _ in 0..50 {
        for path in
            ["/healthz", "/api/v1/stats", "/api/v1/jobs", "/api/v1/roots", "/api/v1/roots/dead/entries", "/metrics"]
        {
            longest = longest.max(timed(|| assert_eq!(app.get(path).send().unwrap().status(), 200, "{path}")));
        }
        longest = longest.max(timed(|| {
            let answer = app.post("/api/v1/hash").body("abc").send().unwrap();
            assert_eq!(answer.status(), 200);
        }));
        longest = longest.max(timed(|| assert_eq!(app.run(json!({}))["state"], "completed")));
        assert_eq!(app.json(&format!("/api/v1/jobs/{held}"))["state"], "running");
    }
    eprintln!("400 requests and jobs while a hasher was held: none took longer than {longest:?}");
    assert_eq!(service.hashers()["busy"], 1);
    let cancelled = app.post(&format!("/api/v1/jobs/{held}/cancel")).send().unwrap();
    assert!(cancelled.status().is_success(), "a held job can be cancelled");
    assert_eq!(app.wait_for(&held)["state"], "cancelled");
    // This frees the hasher, so that the service can end.
    drop(service.mounted.take());
}

fn timed(act: impl FnOnce()) -> Duration {
    let began = Instant::now();
    act();
    began.elapsed()
}

#[test]
fn a_file_on_a_dead_mount_is_an_error_and_its_hasher_is_replaced() {
    if !is_child_with_fuse("dead_mount::a_file_on_a_dead_mount_is_an_error_and_its_hasher_is_replaced") {
        return;
    }
    let mut service = ServiceWithDeadFile::new(Duration::from_secs(1));
    let id = service.submit();
    let job = service.app.wait_for(&id);
    assert_eq!(job["state"], "completed", "{job}");
    let results = service.results(&id);
    assert_eq!((&results[0]["status"], &results[0]["code"]), (&json!("error"), &json!("timeout")), "{results:?}");
    assert_eq!(results[1]["status"], "hashed", "{results:?}");
    // The thread of the new hasher needs a moment to start; until then only one is alive.
    let since = Instant::now();
    let hashers = loop {
        let hashers = service.hashers();
        assert!(since.elapsed() < LONGEST_WAIT && hashers["size"] == 2, "{hashers}");
        if hashers["alive"] == 2 {
            break hashers;
        }
        std::thread::yield_now();
    };
    assert!(hashers["stuck"].as_u64().unwrap() >= 1 && hashers["stuck"] == hashers["restarts"], "{hashers}");
    assert_eq!(service.app.run(json!({}))["state"], "completed", "the pool works again");
    drop(service.mounted.take());
}

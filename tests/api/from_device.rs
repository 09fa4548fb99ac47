//! Jobs with `from_device`: they find what changed below a cached file, and say where each file was read from.

use hivesum_test_support::images::{Disk, Image, is_child_with_mounts, read_cached, write_synced};
use serde_json::{Value, json};

use crate::app::{TestApp, problem};

/// A text that is nowhere else on a disk.
const CANARY: &[u8] = b"a song that nobody else sings, on a disk that a service reads";

fn items(app: &TestApp, job: &Value) -> Vec<Value> {
    let page = app.json(&format!("/api/v1/jobs/{}/results", job["id"].as_str().unwrap()));
    page["items"].as_array().unwrap().clone()
}

#[test]
fn results_say_where_files_were_read_from_if_that_was_asked_for_and_not_otherwise() {
    let app = TestApp::start();
    app.write("a", "abc");
    app.write("b", "");
    let asked = app.run(json!({ "from_device": true }));
    assert_eq!(asked["spec"]["from_device"], true);
    for item in items(&app, &asked) {
        let from = item["read_from"].as_str().unwrap();
        assert!(["device", "cache", "unknown"].contains(&from), "{item}");
    }
    let not_asked = app.run(json!({}));
    assert_eq!(not_asked["spec"].get("from_device"), None);
    let [a, b] = &items(&app, &not_asked)[..] else { panic!("two files") };
    assert_eq!((a.get("read_from"), b.get("read_from")), (None, None));
    assert_eq!(a["digests"], items(&app, &asked)[0]["digests"]);
    let both = json!({ "root": "files", "from_device": true, "reuse_unchanged_from": asked["id"] });
    problem(app.post("/api/v1/jobs").json(&both).send().unwrap(), 400, "invalid_request");
    let reused = app.run(json!({ "reuse_unchanged_from": asked["id"] }));
    assert_eq!((&items(&app, &reused)[0]["reused"], items(&app, &reused)[0].get("read_from")), (&json!(true), None));
}

#[test]
fn a_job_finds_what_changed_below_a_cached_file_only_if_it_reads_the_device() {
    let test = "from_device::a_job_finds_what_changed_below_a_cached_file_only_if_it_reads_the_device";
    if !is_child_with_mounts(test) {
        return;
    }
    let (app, dir) = (TestApp::start(), tempfile::tempdir().unwrap());
    let disk = Disk { filesystem: "ext4", made_with: &["-q", "-F"], mounted_with: "" };
    let Some(image) = Image::mounted(dir.path(), &disk) else { return };
    let files = app.root.path().join("files");
    std::fs::create_dir(&files).unwrap();
    assert!(
        std::process::Command::new("mount").arg("--bind").arg(image.path()).arg(&files).status().unwrap().success()
    );
    let file = image.path().join("canary");
    write_synced(&file, CANARY);
    let spec = json!({ "path": "files", "exclude": ["lost+found/"] });
    let before = app.run(spec.clone());
    read_cached(&file);
    assert_ne!(image.flip(CANARY), 0);
    let verified = |more: &str| {
        let id = before["id"].as_str().unwrap();
        let query = format!("/api/v1/verify?root=files&path=files&exclude=lost%2Bfound/&against={id}{more}");
        let job = app.post(&query).send().unwrap().json::<Value>().unwrap();
        let job = app.wait_for(job["id"].as_str().unwrap_or_else(|| panic!("{job}")));
        items(&app, &job).into_iter().find(|item| item["path"] == "canary").unwrap()
    };
    let (buffered, direct) = (verified(""), verified("&from_device=true"));
    assert_eq!((&buffered["verdict"], buffered.get("read_from")), (&json!("matched"), None));
    assert_eq!((&direct["verdict"], &direct["read_from"]), (&json!("suspected_rot"), &json!("device")), "{direct}");
    assert!(std::process::Command::new("umount").arg(&files).status().unwrap().success());
}

//! Directories on nodes, looked at and compared with manifests: verdicts, names and pages as of a directory of the
//! service's own.

use std::fs;
use std::os::unix::fs::symlink;

use hivesum_test_support::{comes_true, tools};
use serde_json::{Value, json};

use crate::fleet_bed::Fleet;

/// Makes a job that compares with a manifest, and waits for its end. `query` goes on after the root.
fn verified(fleet: &Fleet, query: &str, manifest: &str) -> Value {
    let url = fleet.url(&format!("/api/v1/verify?root={query}"));
    let mut answer = Value::Null;
    let taken = comes_true(|| {
        answer = fleet.client.post(&url).body(manifest.to_owned()).send().unwrap().json().unwrap();
        answer["code"] != "root_unavailable"
    });
    assert!(taken && answer["id"].is_string(), "{answer}");
    let id = answer["id"].as_str().unwrap();
    fleet.await_job(id, |job| job["state"] == "completed" || job["state"] == "failed")
}

/// Each path with its verdict, but for files that are as they should be.
fn deviations(fleet: &Fleet, job: &Value) -> Vec<(String, String)> {
    let page = fleet.get(&format!("/api/v1/jobs/{}/results?limit=1000", job["id"].as_str().unwrap()));
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let rows = page["items"].as_array().unwrap().iter().map(|row| (text(&row["path"]), text(&row["verdict"])));
    rows.filter(|(_, verdict)| verdict != "matched").collect()
}

fn last_id(fleet: &Fleet) -> String {
    fleet.get("/api/v1/jobs?limit=1")["items"][0]["id"].as_str().unwrap().to_owned()
}

fn sums(fleet: &Fleet) -> String {
    let find = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";
    String::from_utf8(tools::output(fleet.tree.path(), "sh", &["-c", find])).unwrap()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(path, verdict)| ((*path).to_owned(), (*verdict).to_owned())).collect()
}

#[test]
fn a_directory_on_a_node_is_compared_with_a_manifest_as_one_here() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(3, 4);
    let manifest = sums(&fleet);
    let _node = fleet.node("n1", &[]);
    let job = verified(&fleet, "photos", &manifest);
    assert_eq!((&job["summary"]["verdict"], deviations(&fleet, &job)), (&json!("ok"), vec![]), "{job}");
    let tree = fleet.tree.path();
    fs::write(tree.join("d000/f001"), "other").unwrap();
    fs::remove_file(tree.join("d001/f002")).unwrap();
    fs::write(tree.join("d002/new"), "new").unwrap();
    let expected = [("d000/f001", "modified"), ("d002/new", "new"), ("d001/f002", "missing")];
    let job = verified(&fleet, "photos", &manifest);
    assert_eq!(job["summary"]["verdict"], "failed");
    assert_eq!(deviations(&fleet, &job), pairs(&expected));
    let job = verified(&fleet, "photos&mode=check", &manifest);
    let read = [("d000/f001", "modified"), ("d001/f002", "none"), ("d001/f002", "missing")];
    assert_eq!(deviations(&fleet, &job), pairs(&read), "a name that is not found may have moved until all is read");
    assert_eq!(job["summary"]["hashed"], 11, "what the manifest does not name is not read");
}

#[test]
fn a_manifest_that_lies_on_a_node_is_read_there_whole_and_is_no_file_of_the_tree() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(3, 4);
    let tree = fleet.tree.path();
    // So long that it takes several answers.
    let padding = "# a comment as long as a line may be\n".repeat(20_000);
    fs::write(tree.join("SHA256SUMS"), format!("{padding}{}", sums(&fleet))).unwrap();
    fs::write(tree.join("d001/f002"), "other").unwrap();
    let _node = fleet.node("n1", &[]);
    let job = verified(&fleet, "photos&manifest_path=SHA256SUMS", "");
    assert_eq!(job["summary"]["verdict"], "failed", "{job}");
    assert_eq!(deviations(&fleet, &job), pairs(&[("d001/f002", "modified")]));
    assert_eq!(job["spec"]["manifest_name"], "SHA256SUMS");
}

#[test]
fn names_of_a_manifest_meet_a_tree_on_a_node_by_the_same_rules() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(2, 3);
    let _node = fleet.node("n1", &[]);
    let manifest = sums(&fleet);
    // From a directory above, as sha256sum writes it there, and from another directory with the same name before all.
    for (query, written, taken_off) in [
        ("photos&path=d001", manifest.clone(), "d001/"),
        ("photos", manifest.replace("  ./", "  backup/photos/"), "backup/photos/"),
    ] {
        let job = verified(&fleet, query, &written);
        assert_eq!(job["summary"]["verdict"], "ok", "{job}");
        assert_eq!(job["spec"]["names"]["taken_off"], taken_off, "{job}");
    }
    let one = manifest.lines().next().unwrap().replace("./d000/", "");
    let job = verified(&fleet, "photos&path=d000/f000", &one);
    assert_eq!((&job["summary"]["verdict"], &job["progress"]["files_done"]), (&json!("ok"), &json!(1)), "{job}");
}

#[test]
fn a_bag_on_a_node_is_a_bag() {
    let Some(fleet) = Fleet::start() else { return };
    let bag = fleet.tree.path().join("bag");
    fs::create_dir_all(bag.join("data")).unwrap();
    fs::write(bag.join("bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n").unwrap();
    fs::write(bag.join("data/a"), "abc").unwrap();
    let manifest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  data/a\n";
    let _node = fleet.node("n1", &[]);
    let query = "photos&path=bag&name=manifest-sha256.txt";
    let job = verified(&fleet, query, manifest);
    assert_eq!((&job["summary"]["verdict"], deviations(&fleet, &job)), (&json!("ok"), vec![]), "{job}");
    fs::remove_file(bag.join("bagit.txt")).unwrap();
    fs::write(bag.join("other"), "").unwrap();
    let job = verified(&fleet, query, manifest);
    assert_eq!(deviations(&fleet, &job), pairs(&[("other", "new")]), "without a bagit.txt it is any directory");
}

#[test]
fn rot_on_a_node_is_told_from_an_edit_by_what_an_earlier_job_has_found() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(2, 3);
    let _node = fleet.node("a", &[]);
    let id = fleet.submit("photos");
    fleet.assert_whole(&id);
    let file = fleet.tree.path().join("d001/f001");
    let before = fs::metadata(&file).unwrap();
    fs::write(&file, "edited").unwrap();
    for (query, mode) in [(format!("photos&against={id}"), "audit"), ("photos&against=last&mode=check".into(), "check")]
    {
        let job = verified(&fleet, &query, "");
        assert_eq!(job["spec"]["mode"], mode);
        assert_eq!(deviations(&fleet, &job), pairs(&[("d001/f001", "modified")]), "{job}");
    }
    let job = verified(&fleet, &format!("photos@a&repeat={}", last_id(&fleet)), "");
    assert_eq!(deviations(&fleet, &job), pairs(&[("d001/f001", "modified")]), "{job}");
    // The same size, and its time put back: but for its ctime the metadata are as they were.
    fs::write(&file, vec![b'x'; before.len() as usize]).unwrap();
    let times = fs::FileTimes::new().set_modified(before.modified().unwrap());
    fs::File::options().write(true).open(&file).unwrap().set_times(times).unwrap();
    let job = verified(&fleet, &format!("photos&against={id}"), "");
    assert_eq!(job["summary"]["verdict"], "failed", "{job}");
}

#[test]
fn nodes_of_a_pool_check_what_a_manifest_names_and_one_that_sees_other_files_does_not() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(4, 50);
    let manifest = sums(&fleet);
    let _node = fleet.node("a", &["--pool"]);
    // Another tree under the same name, with the same names.
    let other = tempfile::tempdir().unwrap();
    for directory in 0..4 {
        let directory = other.path().join(format!("d{directory:03}"));
        fs::create_dir(&directory).unwrap();
        (0..50).for_each(|file| fs::write(directory.join(format!("f{file:03}")), "other").unwrap());
    }
    let _wrong = fleet.node_on("b", &["--pool"], other.path());
    for mode in ["check", "audit"] {
        let job = verified(&fleet, &format!("photos&mode={mode}"), &manifest);
        assert_eq!((&job["summary"]["verdict"], deviations(&fleet, &job)), (&json!("ok"), vec![]), "{job}");
    }
}

#[test]
fn two_copies_on_two_nodes_are_compared_without_copying_anything() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(2, 3);
    let _nodes = [fleet.node("a", &[]), fleet.node("b", &[])];
    let one = fleet.submit("photos@a");
    fleet.assert_whole(&one);
    fs::write(fleet.tree.path().join("d000/f002"), "rotten").unwrap();
    let other = fleet.submit("photos@b");
    fleet.assert_whole(&other);
    let job = verified(&fleet, &format!("photos@b&against={other}"), "");
    assert_eq!(job["summary"]["verdict"], "ok", "{job}");
    let compared = fleet.get(&format!("/api/v1/jobs/{one}/compare?with={other}"));
    let items = compared["items"].as_array().unwrap_or_else(|| panic!("{compared}"));
    assert_eq!((items.len(), &items[0]["path"]), (1, &json!("d000/f002")), "{compared}");
}

#[test]
fn a_directory_on_a_node_is_listed_in_pages_and_a_link_is_not_followed() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.write_tree(2, 3);
    symlink("/", fleet.tree.path().join("link")).unwrap();
    let _node = fleet.node("n1", &[]);
    let id = fleet.submit("photos");
    fleet.assert_whole(&id);
    let page = fleet.get("/api/v1/roots/photos/entries?limit=2");
    let names = |page: &Value| {
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
        items.iter().map(|item| format!("{} {}", item["name"], item["kind"])).collect::<Vec<_>>()
    };
    assert_eq!(names(&page), [r#""d000" "directory""#, r#""d001" "directory""#]);
    assert_eq!(page["last_run"]["job"], json!(id), "what ran there is told, by the name that means it alone: {page}");
    let next = fleet.get(&format!("/api/v1/roots/photos@n1/entries?cursor={}", page["next_cursor"].as_str().unwrap()));
    assert_eq!(names(&next), [r#""link" "symlink""#]);
    assert!(next["next_cursor"].is_null(), "{next}");
    let file = &fleet.get("/api/v1/roots/photos@n1/entries?path=d001")["items"][0];
    let here = fs::metadata(fleet.tree.path().join("d001/f000")).unwrap();
    assert_eq!((&file["name"], &file["size"]), (&json!("f000"), &json!(here.len())));
    for (path, status) in [("photos/entries?path=no", 404), ("photos/entries?path=link", 404), ("music/entries", 404)] {
        let answer = fleet.client.get(fleet.url(&format!("/api/v1/roots/{path}"))).send().unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    let _other = fleet.node("n2", &[]);
    let ambiguous = || fleet.get("/api/v1/roots/photos/entries")["code"] == "root_ambiguous";
    assert!(comes_true(ambiguous));
}

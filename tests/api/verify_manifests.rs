//! `POST /verify`: manifests as they come, with foreign lines, untagged digests and names of another place.

use std::fs;

use hivesum_core::digest::Algorithm;
use hivesum_test_support::vectors::{ABC_BLAKE3, ABC_MD5, ABC_SHA256};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, problem};

fn post(app: &TestApp, query: &[(&str, &str)], manifest: impl Into<Vec<u8>>) -> Response {
    let request = app.post("/api/v1/verify").query(&[("root", "files")]).query(query);
    request.body(manifest.into()).send().unwrap()
}

/// The finished job, and each path with its verdict.
fn verified(app: &TestApp, query: &[(&str, &str)], manifest: impl Into<Vec<u8>>) -> (Value, Vec<(String, String)>) {
    let answer = post(app, query, manifest);
    assert_eq!(answer.status(), 202, "{}", answer.text().unwrap_or_default());
    let accepted: Value = answer.json().unwrap();
    let id = accepted["id"].as_str().unwrap();
    let job = app.wait_for(id);
    assert_eq!(job["lines_not_read"], accepted["lines_not_read"], "the answer says what the job says");
    let page = app.json(&format!("/api/v1/jobs/{id}/results?limit=1000"));
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let items = page["items"].as_array().unwrap().iter();
    (job, items.map(|item| (text(&item["path"]), text(&item["verdict"]))).collect())
}

fn all_matched(items: &[(String, String)]) -> bool {
    !items.is_empty() && items.iter().all(|(_, verdict)| verdict == "matched")
}

#[test]
fn what_every_algorithm_writes_is_verified_by_its_length_or_its_name() {
    let app = TestApp::start();
    for (name, content) in [("d/empty", ""), ("d/f", "hello\n"), ("d/sub/g", "good day\n")] {
        app.write(name, content);
    }
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        let hashed = app.run(json!({ "path": "d", "algorithms": [name] }));
        let exported = |format: &str| {
            let id = hashed["id"].as_str().unwrap();
            app.get(&format!("/api/v1/jobs/{id}/manifest?format={format}")).send().unwrap().bytes().unwrap().to_vec()
        };
        let by_length = Algorithm::of_length(algorithm.digest_bytes()).contains(&algorithm);
        let told = format!("sums.{name}");
        for manifest_name in [Some(&*told), by_length.then_some("sums")].into_iter().flatten() {
            let (job, items) = verified(&app, &[("path", "d"), ("name", manifest_name)], exported("gnu"));
            assert!(all_matched(&items), "{manifest_name}: {items:?}");
            assert_eq!(job["summary"]["algorithm"], name, "{manifest_name}");
        }
        let (job, items) = verified(&app, &[("path", "d")], exported("bsd"));
        assert!(all_matched(&items), "{name}: {items:?}");
        assert_eq!(job["spec"]["algorithms"], json!([name]), "the digests name it");
        app.write("d/f", "hullo\n");
        let (job, items) = verified(&app, &[("path", "d"), ("name", &told)], exported("gnu"));
        assert_eq!(items[1], ("f".to_owned(), "modified".to_owned()), "{name}");
        assert_eq!(job["summary"]["verdicts"]["matched"], 2, "{name}");
        app.write("d/f", "hello\n");
    }
}

#[test]
fn foreign_lines_are_counted_in_the_job_and_refuse_a_strict_request() {
    let app = TestApp::start();
    app.write("a", "abc");
    let manifest = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSome prose\n{ABC_SHA256}  a\nSkein (a) = {ABC_SHA256}\n\
         -----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"
    );
    let (job, items) = verified(&app, &[("name", "SHA256SUMS.asc")], manifest.clone());
    assert!(all_matched(&items), "{items:?}");
    let lines = &job["lines_not_read"];
    assert_eq!(lines["count"], lines["first"].as_array().unwrap().len());
    assert!(lines["first"].as_array().unwrap().contains(&json!({ "line": 4, "why": "not an entry" })), "{lines}");
    assert_eq!((&lines["unsupported"], &lines["signed"]), (&json!(["Skein"]), &json!(true)));
    let listed = app.json("/api/v1/jobs");
    assert_eq!(&listed["items"][0]["lines_not_read"], lines, "it is stored with the job");
    problem(post(&app, &[("strict", "true")], manifest), 400, "manifest_invalid");
    let (job, _) = verified(&app, &[("strict", "true")], format!("# a comment\n{ABC_SHA256}  a\n"));
    assert_eq!(job.get("lines_not_read"), None);
    problem(post(&app, &[("strict", "yes")], format!("{ABC_SHA256}  a\n")), 400, "invalid_request");
}

#[test]
fn a_manifest_of_nothing_that_can_be_computed_is_refused_and_says_so() {
    let app = TestApp::start();
    app.write("a", "abc");
    let skein = problem(post(&app, &[], format!("Skein (a) = {ABC_SHA256}\n")), 400, "manifest_invalid");
    assert!(skein["detail"].as_str().unwrap().contains("Skein is not supported"), "{skein}");
    let gost = problem(post(&app, &[("name", "x.gost")], format!("{ABC_SHA256}  a\n")), 400, "manifest_invalid");
    assert!(gost["detail"].as_str().unwrap().contains("GOST R 34.11-94 is not supported"), "{gost}");
    let prose = problem(post(&app, &[], "nothing\nto see\n"), 400, "manifest_invalid");
    assert_eq!((&prose["line"], prose["detail"].as_str().unwrap().contains("2 lines")), (&json!(1), true), "{prose}");
    let md5 = problem(post(&app, &[("algorithm", "sha1")], format!("MD5 (a) = {ABC_MD5}\n")), 400, "manifest_invalid");
    assert!(md5["detail"].as_str().unwrap().contains("no line is of sha1"), "{md5}");
}

#[test]
fn digests_of_other_algorithms_than_the_requested_one_are_left_out() {
    let app = TestApp::start();
    app.write("a", "abc");
    let manifest = format!("MD5 (a) = {}\nBLAKE3 (a) = {ABC_BLAKE3}\n", "0".repeat(32));
    let (job, items) = verified(&app, &[("algorithm", "blake3"), ("strict", "true")], manifest.clone());
    assert!(all_matched(&items), "{items:?}");
    assert_eq!(job["spec"]["algorithms"], json!(["blake3"]));
    let (_, items) = verified(&app, &[], manifest);
    assert_eq!(items[0].1, "modified", "without it every digest counts");
    let table = format!("%%%% HASHDEEP-1.0\n%%%% size,md5,snefru,filename\n3,{ABC_MD5},{},a\n", "0".repeat(32));
    let (job, items) = verified(&app, &[], table);
    assert!(all_matched(&items), "{items:?}");
    assert_eq!(job["lines_not_read"]["unsupported"], json!(["snefru"]), "what was left out is said");
}

#[test]
fn names_of_another_place_meet_the_tree_and_the_job_says_how() {
    let app = TestApp::start();
    for name in ["d/a", "d/sub/b"] {
        app.write(name, "abc");
    }
    for (prefix, separator) in [("d/", "/"), ("/srv/old/d/", "/"), ("C:\\data\\", "\\")] {
        for mode in ["audit", "check"] {
            let manifest = format!("{ABC_SHA256}  {prefix}a\n{ABC_SHA256}  {prefix}sub{separator}b\n");
            let (job, items) = verified(&app, &[("path", "d"), ("mode", mode), ("name", "SHA256SUMS")], manifest);
            assert!(all_matched(&items) && items.len() == 2, "{prefix}, {mode}: {items:?}");
            assert_eq!(job["spec"]["names"]["taken_off"], prefix.replace('\\', "/"));
            assert_eq!(job["spec"]["names"]["separator"], if separator == "/" { "slash" } else { "backslash" });
        }
    }
    let plain = format!("{ABC_SHA256}  a\n{ABC_SHA256}  sub/b\n");
    let (job, items) = verified(&app, &[("path", "d")], plain);
    assert!(all_matched(&items));
    assert_eq!(job["spec"].get("names"), None);
    let outside = format!("{ABC_SHA256}  /etc/passwd\n{ABC_SHA256}  a\n");
    assert_eq!(problem(post(&app, &[("path", "d")], outside), 400, "manifest_invalid")["line"], 1);
}

#[test]
fn a_repeated_request_is_one_job_even_if_the_tree_has_changed_in_between() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    let send = || {
        let request = app.post("/api/v1/verify?root=files&path=d&name=SHA256SUMS").header("idempotency-key", "k");
        let answer = request.body(format!("{ABC_SHA256}  d/a\n")).send().unwrap();
        assert_eq!(answer.status(), 202, "{}", answer.text().unwrap());
        answer.json::<Value>().unwrap()
    };
    let first = send();
    app.wait_for(first["id"].as_str().unwrap());
    app.write("d/d/a", "abc");
    fs::remove_file(app.root.path().join("d/a")).unwrap();
    assert_eq!(send()["id"], first["id"]);
}

#[test]
fn globs_hold_for_the_walk_and_for_the_names_in_the_manifest() {
    let app = TestApp::start();
    for name in ["d/.git/x", "d/a.rs", "d/build/o"] {
        app.write(name, "abc");
    }
    app.write("d/new.txt", "new");
    let line = |name: &str| format!("{ABC_SHA256}  {name}\n");
    let manifest = [line(".git/x"), line("a.rs"), line("build/gone"), line("build/o")].concat();
    let verdicts = |query: &[(&str, &str)]| {
        let (job, items) =
            verified(&app, &[&[("path", "d"), ("name", "SHA256SUMS")], query].concat(), manifest.clone());
        let paths: Vec<String> = items.into_iter().map(|(path, verdict)| format!("{path} {verdict}")).collect();
        (job["spec"]["exclude"].clone(), paths.join(", "))
    };
    let whole = ".git/x matched, a.rs matched, build/o matched, new.txt new, build/gone missing";
    assert_eq!(verdicts(&[]).1, whole);
    let excluded = verdicts(&[("exclude", ".git/"), ("exclude", "build")]);
    assert_eq!(excluded, (json!([".git/", "build"]), "a.rs matched, new.txt new".to_owned()));
    assert_eq!(
        verdicts(&[("include", "*.rs"), ("include", "build/")]).1,
        "a.rs matched, build/o matched, build/gone missing"
    );
    assert_eq!(verdicts(&[("mode", "check"), ("exclude", "build/")]).1, ".git/x matched, a.rs matched");
    problem(post(&app, &[("exclude", "../x")], manifest.clone()), 400, "invalid_request");
}

#[test]
fn a_manifest_that_remembers_its_globs_finds_nothing_new_in_what_they_left_out() {
    let app = TestApp::start();
    for name in ["d/.git/x", "d/a"] {
        app.write(name, "abc");
    }
    let manifest = format!(
        "{{\"filters\":{{\"include\":[],\"exclude\":[\".git/\"]}},\"items\":[{{\"path\":\"a\",\"digests\":{{\"sha256\":\
         \"{ABC_SHA256}\"}}}}]}}"
    );
    let (_, items) = verified(&app, &[("path", "d")], manifest.clone());
    assert!(all_matched(&items) && items.len() == 1, "{items:?}");
    app.write("d/new", "new");
    let (job, items) = verified(&app, &[("path", "d"), ("exclude", "new")], manifest);
    assert_eq!(job["summary"]["verdicts"]["new"], 0, "{items:?}");
}

#[test]
fn a_file_beyond_those_that_the_globs_left_out_is_told_to_be_moved() {
    let app = TestApp::start();
    app.write("d/.git/x", "other");
    app.write("d/new name", "abc");
    let manifest = format!(
        "{{\"filters\":{{\"include\":[],\"exclude\":[\".git/\"]}},\"items\":[{{\"path\":\"old name\",\"digests\":{{\"sha256\":\
         \"{ABC_SHA256}\"}}}}]}}"
    );
    // The walk has globs of its own, so it comes by what the manifest was made without.
    let (job, items) = verified(&app, &[("path", "d"), ("exclude", "nothing")], manifest);
    let wanted = [(".git/x".to_owned(), "-".to_owned()), ("new name".to_owned(), "moved".to_owned())];
    assert_eq!((job["summary"]["verdicts"]["moved"].as_u64(), &items[..]), (Some(1), &wanted[..]));
}

/// Sends a body as this type, to a route that takes a checksum file.
fn post_as(app: &TestApp, path: &str, (content_type, body): (&str, &str)) -> Response {
    app.post(path).header("content-type", content_type).body(body.to_owned()).send().unwrap()
}

#[test]
fn a_checksum_file_whose_line_breaks_curl_removed_is_refused() {
    let app = TestApp::start();
    app.write("a", "abc");
    app.write("b", "abc");
    let (form, parts) = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x");
    let whole = format!("{ABC_SHA256}  a\n{ABC_SHA256}  b\n");
    for path in ["/api/v1/verify?root=files", "/api/v1/manifests/read"] {
        let joined = post_as(&app, path, (form, &whole.replace('\n', "")));
        let refused = problem(joined, 415, "unsupported_media_type");
        assert!(refused["detail"].as_str().unwrap().contains("curl -d removes line breaks; use --data-binary"));
        let in_parts = format!("--x\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n{whole}\r\n--x--\r\n");
        problem(post_as(&app, path, (parts, &in_parts)), 415, "unsupported_media_type");
        for content_type in [form, "text/plain", "application/octet-stream"] {
            let taken = post_as(&app, path, (content_type, &whole));
            assert!(taken.status().is_success(), "{path} {content_type}: curl --data-binary");
        }
        assert!(post_as(&app, path, ("text/plain", whole.trim_end())).status().is_success());
    }
}

#[test]
fn a_request_without_a_manifest_is_told_how_to_give_one() {
    let app = TestApp::start();
    let refused = problem(post(&app, &[], ""), 400, "manifest_invalid");
    let detail = "the manifest has no entry: send one as the body, or give manifest_path= or against=";
    assert_eq!(refused["detail"], detail);
    let unknown = problem(post(&app, &[("algorithms", "sha256")], "x"), 400, "invalid_request");
    let detail = unknown["detail"].as_str().unwrap();
    assert!(detail.starts_with("unknown query parameter \"algorithms\": \"algorithm\" is meant; known: "), "{detail}");
    for known in
        ["root", "path", "algorithm", "name", "strict", "include", "exclude", "manifest_path", "against", "mode"]
    {
        assert!(detail.split([' ', ',']).any(|word| word == known), "{detail}");
    }
}

#[test]
fn a_few_files_tell_the_algorithm_and_the_job_computes_no_other() {
    let app = TestApp::start();
    for name in ["d/a", "d/b/longer", "d/edited", "d/empty"] {
        app.write(name, if name.ends_with("empty") { "" } else { name });
    }
    let hashed = app.run(json!({ "path": "d", "algorithms": ["sha256"] }));
    let id = hashed["id"].as_str().unwrap();
    let manifest = app.get(&format!("/api/v1/jobs/{id}/manifest?format=gnu")).send().unwrap().text().unwrap();
    app.write("d/edited", "x");
    let (job, items) = verified(&app, &[("path", "d")], manifest.clone());
    assert_eq!(job["spec"]["algorithms"], json!(["sha256"]));
    assert_eq!(job["summary"]["algorithm"], "sha256");
    let verdicts: Vec<_> = items.iter().map(|(_, verdict)| &**verdict).collect();
    assert_eq!(
        verdicts,
        ["matched", "matched", "modified", "matched"],
        "{items:?}: the smallest file is the edited one"
    );
    let keyed = || {
        let request = app.post("/api/v1/verify?root=files&path=d").header("idempotency-key", "k");
        request.body(manifest.clone()).send().unwrap().json::<Value>().unwrap()["id"].clone()
    };
    let first = keyed();
    for name in ["d/a", "d/b/longer"] {
        app.write(name, "otherwise");
    }
    assert_eq!(keyed(), first, "it is the same request, whatever the files tell by now");
    let (job, items) = verified(&app, &[("path", "d")], manifest);
    assert!(job["spec"]["algorithms"].as_array().unwrap().len() > 1, "no file tells: all are computed");
    assert_eq!(items.iter().filter(|(_, verdict)| verdict == "modified").count(), 3, "{items:?}");
}

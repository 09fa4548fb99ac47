//! Parts of manifests: `Range`, `If-Range` and the length of the whole (RFC 9110, 13 and 14).

use hivesum_test_support::has_tool;
use hivesum_test_support::tools::output;
use serde_json::json;

use crate::app::{TestApp, problem};

/// A service with a job whose manifests are longer than what is compressed.
fn long_job() -> (TestApp, String) {
    let app = TestApp::start();
    for number in 0..40 {
        app.write(&format!("{number:02}"), "abc");
    }
    let job = app.run(json!({}));
    let path = format!("/api/v1/jobs/{}/manifest", job["id"].as_str().unwrap());
    (app, path)
}

#[test]
fn a_part_of_a_manifest_is_served_with_its_place() {
    let (app, path) = long_job();
    let ask = |range: &str| app.get(&path).header("range", range).send().unwrap();
    let whole = app.get(&path).send().unwrap();
    let length = whole.headers()["content-length"].to_str().unwrap().parse::<usize>().unwrap();
    assert_eq!((whole.status().as_u16(), &whole.headers()["accept-ranges"]), (200, &"bytes".parse().unwrap()));
    let whole = whole.bytes().unwrap();
    assert_eq!(whole.len(), length);
    let last = length - 1;
    for (range, from, to) in [
        ("bytes=0-0".to_owned(), 0, 0),
        (format!("bytes=100-{last}"), 100, last),
        ("bytes=1000-".to_owned(), 1000, last),
        ("bytes=-7".to_owned(), length - 7, last),
        ("bytes=10-99999999".to_owned(), 10, last),
    ] {
        let part = ask(&range);
        assert_eq!(part.status(), 206, "{range}");
        assert_eq!(part.headers()["content-range"], format!("bytes {from}-{to}/{length}").as_str());
        assert_eq!(part.headers()["content-length"], (to + 1 - from).to_string().as_str());
        assert_eq!(part.bytes().unwrap(), whole[from..=to], "{range}");
    }
    for range in ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=x"] {
        assert_eq!((ask(range).status().as_u16(), ask(range).bytes().unwrap()), (200, whole.clone()), "{range}");
    }
    let beyond = ask(&format!("bytes={length}-"));
    assert_eq!(beyond.headers()["content-range"], format!("bytes */{length}").as_str());
    problem(beyond, 416, "range_not_satisfiable");
    let head = app.request(reqwest::Method::HEAD, &path).header("range", "bytes=0-0").send().unwrap();
    assert_eq!(
        (head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()),
        (200, &*length.to_string())
    );
}

#[test]
fn a_part_is_served_only_of_the_bytes_that_the_client_has() {
    let (app, path) = long_job();
    let tag = app.get(&path).send().unwrap().headers()["etag"].to_str().unwrap().to_owned();
    let other = app.get(&format!("{path}?format=bsd")).send().unwrap().headers()["etag"].to_str().unwrap().to_owned();
    let ask = |if_range: &str| {
        let answer = app.get(&path).header("range", "bytes=1-2").header("if-range", if_range).send().unwrap();
        assert_eq!(answer.headers()["etag"], tag.as_str());
        answer.status().as_u16()
    };
    assert_eq!(ask(&tag), 206);
    assert_eq!(ask(&format!("W/{tag}")), 200, "a weak tag names no bytes");
    assert_eq!((ask(&other), ask("Sat, 28 Nov 2026 10:00:00 GMT"), ask("x")), (200, 200, 200));
    let known = app.get(&path).header("range", "bytes=1-2").header("if-none-match", &tag).send().unwrap();
    assert_eq!(known.status(), 304, "the client has the whole");
}

#[test]
fn a_compressed_manifest_has_no_parts() {
    let (app, path) = long_job();
    for format in ["json", "ndjson"] {
        let ask = |coding: &str| {
            let request = app.get(&format!("{path}?format={format}")).header("accept-encoding", coding);
            request.header("range", "bytes=100-199").send().unwrap()
        };
        let field = |answer: &reqwest::blocking::Response, name: &str| {
            answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        let packed = ask("gzip");
        assert_eq!((packed.status().as_u16(), field(&packed, "content-encoding")), (200, Some("gzip".to_owned())));
        let none = (field(&packed, "content-length"), field(&packed, "content-range"));
        assert_eq!((none, field(&packed, "accept-ranges")), ((None, None), Some("none".to_owned())));
        assert!(field(&packed, "etag").unwrap().starts_with("W/"));
        assert_eq!(field(&packed, "vary"), Some("accept-encoding".to_owned()));
        let part = ask("identity");
        assert_eq!((part.status().as_u16(), field(&part, "content-encoding")), (206, None), "{format}");
        assert_eq!(field(&part, "vary"), Some("accept-encoding".to_owned()), "as that of the whole");
        assert_eq!(part.bytes().unwrap().len(), 100);
        let whole = app.get(&format!("{path}?format={format}")).header("accept-encoding", "identity").send().unwrap();
        assert_eq!(field(&whole, "vary"), Some("accept-encoding".to_owned()), "caches keep both apart");
    }
    let text = app.get(&path).header("accept-encoding", "gzip").header("range", "bytes=0-9").send().unwrap();
    assert_eq!(text.status(), 206, "lines for sha256sum are not compressed");
}

#[test]
fn curl_resumes_a_download_that_broke_off() {
    if !has_tool("curl") {
        return;
    }
    let (app, path) = long_job();
    let whole = app.get(&path).send().unwrap().bytes().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("B3SUMS");
    std::fs::write(&file, &whole[..777]).unwrap();
    let request = app.get(&path).build().unwrap();
    let cookie = request.headers()["cookie"].to_str().unwrap();
    let answer = output(
        directory.path(),
        "curl",
        &[
            "-sS",
            "--fail",
            "-C",
            "-",
            "-o",
            "B3SUMS",
            "-w",
            "%{http_code} %{size_download}",
            "-b",
            cookie,
            request.url().as_str(),
        ],
    );
    assert_eq!(String::from_utf8(answer).unwrap(), format!("206 {}", whole.len() - 777));
    assert_eq!(std::fs::read(&file).unwrap(), whole);
}

#[test]
fn a_manifest_without_lines_has_the_length_0_and_no_part() {
    let app = TestApp::start();
    std::fs::create_dir(app.root.path().join("empty")).unwrap();
    let job = app.run(json!({ "path": "empty" }));
    let path = format!("/api/v1/jobs/{}/manifest", job["id"].as_str().unwrap());
    let whole = app.get(&path).send().unwrap();
    assert_eq!((whole.status().as_u16(), &whole.headers()["content-length"]), (200, &"0".parse().unwrap()));
    problem(app.get(&path).header("range", "bytes=0-").send().unwrap(), 416, "range_not_satisfiable");
    assert_eq!(app.get(&path).header("range", "bytes=-5").send().unwrap().status(), 200);
}

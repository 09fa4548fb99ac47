//! Reports on a collection and manifests of it through the API: complete, in every form, and safe to open.

use hivesum_test_support::vectors::ABC_SHA256;
use reqwest::Method;
use serde_json::json;

use crate::app::problem;
use crate::collections::{path_of, watched};

#[test]
fn a_report_has_every_file_and_what_happened_in_each_form() {
    let app = watched();
    let of = |format: &str| {
        let answer = app.get(&format!("{}/report?format={format}", path_of(&app))).send().unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let head = [header("content-type"), header("content-disposition"), header("content-security-policy")];
        (head, answer.text().unwrap())
    };
    let ([media_type, disposition, policy], html) = of("html");
    assert_eq!((&*media_type, &*disposition), ("text/html; charset=utf-8", "inline; filename=\"fixity-report.html\""));
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert!(html.contains("<h1>Fixity report: photos</h1>") && html.contains("3 of 4 files to be looked at"), "{html}");
    for file in ["2026/a", "2026/b", "c", "d"] {
        assert!(html.contains(&format!("<td class=\"p\">{file}")), "{html}");
    }
    assert!(html.contains(">modified<") && html.contains(">missing<") && html.contains(">new<"), "{html}");
    assert!(html.ends_with("End of the report: 4 files, 3 events.</p>\n</body></html>\n"), "{html}");
    assert!(!html.contains(app.root.path().to_str().unwrap()), "no absolute path");

    let ([media_type, disposition, _], csv) = of("csv");
    assert_eq!(media_type, "text/csv; charset=utf-8");
    assert_eq!(disposition, "attachment; filename=\"fixity-report.csv\"");
    assert!(csv.contains("\r\nc,missing,1,") && csv.ends_with("summary: 4 files,,,,,,,,\r\n"), "{csv}");

    let ([media_type, ..], premis) = of("premis");
    assert_eq!(media_type, "application/xml");
    assert_eq!(premis.matches("<object xsi:type=\"file\">").count(), 4, "{premis}");
    assert_eq!(premis.matches("/events/").count(), 3, "{premis}");
    assert!(premis.ends_with("</agent>\n</premis>\n"), "{premis}");

    let plain = app.get(&format!("{}/report", path_of(&app))).send().unwrap();
    assert_eq!(plain.headers()["content-type"], "text/html; charset=utf-8", "the default");
}

#[test]
fn a_form_that_does_not_exist_is_refused_with_those_that_do() {
    let app = watched();
    let answer = app.get(&format!("{}/report?format=pdf", path_of(&app))).send().unwrap();
    let problem = problem(answer, 400, "invalid_request");
    assert_eq!(problem["detail"], json!("unknown format \"pdf\": choose html, csv, premis"));
}

#[test]
fn a_manifest_has_what_files_should_be_now_and_what_they_should_have_been() {
    let app = watched();
    let path = format!("{}/manifest", path_of(&app));
    let of = |query: &str| {
        let answer = app.get(&format!("{path}?algorithm=sha256&format=gnu{query}")).send().unwrap();
        let disposition = answer.headers().get("content-disposition").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), disposition, answer.text().unwrap())
    };
    let (status, disposition, now) = of("");
    assert_eq!((status, disposition.as_deref()), (200, Some("attachment; filename=\"SHA256SUMS\"")));
    let names: Vec<_> = now.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(names, ["2026/a", "2026/b", "c", "d"], "also what is missing");
    assert!(now.starts_with(&format!("{ABC_SHA256}  2026/a\n")), "{now}");
    let events = app.json(&format!("{}/events", path_of(&app)));
    let first = events["items"][0]["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let before = first.checked_sub(jiff::SignedDuration::from_micros(1)).unwrap();
    let (status, _, then) = of(&format!("&at={before}"));
    assert_eq!(status, 200, "{then}");
    let names: Vec<_> = then.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(names, ["2026/a", "2026/b", "c"], "before the second run");
}

#[test]
fn a_manifest_of_no_time_or_digest_that_is_known_is_refused_with_the_reason() {
    let app = watched();
    for (query, status, code, why) in [
        ("at=2001-01-01T00:00:00Z", 400, "invalid_request", "the collection was made at"),
        ("at=9000-01-01T00:00:00Z", 400, "invalid_request", "is still to come"),
        ("at=yesterday", 400, "invalid_request", "\"at\""),
        ("algorithm=md5", 409, "algorithm_not_in_job", "md5"),
        ("format=sfv", 409, "algorithm_not_in_job", "crc32"),
    ] {
        let answer = app.get(&format!("{}/manifest?{query}", path_of(&app))).send().unwrap();
        let problem = problem(answer, status, code);
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
    }
}

#[test]
fn a_report_calls_a_collection_as_people_do() {
    let app = watched();
    let path = path_of(&app);
    let change = app.request(Method::PATCH, &path).header("content-type", "application/merge-patch+json");
    let change = change.header("if-match", "*").body(json!({ "name": "Our photos" }).to_string());
    assert_eq!(change.send().unwrap().status(), 200);
    let html = app.get(&format!("{path}/report")).send().unwrap().text().unwrap();
    assert!(html.contains("<h1>Fixity report: Our photos</h1>"), "{html}");
}

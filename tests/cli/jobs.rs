//! `hivesum jobs`: the stored jobs of a service, while it runs and while it does not.

use hivesum_test_support::has_tool;
use serde_json::json;

use super::service::Service;
use super::work_dir::WorkDir;

#[test]
fn jobs_are_listed_shown_and_exported_beside_the_service_and_deleted_without_it() {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"t/d/b", b"something")]);
    let service = Service::start(&dir);
    dir.link("t/link", "a");
    let (first, second) = (service.run(json!({})), service.run(json!({})));

    let list = dir.hivesum(["jobs", "list", "--state", "s"]).expect_success();
    let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((lines.len(), lines[0][0], lines[1][0]), (2, &*second, &*first));
    assert_eq!((lines[0][1], &lines[0][3..]), ("completed", &["2", "12", "t", "", "-", "0", "1"][..]));
    let progress = &service.json(&format!("jobs/{second}"))["progress"];
    assert_eq!((&progress["files_done"], &progress["files_skipped"]), (&json!(2), &json!(1)));
    assert_eq!(dir.hivesum(["jobs", "list", "--in", "failed", "--state", "s"]).expect_success(), "");
    let shown = dir.hivesum(["jobs", "show", &first, "--state", "s"]).expect_success();
    assert!(shown.contains("\"state\": \"completed\""), "{shown}");

    let manifest = dir.hivesum(["jobs", "export", &first, "--state", "s"]).expect_success();
    if has_tool("b3sum") {
        dir.write("t/B3SUMS", &manifest);
        let mut check = dir.command("b3sum");
        check.args(["--check", "B3SUMS"]).current_dir(dir.path("t"));
        assert!(check.output().unwrap().status.success(), "{manifest}");
    }
    assert!(
        dir.hivesum(["jobs", "export", "--format", "csv", &first, "--state", "s"])
            .expect_success()
            .starts_with("path,size")
    );
    let wrong = dir.hivesum(["jobs", "export", "-a", "md5", &first, "--state", "s"]);
    assert_eq!(wrong.code, Some(1));

    let refused = dir.hivesum(["jobs", "compact", "--state", "s"]);
    assert_eq!(refused.code, Some(75), "while a service runs: {}", refused.stderr());
    assert!(refused.stderr().contains("a service is running; stop it first"), "{}", refused.stderr());
    drop(service);
    assert_eq!(dir.hivesum(["jobs", "delete", &first, "--state", "s"]).expect_success(), "");
    assert_eq!(dir.hivesum(["jobs", "delete", &first, "--state", "s"]).code, Some(1));
    let compacted = dir.hivesum(["jobs", "compact", "--state", "s"]);
    assert_eq!(compacted.code, Some(0), "{}", compacted.stderr());
    assert_eq!(dir.hivesum(["jobs", "list", "--state", "s"]).expect_success().lines().count(), 1);
    let nothing = dir.hivesum(["jobs", "list", "--state", "elsewhere"]);
    assert_eq!(nothing.code, Some(1));
    assert!(!dir.path("elsewhere").exists(), "reading creates nothing");
}

#[test]
fn several_jobs_are_deleted_at_once_and_each_that_is_not_is_told() {
    const NOBODY: &str = "0197a2b4-6d3c-7000-8000-000000000001";
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let service = Service::start(&dir);
    let ids = [(); 4].map(|()| service.run(json!({})));
    let delete = |more: &[&str]| dir.hivesum(["jobs", "delete", "--state", "s"].iter().chain(more));
    let left = || dir.hivesum(["jobs", "list", "--state", "s"]).expect_success().lines().count();
    let some = delete(&[&ids[0], NOBODY, &ids[1], &ids[0]]);
    assert_eq!((some.code, left()), (Some(1), 2));
    let said = some.stderr();
    assert!(said.contains(&format!("no job has the id {NOBODY}")) && said.contains("2 jobs deleted, 1 not"), "{said}");
    for (more, words) in [
        (&["--in", "running"][..], "cannot be deleted: hivesum jobs cancel --in running"),
        (&["--in", "completed", &ids[2]], "cannot be used with"),
        (&[], "required"),
    ] {
        let refused = delete(more);
        assert_eq!((refused.code, refused.stderr().contains(words)), (Some(2), true), "{}", refused.stderr());
    }
    assert!(delete(&["--in", "failed"]).stderr().contains("0 jobs deleted"));
    drop(service);
    let rest = delete(&["--in", "completed"]);
    assert_eq!((rest.code, left()), (Some(0), 0));
    assert!(rest.stderr().contains("2 jobs deleted"), "{}", rest.stderr());
}

#[test]
fn waiting_jobs_are_cancelled_at_once() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    std::fs::File::create(dir.path("t/large")).unwrap().set_len(1 << 42).unwrap();
    let service = Service::with(&dir, &["--max-running-jobs", "1"]);
    let ids = [(); 3].map(|()| service.submit(json!({})));
    let state = |id: &str| service.json(&format!("jobs/{id}"))["state"].clone();
    while state(&ids[0]) != "running" {
        std::thread::yield_now();
    }
    let cancel = |more: &[&str]| dir.hivesum(["jobs", "cancel", "--state", "s"].iter().chain(more));
    let queued = cancel(&["--in", "queued"]);
    assert_eq!(queued.code, Some(0), "{}", queued.stderr());
    assert!(queued.stderr().contains("2 jobs cancelled"), "{}", queued.stderr());
    assert_eq!([&ids[1], &ids[2]].map(|id| state(id)), ["cancelled", "cancelled"]);
    assert_eq!(cancel(&[&ids[0]]).code, Some(0));
    assert!(cancel(&["--in", "failed"]).stderr().contains("jobs that are failed have ended"));
    drop(service);
    assert_eq!(cancel(&ids.each_ref().map(String::as_str)).code, Some(69), "nobody is there to cancel them");
}

#[test]
fn an_export_without_the_files_that_had_errors_says_so() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let service = Service::start(&dir);
    let digest = dir.digest("sha256sum", "t/a");
    let id = service.verify(&format!("{digest}  a\n{digest}  gone\n"));
    let export = |format: &str| dir.hivesum(["jobs", "export", "--format", format, &id, "--state", "s"]);
    let (gnu, ndjson) = (export("gnu"), export("ndjson"));
    assert_eq!((gnu.code, gnu.stdout().lines().count()), (Some(0), 1));
    assert!(
        gnu.stderr().contains(&format!(
            "1 error, and this manifest has no line of them: see them with hivesum \
        jobs export --state s --format ndjson {id}"
        )),
        "{}",
        gnu.stderr()
    );
    assert_eq!((ndjson.code, ndjson.stderr().as_str()), (Some(0), ""));
}

#[test]
fn an_export_has_those_algorithms_of_a_job_that_the_format_can_carry() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let service = Service::start(&dir);
    let several = service.run(json!({ "algorithms": ["sha512", "sha256", "blake3", "crc32", "md5"] }));
    let one = service.run(json!({ "algorithms": ["sha512"] }));
    let export = |id: &str, more: &[&str]| dir.hivesum(["jobs", "export", id, "--state", "s"].iter().chain(more));
    let digest = |tool: &str| dir.digest(tool, "t/a");
    let (sha256, md5) = (digest("sha256sum"), digest("md5sum"));
    for (format, expected) in [
        ("gnu", format!("{}  a\n", digest("sha512sum"))),
        ("bagit", format!("{}  data/a\n", digest("sha512sum"))),
        ("sfv", "a 352441C2\n".to_owned()),
        ("hashdeep", format!("3,{md5},{sha256},a\n")),
    ] {
        let text = export(&several, &["--format", format]).expect_success();
        assert!(text.to_lowercase().ends_with(&expected.to_lowercase()), "{format}: {text}");
    }
    let head = "path,size,modified_at,sha512,sha256,blake3,crc32,md5\r\n";
    assert!(export(&several, &["--format", "csv"]).expect_success().starts_with(head));
    if has_tool("b3sum") {
        assert_eq!(export(&several, &["--format", "b3sum"]).expect_success(), format!("{}  a\n", digest("b3sum")));
    }
    for (more, code, why) in [
        (&["--format", "b3sum"][..], 1, "the job did not compute blake3, but sha512"),
        (&["--format", "sfv"], 1, "the job did not compute crc32, but sha512"),
        (
            &["--format", "hashdeep"],
            1,
            "the hashdeep format carries md5, sha1, sha256, tiger and whirlpool, the job computed sha512",
        ),
        (&["--format", "gnu", "-a", "md5"], 1, "the job did not compute md5, but sha512"),
        (&["--format", "b3sum", "-a", "sha512"], 2, "the b3sum format carries blake3 only"),
    ] {
        let refused = export(&one, more);
        assert_eq!((refused.code, refused.stderr().contains(why)), (Some(code), true), "{}", refused.stderr());
    }
}

#[test]
fn the_list_shows_verdicts_and_errors_and_is_filtered_by_verdict() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let service = Service::start(&dir);
    let digest = dir.digest("sha256sum", "t/a");
    let good = service.verify(&format!("{digest}  a\n"));
    let bad = service.verify(&format!("{digest}  a\n{digest}  gone\n{digest}  gone too\n"));
    let hashed = service.run(json!({}));
    let list = |more: &[&str]| {
        let text = dir.hivesum(["jobs", "list", "--state", "s"].iter().chain(more)).expect_success();
        let columns = |line: &str| {
            let columns: Vec<_> = line.split('\t').map(str::to_owned).collect();
            [columns[0].clone(), columns[7].clone(), columns[8].clone()]
        };
        text.lines().map(columns).collect::<Vec<_>>()
    };
    let of = |id: &str, verdict: &str, errors: &str| [id, verdict, errors].map(str::to_owned);
    let (good, bad, hashed) = (of(&good, "ok", "0"), of(&bad, "failed", "2"), of(&hashed, "-", "0"));
    assert_eq!(list(&[]), [hashed.clone(), bad.clone(), good.clone()]);
    assert_eq!(list(&["--verdict", "failed"]), std::slice::from_ref(&bad));
    assert_eq!(list(&["--verdict", "ok", "--in", "completed"]), std::slice::from_ref(&good));
    assert_eq!(list(&["--verdict", "incomplete"]), Vec::<[String; 3]>::new());
    assert_eq!(list(&["--kind", "hash"]), std::slice::from_ref(&hashed));
    assert_eq!(list(&["--kind", "verify"]), [bad.clone(), good.clone()]);
    assert_eq!(list(&["--root", "t", "--path", ""]), [hashed, bad, good]);
    assert_eq!(list(&["--root", "u"]), Vec::<[String; 3]>::new());
    assert_eq!(list(&["--path", "a"]), Vec::<[String; 3]>::new());
    let wrong = dir.hivesum(["jobs", "list", "--state", "s", "--verdict", "good"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr().contains("must be one of ok, failed, incomplete"), "{}", wrong.stderr());
}

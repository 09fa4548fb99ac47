//! What a job found is seen at a glance, and apart from how it ended: in the job, in its row, in the title, by a filter.

use std::fs;

use hivesum_test_support::tools::output;
use hivesum_test_support::vectors::ABC_SHA256;
use serde_json::{Value, json};

use crate::accessibility::{assert_accessible, axe_core};
use crate::appearance::{NARROW_PIXELS, colours, size};
use crate::browser::{Browser, LOST_CONNECTION, hook};
use crate::jobs::run_job;
use crate::running_jobs::start_slow_job;
use crate::server::{ROOT, Server};

const NAMES: [&str; 4] = ["edited", "gone", "gone too", "kept"];

/// Writes four files. Their SHA256SUMS.
fn write_listed(server: &Server) -> String {
    NAMES.iter().for_each(|name| drop(server.write(name, name)));
    String::from_utf8(output(server.tree(), "sha256sum", &NAMES)).unwrap()
}

/// Edits one file and removes two.
fn damage(server: &Server) {
    server.write("edited", "other bytes");
    ["gone", "gone too"].iter().for_each(|name| fs::remove_file(server.tree().join(name)).unwrap());
}

/// Compares the root with a manifest, and shows the job at its end.
async fn audit(browser: &Browser, manifest: &str) {
    let ask = "fetch(`/api/v1/verify?root=${arguments[0]}`, { method: 'POST', body: arguments[1] }).then((answer) => answer.json())
        .then(({ id }) => { window.__audit = id; location.hash = `#/job/${id}`; });";
    browser.run(&format!("window.__audit = undefined; {ask}"), vec![json!(ROOT), json!(manifest)]).await;
    browser.until("window.__audit && document.querySelector('.job-meta')?.textContent.includes(__audit)").await;
    browser.find("job-verdict").await;
    browser.until_text("job-state", "Completed").await;
}

/// Waits until a tag shows its verdict, its colour, its text and one icon.
async fn until_tag(browser: &Browser, testid: &str, wanted: [Value; 4]) {
    let tag = format!("document.querySelector(\"{}\")", hook(testid));
    let look = "['good', 'wait', 'bad'].filter((look) => node.classList.contains(look)).join()";
    let shown = format!(
        "[node?.dataset.verdict, node && {look}, node?.textContent, node?.querySelectorAll('svg').length === 1]"
    );
    let wanted = json!(json!(wanted).to_string());
    browser.until(&format!("((node) => JSON.stringify({shown}) === {wanted})({tag})")).await;
}

fn expected(verdict: &str, look: &str, text: &str) -> [Value; 4] {
    [json!(verdict), json!(look), json!(text), json!(true)]
}

/// The look of the bar of the job.
async fn bar(browser: &Browser) -> Value {
    let bar = "document.querySelector('.bar.tall')";
    browser
        .value(&format!("['good', 'wait', 'bad', 'completed'].filter((look) => {bar}.classList.contains(look)).join()"))
        .await
}

#[tokio::test]
async fn the_page_says_that_the_manifest_of_a_bag_does_not_cover_its_tag_files() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("data/a", "abc");
    server.write("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    server.write("bag-info.txt", "Contact-Name: somebody else\n");
    server.write("manifest-sha256.txt", format!("{ABC_SHA256}  data/a\n"));
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    let remark = "document.querySelector('[data-testid=job-remark]:not([hidden])')?.textContent ?? ''";
    for (name, is_told) in [("manifest-sha256.txt", true), ("SHA256SUMS", false)] {
        let ask =
            "fetch(`/api/v1/verify?root=${arguments[0]}&name=${arguments[1]}`, { method: 'POST', body: arguments[2] })
            .then((answer) => answer.json()).then(({ id }) => { window.__bag = id; location.hash = `#/job/${id}`; });";
        let body = format!("{ABC_SHA256}  data/a\n");
        browser.run(&format!("window.__bag = undefined; {ask}"), vec![json!(ROOT), json!(name), json!(body)]).await;
        browser.until("window.__bag && document.querySelector('.job-meta')?.textContent.includes(__bag)").await;
        browser.until_text("job-state", "Completed").await;
        match is_told {
            true => browser.until(&format!("({remark}).includes('manifest of a bag covers data/ alone')")).await,
            false => assert_eq!(browser.value(remark).await, json!(""), "they are new there"),
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn a_clean_audit_is_green_and_one_with_differences_is_red_wherever_it_is_shown() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let manifest = write_listed(&server);
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    audit(&browser, &manifest).await;
    until_tag(&browser, "job-verdict", expected("ok", "good", "All 4 match")).await;
    assert_eq!(bar(&browser).await, "good");
    browser.until("document.title === 'All 4 match · hivesum'").await;
    browser.until_text("job-errors", "0").await;

    damage(&server);
    audit(&browser, &manifest).await;
    let found = "1 modified, 2 missing of 4";
    until_tag(&browser, "job-verdict", expected("failed", "bad", found)).await;
    assert_eq!(bar(&browser).await, "bad");
    browser.until(&format!("document.title === '{found} · hivesum'")).await;
    let errors = format!("document.querySelector(\"{}\").parentElement.textContent", hook("job-errors"));
    assert_eq!(browser.value(&errors).await, "Missing2listed, not there", "a missing file is no error");
    let state = browser.value("document.querySelector('[data-testid=job-state]').className").await;
    assert_eq!(state, "state completed", "the state is plain text");

    browser.visit("#/jobs").await;
    browser.until("document.querySelectorAll('[data-testid=job-row-verdict]').length === 2").await;
    until_tag(&browser, "job-row-verdict", expected("failed", "bad", found)).await;
    browser.until("!document.querySelector('[data-testid=job-row]').textContent.includes('error')").await;
    for (filter, verdict, shown) in [("ok", "ok", "All 4 match"), ("failed", "failed", found)] {
        browser.click_on(&format!("[data-filter=verdict-{filter}]")).await;
        browser.until(&format!("location.hash === '#/jobs?verdict={verdict}'")).await;
        browser.until("document.querySelectorAll('[data-testid=job-row]').length === 1").await;
        browser.until_text("job-row-verdict", shown).await;
        browser.select(&format!("[data-filter=verdict-{filter}][aria-current=true]")).await;
    }
    browser.click_on("[data-filter=verdict-incomplete]").await;
    browser.until("document.querySelector('.placeholder')?.textContent.includes('No job has this verdict')").await;
    browser.close().await;
}

#[tokio::test]
async fn an_audit_that_did_not_look_at_everything_is_amber_and_says_what_is_lacking() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let manifest = write_listed(&server);
    std::os::unix::fs::symlink("kept", server.tree().join("link")).unwrap();
    let link = manifest.lines().last().unwrap().replace("kept", "link");
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    for (text, headline) in [
        (format!("{manifest}this is no entry\n"), "All 4 match, 1 line not read"),
        (format!("{manifest}{link}\n"), "1 unreadable of 5"),
    ] {
        audit(&browser, &text).await;
        until_tag(&browser, "job-verdict", expected("incomplete", "wait", headline)).await;
        assert_eq!(bar(&browser).await, "wait");
        browser.until(&format!("document.title === '{headline} · hivesum'")).await;
    }
    let errors = format!("document.querySelector(\"{}\").parentElement.firstChild.textContent", hook("job-errors"));
    assert_eq!(browser.value(&errors).await, "Unreadable");
    server.write("new", "new");
    audit(&browser, &manifest).await;
    until_tag(&browser, "job-verdict", expected("failed", "bad", "All 4 match, 1 new")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_job_that_could_not_hash_every_file_is_amber() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::spawn(&["--no-auth", "--max-file-bytes", "1048576"]);
    server.write("small", "small");
    fs::File::create(server.tree().join("large")).unwrap().set_len(1 << 30).unwrap();
    run_job(&browser, &server, "blake3").await;
    browser.until_text("job-state", "Completed with errors").await;
    assert_eq!(bar(&browser).await, "wait");
    browser.until("document.querySelector('[data-testid=job-state].wait svg')").await;
    browser.until("document.title === 'Completed with errors · hivesum'").await;
    browser.until("!document.querySelector('[data-testid=job-verdict]')").await;
    browser.visit("#/jobs").await;
    browser
        .until("document.querySelector('[data-testid=job-row] .state.wait')?.textContent === 'Completed with errors'")
        .await;
    browser.until("document.querySelector('[data-testid=job-row] .wait-text')?.textContent === '1 error'").await;
    browser.close().await;
}

#[tokio::test]
async fn a_waiting_job_says_why_and_a_changed_root_is_told_wherever_it_matters() {
    let Some(browser) = Browser::start().await else { return };
    let mut server = Server::open();
    start_slow_job(&browser, &server, 5000, "0.5").await;
    let job = browser.value("location.hash").await;
    server.kill();
    let (tree, away) = (server.tree().to_owned(), server.tree().with_extension("away"));
    fs::rename(&tree, &away).unwrap();
    server.write("kept", "kept");
    server.start_again();
    browser.until_text("job-state", "Waiting").await;
    browser.until("document.querySelector('[data-testid=job-remark]')?.checkVisibility()").await;
    assert!(browser.text("job-remark").await.starts_with("Another directory is in the place of files."));
    browser.screenshot("verdict-waiting").await;
    browser.visit("#/jobs").await;
    browser.until("document.querySelector('.job-row-remark')?.textContent.startsWith('Another directory')").await;
    browser.visit("#/files").await;
    browser.until("document.querySelector('[data-testid=root-warning]')?.textContent.startsWith('This')").await;
    browser.visit(&format!("#/files/{ROOT}")).await;
    browser.until("document.querySelector('.browser [data-testid=root-warning]')").await;
    browser.screenshot("verdict-root-warning").await;

    let manifest = String::from_utf8(output(server.tree(), "sha256sum", &["kept"])).unwrap();
    audit(&browser, &format!("{manifest}{}  gone\n", "0".repeat(64))).await;
    browser.until("document.querySelector('[data-testid=job-remark]')?.checkVisibility()").await;
    let said = browser.text("job-remark").await;
    assert!(said.contains("another directory than before"), "{said}");
    fs::remove_dir_all(&away).unwrap();
    browser.visit(job.as_str().unwrap()).await;
    browser.until_text("job-state", "Waiting").await;
    browser.click("job-cancel").await;
    browser.until_text("job-state", "Cancelled").await;
    browser.close_ignoring(&LOST_CONNECTION).await;
}

#[tokio::test]
async fn verdicts_fit_and_are_accessible_in_light_dark_and_narrow() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::spawn(&["--no-auth", "--max-file-bytes", "1048576"]);
    let manifest = write_listed(&server);
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    audit(&browser, &manifest).await;
    audit(&browser, &format!("{manifest}this is no entry\n")).await;
    damage(&server);
    fs::File::create(server.tree().join("large")).unwrap().set_len(1 << 30).unwrap();
    run_job(&browser, &server, "blake3").await;
    let amber = browser.value("location.hash").await.as_str().unwrap().to_owned();
    audit(&browser, &manifest).await;
    let red = browser.value("location.hash").await.as_str().unwrap().to_owned();
    let axe = axe_core();
    for scheme in ["light", "dark"] {
        colours(&browser, scheme).await;
        for (shape, width, height) in [("wide", 1200, 800), ("narrow", NARROW_PIXELS, 844)] {
            size(&browser, width, height).await;
            for (name, address, content) in [
                ("red", &*red, "[data-testid=job-verdict]"),
                ("amber", &amber, "[data-testid=job-state].wait"),
                ("list", "#/jobs", "[data-testid=job-row-verdict]"),
            ] {
                browser.visit(address).await;
                browser.select(content).await;
                browser.screenshot(&format!("verdict-{name}-{scheme}-{shape}")).await;
                let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
                assert!(browser.value(wide).await.as_i64().unwrap() <= 0, "{name} is too wide at {width}");
                if let Some(axe) = &axe {
                    assert_accessible(&browser, axe, &format!("{name}, {scheme}, {shape}")).await;
                }
            }
        }
    }
    browser.close().await;
}

//! Several jobs at once, one digest in all of them, and tokens that may not do everything.

use serde_json::json;

use crate::accessibility::{assert_accessible, axe_core};
use crate::browser::Browser;
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

const ROWS: &str =
    "[...document.querySelectorAll('[data-testid=job-row]')].filter((row) => row.checkVisibility()).length";

const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Submits jobs from the page.
async fn submit(browser: &Browser, specs: serde_json::Value) {
    let script = "window.__made = 0; arguments[0].forEach((spec) => fetch('/api/v1/jobs', { method: 'POST', \
        headers: { 'content-type': 'application/json' }, body: JSON.stringify(spec) }).then(() => { window.__made += 1; }));";
    let count = specs.as_array().unwrap().len();
    browser.run(script, vec![specs]).await;
    browser.until(&format!("window.__made === {count}")).await;
}

#[tokio::test]
async fn jobs_are_cancelled_and_deleted_together_after_one_question() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("one", "1");
    std::fs::File::create(server.tree().join("endless")).unwrap().set_len(1 << 40).unwrap();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    let quick = json!({ "root": ROOT, "path": "one" });
    let endless = json!({ "root": ROOT, "path": "endless", "max_bytes_per_second": 1000 });
    submit(&browser, json!([quick, quick, quick, endless, endless])).await;
    browser.until("document.querySelector('#jobs-active').textContent === '2'").await;
    browser.visit("#/jobs").await;
    browser.until(&format!("{ROWS} === 5")).await;
    browser.until("document.querySelectorAll('.job-row .state.completed, .job-row .state').length === 5").await;
    browser.click("tick-all").await;
    browser.until_text("chosen-count", "5 jobs chosen").await;
    browser.until("document.querySelector('[data-testid=delete-chosen]').textContent === 'Delete 3'").await;
    browser.screenshot("jobs-chosen").await;
    if let Some(axe) = axe_core() {
        assert_accessible(&browser, &axe, "jobs chosen").await;
    }
    browser.click("delete-chosen").await;
    browser.until("document.querySelector('dialog[open]')?.textContent.includes('3 results will be deleted')").await;
    browser.click("confirm-yes").await;
    browser.until(&format!("{ROWS} === 2")).await;
    browser.until_text("chosen-count", "2 jobs chosen").await;
    browser.click("cancel-chosen").await;
    browser.click("confirm-yes").await;
    browser.until("document.querySelector('#jobs-active').hidden").await;
    browser.until("[...document.querySelectorAll('[data-testid=job-row]')].every((row) => row.textContent.includes('Cancelled'))").await;
    // With Shift, all between.
    browser
        .run(
            "const ticks = [...document.querySelectorAll('[data-testid=job-tick]')];
        ticks[0].click();
        ticks[1].dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: true }));",
            vec![],
        )
        .await;
    browser.until_text("chosen-count", "2 jobs chosen").await;
    browser.close().await;
}

#[tokio::test]
async fn a_file_is_found_in_all_jobs_by_its_digest_and_by_dropping_it() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let abc = server.write("here/abc", "abc");
    run_job(&browser, &server, "sha256").await;
    // A job can be searched moments after its end.
    let search = format!(
        "fetch('/api/v1/search?digest={SHA256_OF_ABC}').then((answer) => answer.json())
        .then((found) => {{ window.__searched = found.jobs_searched; }})"
    );
    browser.until(&format!("({search}, window.__searched === 1)")).await;
    browser.visit("#/jobs").await;
    browser.click("find-link").await;
    browser.fill("find-digest", SHA256_OF_ABC).await;
    browser.click("find-start").await;
    browser.until("document.querySelectorAll('[data-testid=find-hit]').length === 1").await;
    browser.until_text("find-bounds", "1 job searched.").await;
    browser.until("document.querySelector('[data-testid=find-hit] a').textContent.includes('here/abc')").await;
    browser.screenshot("found").await;
    if let Some(axe) = axe_core() {
        assert_accessible(&browser, &axe, "found").await;
    }
    browser.fill("find-digest", &"0".repeat(64)).await;
    browser.click("find-start").await;
    browser
        .until("document.querySelector('[data-testid=find-result]').textContent.includes('Not found in 1 job')")
        .await;
    browser.drop_paths("find-start", &[&abc]).await;
    browser.until("document.querySelectorAll('[data-testid=find-hit]').length === 1").await;
    let bounds = "[...document.querySelectorAll('[data-testid=find-bounds]')].map((node) => node.textContent.slice(0, 32)).sort()";
    browser.until(&format!("{bounds}.join('|') === '0 jobs searched, 1 job not searc|1 job searched.'")).await;
    browser.close().await;
}

/// The visible controls that start, cancel or delete something, by their texts.
const OFFERED: &str = "[...document.querySelectorAll('main button, main a.button, main [data-testid=drop-zone]')]
    .filter((node) => node.checkVisibility()).map((node) => node.dataset.testid ?? node.textContent)";

#[tokio::test]
async fn nothing_is_offered_that_the_token_may_not_do() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::with_auth();
    server.write("a", "abc");
    browser.goto(server.link.as_ref().unwrap()).await;
    // Another address now would take the request of the sign-in back.
    browser.until("!document.querySelector('#sign-out').hidden").await;
    run_job(&browser, &server, "sha256").await;
    let shown = "location.hash.split('?')[0]";
    let mut job = browser.value(shown).await.as_str().unwrap().to_owned();
    let acts = ["drop-zone", "start-job", "job-repeat", "job-delete", "delete-chosen", "cancel-chosen", "find-link"];
    for (scopes, may) in [
        ("read:all", &["find-link"][..]),
        ("read,hash", &["drop-zone", "start-job", "job-repeat", "cancel-chosen"]),
        ("read,hash,admin", &acts),
    ] {
        browser.click_on("#sign-out").await;
        browser.fill("token-input", &server.token(scopes)).await;
        browser.click("sign-in").await;
        browser.until("!document.querySelector('#sign-out').hidden").await;
        if scopes.contains("hash") {
            // Of a job of another token, plain `read` sees nothing.
            run_job(&browser, &server, "sha256").await;
            job = browser.value(shown).await.as_str().unwrap().to_owned();
        }
        let mut offered = Vec::new();
        let files = format!("#/files/{ROOT}");
        for (view, there) in [
            ("#/hash", "main h1, main h2"),
            (files.as_str(), "[data-testid=entry-row]"),
            ("#/jobs", "[data-testid=job-row], .placeholder"),
            (job.as_str(), "[data-testid=result-row], .placeholder"),
            ("#/system", ".system-grid"),
        ] {
            browser.visit(view).await;
            browser.until(&format!("document.querySelector('{there}')")).await;
            let found = browser.value(OFFERED).await;
            offered.extend(found.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
        }
        browser.visit("#/jobs").await;
        browser.until("document.querySelector('[data-testid=job-row], .placeholder')").await;
        let says_own = browser.value("!!document.querySelector('[data-testid=own-jobs]')").await;
        assert_eq!(says_own, json!(scopes == "read,hash"), "jobs of others are not there, with {scopes}");
        for act in acts {
            assert_eq!(offered.iter().any(|name| name == act), may.contains(&act), "{act} with {scopes}: {offered:?}");
        }
    }
    // A token that may not read is told so.
    browser.click_on("#sign-out").await;
    browser.fill("token-input", &server.token("hash")).await;
    browser.click("sign-in").await;
    browser.until("document.querySelector('.placeholder')?.textContent.includes('lacks the scope read')").await;
    // No 403 among them.
    browser.close_ignoring(&["status of 401"]).await;
}

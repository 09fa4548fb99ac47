//! What somebody who knows only the README walks through: what a failed verification opens on, what it was compared
//! with, a typed or cut address, one file in several jobs, and the same on a telephone and in the dark.

use std::os::unix::fs::FileExt as _;

use hivesum_test_support::tools::output;
use serde_json::{Value, json};

use crate::appearance::{NARROW_PIXELS, colours, size};
use crate::browser::Browser;
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Sends a request, and shows the job that it makes at its end.
async fn run(browser: &Browser, address: &str, body: &str) -> String {
    let ask = "window.__made = undefined; fetch(arguments[0], { method: 'POST', body: arguments[1] || undefined })
        .then((answer) => answer.json()).then(({ id }) => { window.__made = id; location.hash = `#/job/${id}`; });";
    browser.run(ask, vec![json!(address), json!(body)]).await;
    browser.until("window.__made && document.querySelector('.job-meta')?.textContent.includes(__made)").await;
    browser.until_text("job-state", "Completed").await;
    browser.value("__made").await.as_str().unwrap().to_owned()
}

/// The titles of the tabs of the results that are shown, the chosen one in brackets.
async fn tabs(browser: &Browser) -> Value {
    browser
        .value(
            "[...document.querySelectorAll('.results-tools [data-tab]')].filter((tab) => tab.checkVisibility())
            .map((tab) => (tab.ariaPressed === 'true' ? `[${tab.textContent}]` : tab.textContent)).join(' ')",
        )
        .await
}

#[tokio::test]
async fn a_failed_verification_opens_on_what_differs_and_says_what_it_was_compared_with() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let names = ["a", "b", "c", "gone"];
    names.iter().for_each(|name| drop(server.write(name, name)));
    let sums = String::from_utf8(output(server.tree(), "sha256sum", &names)).unwrap();
    server.write("b", "edited");
    std::fs::remove_file(server.tree().join("gone")).unwrap();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    let address = format!("/api/v1/verify?root={ROOT}&name=SHA256SUMS");
    let failed = run(&browser, &address, &sums).await;
    browser.until("location.hash.endsWith('?verdict=modified')").await;
    browser.until_text("results-total", "1 result shown").await;
    browser.until("document.querySelector('[data-testid=result-row]')?.textContent.startsWith('b')").await;
    assert_eq!(tabs(&browser).await, "All4 [Modified1] Missing1 Matched2");
    browser.until_text("job-against", "compared with SHA256SUMS").await;
    // Opened again, as before; what somebody chose stays.
    browser.visit("#/jobs").await;
    browser
        .until("document.querySelector('[data-testid=job-row]')?.textContent.includes('compared with SHA256SUMS')")
        .await;
    browser.visit(&format!("#/job/{failed}")).await;
    browser.until("location.hash.endsWith('?verdict=modified')").await;
    browser.visit(&format!("#/job/{failed}?verdict=missing")).await;
    browser.until("document.querySelector('[data-testid=result-row]')?.textContent.startsWith('gone')").await;
    browser.client.refresh().await.unwrap();
    browser.until("document.querySelector('[data-testid=result-row]')?.textContent.startsWith('gone')").await;
    assert_eq!(tabs(&browser).await, "All4 Modified1 [Missing1] Matched2");

    let clean: String = sums.lines().filter(|line| line.ends_with(" a")).map(|line| format!("{line}\n")).collect();
    let passed = run(&browser, &format!("{address}&mode=check"), &clean).await;
    browser.until_text("results-total", "1 result").await;
    assert_eq!(tabs(&browser).await, "[All1] Matched1");
    // The same again, with the checksum file that was sent.
    server.write("a", "edited");
    browser.click("job-repeat").await;
    browser.until("document.title.includes('1 modified of 1')").await;
    assert_ne!(browser.value("location.hash").await, json!(format!("#/job/{passed}")));
    browser.until_text("job-against", "compared with SHA256SUMS").await;
    browser.close().await;
}

#[tokio::test]
async fn a_row_of_a_changed_file_says_what_changed_with_it_in_the_words_of_the_command_line() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("set back", "2");
    server.write("longer", "1");
    run_job(&browser, &server, "blake3").await;
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"V", 0).unwrap();
    file.set_modified(before).unwrap();
    server.write("longer", "one");
    browser.click("job-verify-against").await;
    browser.until("document.title.includes('2 modified of 2')").await;
    browser.until("document.querySelectorAll('[data-testid=result-row] .reason').length === 2").await;
    let said = browser
        .value("[...document.querySelectorAll('[data-testid=result-row] .reason')].map((node) => node.textContent)")
        .await;
    let expected = json!([
        "content, size and mtime changed; ctime changed, inode is the same",
        "content changed, size and mtime did not; ctime changed, inode is the same",
    ]);
    assert_eq!(said, expected);
    assert!(browser.text("job-against").await.starts_with("compared with the job of "));
    browser.close().await;
}

#[tokio::test]
async fn a_directory_below_that_of_the_last_job_is_verified_against_it() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("photos/2024/a", "a");
    server.write("b", "b");
    run_job(&browser, &server, "blake3").await;
    server.write("photos/2024/a", "edited");
    browser.visit(&format!("#/files/{ROOT}/photos/2024")).await;
    browser
        .until(&format!(
            "document.querySelector('[data-testid=verify-against-last]')?.textContent.endsWith(' on {ROOT}')"
        ))
        .await;
    browser.click("verify-against-last").await;
    browser.until("document.title.includes('1 modified of 1')").await;
    browser
        .until(&format!("document.querySelector('[data-testid=job-against]').textContent.endsWith(' on {ROOT}')"))
        .await;
    browser.close().await;
}

#[tokio::test]
async fn an_address_without_a_job_is_explained_and_a_typed_one_is_understood() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("one", "1");
    run_job(&browser, &server, "blake3").await;
    let id = browser.value("location.hash.split('/').pop()").await.as_str().unwrap().to_owned();
    browser.visit(&format!("#/jobs/{id}")).await;
    browser.until("document.querySelector('.view-job [data-testid=job-state]')?.textContent === 'Completed'").await;
    browser.visit("#/job").await;
    browser.select(".view-jobs [data-testid=job-row]").await;
    let unknown = "0190163d-8694-739b-aea5-966c26f8ad91".to_owned();
    let (short, several) = (id[..8].to_owned(), format!("{id},{id}"));
    for (name, words) in [(unknown, "was deleted"), (short, "cut off"), (several, "longer than one job")] {
        browser.visit(&format!("#/jobs/{name}")).await;
        browser
            .until(&format!("document.querySelector('.view-job .placeholder')?.textContent.includes({})", json!(name)))
            .await;
        let text = browser.value("document.querySelector('.view-job .placeholder').textContent").await;
        assert!(text.as_str().unwrap().contains(words), "{text}");
    }
    browser.close_ignoring(&["status of 404"]).await;
}

#[tokio::test]
async fn a_file_of_several_jobs_is_found_once_with_all_of_them() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("here/abc", "abc");
    server.write("here/also", "abc");
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    for path in ["", "here", ""] {
        let made = json!({ "root": ROOT, "path": path, "algorithms": ["sha256"] }).to_string();
        let ask = "window.__made = undefined; fetch('/api/v1/jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: arguments[0] })
            .then((answer) => answer.json()).then(({ id }) => { window.__made = id; location.hash = `#/job/${id}`; });";
        browser.run(ask, vec![json!(made)]).await;
        browser.until("window.__made && document.querySelector('.job-meta')?.textContent.includes(__made)").await;
        browser.until_text("job-state", "Completed").await;
    }
    // A job that has just ended is not indexed yet, and is searched only then.
    let searched = format!(
        "(fetch('/api/v1/search?digest=sha256:{SHA256_OF_ABC}').then((answer) => answer.json())
            .then(({{ jobs_searched }}) => {{ window.__searched = jobs_searched; }}), window.__searched === 3)"
    );
    browser.until(&searched).await;
    browser.visit("#/find").await;
    browser.until("document.activeElement.dataset.testid === 'find-digest'").await;
    browser.fill("find-digest", SHA256_OF_ABC).await;
    browser.click("find-start").await;
    browser.until("document.querySelectorAll('[data-testid=find-hit]').length === 2").await;
    browser.until("document.querySelector('.find-answer h2').textContent.startsWith('2 files with this digest')").await;
    browser.click_on("[data-testid=find-jobs] summary").await;
    browser
        .until("document.querySelectorAll('[data-testid=find-jobs][open] [data-testid=find-job]').length === 3")
        .await;
    let paths = "[...document.querySelectorAll('[data-testid=find-hit] > a')].map((node) => node.textContent).sort()";
    assert_eq!(browser.value(paths).await, json!(["files/here/abc", "files/here/also"]));
    browser.screenshot("found-in-several-jobs").await;
    browser.close().await;
}

#[tokio::test]
async fn the_filters_of_the_jobs_are_folded_on_a_telephone_and_say_what_is_chosen() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("one", "1");
    size(&browser, NARROW_PIXELS, 844).await;
    run_job(&browser, &server, "blake3").await;
    let table = "document.querySelector('.results')";
    assert_eq!(
        browser.value(&format!("{table}.offsetWidth - {table}.clientWidth")).await,
        0,
        "one row needs no scroll bar"
    );
    browser.visit("#/jobs?state=completed").await;
    browser.until_text("jobs-filters", "Filters: Completed").await;
    let height = "document.querySelector('.jobs-head').offsetHeight";
    assert!(browser.value(height).await.as_u64().unwrap() <= 120);
    browser.screenshot("jobs-narrow-folded").await;
    browser.click("jobs-filters").await;
    browser.click_on("[data-filter=state-failed]").await;
    browser.until_text("jobs-filters", "Filters: Failed").await;
    size(&browser, 1200, 800).await;
    browser.until("!document.querySelector('[data-testid=jobs-filters]').checkVisibility()").await;
    browser.until("document.querySelector('[data-filter=state-failed]').checkVisibility()").await;
    browser.close().await;
}

#[tokio::test]
async fn a_job_that_leaves_the_filter_of_the_list_is_followed_to_its_end() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    std::fs::File::create(server.tree().join("endless")).unwrap().set_len(1 << 40).unwrap();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    let spec = json!({ "root": ROOT, "path": "endless", "max_bytes_per_second": 100_000_000 }).to_string();
    let ask =
        "fetch('/api/v1/jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: arguments[0] })
        .then((answer) => answer.json()).then(({ id }) => { window.__made = id; });";
    browser.run(ask, vec![json!(spec)]).await;
    browser.until("window.__made && document.querySelector('#jobs-active').textContent === '1'").await;
    browser.visit("#/jobs?state=running").await;
    browser.find("job-row").await;
    let figures = "document.querySelector('.job-row-figures').textContent";
    let first = browser.value(figures).await;
    browser.until(&format!("{figures} !== {first}")).await;
    browser.until(&format!("{figures}.startsWith('0 of 1 file')")).await;
    browser.run("fetch(`/api/v1/jobs/${__made}/cancel`, { method: 'POST' })", vec![]).await;
    browser.until("document.querySelector('[data-testid=job-row]').textContent.includes('Cancelled')").await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_of_the_api_is_dark_where_the_system_is_or_where_that_was_chosen() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let is_dark = "getComputedStyle(document.documentElement).backgroundColor === 'rgb(28, 32, 34)'";
    colours(&browser, "dark").await;
    browser.goto(&format!("{}/docs", server.url)).await;
    browser.select(".swagger-ui .info").await;
    browser.until(is_dark).await;
    browser.screenshot("docs-dark").await;
    colours(&browser, "light").await;
    browser.until(&format!("!({is_dark})")).await;
    browser.run("localStorage.setItem('hivesum.theme', 'dark'); location.reload()", vec![]).await;
    browser.select(".swagger-ui .info").await;
    browser.until(is_dark).await;
    browser.close().await;
}

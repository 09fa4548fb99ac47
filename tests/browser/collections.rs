//! Collections on the page: what deviates is seen from every view, first of all in its collection, and accepted after a
//! question.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

/// Runs `hivesum scrub`, as cron does. Its exit status.
pub(crate) fn scrub(state: &Path, directory: &Path) -> Option<i32> {
    scrub_with(state, directory, &[])
}

/// The same, with these arguments.
pub(crate) fn scrub_with(state: &Path, directory: &Path, args: &[&str]) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    command.arg("scrub").arg("--state").arg(state).args(args).arg(directory).output().unwrap().status.code()
}

/// A collection beneath the tree of which a file was written to, one is gone and one has come.
pub(crate) fn watched(tree: &Path, state: &Path) {
    let photos = tree.join("watched/a year of photos");
    fs::create_dir_all(photos.join("summer")).unwrap();
    for number in 0..12 {
        fs::write(photos.join(format!("summer/{number:02}.jpg")), number.to_string().repeat(5000)).unwrap();
    }
    assert_eq!(scrub(state, &photos), Some(0));
    fs::write(photos.join("summer/03.jpg"), "written to").unwrap();
    fs::remove_file(photos.join("summer/07.jpg")).unwrap();
    fs::write(photos.join("new.jpg"), "new").unwrap();
    assert_eq!(scrub(state, &photos), Some(1));
}

const ALERTS: &str = "[...document.querySelectorAll('[data-testid=alert]')].map((row) => row.dataset.condition).join()";
const BADGE: &str = "document.querySelector('#alerts-open:not([hidden])')?.textContent";

#[tokio::test]
async fn open_alerts_are_counted_on_every_page_and_a_file_is_accepted_after_a_question() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::prepared(&["--no-auth"], watched);
    browser.goto(&server.url).await;
    browser.until(&format!("{BADGE} === '3'")).await;
    browser.click("nav-collections").await;
    browser.until_text("health", "3 open alerts").await;
    browser.run("document.querySelector('[data-testid=collection] a').click()", vec![]).await;
    browser.until(&format!("{ALERTS} === 'new,modified,missing'")).await;
    browser.until("document.querySelectorAll('[data-testid=event]').length === 3").await;
    browser.until("document.querySelectorAll('[data-testid=file]').length === 13").await;
    let runs = "[...document.querySelectorAll('[data-testid=run-row]')].map((row) => row.dataset.outcome).join()";
    browser.until(&format!("{runs} === 'complete,complete'")).await;
    browser.fill("files-search", "03").await;
    browser.until("document.querySelectorAll('[data-testid=file]').length === 1").await;
    // The answer to the question may be no.
    let ask = "document.querySelector('[data-condition=modified] [data-testid=accept]').click()";
    browser.run(ask, vec![]).await;
    browser.find("confirm-yes").await;
    browser.run("document.querySelector('dialog[open]').close()", vec![]).await;
    assert_eq!(browser.value(ALERTS).await, json!("new,modified,missing"));
    browser.run(ask, vec![]).await;
    browser.click("confirm-yes").await;
    browser.until(&format!("{ALERTS} === 'new,missing' && {BADGE} === '2'")).await;
    browser.click("accept-all").await;
    browser.click("confirm-yes").await;
    browser.until(&format!("{ALERTS} === '' && !{BADGE}")).await;
    browser.until_text("health", "As it should be").await;
    browser.until("document.querySelectorAll('[data-testid=event]').length === 6").await;
    browser.close().await;
}

#[tokio::test]
async fn a_file_is_acknowledged_with_a_note_and_is_shown_apart_from_open_alerts() {
    const KNOWN: &str = "document.querySelector('[data-testid=known]')";
    let Some(browser) = Browser::start().await else { return };
    let server = Server::prepared(&["--no-auth"], watched);
    browser.goto(&server.url).await;
    browser.click("nav-collections").await;
    browser.until_text("health", "3 open alerts").await;
    browser.run("document.querySelector('[data-testid=collection] a').click()", vec![]).await;
    browser.until(&format!("{ALERTS} === 'new,modified,missing'")).await;
    let ask = "document.querySelector('[data-condition=missing] [data-testid=acknowledge]').click()";
    // Who leaves it has said nothing.
    browser.run(ask, vec![]).await;
    browser.find("note-yes").await;
    browser.run("document.querySelector('dialog[open]').close()", vec![]).await;
    assert_eq!(browser.value(ALERTS).await, json!("new,modified,missing"));
    browser.run(ask, vec![]).await;
    browser.fill("note", "moved to tape <7>").await;
    browser.click("note-yes").await;
    browser.until(&format!("{ALERTS} === 'new,modified' && {BADGE} === '2'")).await;
    browser
        .until(&format!(
            "{KNOWN}?.dataset.condition === 'missing' && {KNOWN}.textContent.includes('moved to tape <7>')"
        ))
        .await;
    browser.until("document.querySelector('[data-testid=event]').textContent.includes('moved to tape <7>')").await;
    browser.click("acknowledge-all").await;
    browser.click("note-yes").await;
    browser.until(&format!("{ALERTS} === '' && !{BADGE}")).await;
    browser.until_text("health", "3 files acknowledged").await;
    browser.close().await;
}

#[tokio::test]
async fn what_a_token_may_not_do_with_collections_is_not_offered() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::prepared(&[], watched);
    browser.goto(&server.url).await;
    for (scopes, sees) in [("read,hash", false), ("read:all,hash", true)] {
        browser.fill("token-input", &server.token(scopes)).await;
        browser.click("sign-in").await;
        browser.until("!document.querySelector('#sign-out').hidden").await;
        browser
            .until(&format!("(document.querySelector('[data-nav=collections]').offsetParent !== null) === {sees}"))
            .await;
        browser.visit("#/collections").await;
        if sees {
            browser.find("collection").await;
            let forms = "document.querySelectorAll('[data-testid=add-collection], [data-testid=settings]').length";
            assert_eq!(browser.value(forms).await, json!(0));
            browser.run("document.querySelector('[data-testid=collection] a').click()", vec![]).await;
            browser.until(&format!("{ALERTS} === 'new,modified,missing'")).await;
            assert_eq!(browser.value(forms).await, json!(0));
            assert_eq!(
                browser
                    .value("document.querySelectorAll('[data-testid^=accept], [data-testid^=acknowledge]').length")
                    .await,
                json!(0)
            );
        } else {
            browser.until("document.querySelector('.placeholder')?.textContent.includes('scope read:all')").await;
        }
        browser.click_on("#sign-out").await;
        browser.find("token-input").await;
    }
    browser.close_ignoring(&["status of 401", "status of 403"]).await;
}

#[tokio::test]
async fn before_the_first_scrub_the_page_says_how_to_begin() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&format!("{}/#/collections", server.url)).await;
    browser.until("document.querySelector('.placeholder')?.textContent.includes('hivesum scrub DIR')").await;
    assert_eq!(browser.value(&format!("{BADGE} ?? null")).await, json!(null));
    browser.visit("#/collections/none").await;
    browser.until("document.querySelector('.placeholder')?.textContent.includes('no such collection')").await;
    browser.close_ignoring(&["status of 404"]).await;
}

#[tokio::test]
async fn a_survey_is_started_from_the_page_and_finds_what_has_come() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::prepared(&["--no-auth"], |tree, state| {
        let photos = tree.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("a.jpg"), "a").unwrap();
        assert_eq!(scrub(state, &photos), Some(0));
        fs::write(photos.join("b.jpg"), "b").unwrap();
    });
    browser.goto(&server.url).await;
    browser.click("nav-collections").await;
    browser.until_text("health", "As it should be").await;
    browser.run("document.querySelector('[data-testid=collection] a').click()", vec![]).await;
    browser.until_text("schedule", "read when somebody asks").await;
    browser.click("survey").await;
    browser.until(&format!("{ALERTS} === 'new'")).await;
}

/// A file of five pieces that was written to.
fn edited(tree: &Path, state: &Path) {
    let film = tree.join("films/film");
    fs::create_dir_all(film.parent().unwrap()).unwrap();
    fs::write(&film, vec![7; 5 << 20]).unwrap();
    assert_eq!(scrub(state, film.parent().unwrap()), Some(0));
    fs::write(&film, vec![8; 5 << 20]).unwrap();
    assert_eq!(scrub(state, film.parent().unwrap()), Some(1));
}

/// A service without rights to mount cannot be shown rot that its file system has not seen, so the page is told of some.
const ROT: &str = "const real = window.fetch; window.fetch = async (url, init) => {
    const answer = await real(url, init);
    if (!url.includes('/alerts?')) return answer;
    const page = await answer.json();
    for (const file of page.items) {
        file.condition = 'suspected_rot';
        Object.assign(file.last_event, { kind: 'suspected_rot', damaged: [{ offset: 1048576, bytes: 2097152 }, { offset: 4194304, bytes: 1048576 }] });
    }
    return new Response(JSON.stringify(page));
};";

#[tokio::test]
async fn the_damaged_ranges_of_a_file_are_drawn_and_said() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::prepared(&["--no-auth"], edited);
    browser.goto(&server.url).await;
    browser.run(ROT, vec![]).await;
    browser.click("nav-collections").await;
    browser.until_text("health", "1 open alert").await;
    browser.run("document.querySelector('[data-testid=collection] a').click()", vec![]).await;
    browser.until(&format!("{ALERTS} === 'suspected_rot'")).await;
    let said = "damaged: 2.00 MiB at 1.00 MiB, 1.00 MiB at 4.00 MiB";
    browser.until(&format!("document.querySelector('[data-testid=alert]').textContent.includes('{said}')")).await;
    browser.run("document.querySelector('[data-testid=alert] button.link').click()", vec![]).await;
    browser.find("damage").await;
    let drawn = "[...document.querySelector('[data-testid=damage]').children].map((part) => `${part.className} ${part.style.flexGrow}`).join()";
    assert_eq!(browser.value(drawn).await, json!("sound 1,damaged 2,sound 1,damaged 1"));
    let label = "document.querySelector('[data-testid=damage]').getAttribute('aria-label')";
    assert_eq!(browser.value(label).await, json!("Damaged: 2.00 MiB at 1.00 MiB, 1.00 MiB at 4.00 MiB"));
}

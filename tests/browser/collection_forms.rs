//! The forms of collections: what is wrong is said beside its field and nothing typed is lost, only what differs is sent,
//! what somebody else changed is not undone, and the page says that nobody is told.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::{Browser, hook};
use crate::collections::{scrub, scrub_with, watched};
use crate::server::{ROOT, Server};

/// Keeps the bodies that the page sends to collections.
const KEEP_SENT: &str = "const real = window.fetch;
    window.__sent = [];
    window.fetch = (url, init) => { if (url.includes('collections') && init?.body) window.__sent.push(JSON.parse(init.body)); return real(url, init); };";

/// The value of a field.
async fn typed(browser: &Browser, member: &str) -> Value {
    browser.value(&format!("document.querySelector(\"{}\").value", hook(&format!("setting-{member}")))).await
}

async fn fill(browser: &Browser, member: &str, text: &str) {
    browser.fill(&format!("setting-{member}"), text).await;
}

/// Opens the form behind a button.
pub(crate) async fn open(browser: &Browser, panel: &str) {
    browser.click_on(&format!("{} > summary", hook(panel))).await;
    browser.find("settings-form").await;
}

/// Asks the API as somebody else does. The JSON of the answer.
async fn ask(browser: &Browser, method: &str, path: &str, body: &Value) -> Value {
    let script = "const [method, path, body, done] = arguments;
        const headers = { 'content-type': 'application/merge-patch+json', 'if-match': '*' };
        fetch(`/api/v1/${path}`, { method, ...(body && { headers, body }) }).then((answer) => answer.json()).then(done);";
    let body = if body.is_null() { Value::Null } else { json!(body.to_string()) };
    browser.client.execute_async(script, vec![json!(method), json!(path), body]).await.unwrap()
}

async fn only(browser: &Browser) -> Value {
    ask(browser, "GET", "collections", &Value::Null).await["items"][0].clone()
}

/// Goes to the only collection.
async fn visit_only(browser: &Browser, server: &Server) {
    browser.goto(&format!("{}/#/collections", server.url)).await;
    browser.click_on("[data-testid=collection] a").await;
    browser.find("schedule").await;
}

#[tokio::test]
async fn a_collection_is_added_by_the_form_which_keeps_everything_while_something_is_wrong() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("photos/a.jpg", "a");
    browser.goto(&format!("{}/#/collections", server.url)).await;
    browser.run(KEEP_SENT, vec![]).await;
    open(&browser, "add-collection").await;
    assert_eq!((typed(&browser, "aim_days").await, typed(&browser, "root").await), (json!("30"), json!(ROOT)));
    fill(&browser, "path", "nowhere").await;
    fill(&browser, "name", "Our <photos>").await;
    fill(&browser, "aim_days", "").await;
    fill(&browser, "survey_every_hours", "a day").await;
    fill(&browser, "windows", "* 1-5 * * * Europe/Berlin\n* 3 * * * Middle/Earth").await;
    fill(&browser, "exclude", "*.tmp\n\n cache ").await;
    for (member, said, right) in [
        ("survey_every_hours", "expected a positive whole number", "12"),
        ("windows", "Window 2: no time zone has the name \"Middle/Earth\"", "* 1-5 * * * Europe/Berlin"),
        ("path", "", "photos"),
    ] {
        browser.click("save-settings").await;
        let fault = format!("document.querySelector(\"{}:not([hidden])\")", hook(&format!("fault-{member}")));
        browser.until(&format!("{fault}?.textContent.includes({})", json!(said))).await;
        let field = format!("document.querySelector(\"{}\")", hook(&format!("setting-{member}")));
        let is_told = format!(
            "document.activeElement === {field} && {field}.ariaInvalid === 'true' \
            && {field}.getAttribute('aria-describedby').split(' ').includes({fault}.id) && {fault}.textContent !== ''"
        );
        browser.until(&is_told).await;
        let faults = "document.querySelectorAll('[data-testid^=fault-]:not([hidden])').length";
        assert_eq!(browser.value(faults).await, json!(1), "{member}");
        assert_eq!(typed(&browser, "name").await, json!("Our <photos>"));
        assert_eq!(typed(&browser, "exclude").await, json!("*.tmp\n\n cache "));
        fill(&browser, member, right).await;
    }
    browser.click("save-settings").await;
    browser.until("location.hash.startsWith('#/collections/')").await;
    let sent = json!({
        "root": ROOT, "path": "photos", "name": "Our <photos>", "aim_days": null, "survey_every_hours": 12,
        "windows": [{ "cron": "* 1-5 * * *", "time_zone": "Europe/Berlin" }], "exclude": ["*.tmp", "cache"],
    });
    assert_eq!(browser.value("window.__sent.at(-1)").await, sent, "what is left as it is, is not sent");
    browser.until("document.querySelector('h1').textContent.includes('Our <photos>')").await;
    let made = only(&browser).await;
    assert_eq!((&made["path"], &made["survey_every_hours"]), (&json!("photos"), &json!(12)));
    assert_eq!((&made["windows"], &made["exclude"]), (&sent["windows"], &sent["exclude"]));
    assert_eq!((&made["kind"], &made["aim_days"]), (&json!("fixed"), &Value::Null));
    browser.close_ignoring(&["status of 400", "status of 404"]).await;
}

/// A collection of one file, which nothing reads by itself.
fn quiet() -> Server {
    Server::prepared(&["--no-auth"], |tree, state| {
        let photos = tree.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("a.jpg"), "a").unwrap();
        assert_eq!(scrub(state, &photos), Some(0));
    })
}

#[tokio::test]
async fn settings_are_changed_by_the_form_and_what_somebody_else_changed_meanwhile_is_not_undone() {
    let Some(browser) = Browser::start().await else { return };
    let server = quiet();
    visit_only(&browser, &server).await;
    browser.run(KEEP_SENT, vec![]).await;
    open(&browser, "settings").await;
    fill(&browser, "aim_days", "90").await;
    fill(&browser, "max_bytes_per_second", "0.5").await;
    browser.click("save-settings").await;
    browser.until("document.querySelector('[data-testid=schedule]').textContent.includes('within 90 days')").await;
    assert_eq!(browser.value("window.__sent").await, json!([{ "aim_days": 90, "max_bytes_per_second": 524_288 }]));
    // Somebody else changes the same setting, and others.
    let id = only(&browser).await["id"].as_str().unwrap().to_owned();
    let theirs = json!({ "aim_days": 7, "survey_every_hours": 6, "name": "Theirs" });
    assert_eq!(ask(&browser, "PATCH", &format!("collections/{id}"), &theirs).await["name"], "Theirs");
    fill(&browser, "aim_days", "60").await;
    browser.run("document.querySelector('[data-testid=setting-kind]').value = 'living'", vec![]).await;
    browser.click("save-settings").await;
    let said = "document.querySelector('[data-testid=meanwhile]').textContent";
    browser.until(&format!("{said}.startsWith('Somebody else changed it meanwhile: ')")).await;
    let said = browser.value(said).await;
    for text in ["Name is now Theirs", "within, days is now 7", "changes every, hours is now 6", "Nothing of yours"] {
        assert!(said.as_str().unwrap().contains(text), "{text} is missing in {said}");
    }
    assert_eq!((typed(&browser, "aim_days").await, typed(&browser, "kind").await), (json!("60"), json!("living")));
    assert_eq!(typed(&browser, "survey_every_hours").await, json!("6"), "what was not touched is shown as it is now");
    assert_eq!(only(&browser).await["aim_days"], json!(7));
    browser.click("save-settings").await;
    browser.until("document.querySelector('[data-testid=schedule]').textContent.includes('within 60 days')").await;
    browser.until("document.querySelector('[data-testid=meanwhile]').textContent === ''").await;
    let now = only(&browser).await;
    assert_eq!((&now["kind"], &now["survey_every_hours"]), (&json!("living"), &json!(6)));
    assert_eq!((&now["name"], &now["max_bytes_per_second"]), (&json!("Theirs"), &json!(524_288)));
    // A sink that does not exist: said beside the field, and the others are kept.
    fill(&browser, "notify", "ops, mail").await;
    browser.click("save-settings").await;
    browser.until_text("fault-notify", "\"ops\" is no sink: the configuration has none").await;
    assert_eq!(typed(&browser, "notify").await, json!("ops, mail"));
    browser.close_ignoring(&["status of 400", "status of 412"]).await;
}

#[tokio::test]
async fn watching_ends_after_a_question_that_names_the_collection_and_what_is_lost() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::prepared(&["--no-auth"], watched);
    visit_only(&browser, &server).await;
    open(&browser, "settings").await;
    browser.click("stop-watching").await;
    browser.find("confirm-yes").await;
    let question = browser.value("document.querySelector('dialog[open]').textContent").await;
    for text in ["Stop watching a year of photos?", "13 files", "3 events", "files themselves are not touched"] {
        assert!(question.as_str().unwrap().contains(text), "{text} is missing in {question}");
    }
    browser.run("document.querySelector('dialog[open]').close()", vec![]).await;
    browser.until("!document.querySelector('dialog')").await;
    assert_eq!(only(&browser).await["name"], "a year of photos");
    browser.click("stop-watching").await;
    browser.click("confirm-yes").await;
    browser.until("location.hash === '#/collections' && document.querySelector('.placeholder')").await;
    browser.until("document.querySelector('#alerts-open').hidden").await;
    assert_eq!(only(&browser).await, Value::Null);
    assert!(server.tree().join("watched/a year of photos/summer/00.jpg").exists());
    browser.close().await;
}

/// A receiver of webhooks that wants none: 410 to each.
fn unwilling() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that is killed breaks off.
            let _ = refuse(&stream.unwrap());
        }
    });
    url
}

fn refuse(mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    stream.write_all(b"HTTP/1.1 410 Gone\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").ok()
}

/// A service with a collection whose sink `hook` has said that it is gone, and the directory of its configuration.
pub(crate) fn untold() -> (Server, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("hivesum.toml");
    fs::write(dir.path().join("secret"), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n").unwrap();
    let sink = format!("[[sink]]\nname = 'hook'\nkind = 'webhook'\nurl = '{}'\nsecret_file = 'secret'\n", unwilling());
    fs::write(&config, sink).unwrap();
    let args = ["--config", config.to_str().unwrap()];
    let server = Server::prepared(&[&["--no-auth"], &args[..]].concat(), |tree, state| {
        let photos = tree.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("a.jpg"), "a").unwrap();
        let named = [&args[..], &["--notify", "hook"]].concat();
        assert_eq!(scrub_with(state, &photos, &named), Some(0));
        fs::write(photos.join("a.jpg"), "written to").unwrap();
        assert_eq!(scrub_with(state, &photos, &args), Some(1));
    });
    (server, dir)
}

#[tokio::test]
async fn a_sink_that_takes_no_messages_is_said_on_every_page_its_card_and_its_collection() {
    let Some(browser) = Browser::start().await else { return };
    let (server, _config) = untold();
    browser.goto(&server.url).await;
    let head = "document.querySelector('#undelivered:not([hidden])')?.textContent";
    let told = "Alerts are not delivered: the sink hook takes no messages.";
    browser.until(&format!("{head} === {}", json!(told))).await;
    browser.find("drop-zone").await;
    browser.click_on("#undelivered a").await;
    let said = "(() => { const text = document.querySelector('[data-testid=undelivered]')?.textContent ?? ''; \
        return text.startsWith('Alerts are not delivered') && text.includes('hook') && text.includes('status 410'); })()";
    browser.until(&format!("document.querySelector('[data-testid=collection]') && {said}")).await;
    browser.click_on("[data-testid=collection] a").await;
    browser.until(&format!("document.querySelector('[data-testid=schedule]') && {said}")).await;
    // Nobody is to be told any more.
    open(&browser, "settings").await;
    assert_eq!(typed(&browser, "notify").await, json!("hook"));
    fill(&browser, "notify", "").await;
    browser.click("save-settings").await;
    browser.until(&format!("!{head} && !document.querySelector('[data-testid=undelivered]')")).await;
    assert_eq!(only(&browser).await["notify_failing"], json!([]));
    browser.close().await;
}

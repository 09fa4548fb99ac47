//! Signing in by the link that the server prints, or by a pasted token.

use serde_json::json;

use crate::accessibility::{assert_accessible, axe_core};
use crate::browser::Browser;
use crate::server::Server;

#[tokio::test]
async fn the_sign_in_link_works_and_its_token_is_removed_from_the_address() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::with_auth();
    browser.goto(server.link.as_ref().unwrap()).await;
    browser.find("drop-zone").await;
    assert!(!browser.client.current_url().await.unwrap().as_str().contains("token"));
    browser.client.refresh().await.unwrap();
    browser.find("drop-zone").await;
    browser.close().await;
}

#[tokio::test]
async fn without_the_link_the_page_asks_for_a_token_and_accepts_a_pasted_link() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::with_auth();
    browser.goto(&server.url).await;
    browser.find("token-input").await;
    assert_eq!(browser.value("document.querySelectorAll('[data-testid=drop-zone]').length").await, 0);
    browser.fill("token-input", "wrong").await;
    browser.click("sign-in").await;
    browser.until("document.querySelector('#sign-in-fault').textContent !== ''").await;
    browser.screenshot("signed-out").await;
    browser.fill("token-input", server.link.as_ref().unwrap()).await;
    browser.click("sign-in").await;
    browser.find("drop-zone").await;
    // The browser logs answers with 401. There must be no other errors.
    let faults = browser.faults().await;
    assert!(faults.iter().all(|fault| fault.contains("status of 401")), "{faults:#?}");
    browser.close().await;
}

#[tokio::test]
async fn password_managers_know_the_form_and_a_used_link_says_so() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::with_auth();
    browser.goto(server.link.as_ref().unwrap()).await;
    browser.find("drop-zone").await;
    browser.click_on("#sign-out").await;
    browser.find("token-input").await;
    let form = "(() => { const form = document.querySelector('form'); const at = (name) => form.elements[name];
        return [form.contains(document.querySelector('[type=submit]')), at('username').autocomplete, at('username').value,
            at('password').autocomplete, at('password').type]; })()";
    let host = server.url.split_once("://").unwrap().1.trim_end_matches('/');
    assert_eq!(browser.value(form).await, json!([true, "username", host, "current-password", "password"]));
    if let Some(axe) = axe_core() {
        assert_accessible(&browser, &axe, "signed out").await;
    }
    // Enter sends the form, as a password manager does.
    browser.fill("token-input", server.link.as_ref().unwrap()).await;
    browser.find("token-input").await.send_keys("\u{e007}").await.unwrap();
    browser.until("document.querySelector('#sign-in-fault').textContent.includes('was used already')").await;
    // So does the used link itself, in a browser that is not signed in.
    browser.goto("about:blank").await;
    browser.goto(server.link.as_ref().unwrap()).await;
    browser.until("document.querySelector('#sign-in-fault')?.textContent.includes('was used already')").await;
    browser.fill("token-input", &"0".repeat(64)).await;
    browser.click("sign-in").await;
    browser
        .until("document.querySelector('#sign-in-fault').textContent.includes('neither a token of this service')")
        .await;
    browser.close_ignoring(&["status of 401"]).await;
}

#[tokio::test]
async fn signing_out_ends_the_session_which_a_restart_does_not() {
    let Some(browser) = Browser::start().await else { return };
    let mut server = Server::with_auth();
    browser.goto(&server.url).await;
    browser.find("token-input").await;
    assert_eq!(browser.value("document.querySelector('#sign-out').hidden").await, true);
    browser.goto(server.link.as_ref().unwrap()).await;
    browser.find("drop-zone").await;
    server.kill();
    server.start_again();
    browser.client.refresh().await.unwrap();
    browser.find("drop-zone").await;
    browser.until("!document.querySelector('#sign-out').hidden").await;
    browser.screenshot("signed-in").await;
    browser.click_on("#sign-out").await;
    browser.find("token-input").await;
    browser.until("document.querySelector('#sign-out').hidden").await;
    // The server has ended it too: without the page's memory, the cookie does not sign in.
    browser.client.refresh().await.unwrap();
    browser.find("token-input").await;
    browser.close_ignoring(&["status of 401", "ERR_CONNECTION_REFUSED"]).await;
}

#[tokio::test]
async fn without_authentication_there_is_nothing_to_sign_out_of() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    assert_eq!(browser.value("document.querySelector('#sign-out').hidden").await, true);
    browser.close().await;
}

#[tokio::test]
async fn below_a_base_path_the_page_signs_in_hashes_and_follows_a_job() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::spawn(&["--base-path", "/tools/hivesum/"]);
    server.write("a", "abc");
    let link = server.link.as_ref().unwrap();
    assert!(link.contains("/tools/hivesum/#token="), "{link}");
    browser.goto(link).await;
    browser.find("drop-zone").await;
    browser.client.refresh().await.unwrap();
    browser.find("drop-zone").await;
    let submit = "fetch('./api/v1/jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, \
        body: JSON.stringify({ root: 'files' }) }).then((answer) => { \
        window.__location = answer.headers.get('location'); return answer.json(); }) \
        .then(({ id }) => { location.hash = `#/jobs/${id}`; window.__left = true; })";
    browser.run(submit, vec![]).await;
    browser.until("window.__left === true && document.body.textContent.includes('Completed')").await;
    assert_eq!(browser.value("window.__location.startsWith('/tools/hivesum/api/v1/jobs/')").await, true);
    browser.goto(&format!("{}/tools/hivesum/docs", server.url)).await;
    browser.until("document.querySelector('.swagger-ui .info') !== null").await;
    browser.close().await;
}

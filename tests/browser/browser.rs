//! One browser with one page: finds elements by test hook, awaits conditions, and records the page's errors.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::{self, Driver, Extension};

/// The longest wait for a condition. Chromium on a loaded machine with two cores needs some of it.
const TIMEOUT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(25);
/// Runs before every document. Policy violations and uncaught errors are recorded in `__faults`.
const WATCH: &str = "window.__faults = [];
addEventListener('securitypolicyviolation', (e) => __faults.push(`csp: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
addEventListener('error', (e) => __faults.push(`error: ${e.message}`));
addEventListener('unhandledrejection', (e) => __faults.push(`rejection: ${e.reason}`));";

/// What the browser logs of requests to a service that was killed.
pub(crate) const LOST_CONNECTION: [&str; 4] =
    ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"];

pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Driver,
    _profile: TempDir,
}

/// The CSS selector of a test hook.
pub(crate) fn hook(testid: &str) -> String {
    format!("[data-testid='{testid}']")
}

impl Browser {
    /// None where the tools are missing, which has been reported.
    pub(crate) async fn start() -> Option<Self> {
        if !driver::is_installed() {
            return None;
        }
        let (driver, profile) = (Driver::start(), tempfile::tempdir().unwrap());
        let address = format!("http://127.0.0.1:{}", driver.port);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(driver::capabilities(profile.path()))
            .connect(&address)
            .await
            .unwrap();
        let browser = Self { client, _driver: driver, _profile: profile };
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
        Some(browser)
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Awaits the element with this test hook.
    pub(crate) async fn find(&self, testid: &str) -> Element {
        self.select(&hook(testid)).await
    }

    /// Awaits the element that matches this CSS selector.
    pub(crate) async fn select(&self, css: &str) -> Element {
        let wait = self.client.wait().at_most(TIMEOUT).every(POLL);
        wait.for_element(Locator::Css(css)).await.unwrap_or_else(|problem| panic!("no {css}: {problem}"))
    }

    pub(crate) async fn click(&self, testid: &str) {
        self.click_on(&hook(testid)).await;
    }

    /// Clicks the element that matches this CSS selector. The page may replace an element between the look-up and the
    /// click: then it is looked up again.
    pub(crate) async fn click_on(&self, css: &str) {
        let clicked = async {
            while let Err(problem) = self.select(css).await.click().await {
                assert!(problem.is_stale_element_reference(), "{css}: {problem}");
            }
        };
        assert!(tokio::time::timeout(TIMEOUT, clicked).await.is_ok(), "{css} was replaced before every click");
    }

    /// Replaces the text of a field.
    pub(crate) async fn fill(&self, testid: &str, text: &str) {
        let field = self.find(testid).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// The value of an expression in the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression};"), vec![]).await.unwrap()
    }

    /// The text of the first element with this test hook.
    pub(crate) async fn text(&self, testid: &str) -> String {
        let text = self.value(&format!("document.querySelector(\"{}\").textContent", hook(testid))).await;
        text.as_str().unwrap().to_owned()
    }

    /// Awaits that an expression in the page is true.
    pub(crate) async fn until(&self, expression: &str) {
        let holds = async {
            let mut beat = tokio::time::interval(POLL);
            while self.value(&format!("Boolean({expression})")).await != Value::Bool(true) {
                beat.tick().await;
            }
        };
        if tokio::time::timeout(TIMEOUT, holds).await.is_err() {
            let page = self.value("document.body.innerText").await;
            panic!("never became true: {expression}\nThe page shows: {page}");
        }
    }

    /// Awaits that an expression in the page is true, as long as another one changes: work on a slow machine takes its
    /// time, and is not stuck.
    pub(crate) async fn until_after(&self, progress: &str, expression: &str) {
        let (mut beat, mut last) = (tokio::time::interval(POLL), (Value::Null, Instant::now()));
        while self.value(&format!("Boolean({expression})")).await != Value::Bool(true) {
            let now = self.value(progress).await;
            if now != last.0 {
                last = (now, Instant::now());
            }
            assert!(last.1.elapsed() < TIMEOUT, "never became true: {expression}, and stands still: {progress}");
            beat.tick().await;
        }
    }

    /// Awaits that the element with this test hook has exactly this text.
    pub(crate) async fn until_text(&self, testid: &str, text: &str) {
        self.until(&format!("document.querySelector(\"{}\")?.textContent === {}", hook(testid), json!(text))).await;
    }

    /// Runs statements in the page, with `arguments`.
    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }

    /// Goes to another view of the page, as a link would, and awaits that it has taken the place of the one before,
    /// which may have elements with the same test hooks.
    pub(crate) async fn visit(&self, address: &str) {
        self.leave_for(address).await;
        self.until("!document.querySelector('main').ariaBusy").await;
    }

    /// Goes to another view, which may never have anything to show. The page has begun to load it.
    pub(crate) async fn leave_for(&self, address: &str) {
        let script = "const before = location.hash;
            return new Promise((begun) => {
                addEventListener('hashchange', () => begun(), { once: true });
                location.hash = arguments[0];
                if (location.hash === before) begun();
            });";
        self.run(script, vec![json!(address)]).await;
    }

    /// Drags files and directories to an element and drops them.
    pub(crate) async fn drop_paths(&self, testid: &str, paths: &[&Path]) {
        self.find(testid).await;
        let middle = format!(
            "(() => {{ const r = document.querySelector(\"{}\").getBoundingClientRect(); \
            return [r.x + r.width / 2, r.y + Math.min(r.height, innerHeight - r.y) / 2]; }})()",
            hook(testid)
        );
        let middle = self.value(&middle).await;
        let files: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
            let params = json!({ "type": kind, "x": middle[0], "y": middle[1], "data": data });
            self.devtools("Input.dispatchDragEvent", params).await;
        }
    }

    pub(crate) async fn devtools(&self, command: &str, params: Value) -> Value {
        self.client.issue_cmd(Extension::devtools(command, &params)).await.unwrap()
    }

    /// Writes a screenshot to `screenshots/` in the target directory.
    pub(crate) async fn screenshot(&self, name: &str) {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&directory).unwrap();
        let image = self.client.screenshot().await.unwrap();
        std::fs::write(directory.join(name).with_extension("png"), image).unwrap();
    }

    /// Console errors and warnings since the last call, and the errors of the current document.
    pub(crate) async fn faults(&self) -> Vec<String> {
        let console = self.client.issue_cmd(Extension::console()).await.unwrap();
        let is_bad = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        let mut faults: Vec<String> = console.as_array().unwrap().iter().filter(is_bad).map(Value::to_string).collect();
        let watched = self.value("window.__faults ?? ['the watching script did not run']").await;
        faults.extend(watched.as_array().unwrap().iter().map(Value::to_string));
        faults
    }

    /// Asserts that the page had no errors and ends the session.
    pub(crate) async fn close(self) {
        self.close_ignoring(&[]).await;
    }

    /// The same, without the errors that the browser logs for expected answers: 401, 429, a lost connection.
    pub(crate) async fn close_ignoring(self, expected: &[&str]) {
        let mut faults = self.faults().await;
        faults.retain(|fault| !expected.iter().any(|text| fault.contains(text)));
        assert!(faults.is_empty(), "{faults:#?}");
        self.client.close().await.unwrap();
    }
}

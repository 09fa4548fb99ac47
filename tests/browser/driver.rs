//! Debian's chromedriver on a free port, and its non-standard commands.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use hivesum_test_support::Requirement;
use reqwest::{Method, Url};
use serde_json::{Value, json};

const CHROMIUM: &str = "/usr/bin/chromium";
const CHROMEDRIVER: &str = "/usr/bin/chromedriver";
/// `--no-sandbox` is for root in containers. The rest keeps the browser off the network and from showing dialogs.
const ARGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1200,800",
];

/// Whether both programs are installed. Where they are not, this has been reported.
pub(crate) fn is_installed() -> bool {
    let both = Requirement::tool("chromium and chromedriver", "apt-get install chromium chromium-driver");
    both.is_met(|| [CHROMIUM, CHROMEDRIVER].iter().all(|program| Path::new(program).exists()))
}

/// The capabilities of a session: its own profile, and the complete console log.
pub(crate) fn capabilities(profile: &Path) -> Capabilities {
    let mut args: Vec<String> = ARGS.iter().map(|&arg| arg.to_owned()).collect();
    args.push(format!("--user-data-dir={}", profile.to_str().unwrap()));
    let mut wanted = Capabilities::new();
    wanted.insert("goog:chromeOptions".to_owned(), json!({ "binary": CHROMIUM, "args": args }));
    wanted.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    wanted
}

/// How often it may fail to start.
const ATTEMPTS: usize = 5;

/// A chromedriver that ends on drop, together with its browser.
pub(crate) struct Driver {
    pub(crate) port: u16,
    child: Child,
}

impl Driver {
    pub(crate) fn start() -> Self {
        (0..ATTEMPTS).find_map(|_| Self::try_to_start()).expect("chromedriver prints its port")
    }

    /// None if it ends at once: of the port that it picks, the address of the other IP version may be taken.
    fn try_to_start() -> Option<Self> {
        let mut child = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port =
            lines.find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok());
        let Some(port) = port else {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        };
        // It may write more later, which must not hit a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { port, child })
    }

    /// Asks it to close its browsers and end. A kill would leave them running.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.shut_down();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command of a session that is not in the standard.
#[derive(Debug)]
pub(crate) struct Extension {
    path: &'static str,
    body: Value,
}

impl Extension {
    /// The browser's console entries since the last call.
    pub(crate) fn console() -> Self {
        Self { path: "se/log", body: json!({ "type": "browser" }) }
    }

    /// A command of the DevTools protocol.
    pub(crate) fn devtools(command: &str, params: &Value) -> Self {
        Self { path: "goog/cdp/execute", body: json!({ "cmd": command, "params": params }) }
    }
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

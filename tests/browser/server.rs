//! The server under test: the built program on a free port, with its own state and tree, killed on drop.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use hivesum_test_support::comes_true;
use tempfile::TempDir;

/// The name under which the tree is served.
pub(crate) const ROOT: &str = "files";

pub(crate) struct Server {
    /// `http://ADDR`, without a slash at the end.
    pub(crate) url: String,
    /// The sign-in link, where authentication is on.
    pub(crate) link: Option<String>,
    tree: TempDir,
    state: TempDir,
    args: Vec<String>,
    child: Child,
}

impl Server {
    /// Without authentication.
    pub(crate) fn open() -> Self {
        Self::spawn(&["--no-auth"])
    }

    /// The page as the modules of the source, whose state a test can change; at `url` they are one script.
    pub(crate) fn modules_url(&self) -> String {
        format!("{}/index.html", self.url)
    }

    /// With authentication.
    pub(crate) fn with_auth() -> Self {
        Self::spawn(&[])
    }

    /// With these arguments.
    pub(crate) fn spawn(args: &[&str]) -> Self {
        Self::prepared(args, |_, _| {})
    }

    /// The same, after something was done with the tree and the state directory.
    pub(crate) fn prepared(args: &[&str], prepare: impl FnOnce(&Path, &Path)) -> Self {
        let (tree, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        prepare(tree.path(), state.path());
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (child, url, link) = start(tree.path(), state.path(), &args, "127.0.0.1:0");
        Self { url, link, tree, state, args, child }
    }

    /// Kills it without a chance to clean up.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same address.
    pub(crate) fn start_again(&mut self) {
        let address = self.url.trim_start_matches("http://").to_owned();
        // Another process may have the port for a moment, as the near end of a connection.
        let mut started = None;
        let again = || {
            started = try_to_start(self.tree.path(), self.state.path(), &self.args, &address);
            started.is_some()
        };
        assert!(comes_true(again), "{address} is not served again");
        let (child, url, link) = started.unwrap();
        assert_eq!(url, self.url);
        (self.child, self.link) = (child, link);
    }

    /// The directory that is served.
    pub(crate) fn tree(&self) -> &Path {
        self.tree.path()
    }

    /// Its state directory.
    pub(crate) fn state(&self) -> &Path {
        self.state.path()
    }

    /// A new token with these scopes.
    pub(crate) fn token(&self, scopes: &str) -> String {
        let made = Command::new(env!("CARGO_BIN_EXE_hivesum"))
            .args(["token", "create", "--scope", scopes, "--state"])
            .arg(self.state())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    /// Writes a file to the tree and returns its path.
    pub(crate) fn write(&self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.tree().join(std::ffi::OsStr::from_bytes(name.as_ref()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// Starts the program. The process, its URL and its sign-in link.
/// Asks the server itself, whatever proxy the environment names.
pub(crate) async fn get(url: &str) -> reqwest::Response {
    client_builder().build().unwrap().get(url).send().await.unwrap()
}

fn start(tree: &Path, state: &Path, args: &[String], listen: &str) -> (Child, String, Option<String>) {
    try_to_start(tree, state, args, listen).expect("the first line names the address")
}

/// The process, its address and the link to sign in. None where it ends before it listens.
fn try_to_start(tree: &Path, state: &Path, args: &[String], listen: &str) -> Option<(Child, String, Option<String>)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hivesum"))
        .args(["serve", &format!("{ROOT}={}", tree.to_str().unwrap()), "--listen", listen, "--state"])
        .arg(state)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let links = follow_log(child.stderr.take().unwrap());
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let Some(url) = line.trim_end().strip_prefix("listening on ").map(str::to_owned) else {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    };
    let open = args.iter().any(|arg| arg == "--no-auth");
    let link = (!open).then(|| links.recv().expect("the log has a sign-in link"));
    Some((child, url, link))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the log to its end, so that it never fills its pipe, and sends the sign-in link.
fn follow_log(log: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (found, links) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if let Some(at) = line.find("http://").filter(|_| line.contains("#token=")) {
                let _ = found.send(line[at..].trim_end().to_owned());
            }
        }
    });
    links
}

/// A client to be set up. Its crate chooses no provider of TLS.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

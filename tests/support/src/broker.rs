//! A real NATS server with JetStream on a port of its own, which a test may kill, stop, wipe and start again.
//!
//! It listens on the loopback address alone. After a restart it has the same port.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::{comes_true, has_tool};

/// A server. It is killed when this is dropped.
#[derive(Debug)]
pub struct Broker {
    program: &'static str,
    dir: tempfile::TempDir,
    settings: String,
    port: u16,
    server: Option<Child>,
}

impl Broker {
    /// Starts a server with JetStream. `None` if the machine has none, which is said.
    pub fn start() -> Option<Self> {
        Self::with_settings("jetstream { store_dir: DIR }")
    }

    /// Starts a server with these settings; `DIR` in them stands for its directory. `None` if the machine has none.
    pub fn with_settings(settings: &str) -> Option<Self> {
        has_tool("nats-server").then(|| Self::of("nats-server", settings))
    }

    /// Starts Debian's server 2.9, which is too old, under a name of its own. `None` if the machine has none.
    pub fn start_old() -> Option<Self> {
        has_tool("nats-server-2.9").then(|| Self::of("nats-server-2.9", "jetstream { store_dir: DIR }"))
    }

    fn of(program: &'static str, settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings.replace("DIR", &format!("{:?}", dir.path().join("store")));
        let mut broker = Self { program, dir, settings, port: 0, server: None };
        broker.run();
        broker
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its address, for URLs with users or another scheme.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The directory of its configuration and its store.
    pub fn directory(&self) -> &Path {
        self.dir.path()
    }

    fn run(&mut self) {
        let ports = self.dir.path().join("ports");
        let _ = std::fs::remove_dir_all(&ports);
        std::fs::create_dir(&ports).unwrap();
        let port = if self.port == 0 { -1 } else { i32::from(self.port) };
        let config = self.dir.path().join("server.conf");
        let log = self.dir.path().join("server.log");
        let text =
            format!("host: 127.0.0.1\nport: {port}\nports_file_dir: {ports:?}\nlog_file: {log:?}\n{}\n", self.settings);
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(self.program);
        let server = command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.server = Some(server);
        let is_listening = || {
            let port = port_in(&ports);
            port.filter(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_ok())
        };
        let mut found = None;
        assert!(
            comes_true(|| {
                found = is_listening();
                found.is_some() || self.has_ended()
            }),
            "the server listens"
        );
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        self.port = found.unwrap_or_else(|| panic!("the server ended: {}", said()));
    }

    fn has_ended(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| server.try_wait().unwrap().is_some())
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        server.kill().unwrap();
        assert_eq!(server.wait().unwrap().signal(), Some(9));
    }

    /// Starts it again, on the same port and with its directory.
    pub fn start_again(&mut self) {
        self.kill();
        self.run();
    }

    /// Removes what it has stored, while it does not run.
    pub fn wipe(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(self.dir.path().join("store"));
    }

    /// Stops it (SIGSTOP), as a machine that hangs does.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let server = self.server.as_ref().unwrap();
        kill_process(Pid::from_child(server), signal).unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The port that the server has written down, once it has.
fn port_in(ports: &Path) -> Option<u16> {
    let file = std::fs::read_dir(ports).ok()?.flatten().next()?;
    let text = std::fs::read_to_string(file.path()).ok()?;
    let (_, rest) = text.split_once("nats://127.0.0.1:")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

//! The program as a process of its own, for tests of its memory, signals and environment.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hivesum_test_support::process;
use tempfile::TempDir;

/// The program, serving one directory to everybody.
pub struct Program {
    pub child: Child,
    pub address: SocketAddr,
    /// The stderr read so far.
    pub said: String,
    pub root: TempDir,
    pub state: TempDir,
}

impl Program {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(more: &[&str]) -> Self {
        Self::start_in(&[], more)
    }

    /// With environment variables.
    pub fn start_in(variables: &[(&str, &Path)], more: &[&str]) -> Self {
        let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut command = serve(&root, &state, &[&["--no-auth"], more].concat());
        command.envs(variables.iter().copied()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on http://").and_then(|rest| rest.strip_suffix('\n'));
        let address = address.unwrap_or_else(|| panic!("stdout said {line:?}")).parse().unwrap();
        Self { child, address, said: String::new(), root, state }
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The memory it uses now.
    pub fn resident_bytes(&self) -> u64 {
        process::resident_bytes(self.child.id())
    }

    /// Waits for its end. Its exit status.
    pub fn ends(&mut self) -> Option<i32> {
        self.child.stderr.take().unwrap().read_to_string(&mut self.said).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that serves a directory.
pub fn serve(root: &TempDir, state: &TempDir, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    let root = format!("files={}", root.path().display());
    command.args(["serve", "--listen", "127.0.0.1:0", "--state"]).arg(state.path()).args(more).arg(root);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

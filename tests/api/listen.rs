//! Where the service listens: on a socket that it inherits, as from `systemd.socket`, or at a host name.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::app::client;

/// Starts the program with a socket as descriptor 3, as socket activation does.
fn start_with_socket(socket: OwnedFd, count: u32, state: &TempDir, args: &[&str]) -> Child {
    let script = format!("exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS={count} exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_hivesum"), "serve", "--state"]).arg(state.path()).args(args);
    command.stdin(socket).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn refusal(mut child: Child) -> String {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!child.wait().unwrap().success(), "{said}");
    said
}

#[test]
fn a_service_answers_on_the_socket_that_it_inherits() {
    let (state, listener) = (tempfile::tempdir().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    // The address of the configuration is not bound: nobody could.
    let mut child = start_with_socket(listener.into(), 1, &state, &["--no-auth", "--listen", "127.0.0.1:1"]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, format!("listening on http://{address}\n"));
    let answer = client().get(format!("http://{address}/api/v1/stats")).send().unwrap();
    assert_eq!(answer.status(), 200);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_rules_of_the_configuration_hold_for_an_inherited_socket() {
    let (state, listener) = (tempfile::tempdir().unwrap(), TcpListener::bind("0.0.0.0:0").unwrap());
    let said = refusal(start_with_socket(listener.into(), 1, &state, &["--no-auth"]));
    assert!(said.contains("--no-auth is accepted on a loopback address only, not on 0.0.0.0:"), "{said}");
}

#[test]
fn several_sockets_or_one_that_does_not_listen_are_refused() {
    let state = tempfile::tempdir().unwrap();
    for (socket, count, why) in [
        (OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap()), 2, "LISTEN_FDS=2: the service takes one TCP socket"),
        (OwnedFd::from(UdpSocket::bind("127.0.0.1:0").unwrap()), 1, "LISTEN_FDS=1: the service takes one TCP socket"),
    ] {
        let said = refusal(start_with_socket(socket, count, &state, &["--no-auth"]));
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_host_name_is_resolved_and_may_be_asked_for() {
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    command.args(["serve", "--no-auth", "--listen", "localhost:0", "--state"]).arg(state.path());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap();
    assert!(url.starts_with("http://127.") || url.starts_with("http://[::1]"), "{url}");
    assert_eq!(client().get(format!("{url}/healthz")).send().unwrap().status(), 200);
    child.kill().unwrap();
    child.wait().unwrap();
}

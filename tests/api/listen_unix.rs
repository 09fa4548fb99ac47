//! A service that listens on a Unix socket instead of a port.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use hivesum_test_support::has_tool;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A directory for the socket `h.sock` and the state `s`.
struct Place(TempDir);

/// A running service, killed on drop.
struct Served {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn socket(&self) -> PathBuf {
        self.0.path().join("h.sock")
    }

    /// A command of the program, run in the directory.
    fn hivesum(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    fn serve(&self, more: &[&str]) -> Command {
        let mut command = self.hivesum(&["serve", "--state", "s", "--listen", "unix:h.sock"]);
        command.args(more);
        command
    }

    fn start(&self, more: &[&str]) -> Served {
        let mut child = self.serve(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, format!("listening on unix:{}\n", self.socket().display()));
        let said = BufReader::new(child.stderr.take().unwrap());
        Served { child, said }
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(self.socket()).unwrap()
    }

    /// A connection that was admitted, once those that were closed have been given back.
    fn connection(&self) -> UnixStream {
        loop {
            let mut stream = self.connect();
            let sent = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            if sent.is_ok() && stream.read(&mut [0; 12]).is_ok_and(|count| count > 0) {
                return stream;
            }
        }
    }

    /// The answer to GET, with its head; nothing if the connection is closed.
    fn get(&self, path: &str, fields: &str) -> String {
        let mut stream = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
        let mut answer = Vec::new();
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn status(&self, path: &str, fields: &str) -> String {
        self.get(path, fields).chars().skip("HTTP/1.1 ".len()).take(3).collect()
    }
}

impl Served {
    /// The next line of stderr that contains these words.
    fn line_with(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert_ne!(self.said.read_line(&mut line).unwrap(), 0, "nothing with {words}");
        }
        line
    }

    fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refusal(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn curl_signs_in_through_the_socket_with_the_command_that_is_said() {
    if !has_tool("curl") {
        return;
    }
    let place = Place::new();
    let mut served = place.start(&[]);
    let mode = place.socket().metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode & !0o660, 0, "{mode:o}");
    let line = served.line_with("Sign in within 10 minutes");
    let again = place.hivesum(&["token", "link", "--server", "unix:h.sock"]).output().unwrap();
    for sign_in in [line.split_once("once: ").unwrap().1, &String::from_utf8(again.stdout).unwrap()] {
        assert!(sign_in.starts_with("curl --unix-socket "), "{sign_in}");
        let run = |more: &str| {
            let script = format!("{more} -sS -o answer -w '%{{http_code}}'");
            let ran = Command::new("sh").args(["-c", &script]).current_dir(place.0.path()).output().unwrap();
            String::from_utf8(ran.stdout).unwrap()
        };
        assert_eq!(run(sign_in.trim_end()), "204", "{sign_in}");
        let stats = "curl --unix-socket h.sock http://localhost/api/v1/stats";
        assert_eq!([run(stats), run(&format!("{stats} -b hivesum.cookies"))], ["401", "200"]);
        fs::remove_file(place.0.path().join("hivesum.cookies")).unwrap();
    }
    assert_eq!(served.stop(), Some(0));
    assert!(!place.socket().exists(), "it is removed at the end");
}

#[test]
fn without_tokens_the_socket_is_for_its_owner_alone_and_one_that_was_left_is_replaced() {
    let place = Place::new();
    for _ in 0..2 {
        let _served = place.start(&["--no-auth"]);
        assert_eq!(place.socket().metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(place.status("/api/v1/stats", ""), "200");
        assert_eq!(place.status("/", "Host: evil.example\r\n"), "400", "two hosts");
    }
    assert!(place.socket().exists(), "a killed service leaves it");
}

#[test]
fn what_is_in_the_place_of_the_socket_stays_and_is_named() {
    let place = Place::new();
    let other = UnixListener::bind(place.socket()).unwrap();
    let (code, said) = refusal(&place.serve(&[]).output().unwrap());
    assert_eq!((code, said.contains("h.sock: another process listens on it")), (Some(1), true), "{said}");
    assert!(UnixStream::connect(place.socket()).is_ok(), "it listens as before");
    drop(other);
    fs::remove_file(place.socket()).unwrap();
    fs::write(place.socket(), "notes").unwrap();
    let (code, said) = refusal(&place.serve(&[]).output().unwrap());
    assert_eq!((code, said.contains("something is there that is not a socket")), (Some(1), true), "{said}");
    assert_eq!(fs::read(place.socket()).unwrap(), b"notes");
    fs::remove_file(place.socket()).unwrap();

    let _served = place.start(&[]);
    let (code, said) = refusal(&place.serve(&[]).output().unwrap());
    assert_eq!(code, Some(75), "the state is locked: {said}");
    assert_eq!(place.status("/healthz", ""), "200", "the first service is unhurt");
    let long = format!("unix:/{}", "x".repeat(107));
    for (args, words) in [
        (&["--listen", &*long][..], "longer than the address of a socket can be: 107 bytes"),
        (&["--listen", "unix:a.sock", "--tls-cert", "c", "--tls-key", "k"], "does not need TLS"),
        (&["--listen", "unix:"], "needs the path of a socket"),
    ] {
        let ran = place.hivesum(&["serve", "--state", "t"]).args(args).output().unwrap();
        let (code, said) = refusal(&ran);
        assert_eq!((code, said.contains(words)), (Some(2), true), "{said}");
    }
}

#[test]
fn clients_without_a_token_are_told_apart_by_their_user() {
    let place = Place::new();
    let mut served = place.start(&["--rate-limit", "1", "--max-connections-per-address", "3"]);
    let user = rustix::process::getuid().as_raw();
    assert_eq!(place.status("/api/v1/stats", "Authorization: Bearer wrong\r\n"), "401");
    let line = served.line_with("a token was refused");
    assert!(line.contains(&format!("user {user}")), "{line}");
    // A forwarded address is not believed.
    let forwarded = |last: u8| place.status("/api/v1/stats", &format!("X-Forwarded-For: 192.0.2.{last}\r\n"));
    assert!((1..200).any(|last| forwarded(last) == "429"));

    let _open: Vec<_> = (0..3).map(|_| place.connection()).collect();
    assert_eq!(place.get("/healthz", ""), "", "a fourth connection of this user is closed");
}

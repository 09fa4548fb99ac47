//! What packages install: the units of systemd and the configuration. The service, as a service manager runs it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use hivesum_test_support::has_tool;
use rustix::process::{Pid, Signal, kill_process};

use super::work_dir::{HIVESUM, WorkDir};

/// How exposed the unit may be, in tenths: `systemd-analyze security` says 9.6 without a sandbox. What is left are the
/// network, and CAP_LEASE.
const MOST_EXPOSED: &str = "20";

/// How long a message of the service, or its start, is awaited.
const AWAITED: Duration = Duration::from_secs(60);

fn packaged(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.packaging")).join(name)
}

/// The units in a directory of their own, with the program that was just built.
fn units() -> WorkDir {
    let dir = WorkDir::new();
    for name in ["hivesum.service", "hivesum.socket"] {
        dir.write(name, fs::read_to_string(packaged(name)).unwrap().replace("/usr/bin/hivesum", HIVESUM));
    }
    dir
}

/// Ends the process when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn healthz(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(AWAITED)).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn systemd_finds_no_fault_in_the_units() {
    if !has_tool("systemd-analyze") {
        return;
    }
    let dir = units();
    let verified = dir.run("systemd-analyze", ["verify", "--man=no", "./hivesum.service", "./hivesum.socket"]);
    assert_eq!((verified.code, verified.stderr().as_str()), (Some(0), ""));
}

#[test]
fn the_service_is_sandboxed() {
    if !has_tool("systemd-analyze") {
        return;
    }
    let threshold = format!("--threshold={MOST_EXPOSED}");
    let args = ["security", "--no-pager", "--offline=yes", &threshold, "./hivesum.service"];
    let judged = units().run("systemd-analyze", args);
    assert_eq!(judged.code, Some(0), "{}{}", judged.stdout(), judged.stderr());
}

#[test]
fn the_configuration_is_read_as_it_is_and_with_every_example_in_force() {
    let dir = WorkDir::new();
    let shipped = fs::read_to_string(packaged("config.toml")).unwrap();
    dir.write("shipped.toml", &shipped);
    dir.write("examples.toml", shipped.replace("\n#", "\n").replace("\n ", "\n# "));
    let shown = dir.hivesum(["config", "--state", "s", "--config", "shipped.toml"]).expect_success();
    assert!(!shown.contains("archive"), "{shown}");
    let shown = dir.hivesum(["config", "--state", "s", "--config", "examples.toml"]).expect_success();
    for setting in ["keep_jobs = 1000", "sums.example.org", "behind_proxy = true", "/srv/archive"] {
        assert!(shown.contains(setting), "{setting}: {shown}");
    }
}

#[test]
fn the_service_manager_is_told_of_ready_reload_and_stop() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let manager = UnixDatagram::bind(dir.path("notify")).unwrap();
    manager.set_read_timeout(Some(AWAITED)).unwrap();
    let told = || {
        let mut message = [0; 4096];
        let length = manager.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    let mut command = dir.command(HIVESUM);
    command.args(["serve", "--listen", "127.0.0.1:0", "--state", "s", "t"]).env("NOTIFY_SOCKET", dir.path("notify"));
    let mut service = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let ready = told();
    assert!(ready.starts_with("READY=1\nSTATUS=serving on http://127.0.0.1:"), "{ready}");
    assert!(healthz(ready.trim_end().rsplit_once('/').unwrap().1).starts_with("HTTP/1.1 200"));
    let process = Pid::from_child(&service.0);
    kill_process(process, Signal::HUP).unwrap();
    let reloading = told();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(told(), "READY=1\n");
    kill_process(process, Signal::TERM).unwrap();
    assert_eq!(told(), "STOPPING=1\n");
    assert_eq!(service.0.wait().unwrap().code(), Some(0));
}

#[test]
fn a_manager_that_does_not_listen_keeps_nobody_from_being_served() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let mut command = dir.command(HIVESUM);
    command.args(["serve", "--listen", "127.0.0.1:0", "--state", "s", "t"]).env("NOTIFY_SOCKET", dir.path("absent"));
    let mut service = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(healthz(line.trim_end().rsplit_once('/').unwrap().1).starts_with("HTTP/1.1 200"));
}

/// A program that starts the service at the first connection, and where it listens. None where it does not.
fn activated(dir: &WorkDir) -> Option<(Running, String)> {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let mut command = dir.command("systemd-socket-activate");
    command.args(["--listen", &address, HIVESUM, "serve", "--state", "s", "t"]);
    let mut service = Running(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
    let mut said = BufReader::new(service.0.stderr.take().unwrap()).lines();
    let listening = said.by_ref().map(Result::unwrap).find(|line| line.contains("Listening on"))?;
    assert!(listening.contains(&address), "{listening}");
    // Its log is read to the end, so that a full pipe does not stop it.
    std::thread::spawn(move || said.for_each(drop));
    Some((service, address))
}

#[test]
fn the_first_connection_to_the_socket_starts_the_service() {
    if !has_tool("systemd-socket-activate") {
        return;
    }
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    // The port is free for a moment; if another process takes it, systemd-socket-activate says so and ends.
    let (_service, address) = (0..10).find_map(|_| activated(&dir)).expect("one of ten free ports stays free");
    assert!(!dir.path("s").exists(), "it has started without a connection");
    assert!(healthz(&address).starts_with("HTTP/1.1 200"));
    assert!(dir.path("s/hivesum.db").exists());
}

/// The instructions of the Containerfile: continued lines are joined, comments left out.
fn instructions() -> Vec<String> {
    let text = fs::read_to_string(packaged("Containerfile")).unwrap().replace("\\\n", "");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_image_is_pinned_runs_as_nobody_and_checks_its_health() {
    let instructions = instructions();
    for image in instructions.iter().filter_map(|line| line.strip_prefix("FROM ")) {
        let tag = image
            .split(' ')
            .next()
            .unwrap()
            .rsplit_once(':')
            .expect("an image without a tag is another one tomorrow")
            .1;
        assert!(tag.contains('-') && tag.bytes().any(|byte| byte.is_ascii_digit()), "{image}");
    }
    assert!(!instructions.iter().any(|line| line.starts_with("ADD ")), "ADD fetches what nobody has checked");
    let last = instructions.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    let shipped = &instructions[last..];
    assert!(shipped.iter().any(|line| line == "USER 65532:65532"), "{shipped:?}");
    let health =
        shipped.iter().find_map(|line| line.strip_prefix("HEALTHCHECK ")).unwrap().split_once("CMD ").unwrap().1;
    let words: Vec<String> = serde_json::from_str(health).unwrap();
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let service = super::service::Service::start(&dir);
    let here = words[1..].iter().map(|word| word.replace("127.0.0.1:8080", service.address()));
    assert!(dir.hivesum(here).expect_success().starts_with("ready: yes"));
    drop(service);
    assert_eq!(dir.hivesum(["service", "status", "--url", "http://127.0.0.1:1"]).code, Some(69));
}

#[test]
fn hadolint_finds_no_fault_in_the_containerfile() {
    if !has_tool("hadolint") {
        return;
    }
    let linted = WorkDir::new().run("hadolint", [packaged("Containerfile")]);
    assert_eq!((linted.code, linted.stdout().as_str()), (Some(0), ""), "{}", linted.stderr());
}

//! The control socket: commands beside a running service are carried out by it, and no one else is let in.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::process::Command;

use hivesum_test_support::Requirement;
use rustix::process::geteuid;
use serde_json::json;

use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// The user and group `nobody`.
const NOBODY: &str = "65534";

/// A service that wants tokens, with the state directory `state`.
fn with_tokens(dir: &WorkDir, state: &str) -> Service {
    let mut command = dir.command(HIVESUM);
    command.args(["serve", "--listen", "127.0.0.1:0", "--state", state, "t"]);
    Service::of(command)
}

fn tree() -> WorkDir {
    WorkDir::with(&[(b"t/a", b"abc")])
}

/// The status of a request.
fn status(service: &Service, request: &str, token: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(service.address()).unwrap();
    let fields = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length";
    let head = format!("{request} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n{fields}: {}\r\n\r\n", body.len());
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer["HTTP/1.1 ".len()..][..3].parse().unwrap()
}

fn sign_in(service: &Service, token: &str) -> u16 {
    status(service, "POST /api/v1/session", "", &json!({ "token": token }).to_string())
}

/// Sends bytes to the socket. The line that comes back.
fn say(dir: &WorkDir, bytes: &[u8]) -> String {
    let mut stream = BufReader::new(UnixStream::connect(dir.path("s/hivesum.sock")).unwrap());
    // What is refused before its end is not taken to its end.
    let _ = stream.get_mut().write_all(bytes);
    let mut line = String::new();
    let _ = stream.read_line(&mut line);
    line
}

#[test]
fn a_command_beside_a_service_never_opens_the_database() {
    let dir = tree();
    let service = with_tokens(&dir, "s");
    // Of the state, the commands see the socket alone.
    dir.write("door/hivesum.db", "no database");
    dir.link("door/hivesum.sock", "../s/hivesum.sock");
    let run = |args: &[&str]| dir.hivesum(args.iter().chain(&["--state", "door"]));

    let created = run(&["token", "create", "--name", "na\nme", "--scope", "read,admin"]);
    assert_eq!(created.code, Some(0), "{}", created.stderr());
    let directory = dir.path("door").display().to_string();
    assert!(created.stderr().ends_with(&format!("State directory: {directory}\n")), "{}", created.stderr());
    let secret = created.stdout().trim().to_owned();
    assert_eq!(status(&service, "GET /api/v1/jobs", &secret, ""), 200, "it is valid at once");
    for _ in 0..3 {
        run(&["token", "create", "--expires", "12h"]);
    }
    let list = run(&["token", "list"]).expect_success();
    assert_eq!(list.lines().count(), 4);
    let (id, rest) = list.lines().next().unwrap().split_once('\t').unwrap();
    assert_eq!(rest, "read,admin\tnever ends\tna\\nme");
    assert_eq!(run(&["token", "revoke", id]).expect_success(), "");
    assert_eq!(status(&service, "GET /api/v1/jobs", &secret, ""), 401, "it is refused at once");
    let again = run(&["token", "revoke", id]);
    assert_eq!((again.code, again.stderr().contains("no token has the id")), (Some(1), true));

    let unknown = "0197a2b4-6d3c-7000-8000-000000000001";
    let refused = run(&["jobs", "delete", unknown]);
    assert_eq!((refused.code, refused.stderr().contains("no job has the id")), (Some(1), true), "{refused:?}");
    let accepted = run(&["roots", "accept", "t"]);
    let path = dir.path("t").display().to_string();
    assert_eq!((accepted.code, accepted.stderr().contains(&path)), (Some(0), true), "{accepted:?}");
    let refused = run(&["roots", "accept", "other"]);
    assert_eq!((refused.code, refused.stderr().contains("are: t")), (Some(1), true), "{refused:?}");
    assert_eq!(fs::read_dir(dir.path("door")).unwrap().count(), 2, "nothing was made");
    assert_eq!(dir.read("door/hivesum.db"), "no database");
}

#[test]
fn many_commands_at_once_take_turns_beside_a_service_and_without_one() {
    let dir = tree();
    let at_once = 20;
    let create_all = || {
        std::thread::scope(|scope| {
            let creates = (0..at_once).map(|_| scope.spawn(|| dir.hivesum(["token", "create", "--state", "s"])));
            for create in creates.collect::<Vec<_>>() {
                let ran = create.join().unwrap();
                assert_eq!(ran.code, Some(0), "{}", ran.stderr());
            }
        });
    };
    let service = Service::start(&dir);
    create_all();
    assert_eq!(service.stop(), Some(0));
    create_all();
    assert_eq!(dir.hivesum(["token", "list", "--state", "s"]).expect_success().lines().count(), 2 * at_once);
    assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0));
}

#[test]
fn a_job_is_deleted_by_the_running_service() {
    let dir = tree();
    let service = Service::start(&dir);
    let id = service.run(json!({}));
    assert_eq!(dir.hivesum(["jobs", "delete", &id, "--state", "s"]).expect_success(), "");
    assert_eq!(service.json("jobs")["items"], json!([]));
}

#[test]
fn a_fresh_link_signs_in_once_and_needs_a_service_with_tokens() {
    let dir = tree();
    let link = || dir.hivesum(["token", "link", "--state", "s"]);
    let absent = link();
    assert_eq!((absent.code, absent.stdout().as_str()), (Some(69), ""));
    assert!(absent.stderr().contains("no service is running"), "{}", absent.stderr());
    assert!(!dir.path("s").exists());
    let service = with_tokens(&dir, "s");
    let links = [link(), link()].map(|ran| ran.stdout().trim().to_owned());
    for link in &links {
        let prefix = format!("http://{}/#token=", service.address());
        let token = link.strip_prefix(&prefix).unwrap_or_else(|| panic!("{link}"));
        assert_eq!([sign_in(&service, token), sign_in(&service, token)], [204, 401]);
    }
    drop(service);
    assert_eq!(link().code, Some(69), "the socket of a killed service");
    let _open = Service::start(&dir);
    let refused = link();
    assert_eq!((refused.code, refused.stderr().contains("--no-auth")), (Some(1), true), "{}", refused.stderr());
}

#[test]
fn a_link_of_a_service_on_all_addresses_names_one_that_can_be_reached() {
    let dir = tree();
    let mut command = dir.command(HIVESUM);
    command.args(["serve", "--listen", "0.0.0.0:0", "--behind-proxy", "--state", "s", "t"]);
    let _service = Service::of(command);
    let link = dir.hivesum(["token", "link", "--state", "s"]).stdout();
    let address = link.strip_prefix("http://").and_then(|rest| rest.split_once("/#token=")).unwrap().0;
    std::net::TcpStream::connect(address).unwrap_or_else(|error| panic!("{link}: {error}"));
}

#[test]
fn hostile_lines_never_hurt_the_service() {
    let dir = tree();
    let service = Service::start(&dir);
    for (bytes, words) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "not a JSON object"),
        (&vec![b'x'; 1 << 20], "longer than 65536 bytes"),
        (b"{\"v\":2,\"command\":\"token_link\"}\n", "speaks version 1"),
        (b"{\"v\":1,\"command\":\"exec\"}\n", "unknown variant"),
        (b"{\"v\":1,\"command\":\"token_link\",\"more\":1}\n", "unknown field"),
    ] {
        let answer = say(&dir, bytes);
        assert!(answer.contains("\"invalid_request\"") && answer.contains(words), "{answer}");
    }
    let create = |id: &str, scopes: &str, hash: &str| {
        let token = json!({
            "id": id, "name": "", "scopes": scopes, "created_at": "2026-01-01T00:00:00Z", "expires_at": null
        });
        let request = json!({ "v": 1, "command": "token_create", "token": token, "secret_sha256": hash });
        say(&dir, format!("{request}\n").as_bytes())
    };
    let (id, hash) = ("0197a2b4-6d3c-7000-8000-000000000001", "00".repeat(32));
    for (answer, words) in [
        (create("../x", "read", &hash), "is a UUID"),
        (create(id, "all", &hash), "is not a scope"),
        (create(id, "read", "00"), "64 hex digits"),
        (create(id, "read", &hash), "token_created"),
        (create(id, "read", &hash), "token_created"),
        (create(id, "read", &"11".repeat(32)), "another token has this id"),
    ] {
        assert!(answer.contains(words), "{answer}");
    }
    let mut half = UnixStream::connect(dir.path("s/hivesum.sock")).unwrap();
    half.write_all(b"{\"v\":1,").unwrap();
    drop(half);
    service.run(json!({}));
    assert_eq!(dir.hivesum(["token", "list", "--state", "s"]).expect_success().lines().count(), 1);
}

#[test]
fn another_user_is_refused_by_the_service_even_if_the_socket_is_open_to_all() {
    let may_switch = Requirement::condition("root, and setpriv of util-linux, to become another user");
    if !may_switch.is_met(|| geteuid().is_root() && Command::new("setpriv").arg("--version").output().is_ok()) {
        return;
    }
    let dir = tree();
    let _service = with_tokens(&dir, "s");
    let socket = dir.path("s/hivesum.sock");
    let meta = socket.metadata().unwrap();
    assert!(meta.file_type().is_socket());
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    // A copy that everybody can run.
    // By another process: what is open for writing here is not run, and a process that another test starts inherits it.
    dir.run("cp", [HIVESUM, "hivesum"]).expect_success();
    let as_nobody = || {
        let mut command = dir.command("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "./hivesum", "token", "link"]);
        Ran::of(command.args(["--state", "s"]).output().unwrap())
    };
    for name in ["", "s"] {
        fs::set_permissions(dir.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let refused = as_nobody();
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""));
    assert!(refused.stderr().contains("belongs to another user"), "{}", refused.stderr());
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = as_nobody();
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""));
    let words = format!("by its own user, 0, and by root, not by user {NOBODY}");
    assert!(refused.stderr().contains(&words), "{}", refused.stderr());
}

#[test]
fn a_socket_lasts_as_long_as_its_service_and_one_that_was_left_stands_in_nobody_s_way() {
    let dir = tree();
    let socket = dir.path("s/hivesum.sock");
    let create = || dir.hivesum(["token", "create", "--state", "s"]).code;
    drop(Service::start(&dir));
    assert!(socket.exists(), "a killed service leaves its socket");
    assert_eq!(create(), Some(0), "without a service");
    let service = Service::start(&dir);
    assert_eq!(create(), Some(0), "beside a service");
    assert_eq!(service.stop(), Some(0));
    assert!(!socket.exists());
    assert_eq!(create(), Some(0), "without a service");
    assert_eq!(dir.hivesum(["token", "list", "--state", "s"]).expect_success().lines().count(), 3);
    dir.write("s/hivesum.sock", "notes");
    let refused = dir.run("timeout", ["120", HIVESUM, "serve", "--listen", "127.0.0.1:0", "--state", "s", "t"]);
    assert_eq!((refused.code, refused.stderr().contains("is not a socket")), (Some(1), true), "{}", refused.stderr());
    assert_eq!(dir.read("s/hivesum.sock"), "notes");
}

#[test]
fn a_state_directory_with_a_path_longer_than_an_address_is_served_too() {
    let dir = tree();
    let state = format!("{}/{}", "s".repeat(120), "t".repeat(120));
    let service = with_tokens(&dir, &state);
    let created = dir.hivesum(["token", "create", "--scope", "read", "--state", &state]);
    assert_eq!(created.code, Some(0), "{}", created.stderr());
    assert_eq!(status(&service, "GET /api/v1/jobs", created.stdout().trim(), ""), 200);
    assert!(dir.hivesum(["token", "link", "--state", &state]).stdout().contains("/#token="));
}

#[test]
fn a_state_directory_that_no_service_has_used_is_refused_and_named() {
    let dir = tree();
    fs::create_dir(dir.path("empty")).unwrap();
    let id = "0197a2b4-6d3c-7000-8000-000000000001";
    for state in ["absent", "empty", "t/a"] {
        for command in [
            &["token", "create"][..],
            &["token", "list"],
            &["token", "revoke", id],
            &["roots", "accept", "t"],
            &["jobs", "delete", id],
        ] {
            let refused = dir.hivesum(command.iter().chain(&["--state", state]));
            assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""), "{command:?} {state}");
            let directory = dir.path(state).display().to_string();
            let said = refused.stderr();
            assert!(said.contains(&format!("no service has used {directory}: give its state directory")), "{said}");
            assert_eq!(said.contains("--new-state"), command[1] == "create", "{said}");
        }
    }
    assert!(!dir.path("absent").exists());
    assert_eq!(fs::read_dir(dir.path("empty")).unwrap().count(), 0);
    for state in ["absent", "empty", "absent"] {
        let created = dir.hivesum(["token", "create", "--new-state", "--state", state]);
        assert_eq!(created.code, Some(0), "{}", created.stderr());
        let words = format!("State directory: {} (no service is running on it)\n", dir.path(state).display());
        assert!(created.stderr().ends_with(&words), "{}", created.stderr());
    }
    assert_eq!(dir.hivesum(["token", "list", "--state", "absent"]).expect_success().lines().count(), 2);
}

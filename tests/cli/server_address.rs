//! `--server`: commands find the running service of this machine by where it listens.

use std::fs;
use std::process::Command;

use hivesum_test_support::Requirement;
use hivesum_test_support::process::silent_address;
use rustix::process::geteuid;
use serde_json::json;

use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// The user and group `nobody`.
const NOBODY: &str = "65534";

fn tree() -> WorkDir {
    WorkDir::with(&[(b"t/a", b"abc")])
}

#[test]
fn every_command_for_a_service_finds_it_by_its_address_or_its_socket() {
    let dir = tree();
    let mut command = dir.command(HIVESUM);
    command.args(["serve", "--listen", "127.0.0.1:0", "--state", "s", "t"]);
    let service = Service::of(command);
    let (url, socket) =
        (format!("http://{}", service.address()), format!("unix:{}", dir.path("s/hivesum.sock").display()));
    for server in [&*url, &format!("{url}/#token=x"), &socket, "unix:s/hivesum.sock"] {
        // A flag overrides the environment.
        let run = |args: &[&str]| {
            let mut command = dir.command(HIVESUM);
            command.args(args).args(["--server", server]).env("HIVESUM_STATE", "elsewhere");
            let ran = Ran::of(command.output().unwrap());
            assert_eq!(ran.code, Some(0), "{server} {args:?}: {}", ran.stderr());
            ran.stdout().trim_end().to_owned()
        };
        run(&["token", "create", "--name", "by address"]);
        let listed = run(&["token", "list"]);
        assert!(listed.contains("by address"), "{listed}");
        run(&["token", "revoke", listed.split_once('\t').unwrap().0]);
        assert!(run(&["token", "link"]).starts_with(&format!("{url}/#token=")));
        run(&["roots", "accept", "t"]);
        let id = run(&["jobs", "run", "t"]);
        assert!(run(&["jobs", "list"]).contains(&id) && run(&["jobs", "show", &id]).contains(&id));
        assert!(run(&["jobs", "export", &id]).ends_with("  a"));
        run(&["jobs", "delete", &id]);
    }
    assert!(!dir.path("elsewhere").exists());
    let both = dir.hivesum(["token", "list", "--server", &url, "--state", "s"]);
    assert_eq!((both.code, both.stderr().contains("give one of them")), (Some(2), true), "{}", both.stderr());
}

#[test]
fn a_service_on_all_addresses_is_found_by_each_of_them() {
    let dir = tree();
    let mut command = dir.command(HIVESUM);
    command.args(["serve", "--listen", "0.0.0.0:0", "--behind-proxy", "--state", "s", "t"]);
    let service = Service::of(command);
    let port = service.address().rsplit_once(':').unwrap().1;
    for host in ["127.0.0.1", "127.9.9.9", "localhost"] {
        let ran = dir.hivesum(["token", "list", "--server", &format!("http://{host}:{port}")]);
        assert_eq!(ran.code, Some(0), "{host}: {}", ran.stderr());
    }
}

#[test]
fn where_no_service_is_found_the_reason_is_said() {
    let dir = tree();
    drop(Service::start(&dir));
    let (_kept, silent) = silent_address();
    let silent = format!("http://{silent}");
    for (server, code, words) in [
        (&*silent, 69, "nothing listens on 127.0.0.1:"),
        ("unix:s/hivesum.sock", 69, "no service is running"),
        ("unix:absent", 69, "nothing listens on "),
        ("unix:t/a", 1, "it is not a socket"),
        ("http://192.0.2.1", 1, "192.0.2.1:80 is not an address of this machine"),
        ("http://no.such.host.invalid", 1, "has no address"),
        ("127.0.0.1:8080", 2, "must be http://HOST:PORT, https://HOST:PORT or unix:PATH"),
    ] {
        let refused = dir.hivesum(["token", "link", "--server", server]);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(code), ""), "{server}: {}", refused.stderr());
        assert!(refused.stderr().contains(words), "{server}: {}", refused.stderr());
    }
}

#[test]
fn a_user_who_may_not_look_into_the_service_is_told_who_may() {
    let may_switch = Requirement::condition("root, and setpriv of util-linux, to become another user");
    if !may_switch.is_met(|| geteuid().is_root() && Command::new("setpriv").arg("--version").output().is_ok()) {
        return;
    }
    let dir = tree();
    let service = Service::start(&dir);
    service.run(json!({}));
    // By another process: what is open for writing here is not run, and a process that another test starts inherits it.
    dir.run("cp", [HIVESUM, "hivesum"]).expect_success();
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(dir.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = dir.command("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "./hivesum", "jobs", "list", "--server"]);
    let refused = Ran::of(command.arg(format!("http://{}", service.address())).output().unwrap());
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""));
    let said = refused.stderr();
    assert!(said.contains("cannot be seen") && said.contains("the socket is of user 0"), "{said}");
}

//! `hivesum service`: the unit for a user's own systemd. `systemctl` is a script that writes down what it is asked.

use std::fs;

use hivesum_test_support::has_tool;
use hivesum_test_support::process::silent_address;

use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

const UNIT: &str = "config/systemd/user/hivesum.service";

/// Where nothing listens: a port that only root could bind, and nobody does.
const NOWHERE: &str = "127.0.0.1:1";

/// A home with a tree to serve, and this `systemctl`.
fn home(systemctl: &str) -> WorkDir {
    let dir = WorkDir::with(&[(b"my 50% $t/a", b"abc")]);
    fs::create_dir(dir.path("bin")).unwrap();
    // Written by another process: one that is started meanwhile would inherit the file while it is written, and no file
    // that is open for writing is run.
    let script = format!("#!/bin/sh\necho \"$@\" >>asked\n{systemctl}\n");
    dir.feed("sh", script.as_bytes(), ["-c", "cat >bin/systemctl && chmod 755 bin/systemctl"]).expect_success();
    dir
}

fn service(dir: &WorkDir, args: &[&str]) -> Ran {
    let mut command = dir.command(HIVESUM);
    command.arg("service").args(args).env("PATH", dir.path("bin")).env("XDG_CONFIG_HOME", dir.path("config"));
    Ran::of(command.env("XDG_STATE_HOME", dir.path("state")).env_remove("STATE_DIRECTORY").output().unwrap())
}

#[test]
fn a_unit_is_written_and_the_next_steps_are_said() {
    let dir = home("");
    let said = service(&dir, &["install", "--listen", NOWHERE, "x=my 50% $t"]).expect_success();
    for words in [UNIT, "systemctl --user enable --now", "loginctl enable-linger", "hivesum token link --state"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!dir.path("asked").exists(), "systemd is asked for nothing without --now");
    assert!(dir.read(UNIT).contains(&format!("\"x={}/my 50%% $$t\"", dir.path("").canonicalize().unwrap().display())));
    if has_tool("systemd-analyze") {
        let mut verify = dir.command("systemd-analyze");
        verify.args(["verify", "--user", "--man=no", UNIT]).env("XDG_RUNTIME_DIR", dir.path("bin"));
        let verified = Ran::of(verify.output().unwrap());
        assert_eq!((verified.code, verified.stderr().as_str()), (Some(0), ""));
    }
}

#[test]
fn a_service_is_started_and_removed_and_its_state_is_kept() {
    let dir = home("");
    dir.write("state/hivesum/hivesum.db", "kept");
    service(&dir, &["install", "--now", "my 50% $t"]).expect_success();
    assert_eq!(
        dir.read("asked"),
        "--user daemon-reload\n--user enable hivesum.service\n--user restart hivesum.service\n"
    );
    fs::remove_file(dir.path("asked")).unwrap();
    let said = service(&dir, &["uninstall"]).expect_success();
    assert_eq!(dir.read("asked"), "--user disable --now hivesum.service\n--user daemon-reload\n");
    assert!(said.contains("kept the state: ") && said.contains("state/hivesum\n"), "{said}");
    assert!(!dir.path(UNIT).exists() && dir.read("state/hivesum/hivesum.db") == "kept");
    let again = service(&dir, &["uninstall"]);
    assert_eq!((again.code, again.stderr().contains("there is no such unit")), (Some(1), true), "{}", again.stderr());
}

#[test]
fn a_unit_of_somebody_else_is_left_alone() {
    let dir = home("");
    dir.write(UNIT, "[Unit]\n");
    for args in [&["install", "--now", "my 50% $t"][..], &["uninstall"]] {
        let refused = service(&dir, args);
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr().contains("it is left alone"), "{}", refused.stderr());
    }
    assert_eq!(dir.read(UNIT), "[Unit]\n");
    assert!(!dir.path("asked").exists());
}

#[test]
fn where_systemd_cannot_be_reached_it_is_said_what_was_done() {
    let dir = home("echo 'Failed to connect to bus: No medium found' >&2; exit 1");
    let refused = service(&dir, &["install", "--now", "my 50% $t"]);
    assert_eq!(refused.code, Some(69));
    for words in ["No medium found", "the unit is written, but the service is not started"] {
        assert!(refused.stderr().contains(words), "{}", refused.stderr());
    }
    let refused = service(&dir, &["uninstall"]);
    assert_eq!((refused.code, refused.stderr().contains("nothing was removed")), (Some(69), true));
    assert!(dir.path(UNIT).exists());
    let said = service(&dir, &["status"]);
    assert_eq!(said.code, Some(69));
    assert!(said.stdout().contains("active: not known: systemctl: Failed to connect to bus"), "{}", said.stdout());
    fs::remove_file(dir.path("bin/systemctl")).unwrap();
    let said = service(&dir, &["status"]);
    assert!(said.stdout().contains("active: not known: systemctl: No such file"), "{}", said.stdout());
    let said = service(&dir, &["uninstall"]).expect_success();
    assert!(said.contains("there is no systemctl here: nothing was stopped") && !dir.path(UNIT).exists(), "{said}");
}

#[test]
fn what_the_service_would_refuse_is_not_installed() {
    let dir = home("");
    dir.write("wrong.toml", "max_part = 1\n");
    for (args, why) in [
        (&["--listen", "0.0.0.0:80"][..], "is not a loopback address: give --tls-cert and --tls-key"),
        (&["--config", "wrong.toml"], "max_part"),
        (&["--no-auth", "--listen", ":80"], "--no-auth is accepted on a loopback address only"),
    ] {
        let refused = service(&dir, &[&["install"], args].concat());
        assert_eq!((refused.code, refused.stderr().contains(why)), (Some(2), true), "{}", refused.stderr());
    }
    assert!(!dir.path(UNIT).exists());
}

#[test]
fn a_unit_has_the_settings_of_the_command_line_and_names_the_configuration_file() {
    let dir = home("");
    dir.write("h.toml", "max_parts = 7\n[roots]\nx = \"my 50% $t\"\n");
    service(&dir, &["install", "--config", "h.toml", "--behind-proxy", "--base-path", "/sums/"]).expect_success();
    let unit = dir.read(UNIT);
    let file = format!("\"--config={}\"", std::path::absolute(dir.path("h.toml")).unwrap().display());
    for word in [&*file, "\"--behind-proxy=true\"", "\"--base-path=/sums/\"", "\"--listen=127.0.0.1:8080\""] {
        assert!(unit.contains(word), "{word}: {unit}");
    }
    assert!(!unit.contains("max-parts"), "what the file says may be changed there: {unit}");
}

#[test]
fn a_directory_that_is_none_is_not_served() {
    let dir = home("");
    for (root, why) in [("absent", "No such file or directory"), ("my 50% $t/a", "Not a directory")] {
        let refused = service(&dir, &["install", root]);
        assert_eq!((refused.code, refused.stderr().contains(why)), (Some(1), true), "{}", refused.stderr());
    }
    assert!(!dir.path(UNIT).exists());
}

#[test]
fn the_status_tells_systemds_words_and_whether_the_service_is_ready() {
    let dir = home("case $2 in is-enabled) echo enabled ;; is-active) echo active ;; esac");
    dir.write("t/a", "abc");
    let served = Service::start(&dir);
    service(&dir, &["install", "--listen", served.address(), "t"]).expect_success();
    let said = service(&dir, &["status"]).expect_success();
    let ready = format!("enabled: enabled\nactive: active\nready: yes, http://{}/\n", served.address());
    assert!(said.ends_with(&ready), "{said}");
    let url = format!("http://{}", served.address());
    assert_eq!(service(&dir, &["status", "--url", &url]).expect_success(), format!("ready: yes, {url}/\n"));
    let (_kept, silent) = silent_address();
    let url = format!("http://{silent}");
    let refused = service(&dir, &["status", "--url", &url]);
    assert_eq!(refused.code, Some(69));
    assert_eq!(refused.stdout(), format!("ready: no, Connection refused, {url}/\n"));
    assert_eq!(service(&dir, &["status", "--url", "https://a"]).code, Some(2));
}

#[test]
fn without_a_unit_the_status_knows_no_address() {
    let said = service(&home(""), &["status"]);
    assert_eq!(said.code, Some(69));
    assert!(
        said.stdout().contains("unit: none at ")
            && said.stdout().contains("no process is known to use it\n")
            && said.stdout().contains("ready: not known: there is no unit that tells the address"),
        "{}",
        said.stdout()
    );
}

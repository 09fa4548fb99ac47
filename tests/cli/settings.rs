//! `hivesum config`: the three layers of settings, and which one each value comes from.

use super::work_dir::{Ran, WorkDir};

const FILE: &str = "max_parts = 5\nmax_uploads = 6\nrate_limit = \"off\"\nallow_hosts = [\"sums.example\"]\n\n[roots]\nphotos = \"/srv/p\"\n";

fn config(dir: &WorkDir, variables: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = dir.command(super::work_dir::HIVESUM);
    command.args(["config", "--state", "s"]).args(args).envs(variables.iter().copied());
    Ran::of(command.output().unwrap())
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    let dir = WorkDir::with(&[(b"h.toml", FILE.as_bytes())]);
    let variables = [("HIVESUM_MAX_PARTS", "7"), ("HIVESUM_MAX_UPLOADS", "8"), ("HIVESUM_CONFIG", "h.toml")];
    let shown = config(&dir, &variables, &["--max-parts", "9"]).expect_success();
    for line in [
        "max_parts = 9  # command line",
        "max_uploads = 8  # environment",
        "rate_limit = \"off\"  # file",
        "allow_hosts = [\"sums.example\"]  # file",
        "max_streams = 256  # default",
        "# tls_cert is not set",
        "[roots]  # file",
        "\"photos\" = \"/srv/p\"",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is missing in\n{shown}");
    }
    assert_eq!(dir.names(), ["h.toml"], "nothing is created");
}

#[test]
fn roots_are_shown_with_their_origin_or_said_to_be_missing() {
    let dir = WorkDir::with(&[(b"h.toml", FILE.as_bytes()), (b"empty.toml", b"max_parts = 5\n")]);
    for (args, end) in [
        (&[][..], "# no roots are set\n"),
        (&["--config", "empty.toml"], "# no roots are set\n"),
        (&["--config", "h.toml"], "[roots]  # file\n\"photos\" = \"/srv/p\"\n"),
        (&["--config", "h.toml", "m=/srv/m"], "[roots]  # command line\n\"m\" = \"/srv/m\"\n"),
    ] {
        let shown = config(&dir, &[], args).expect_success();
        assert!(shown.ends_with(&format!("\n\n{end}")), "{args:?}\n{shown}");
    }
}

#[test]
fn relative_paths_in_a_file_begin_at_the_directory_of_the_file() {
    let dir = WorkDir::with(&[(b"etc/h.toml", b"tls_cert = \"c.pem\"\ntls_key = \"/k.pem\"\n[roots]\na = \"../a\"\n")]);
    let shown = config(&dir, &[], &["--config", "etc/h.toml"]).expect_success();
    let etc = std::path::absolute(dir.path("etc")).unwrap();
    for line in [
        format!("tls_cert = {:?}  # file", etc.join("c.pem")),
        "tls_key = \"/k.pem\"  # file".to_owned(),
        format!("\"a\" = {:?}", etc.join("../a")),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is missing in\n{shown}");
    }
}

#[test]
fn the_printed_settings_are_a_config_file_with_the_same_values() {
    let dir = WorkDir::with(&[(b"h.toml", FILE.as_bytes())]);
    let first = config(&dir, &[], &["--config", "h.toml", "--listen", "[::1]:9"]).expect_success();
    dir.write("again.toml", &first);
    let again = config(&dir, &[], &["--config", "again.toml"]).expect_success();
    let values = |text: &str| text.lines().map(|line| line.split("  #").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(values(&first), values(&again));
}

#[test]
fn an_invalid_config_file_is_refused_with_the_position_of_the_mistake() {
    for (file, message) in [
        ("max_part = 5\n", "max_part"),
        ("\nmax_parts = \"many\"\n", "line 2"),
        ("rate_limit = 0\n", "at least 1"),
        ("[roots]\na = 1\n", "line 2"),
        ("max_parts = ", "line 1"),
        ("[limits]\nmax_parts = 1\n", "limits"),
        ("max_uploads = 0\n", "max_uploads"),
        ("tls_cert = \"c.pem\"\n", "--tls-key"),
        ("no_auth = true\nlisten = \"0.0.0.0:80\"\n", "loopback"),
        ("trusted_proxies = [\"10.0.0.0/99\"]\n", "line 1"),
    ] {
        let dir = WorkDir::with(&[(b"h.toml", file.as_bytes())]);
        for command in ["config", "serve"] {
            let ran = dir.hivesum([command, "--config", "h.toml", "--state", "s"]);
            assert_eq!((ran.code, ran.stdout().as_str()), (Some(2), ""), "{file:?}: {}", ran.stderr());
            assert!(ran.stderr().contains(message), "{file:?}: {}", ran.stderr());
        }
    }
    let missing = WorkDir::new().hivesum(["serve", "--config", "nowhere.toml", "--state", "s"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr().contains("nowhere.toml: No such file or directory"), "{}", missing.stderr());
}

//! The unit that `hivesum service install` writes, and what is read from it later.
//!
//! The first line marks it as ours. Address and state stand in comments, so that no command line need be parsed. Words of
//! the command line are quoted as systemd.service(5) says: `%` and `$` have a meaning there, and paths may hold both.
//! What `hivesum serve` would refuse is refused here, by the same rules.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args as _;
use hivesum::config::ServeConfig;
use serde_json::Value;

use super::super::error::{UsageError, path_error};
use super::super::serve::{ServeArgs, root};
use super::super::settings::Settings;

/// The first line of a unit that was written here.
const MARKER: &str = "# Written by hivesum service install; hivesum service uninstall removes it.";

const STATE: &str = "# State: ";
const LISTEN: &str = "# Listens on: ";

/// What the unit runs.
pub(super) struct Unit {
    config: ServeConfig,
    state: String,
    words: Vec<String>,
}

impl Unit {
    /// A unit for directories that exist. Their paths become absolute, as systemd runs the program elsewhere. Settings of
    /// the command line and of the environment become flags; a configuration file stays one.
    ///
    /// # Errors
    /// If a directory cannot be found, a path does not fit into a unit, or the service would refuse its settings.
    pub(super) fn new(program: &Path, mut args: ServeArgs) -> anyhow::Result<Self> {
        args.config = args.config.map(std::path::absolute).transpose()?;
        let given = &mut args.settings;
        for path in [&mut given.state, &mut given.tls_cert, &mut given.tls_key].into_iter().flatten() {
            *path = std::path::absolute(&*path)?;
        }
        let mut config = args.clone().into_config("service")?;
        config.state_dir = std::path::absolute(config.state_dir)?;
        if config.listen_socket.is_none() && config.listen.port() == 0 {
            return Err(UsageError::of("service", "--listen needs a port, so that the service can be found").into());
        }
        let shown = Settings::of(&config);
        let pinned = Settings { listen: shown.listen, state: shown.state, ..args.settings };
        let mut words = vec![word_of(program)?, "serve".to_owned()];
        if let Some(file) = &args.config {
            words.push(format!("--config={}", word_of(file)?));
        }
        words.extend(flags(&pinned)?);
        // A name that begins with a dash is not an option.
        words.push("--".to_owned());
        for root in &config.roots {
            directory(&root.path)?;
        }
        for root in args.roots.into_iter().map(root) {
            let path = directory(&root.path)?;
            words.push(root.name.map_or_else(|| path.clone(), |name| format!("{name}={path}")));
        }
        if let Some(word) = words.iter().find(|word| word.chars().any(char::is_control)) {
            return Err(UsageError::of("service", format!("{word:?} cannot stand in a unit of systemd")).into());
        }
        Ok(Self { state: word_of(&config.state_dir)?, config, words })
    }

    /// The state directory of the service.
    pub(super) fn state(&self) -> &str {
        &self.state
    }

    /// Where the service listens: `ADDR:PORT` for plain HTTP, else with what it speaks.
    pub(super) fn listens_on(&self) -> String {
        match (&self.config.listen_socket, &self.config.tls) {
            (Some(path), _) => format!("unix:{}", path.display()),
            (None, Some(_)) => format!("{} by TLS", self.config.listen),
            (None, None) => self.config.listen.to_string(),
        }
    }

    /// The unit as a file.
    pub(super) fn text(&self) -> String {
        let (listen, state) = (self.listens_on(), &self.state);
        let command = self.words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
        format!(
            "{MARKER}\n{LISTEN}{listen}\n{STATE}{state}\n[Unit]\nDescription=File hashing service\n\n\
             [Service]\nType=notify\nExecStart={command}\nExecReload=/bin/kill -HUP $MAINPID\n\
             Restart=on-failure\nRestartPreventExitStatus=2\nTimeoutStopSec=30\nNoNewPrivileges=yes\nUMask=0077\n\n\
             [Install]\nWantedBy=default.target\n"
        )
    }

    /// Whether a unit was written here.
    pub(super) fn is_ours(text: &str) -> bool {
        text.lines().next() == Some(MARKER)
    }

    /// Where the service of a unit that was written here listens, as [`Self::listens_on`] has it.
    pub(super) fn listens_in(text: &str) -> Option<&str> {
        Self::comment(text, LISTEN)
    }

    /// The address in a unit that was written here, of a service that speaks plain HTTP.
    pub(super) fn listen_in(text: &str) -> Option<SocketAddr> {
        Self::listens_in(text)?.parse().ok()
    }

    /// The state directory in a unit that was written here.
    pub(super) fn state_in(text: &str) -> Option<&str> {
        Self::comment(text, STATE)
    }

    fn comment<'a>(text: &'a str, key: &str) -> Option<&'a str> {
        text.lines().take_while(|line| line.starts_with('#')).find_map(|line| line.strip_prefix(key))
    }
}

/// Settings as flags of `hivesum serve`, `--NAME=VALUE` each.
fn flags(settings: &Settings) -> anyhow::Result<Vec<String>> {
    let values = serde_json::to_value(settings).map_err(|error| UsageError::of("service", error))?;
    let command = Settings::augment_args(clap::Command::new("serve"));
    let flag = |arg: &clap::Arg| {
        let value = match values.get(arg.get_id().as_str())? {
            Value::String(text) => text.clone(),
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            Value::Null | Value::Object(_) => return None,
            value @ (Value::Bool(_) | Value::Number(_)) => value.to_string(),
        };
        Some(format!("--{}={value}", arg.get_long()?))
    };
    Ok(command.get_arguments().filter_map(flag).collect())
}

fn directory(path: &Path) -> anyhow::Result<String> {
    let failed = |error: std::io::Error| path_error(path.as_os_str(), &error);
    let whole: PathBuf = path.canonicalize().map_err(failed)?;
    if !whole.is_dir() {
        return Err(failed(std::io::Error::from_raw_os_error(rustix::io::Errno::NOTDIR.raw_os_error())));
    }
    word_of(&whole)
}

fn word_of(path: &Path) -> anyhow::Result<String> {
    let word = path.to_str().map(str::to_owned);
    Ok(word.ok_or_else(|| UsageError::of("service", format!("{path:?} is not UTF-8, as a unit of systemd must be")))?)
}

/// A word of `ExecStart=`.
fn quote(word: &str) -> String {
    let mut quoted = String::from("\"");
    for character in word.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '%' | '$' => quoted.extend([character, character]),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;

    #[test]
    fn characters_with_a_meaning_to_systemd_are_quoted() {
        assert_eq!(quote("/a b/c"), "\"/a b/c\"");
        assert_eq!(quote(r#"50% $HOME "x" \n"#), r#""50%% $$HOME \"x\" \\n""#);
    }

    /// The unit of this command line.
    fn unit(words: &[&str]) -> anyhow::Result<Unit> {
        let command = ServeArgs::augment_args(clap::Command::new("serve"));
        let matches = command.try_get_matches_from(["serve"].iter().chain(words))?;
        Unit::new("/usr/bin/hivesum".as_ref(), ServeArgs::from_arg_matches(&matches)?)
    }

    #[test]
    fn a_unit_is_read_back() {
        let unit = unit(&["--listen", "[::1]:9", "--state", "/s t", "x=/"]).unwrap().text();
        assert!(Unit::is_ours(&unit) && unit.contains("\"x=/\""), "{unit}");
        assert_eq!((Unit::listen_in(&unit), Unit::state_in(&unit)), (Some("[::1]:9".parse().unwrap()), Some("/s t")));
        assert!(!Unit::is_ours("[Unit]\n"));
        assert_eq!(Unit::listen_in("[Unit]\n# Listens on: 127.0.0.1:1\n"), None);
    }

    #[test]
    fn every_setting_becomes_its_flag() {
        let words = [
            "--listen=0.0.0.0:80",
            "--base-path=/sums/",
            "--state=/s",
            "--behind-proxy=true",
            "--trusted-proxy=10.0.0.0/8,::1/128",
            "--allow-host=a,b",
            "--rate-limit=off",
            "--max-parts=5",
        ];
        let text = unit(&words).unwrap().text();
        for word in words {
            assert!(text.contains(&format!(" \"{word}\"")), "{word}: {text}");
        }
    }

    #[test]
    fn what_a_unit_cannot_hold_or_the_service_refuses_is_refused() {
        for (words, why) in [
            (&["--listen", "127.0.0.1:0", "--state", "/s"][..], "needs a port"),
            (&["--state", "/s\nExecStart=x"], "cannot stand in a unit"),
            (&["--state", "/s", "--listen", "0.0.0.0:80"], "is not a loopback address"),
            (&["--state", "/s", "--max-uploads", "0"], "max_uploads"),
            (&["--state", "/s", "--tls-cert", "c.pem"], "--tls-key"),
            (&["--state", "/s", "--config", "/absent.toml"], "/absent.toml"),
        ] {
            let refused = unit(words).err().unwrap().to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }
}

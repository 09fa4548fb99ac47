//! The unit that `hivesum service install` writes, and what is read from it later.
//!
//! The first line marks it as ours. Address and state stand in comments, so that no command line need be parsed. Words of
//! the command line are quoted as systemd.service(5) says: `%` and `$` have a meaning there, and paths may hold both.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::super::error::{UsageError, path_error};
use super::super::serve::root;

/// The first line of a unit that was written here.
const MARKER: &str = "# Written by hivesum service install; hivesum service uninstall removes it.";

const STATE: &str = "# State: ";
const LISTEN: &str = "# Listens on: ";

/// What the unit runs.
pub(super) struct Unit {
    listen: SocketAddr,
    state: String,
    words: Vec<String>,
}

impl Unit {
    /// A unit for directories that exist. Their paths become absolute, as systemd runs the program elsewhere.
    ///
    /// # Errors
    /// If a directory cannot be found, or a path does not fit into a unit.
    pub(super) fn new(program: &Path, listen: SocketAddr, state: &Path, roots: Vec<OsString>) -> anyhow::Result<Self> {
        if listen.port() == 0 {
            return Err(UsageError::of("service", "--listen needs a port, so that the service can be found").into());
        }
        let state = word_of(state)?;
        let mut words = vec![word_of(program)?, "serve".to_owned(), "--listen".to_owned(), listen.to_string()];
        words.extend(["--state".to_owned(), state.clone()]);
        // A name that begins with a dash is not an option.
        words.push("--".to_owned());
        for root in roots.into_iter().map(root) {
            let path = directory(&root.path)?;
            words.push(root.name.map_or_else(|| path.clone(), |name| format!("{name}={path}")));
        }
        if let Some(word) = words.iter().find(|word| word.chars().any(char::is_control)) {
            return Err(UsageError::of("service", format!("{word:?} cannot stand in a unit of systemd")).into());
        }
        Ok(Self { listen, state, words })
    }

    /// The unit as a file.
    pub(super) fn text(&self) -> String {
        let (listen, state) = (self.listen, &self.state);
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

    /// The address in a unit that was written here.
    pub(super) fn listen_in(text: &str) -> Option<SocketAddr> {
        Self::comment(text, LISTEN)?.parse().ok()
    }

    /// The state directory in a unit that was written here.
    pub(super) fn state_in(text: &str) -> Option<&str> {
        Self::comment(text, STATE)
    }

    fn comment<'a>(text: &'a str, key: &str) -> Option<&'a str> {
        text.lines().take_while(|line| line.starts_with('#')).find_map(|line| line.strip_prefix(key))
    }
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
    use super::*;

    #[test]
    fn characters_with_a_meaning_to_systemd_are_quoted() {
        assert_eq!(quote("/a b/c"), "\"/a b/c\"");
        assert_eq!(quote(r#"50% $HOME "x" \n"#), r#""50%% $$HOME \"x\" \\n""#);
    }

    #[test]
    fn a_unit_is_read_back() {
        let listen: SocketAddr = "[::1]:9".parse().unwrap();
        let unit = Unit::new("/usr/bin/hivesum".as_ref(), listen, "/s t".as_ref(), vec!["x=/".into()]).unwrap().text();
        assert!(Unit::is_ours(&unit) && unit.contains("\"x=/\""), "{unit}");
        assert_eq!((Unit::listen_in(&unit), Unit::state_in(&unit)), (Some(listen), Some("/s t")));
        assert!(!Unit::is_ours("[Unit]\n"));
        assert_eq!(Unit::listen_in("[Unit]\n# Listens on: 127.0.0.1:1\n"), None);
    }

    #[test]
    fn what_a_unit_cannot_hold_is_refused() {
        let refused = |listen: &str, state: &str| {
            Unit::new("/h".as_ref(), listen.parse().unwrap(), state.as_ref(), Vec::new()).err().unwrap().to_string()
        };
        assert!(refused("127.0.0.1:0", "/s").contains("needs a port"));
        assert!(refused("127.0.0.1:1", "/s\nExecStart=x").contains("cannot stand in a unit"));
    }
}

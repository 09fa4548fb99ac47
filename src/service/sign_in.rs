//! How people reach the page and sign in: by a link for a browser, or where there is no address that a browser could
//! open, by a command for curl.

use std::path::PathBuf;

/// Where the page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignInPage {
    /// Its URL. On a socket, one that the service answers to.
    pub(crate) url: String,
    /// The Unix socket that leads to it, if no proxy with a name of its own does.
    pub(crate) socket: Option<PathBuf>,
}

impl SignInPage {
    /// Signs in with the token of a link: what to open, or what to type into a shell.
    pub(crate) fn with(&self, token: &str) -> String {
        match self.curl() {
            None => format!("{}#token={token}", self.url),
            Some(curl) => {
                let json = format!("'{{\"token\": \"{token}\"}}'");
                format!("{curl} -c hivesum.cookies --json {json} {}api/v1/session", self.url)
            }
        }
    }

    /// What to open, or to type, without signing in.
    pub(crate) fn open(&self) -> String {
        self.curl().map_or_else(|| self.url.clone(), |curl| format!("{curl} {}", self.url))
    }

    fn curl(&self) -> Option<String> {
        self.socket.as_ref().map(|path| format!("curl --unix-socket {}", in_shell(&path.to_string_lossy())))
    }
}

/// A word for a POSIX shell.
fn in_shell(word: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "/._-".contains(char);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_on_a_socket_is_reached_with_curl() {
        let page = |socket: Option<&str>| SignInPage {
            url: "http://localhost/".to_owned(),
            socket: socket.map(PathBuf::from),
        };
        assert_eq!(page(None).with("x"), "http://localhost/#token=x");
        let (plain, odd) = (page(Some("/run/h.sock")), page(Some("/run/it's h")));
        assert_eq!(plain.open(), "curl --unix-socket /run/h.sock http://localhost/");
        let sign_in = "-c hivesum.cookies --json '{\"token\": \"x\"}' http://localhost/api/v1/session";
        assert_eq!(plain.with("x"), format!("curl --unix-socket /run/h.sock {sign_in}"));
        assert_eq!(odd.with("x"), format!(r"curl --unix-socket '/run/it'\''s h' {sign_in}"));
    }
}

//! What a start says: the address on stdout, for programs, and the sign-in link on stderr, for people.

use std::io::Write;

/// Says where the service listens. On a thread of its own: a reader of stdout that does not read, or is gone,
/// never holds the service up.
pub(super) fn address(url: String) {
    let say = move || {
        let mut stdout = std::io::stdout().lock();
        let said = writeln!(stdout, "listening on {url}").and_then(|()| stdout.flush());
        if let Err(error) = said {
            tracing::debug!(%error, "stdout takes nothing");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("announce".to_owned()).spawn(say) {
        tracing::warn!(%error, "the address could not be announced");
    }
}

/// Prints the link. It is no log line: logs are kept, and the link is a secret.
pub(super) fn sign_in_link(link: Option<&str>) {
    let text = match link {
        Some(link) => format!("Sign in within 10 minutes, once: {link}\n"),
        None => "Everybody who reaches this port may do anything: --no-auth\n".to_owned(),
    };
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

//! The process and whoever started it: what a start prints, and the signals that end the service.
//!
//! The address goes to stdout, for programs, and the sign-in link to stderr, for people. The first signal drains the
//! service, the second one ends it at once.

use std::future::Future;
use std::io::{self, Write};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit status of a service that was not given the time to drain.
const CUT_OFF: i32 = 1;

/// Ready at the first SIGTERM or SIGINT. From then on another one ends the process.
///
/// # Errors
/// When the handlers cannot be installed.
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        either(&mut terminate, &mut interrupt).await;
        actix_web::rt::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            tracing::warn!("stopped at once by a second signal");
            std::process::exit(CUT_OFF);
        });
    })
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Prints where the service listens, on a thread of its own, so that a blocked or closed stdout never delays the
/// service.
pub(super) fn announce_address(url: String) {
    let say = move || {
        let mut stdout = io::stdout().lock();
        let said = writeln!(stdout, "listening on {url}").and_then(|()| stdout.flush());
        if let Err(error) = said {
            tracing::debug!(%error, "stdout cannot be written");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("announce".to_owned()).spawn(say) {
        tracing::warn!(%error, "the address could not be announced");
    }
}

/// Prints the link. It is not logged, because logs are kept and the link is a secret.
pub(super) fn announce_sign_in_link(link: Option<&str>) {
    let text = match link {
        Some(link) => format!("Sign in within 10 minutes, once: {link}\n"),
        None => "Anyone who reaches this port may do anything: --no-auth\n".to_owned(),
    };
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

//! The signals that end the service: the first one drains it, the second one ends it at once.

use std::future::Future;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit status of a service that was not given the time to drain.
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

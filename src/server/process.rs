//! The process and whoever started it: the socket that it inherits, what a start prints, the signals that end the service, and the descriptors that
//! it needs.
//!
//! The address goes to stdout, for programs; the sign-in link goes to stderr (see `link`). A service manager that set
//! `NOTIFY_SOCKET` is told when the service is ready, reloads and stops (sd_notify(3)). The first signal drains the
//! service, the second one ends it at once.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::net::TcpListener;
use std::sync::Arc;

use listenfd::ListenFd;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::ServeError;
use super::tls::Tls;
use crate::config::ServeConfig;
use crate::control::CONNECTIONS;

/// The exit status of a service that was not given the time to drain.
const CUT_OFF: i32 = 1;

/// Descriptors of the listener, the signals, the engine and the store. Measured: 17 when idle. Two more readers and eight
/// exports of the store open two each; the others are for files that are open for a moment.
const OF_THE_SERVICE: u64 = 48;

/// Descriptors of the control socket: its directory, itself and its connections.
const OF_CONTROL: u64 = 2 + CONNECTIONS as u64;

/// Descriptors of one event loop: two epoll instances, an eventfd and a copy of the listener.
const OF_A_WORKER: u64 = 4;

/// Descriptors of one hasher: a file, its directory, and those that the walk keeps open above it.
const OF_A_HASHER: u64 = 4;

/// Descriptors of one root: its own, and one more while its path is resolved anew.
const OF_A_ROOT: u64 = 2;

/// Connections that must be possible at the same time: with fewer, the page does not load.
const LEAST_CONNECTIONS: u64 = 8;

/// Raises the soft limit of open files to the hard one, and refuses to start with fewer descriptors than the service
/// needs: it would listen, and answer nothing.
///
/// # Errors
/// [`ServeError::Descriptors`].
pub(super) fn require_descriptors(config: &ServeConfig) -> Result<(), ServeError> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let may_open = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // None is no limit.
    let Some(may_open) = may_open else { return Ok(()) };
    let without_clients = open_now() + needed_without_clients(config);
    let connections = config.limits.max_connections as u64;
    let needed = without_clients + connections.min(LEAST_CONNECTIONS);
    if may_open < needed {
        return Err(ServeError::Descriptors { needed, may_open });
    }
    if may_open - without_clients < connections {
        let possible = may_open - without_clients;
        tracing::warn!(
            may_open,
            possible,
            connections,
            "the limit of open files allows fewer connections than configured"
        );
    }
    Ok(())
}

fn needed_without_clients(config: &ServeConfig) -> u64 {
    let [workers, hashers] = [config.workers, config.hashers].map(|count| count.get() as u64);
    OF_THE_SERVICE + OF_CONTROL + OF_A_WORKER * workers + OF_A_HASHER * hashers + OF_A_ROOT * config.roots.len() as u64
}

/// Descriptors that are open before the service starts: stdin, stdout, stderr, and what was inherited. Without `/proc`
/// only the first three are counted.
fn open_now() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(3, |entries| entries.count().saturating_sub(1) as u64)
}

/// The listener that whoever started the process has opened, as `systemd.socket` does; none without `LISTEN_FDS` for
/// this process.
///
/// # Errors
/// [`ServeError::Inherited`] if there are several sockets, or one that is no TCP listener.
pub(super) fn inherited_listener() -> Result<Option<TcpListener>, ServeError> {
    let mut inherited = ListenFd::from_env();
    let count = inherited.len();
    let refused = |source| ServeError::Inherited { count, source };
    match count {
        0 => Ok(None),
        1 => inherited.take_tcp_listener(0).map_err(refused),
        _ => Err(refused(io::Error::other("there are several"))),
    }
}

/// Ready at the first SIGTERM or SIGINT. From then on another one ends the process.
///
/// # Errors
/// When the handlers cannot be installed.
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        either(&mut terminate, &mut interrupt).await;
        tell_manager(&[NotifyState::Stopping]);
        actix_web::rt::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            tracing::warn!("stopped at once by a second signal");
            std::process::exit(CUT_OFF);
        });
    })
}

/// Reads the certificate again at every SIGHUP, as long as it is polled. Tokens need no signal: they are read whenever
/// they change. A service whose terminal was closed stops as at SIGTERM.
///
/// # Errors
/// When the handler cannot be installed.
pub(super) fn reload_at_hangup(tls: Option<Arc<Tls>>) -> io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let had_terminal = io::stderr().is_terminal();
    Ok(async move {
        while hangup.recv().await.is_some() {
            if had_terminal && !io::stderr().is_terminal() {
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
                return;
            }
            tell_reloading();
            match tls.as_deref().map(Tls::reload) {
                Some(Ok(())) => tracing::info!("the certificate and its key were read again"),
                Some(Err(error)) => tracing::error!(%error, "the certificate is not replaced"),
                None => tracing::info!("nothing was read again: tokens are read whenever they change"),
            }
            tell_manager(&[NotifyState::Ready]);
        }
    })
}

/// Tells the service manager that clients are answered, and where.
pub(super) fn tell_ready(url: &str) {
    tell_ready_as(&format!("serving on {url}"));
}

/// Tells the service manager that the process does what it was started for.
pub(crate) fn tell_ready_as(status: &str) {
    tell_manager(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// systemd matches a reload with its end by the time in it.
fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell_manager(&[NotifyState::Reloading, now]),
        Err(_) => tell_manager(&[NotifyState::Reloading]),
    }
}

/// Does nothing where no manager set `NOTIFY_SOCKET`. The service goes on without one that does not listen.
fn tell_manager(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager (NOTIFY_SOCKET) cannot be told");
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Logs where the service listens, unless whoever reads the log reads that on stdout: both are terminals.
pub(super) fn log_address(url: &str) {
    if !(io::stdout().is_terminal() && io::stderr().is_terminal()) {
        tracing::info!(address = url, "serving");
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

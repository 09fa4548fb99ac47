//! Logs: one event per line on stderr, as text or as JSON. stdout is for results and is never written here.
//!
//! `HIVESUM_LOG` filters the log in the syntax of `RUST_LOG`; the default is `info`. Requests are logged at `debug`.

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// The variable that filters the log.
const FILTER_VARIABLE: &str = "HIVESUM_LOG";

/// The default filter: only warnings about the start and stop of the HTTP server and of connections to a NATS server, and
/// nothing about connections that
/// break off or send no request, because anyone could fill the log with them.
const FILTER: &str = "info,actix_server=warn,actix_http=off,async_nats=warn";

/// Starts logging for the process, including panics. A second call changes nothing.
pub fn init(format: LogFormat) {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(FILTER));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // If the log cannot be written, an error on the same stream would not help.
        .log_internal_errors(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let started = match format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().with_target(false).flatten_event(true).try_init(),
    };
    // A panic is logged as one event, on one line whatever its message contains.
    std::panic::set_hook(Box::new(|panic| {
        let (what, location) = (panic.payload_as_str(), panic.location().map(ToString::to_string));
        tracing::error!(?what, location, "a thread panicked");
    }));
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

//! Logs: one event a line on stderr, for people or as JSON. stdout is for results and is never written here.
//!
//! `HIVESUM_LOG` filters as `RUST_LOG` does elsewhere (`info` unless it is set); requests are logged at `debug`.

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// The variable that filters the log.
const FILTER_VARIABLE: &str = "HIVESUM_LOG";

/// What is logged unless told otherwise: of the HTTP server's own start and stop, what went wrong; of connections
/// that break off or send no request, nothing, for anybody could fill the log with them.
const FILTER: &str = "info,actix_server=warn,actix_http=off";

/// Starts logging for the process, panics included. A second call changes nothing.
pub fn init(format: LogFormat) {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(FILTER));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log that cannot be written is no reason to say so on the very same stream.
        .log_internal_errors(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let started = match format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().with_target(false).flatten_event(true).try_init(),
    };
    // A panic is an event like others: one line, and its words cannot begin another.
    std::panic::set_hook(Box::new(|panic| {
        let (what, place) = (panic.payload_as_str(), panic.location().map(ToString::to_string));
        tracing::error!(?what, place, "a thread panicked");
    }));
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

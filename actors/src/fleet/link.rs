//! The connection to the broker: made, checked, kept, and looked at.
//!
//! A server that cannot do what a fleet needs is refused in words before anything is asked of it. After that the client
//! connects again by itself, with growing waits; whoever needs to know watches [`LinkState`].

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;

use super::config::FleetConfig;
use super::error::FleetError;

/// How long one attempt to connect may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long an answer of the broker or of the other side is waited for.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The longest wait between two attempts to connect.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A server that does not answer two of these is gone.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Messages of one subscription that may wait to be taken. More are dropped, which the protocol makes good.
const WAITING_MESSAGES: usize = 512;

/// The oldest server that does what a fleet needs.
const OLDEST_SERVER: (i64, i64) = (2, 10);

/// The connection.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) client: Client,
    pub(crate) jetstream: Context,
    pub(crate) state: watch::Receiver<LinkState>,
}

/// Whether the broker is there, and how often it has come back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LinkState {
    pub(crate) is_up: bool,
    /// Counts connections: what was known of the broker is in doubt after each.
    pub(crate) generation: u64,
}

/// Connects once, and checks the server.
///
/// # Errors
/// In words; [`FleetError::may_pass`] tells whether to try again.
pub(crate) async fn connect(config: &FleetConfig, name: &str, inbox: &str) -> Result<Link, FleetError> {
    config.check()?;
    // The program may have one already.
    let _ = async_nats::rustls::crypto::ring::default_provider().install_default();
    let (state_in, state) = watch::channel(LinkState::default());
    let client = options(config, name, inbox, Arc::new(state_in)).await?.connect(config.servers()?).await;
    let client = client.map_err(|error| refused(&error, config))?;
    check_version(&client)?;
    let jetstream = jetstream::context::ContextBuilder::new().timeout(ANSWER_WITHIN).build(client.clone());
    Ok(Link { client, jetstream, state })
}

async fn options(
    config: &FleetConfig,
    name: &str,
    inbox: &str,
    state: Arc<watch::Sender<LinkState>>,
) -> Result<ConnectOptions, FleetError> {
    let mut options = ConnectOptions::new()
        .name(name)
        .custom_inbox_prefix(inbox)
        .connection_timeout(CONNECT_WITHIN)
        .request_timeout(Some(ANSWER_WITHIN))
        .subscription_capacity(WAITING_MESSAGES)
        .ping_interval(PING_EVERY)
        .reconnect_delay_callback(wait_before)
        .event_callback(move |event| note(&state, &event));
    // The client takes no credentials from a URL.
    if let Some(server) = config.servers()?.iter().find(|server| server.has_user_pass()) {
        let decoded = |word: &str| percent_decode_str(word).decode_utf8_lossy().into_owned();
        let user = server.username().map(decoded).unwrap_or_default();
        options = match server.password() {
            Some(password) => options.user_and_password(user, decoded(password)),
            None => options.token(user),
        };
    }
    if let Some(ca) = &config.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let Some(creds) = &config.creds {
        let invalid = |error: std::io::Error| FleetError::Creds { path: creds.clone(), why: error.to_string() };
        options = options.credentials_file(creds).await.map_err(invalid)?;
    }
    Ok(options)
}

/// Growing waits: 100 ms, then twice as long each time.
pub(crate) fn wait_before(attempt: usize) -> Duration {
    let doubled = 1_u64 << attempt.min(16);
    Duration::from_millis(50 * doubled).min(LONGEST_WAIT)
}

fn note(state: &watch::Sender<LinkState>, event: &Event) -> std::future::Ready<()> {
    match event {
        Event::Connected => state.send_modify(|state| {
            state.is_up = true;
            state.generation += 1;
        }),
        Event::Disconnected | Event::Closed => {
            state.send_modify(|state| state.is_up = false);
            tracing::warn!("the connection to the NATS server is lost");
        }
        Event::ServerError(error) => tracing::warn!(%error, "the NATS server refuses something"),
        Event::ClientError(error) => tracing::warn!(%error, "the connection to the NATS server fails"),
        Event::SlowConsumer(_) => tracing::warn!("messages of the fleet are dropped, because they come too fast"),
        Event::LameDuckMode | Event::Draining => tracing::info!("the NATS server stops"),
    }
    std::future::ready(())
}

/// What a failed attempt means.
fn refused(error: &async_nats::ConnectError, config: &FleetConfig) -> FleetError {
    let url = config.shown_url();
    let why = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => FleetError::Denied { url },
        ConnectErrorKind::Tls => FleetError::Tls { url, why },
        // What answered does not speak TLS.
        ConnectErrorKind::Io if is_invalid_data(error) => FleetError::Tls { url, why },
        ConnectErrorKind::ServerParse => FleetError::Url { url, why },
        ConnectErrorKind::Dns | ConnectErrorKind::TimedOut | ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => {
            FleetError::Unreachable { url, why }
        }
    }
}

fn is_invalid_data(error: &async_nats::ConnectError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|source| source.kind() == std::io::ErrorKind::InvalidData)
}

/// The version is in what the server says first, so nothing was asked of it yet.
pub(crate) fn check_version(client: &Client) -> Result<(), FleetError> {
    let (major, minor) = OLDEST_SERVER;
    let info = client.server_info();
    if !client.is_server_compatible(major, minor, 0) {
        return Err(FleetError::TooOld { found: info.version });
    }
    match info.jetstream {
        true => Ok(()),
        false => Err(FleetError::NoJetStream { why: "it says so when it is connected to".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_have_a_bound() {
        let waits: Vec<_> = (1..=9).map(|attempt| wait_before(attempt).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        assert_eq!(wait_before(usize::MAX), LONGEST_WAIT);
    }
}

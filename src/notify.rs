//! Telling people: sinks that take messages, as webhooks and as mail.
//!
//! Decides how a message is written and sent, and what an answer means; which message, and when again, is decided by the
//! outbox of the store. Others rely on this: no error, log line or answer shows a secret, a URL or what a receiver has
//! answered beside its status; a sink is asked for a bounded time; what becomes a header has no line breaks.

mod cause;
mod deliver;
mod heartbeat;
mod mail;
mod message;
mod secret;
mod sink;
#[cfg(test)]
mod tests;
mod webhook;

pub(crate) use self::deliver::serve_sink;
pub use self::deliver::{Outbox, TellEnd, tell_due};
pub use self::heartbeat::Heartbeat;
pub(crate) use self::heartbeat::serve_heartbeat;
pub use self::message::Letter;
pub use self::sink::{Sink, SinkInvalid, check_names, open_all};

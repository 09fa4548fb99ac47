//! The control socket: how a command beside a running service gets something done by it.
//!
//! A service listens on `hivesum.sock` in its state directory, which only its own user and root may open, and whose
//! other end the kernel names. So there is one writer of the state, and a command needs no token: who may write the
//! state directory may do anything anyway. Requests and answers are single lines of JSON, see [`protocol`]. This room
//! decides nothing about the state: commands are carried out as the API carries them out.

pub mod collection_messages;
mod commands;
mod job_commands;
pub mod job_messages;
pub mod protocol;
mod scrub_commands;
pub mod scrub_messages;
mod server;
pub mod socket;
pub mod token_messages;

pub(crate) use commands::serve;
pub(crate) use server::CONNECTIONS;

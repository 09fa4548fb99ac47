//! hivesum as a service and as a command line, built on the engine of `hivesum-actors`.
//!
//! ```text
//! main -> cli -> server -> gate (Host, CSRF, access, rate) -> routes -> Engine, Jobs
//!                  |                                            |
//!               config                   request (query, JSON, body with deadlines)
//! ```
//!
//! [`config`] is the only module with settings, and `error` the only one that knows which failure has which status.
//! Handlers share the state in `service` and nothing else.
//!
//! Imports run one way: config, error -> gate, request, notify -> service -> control, routes -> server.

mod assets;
mod auth;
mod cache;
pub mod config;
mod connection;
pub mod control;
mod digest_field;
mod error;
mod etag;
mod gate;
mod metrics;
pub mod node;
pub mod notify;
mod openapi;
mod request;
mod routes;
mod routing;
pub mod server;
mod service;
pub mod telemetry;

//! hivesum as a service and as a command line, over the engine of `hivesum-actors`.
//!
//! ```text
//! main -> cli -> server -> gate (Host, site, who, how often) -> routes -> Engine, Jobs
//!                  |                                              |
//!               config                    request (query, JSON, body with deadlines)
//! ```
//!
//! What is shared: [`config`] is the only place with settings, `error` the only one that knows which failure
//! has which status, `service` what handlers see of each other: nothing but one shared state.

mod assets;
mod auth;
mod cache;
pub mod config;
mod connection;
mod digest_field;
mod error;
mod etag;
mod gate;
mod metrics;
mod openapi;
mod paging;
mod request;
mod routes;
mod routing;
pub mod server;
mod service;
pub mod telemetry;

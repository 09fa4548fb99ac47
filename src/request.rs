//! What a request says, made into types at the edge: its query, its JSON, its body with deadlines.
//!
//! Nothing here decides what is done. Unknown members and parameters are refused, and every wait for bytes
//! has a bound.

pub(crate) mod accept;
mod bandwidth;
pub(crate) mod body;
pub(crate) mod key;
pub(crate) mod name;
pub(crate) mod query;

pub(crate) use bandwidth::Bandwidth;
pub(crate) use body::{PacedBody, read_json};
pub(crate) use query::{NoQuery, Query};

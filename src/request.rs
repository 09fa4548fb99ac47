//! What a request says, made into types at the edge: its query, its JSON, its body with deadlines.
//!
//! Nothing here decides what is done. Unknown members and parameters are refused, and every wait for bytes
//! has a bound.

mod bandwidth;
pub(crate) mod body;
pub(crate) mod headers;
pub(crate) mod name;
pub(crate) mod query;

pub(crate) use bandwidth::Bandwidth;
pub(crate) use body::{PacedBody, read_json};
pub(crate) use query::{NoQuery, Query};

//! Parses requests into types: the query, header fields, JSON, and bodies with deadlines.
//!
//! Nothing here decides what a request does. Unknown members and parameters are refused, and every wait for bytes has a
//! time limit.

pub(crate) mod body;
pub(crate) mod headers;
pub(crate) mod members;
pub(crate) mod multipart;
pub(crate) mod name;
pub(crate) mod number;
pub(crate) mod query;
pub(crate) mod range;

pub(crate) use body::{Bandwidth, PacedBody, read_json, read_manifest_text, read_merge_patch};
pub(crate) use query::{NoQuery, Query};

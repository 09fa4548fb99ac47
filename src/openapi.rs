//! The OpenAPI document: made once, from the annotations of the handlers and the table of codes.
//!
//! A handler lists the codes of its own failures in `x-codes`. Here they become responses, together with the codes that
//! the gate can return everywhere, so that no status is documented by hand.

mod finish;
mod modifiers;
mod problems;
pub(crate) mod schemas;

pub(crate) use finish::to_json;
pub(crate) use modifiers::{Credentials, Descriptions, Links, Parameters, Puts, STATE_ID};
pub(crate) use problems::Problems;

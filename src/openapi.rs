//! The OpenAPI document: made from the annotations at the handlers and from the table of codes, once.
//!
//! A handler names the codes of its own failures in `x-codes`; here they become responses, together with those
//! that the gate gives everywhere, so that no status is documented by hand.

mod modifiers;
mod problems;
pub(crate) mod schemas;

pub(crate) use modifiers::{Credentials, Links, Parameters};
pub(crate) use problems::Problems;

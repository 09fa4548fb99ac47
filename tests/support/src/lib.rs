//! What the tests of several packages share: the decision to skip a test, system tools, published digests, a faulty
//! file system, and a file that changes without a trace.
//!
//! Nothing here depends on hivesum, so the unit tests of every package may use it. Whatever needs the built program
//! stays in the tests of the package that builds it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

#[cfg(test)]
mod arrows;
pub mod faultfs;
pub mod process;
pub mod published;
pub mod requirement;
pub mod silent_corruption;
pub mod tools;
pub mod vectors;

pub use requirement::{Requirement, has_tool};
pub use vectors::cycle;

/// The number in an environment variable that makes a test longer or shorter.
///
/// # Panics
/// Where the variable is set and holds no number.
pub fn number_from_env(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text:?}")))
}

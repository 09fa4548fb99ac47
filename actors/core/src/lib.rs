//! Digests of files, and what they say: plain functions and types, without actors, a database or HTTP.

pub mod compare;
pub mod digest;
pub mod file;
#[doc(hidden)]
pub mod guards;
pub mod hash;
pub mod manifest;
pub mod result;
pub mod sys;
pub mod walk;

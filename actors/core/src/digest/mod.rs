//! Digests: the algorithms, how bytes become digests, and the test that they do so correctly.
//!
//! [`Algorithm`] and [`Algorithms`] say which digests are wanted, [`Digest`] is one of them. [`Chain`] is the running
//! state of one algorithm. [`MultiHasher`] feeds several algorithms while the bytes are read once. [`subtree`]
//! digests the pieces of a file separately and merges them; [`pieces`] keeps their values. [`digest_messages`] digests
//! many short messages side by side, and `Streams` several long ones. [`self_test`] compares all of this but the last
//! two, which are compared with it, with known digests.
//!
//! This module opens, reads and schedules nothing. The digest of some bytes is the same on every machine and however
//! the bytes are split. The digests of one file, end to end in the order of its [`Algorithms`], are its stride; other
//! modules store and pass on strides.

mod algorithm;
mod algorithms;
mod chain;
mod constants;
mod lanes;
mod multi;
pub mod pieces;
mod self_test;
mod streams;
pub mod subtree;
#[cfg(test)]
mod tests;
mod value;
#[doc(hidden)]
pub mod vectors;

pub use algorithm::{
    Algorithm, Blake2bLength, Blake3Length, ByteOrder, PartMebibytes, Tag, UnknownAlgorithm, s3_part_sizes,
    unsupported_algorithm,
};
pub use algorithms::{Algorithms, AlgorithmsInvalid, MAX_ALGORITHMS};
pub use chain::Chain;
pub(crate) use lanes::SLOTS;
pub use lanes::digest_messages;
pub use multi::MultiHasher;
pub use self_test::{SelfTestFailure, SelfTestPart, self_test, self_test_once};
pub(crate) use streams::Streams;
pub use value::{Digest, DigestInvalid, MAX_DIGEST_BYTES, SoughtInvalid};

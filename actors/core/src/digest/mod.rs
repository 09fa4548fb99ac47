//! Digests: which algorithms there are, how bytes become digests, and the proof that they do so rightly.
//!
//! [`Algorithm`] and [`Algorithms`] say what is asked for, [`Digest`] is what comes out. [`Chain`] is the
//! running state of one algorithm, [`MultiHasher`] feeds many from one pass over the bytes, and [`subtree`]
//! digests the pieces of one file apart and merges them. [`self_test`] holds all of it to known answers.
//!
//! Nothing here opens, reads or schedules anything: bytes come in, digests go out, the same on every
//! machine and however the bytes are cut. The digests of one file, laid end to end in the order of its
//! [`Algorithms`], are its stride; other rooms store and move strides.

mod algorithm;
mod algorithms;
mod chain;
mod multi;
mod self_test;
pub mod subtree;
#[cfg(test)]
mod tests;
mod value;
pub mod vectors;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use algorithms::{Algorithms, AlgorithmsInvalid};
pub use chain::Chain;
pub use multi::MultiHasher;
pub use self_test::{SelfTestFailure, SelfTestPart, self_test};
pub use value::{Digest, DigestInvalid, MAX_DIGEST_BYTES};

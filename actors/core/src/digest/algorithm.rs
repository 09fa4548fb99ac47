//! The algorithms: their names, tags and lengths, and how a name is read.
//!
//! One row per algorithm is the only place with these facts. The order of [`Algorithm::ALL`] is the order in which
//! the API lists them. Some algorithms have a parameter, such as a length; they exist only with a valid one. The caller
//! decides whether an algorithm fits a purpose, with the help of [`Algorithm::is_secure`]. What hivesum does not
//! compute is known by name, so that it is never taken for something else.

mod kinds;
mod lengths;
mod parameters;
mod parts;
mod rows;
mod unsupported;
mod words;

pub use self::kinds::Algorithm;
pub use self::parameters::{Blake2bLength, Blake3Length, PartMebibytes};
pub use self::parts::s3_part_sizes;
pub use self::unsupported::unsupported_algorithm;
pub use self::words::{ByteOrder, Tag, UnknownAlgorithm};

#[cfg(test)]
mod tests;

//! Reads `multipart/form-data` (RFC 7578): the parts of a body, each with its name, and where each one ends.
//!
//! The boundary alone ends a part, at the beginning of a line (RFC 2046, 5.1.1). A part's own `Content-Length` is
//! ignored, as RFC 7578 (4.8) has it: a length that is not true would give the digest of other bytes than were sent. A
//! part is never held in memory; its head is, up to [`MAX_HEAD_BYTES`].

mod disposition;
mod parts;

pub(crate) use parts::Parts;

/// The longest head of a part.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// The most header fields of a part.
const MAX_FIELDS: usize = 32;

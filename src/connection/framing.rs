//! Where the heads and bodies of a client's requests end, found as actix-http finds it.
//!
//! It reads heads with actix-http's own parser (httparse) and follows its rules for the length of a body, so that a
//! body is never taken for a head and no head passes as a body. A head over [`MAX_HEAD_BYTES`] or [`MAX_FIELDS`] is
//! told before actix-http sees a byte of it. What actix-http answers with 400 ends the connection, so whatever follows
//! such a head passes.

use std::ops::Range;

use httparse::{EMPTY_HEADER, Error, Header, Request, Status};

use super::chunks::{AfterChunks, Chunk};

/// The longest head, with its request line and its blank line. actix-http panics on a field name of 65,536 bytes, for
/// which no room is left.
pub(super) const MAX_HEAD_BYTES: usize = 64 << 10;

/// The most header fields of a request: actix-http's own bound.
pub(super) const MAX_FIELDS: usize = 96;

/// What the next byte of a connection belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Framing {
    /// A head.
    #[default]
    Head,
    /// A body with this many bytes left.
    Sized(u64),
    /// A chunked body.
    Chunked(Chunk),
    /// No request that would be read as one.
    Rest,
    /// A head over the bounds.
    TooLarge,
}

impl Framing {
    /// Goes on over these bytes, which begin where the last ones that were passed ended. Returns how many of them are
    /// no head.
    pub(super) fn pass_body(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while let Some(rest) = bytes.get(passed..).filter(|rest| !rest.is_empty()) {
            match self {
                Self::Rest => return bytes.len(),
                Self::Head | Self::TooLarge => break,
                Self::Sized(left) => {
                    let step = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    (passed, *left) = (passed + step, *left - step as u64);
                    if *left == 0 {
                        *self = Self::Head;
                    }
                }
                Self::Chunked(chunk) => {
                    let (step, next) = chunk.pass(rest);
                    passed += step;
                    *self = match next {
                        AfterChunks::InBody(chunk) => Self::Chunked(chunk),
                        AfterChunks::End => Self::Head,
                        AfterChunks::Malformed => Self::Rest,
                    };
                }
            }
        }
        passed
    }

    /// Goes on over the head that these bytes begin with, and returns its length; none if its end has not arrived, or
    /// if it is over the bounds. What asks for another protocol is taken out of it.
    pub(super) fn pass_head(&mut self, bytes: &mut [u8]) -> Option<usize> {
        let head = if *self == Self::Head { head(bytes) } else { None };
        let Head { length, then, upgrades } = head?;
        *self = then;
        if *self == Self::TooLarge {
            return None;
        }
        for word in upgrades {
            bytes[word].copy_from_slice(NOTHING);
        }
        Some(length)
    }
}

/// What a request for another protocol is replaced with: a field, or an option of a connection, without a meaning.
const NOTHING: &[u8; 7] = b"ignored";

/// A complete head, or the beginning of one that is over the bounds.
struct Head {
    length: usize,
    /// What follows it.
    then: Framing,
    /// Where it says `upgrade`. This service knows no other protocol and may ignore that (RFC 9110, 7.8), but actix-http
    /// would take everything that follows for the body of a WebSocket handshake, and wait for its end.
    upgrades: Vec<Range<usize>>,
}

/// The head that these bytes begin with; none if its end has not arrived.
fn head(bytes: &[u8]) -> Option<Head> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut request = Request::new(&mut fields);
    let without_upgrade = |length, then| Some(Head { length, then, upgrades: Vec::new() });
    match request.parse(bytes) {
        Ok(Status::Complete(length)) if length > MAX_HEAD_BYTES => without_upgrade(0, Framing::TooLarge),
        Ok(Status::Complete(length)) => {
            Some(Head { length, then: after(&request), upgrades: upgrades(&request, bytes) })
        }
        Ok(Status::Partial) if bytes.len() > MAX_HEAD_BYTES => without_upgrade(0, Framing::TooLarge),
        Ok(Status::Partial) => None,
        Err(Error::TooManyHeaders) => without_upgrade(0, Framing::TooLarge),
        Err(
            Error::HeaderName | Error::HeaderValue | Error::NewLine | Error::Status | Error::Token | Error::Version,
        ) => without_upgrade(0, Framing::Rest),
    }
}

/// Where the head says `upgrade`: as the name of a field, or as an option of the connection.
fn upgrades(request: &Request<'_, '_>, bytes: &[u8]) -> Vec<Range<usize>> {
    let place_of = |word: &[u8]| {
        let start = word.as_ptr().addr() - bytes.as_ptr().addr();
        start..start + word.len()
    };
    let is_upgrade = |word: &&[u8]| word.eq_ignore_ascii_case(b"upgrade");
    let mut found = Vec::new();
    for field in request.headers.iter() {
        if is_upgrade(&field.name.as_bytes()) {
            found.push(place_of(field.name.as_bytes()));
        } else if field.name.eq_ignore_ascii_case("connection") {
            let options = field.value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
            found.extend(options.filter(is_upgrade).map(place_of));
        }
    }
    found
}

/// What follows a head, by the rules of actix-http's decoder.
fn after(request: &Request<'_, '_>) -> Framing {
    let one = |name: &str| {
        let mut values = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).map(value_of);
        (values.next(), values.next().is_some())
    };
    let ((coding, two_codings), (length, two_lengths)) = (one("transfer-encoding"), one("content-length"));
    let length = match length.map(|length| length.filter(|text| !text.starts_with('+'))?.parse::<u64>().ok()) {
        None => None,
        Some(Some(length)) => Some(length),
        Some(None) => return Framing::Rest,
    };
    let (is_http_11, method) = (request.version == Some(1), request.method.unwrap_or_default());
    let is_post_without_length = !is_http_11 && method == "POST" && length.is_none();
    if two_codings || two_lengths || is_post_without_length {
        return Framing::Rest;
    }
    match coding {
        Some(Some(coding)) if is_http_11 && length.is_none() && coding.eq_ignore_ascii_case("chunked") => {
            Framing::Chunked(Chunk::default())
        }
        Some(_) => Framing::Rest,
        None => match length.unwrap_or_default() {
            0 if method == "CONNECT" => Framing::Rest,
            0 => Framing::Head,
            length => Framing::Sized(length),
        },
    }
}

/// The value of a field without blanks at its ends, if it is ASCII.
fn value_of<'a>(field: &Header<'a>) -> Option<&'a str> {
    std::str::from_utf8(field.value).ok().filter(|text| text.is_ascii()).map(str::trim)
}

#[cfg(test)]
mod tests;

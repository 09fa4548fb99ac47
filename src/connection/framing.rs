//! Where the heads and bodies of a client's requests end, found as actix-http finds it.
//!
//! It reads heads with actix-http's own parser (httparse) and follows its rules for the length of a body, so that a
//! body is never taken for a head and no head passes as a body. A head over [`MAX_HEAD_BYTES`] or [`MAX_FIELDS`] is
//! told before actix-http sees a byte of it. What actix-http answers with 400 ends the connection, so whatever follows
//! such a head passes.

use httparse::{EMPTY_HEADER, Error, Header, Request, Status};

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
    /// Goes on over these bytes, which begin where the last ones that were passed ended. Returns how many may pass; the
    /// others are the beginning of a head, or a head over the bounds.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while let Some(rest) = bytes.get(passed..).filter(|rest| !rest.is_empty()) {
            match self {
                Self::Rest => return bytes.len(),
                Self::TooLarge => break,
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
                    *self = next;
                }
                Self::Head => match head(rest) {
                    Some((_, Self::TooLarge)) => *self = Self::TooLarge,
                    Some((bytes, next)) => {
                        passed += bytes;
                        *self = next;
                    }
                    None => break,
                },
            }
        }
        passed
    }
}

/// The bytes of a complete head and what follows it; none if its end has not arrived.
fn head(bytes: &[u8]) -> Option<(usize, Framing)> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut request = Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(Status::Complete(length)) if length > MAX_HEAD_BYTES => Some((0, Framing::TooLarge)),
        Ok(Status::Complete(length)) => Some((length, after(&request))),
        Ok(Status::Partial) if bytes.len() > MAX_HEAD_BYTES => Some((0, Framing::TooLarge)),
        Ok(Status::Partial) => None,
        Err(Error::TooManyHeaders) => Some((0, Framing::TooLarge)),
        Err(
            Error::HeaderName | Error::HeaderValue | Error::NewLine | Error::Status | Error::Token | Error::Version,
        ) => Some((0, Framing::Rest)),
    }
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
    let is = |value: &Header<'_>, name: &str, word: &str| {
        value.name.eq_ignore_ascii_case(name) && value_of(value).is_some_and(|text| text.eq_ignore_ascii_case(word))
    };
    match coding {
        Some(Some(coding)) if is_http_11 && length.is_none() && coding.eq_ignore_ascii_case("chunked") => {
            Framing::Chunked(Chunk::default())
        }
        Some(_) => Framing::Rest,
        None if request.headers.iter().any(|field| is(field, "upgrade", "websocket")) => Framing::Rest,
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

/// A place in a chunked body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The bytes of the chunk that are left, or its size as far as it was read.
    left: u64,
    at: ChunkPart,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ChunkPart {
    #[default]
    SizeFirst,
    Size,
    Blank,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    Trailer,
    TrailerEnd,
    LastReturn,
    LastEnd,
}

impl Chunk {
    /// How many of the bytes belong to this body, and what follows them.
    fn pass(mut self, bytes: &[u8]) -> (usize, Framing) {
        let mut at = 0;
        while at < bytes.len() {
            if self.at == ChunkPart::Data {
                let step = (bytes.len() - at).min(usize::try_from(self.left).unwrap_or(usize::MAX));
                (at, self.left) = (at + step, self.left - step as u64);
                if self.left == 0 {
                    self.at = ChunkPart::DataReturn;
                }
                continue;
            }
            let next = self.next(bytes[at]);
            at += 1;
            match next {
                Some(_) if (self.at, bytes[at - 1]) == (ChunkPart::LastEnd, b'\n') => return (at, Framing::Head),
                Some(next) => self.at = next,
                None => return (at, Framing::Rest),
            }
        }
        (at, Framing::Chunked(self))
    }

    /// The part after this byte; none if actix-http refuses the byte.
    fn next(&mut self, byte: u8) -> Option<ChunkPart> {
        let digit = || char::from(byte).to_digit(16).map(u64::from);
        match (self.at, byte) {
            (ChunkPart::SizeFirst, _) => {
                self.left = digit()?;
                Some(ChunkPart::Size)
            }
            (ChunkPart::Size | ChunkPart::Blank, b'\t' | b' ') => Some(ChunkPart::Blank),
            (ChunkPart::Size | ChunkPart::Blank, b';') => Some(ChunkPart::Extension),
            (ChunkPart::Size | ChunkPart::Blank | ChunkPart::Extension, b'\r') => Some(ChunkPart::SizeEnd),
            (ChunkPart::Size, _) => {
                self.left = self.left.checked_mul(16)? + digit()?;
                Some(ChunkPart::Size)
            }
            (ChunkPart::Extension, 0x00..=0x08 | 0x0a..=0x1f | 0x7f) | (ChunkPart::Blank, _) => None,
            (ChunkPart::Extension, _) => Some(ChunkPart::Extension),
            (ChunkPart::SizeEnd, b'\n') if self.left == 0 => Some(ChunkPart::LastReturn),
            (ChunkPart::SizeEnd, b'\n') => Some(ChunkPart::Data),
            (ChunkPart::DataReturn, b'\r') => Some(ChunkPart::DataEnd),
            (ChunkPart::DataEnd, b'\n') => Some(ChunkPart::SizeFirst),
            (ChunkPart::Trailer | ChunkPart::Data, b'\r') => Some(ChunkPart::TrailerEnd),
            (ChunkPart::Trailer | ChunkPart::Data, _) => Some(ChunkPart::Trailer),
            (ChunkPart::TrailerEnd, b'\n') => Some(ChunkPart::LastReturn),
            (ChunkPart::LastReturn, b'\r') => Some(ChunkPart::LastEnd),
            (ChunkPart::LastReturn, _) => Some(ChunkPart::Trailer),
            (ChunkPart::LastEnd, b'\n') => Some(ChunkPart::SizeFirst),
            (ChunkPart::SizeEnd | ChunkPart::DataReturn | ChunkPart::DataEnd, _) => None,
            (ChunkPart::TrailerEnd | ChunkPart::LastEnd, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// What is passed and what is held of the text, whatever the pieces in which it comes.
    fn passes(text: &str, passed: usize, then: Framing) {
        for piece in [1, 2, 7, text.len()] {
            let (mut framing, mut held, mut count) = (Framing::Head, Vec::new(), 0);
            for bytes in text.as_bytes().chunks(piece) {
                held.extend_from_slice(bytes);
                let step = framing.pass(&held);
                held.drain(..step);
                count += step;
            }
            assert_eq!((count, framing), (passed, then), "{text:?} in pieces of {piece}");
        }
    }

    fn with(fields: &str, body: &str) -> String {
        format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}")
    }

    #[test]
    fn a_body_is_never_taken_for_a_head() {
        let chunks = "3;x=y\r\nGET\r\n4 \r\n / H\r\n0\r\nX: y\r\n\r\n";
        for body in [
            with("Content-Length: 27", GET),
            with("content-length:  3 ", "abc"),
            with("Transfer-Encoding: Chunked", chunks),
            with("Content-Length: 0", ""),
        ] {
            passes(&body, body.len(), Framing::Head);
            let two = body.clone() + GET + &body;
            passes(&two, two.len(), Framing::Head);
            passes(&(body.clone() + "GET / HT"), body.len(), Framing::Head);
        }
        let (half, chunked) = (with("Content-Length: 27", "GET /"), with("Transfer-Encoding: chunked", "5\r\nGE"));
        passes(&half, half.len(), Framing::Sized(22));
        let chunk = Chunk { left: 3, at: ChunkPart::Data };
        passes(&chunked, chunked.len(), Framing::Chunked(chunk));
    }

    #[test]
    fn what_ends_the_connection_passes() {
        for text in [
            with("Content-Length: 3\r\nContent-Length: 3", "abc"),
            with("Content-Length: +3", "abc"),
            with("Content-Length: 3\r\nTransfer-Encoding: chunked", "abc"),
            with("Transfer-Encoding: identity", "abc"),
            with("Transfer-Encoding: chunked", "zz\r\nabc"),
            with("Transfer-Encoding: chunked", "1\r\nabc"),
            with("Transfer-Encoding: chunked", "10000000000000000\r\nabc"),
            with("Upgrade: websocket", "abc"),
            "POST / HTTP/1.0\r\n\r\nabc".to_owned(),
            "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\nabc".to_owned(),
            "\x16\x03\x01".to_owned(),
        ] {
            passes(&text, text.len(), Framing::Rest);
        }
    }

    #[test]
    fn a_head_is_bounded_in_bytes_and_fields_also_after_a_body() {
        let head = |bytes: usize| with(&format!("X: {}", "x".repeat(bytes - 33)), "");
        let fields = |fields: usize| with(&vec!["X: y"; fields - 1].join("\r\n"), "");
        assert_eq!((head(100).len(), fields(3).matches(": ").count()), (100, 3));
        for before in [String::new(), GET.to_owned(), with("Content-Length: 3", "abc")] {
            for fits in [head(MAX_HEAD_BYTES), fields(MAX_FIELDS)] {
                let text = before.clone() + &fits;
                assert_eq!(Framing::Head.pass(text.as_bytes()), text.len());
            }
            for large in [head(MAX_HEAD_BYTES + 1), fields(MAX_FIELDS + 1), "\r\n".repeat(MAX_HEAD_BYTES)] {
                let (text, mut framing) = (before.clone() + &large, Framing::Head);
                assert_eq!((framing.pass(text.as_bytes()), framing), (before.len(), Framing::TooLarge));
            }
        }
    }
}

//! The parts of a body as they arrive. The [`Decoder`] finds where they begin and end, whatever the pieces.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::super::body::PacedBody;
use super::{MAX_HEAD_BYTES, disposition};
use crate::error::ApiError;

/// The longest rest of a boundary's line: blanks that a transport added.
const MAX_PADDING_BYTES: usize = 256;

/// A body of `multipart/form-data`, part by part.
pub(crate) struct Parts {
    body: PacedBody,
    decoder: Decoder,
}

impl Parts {
    /// Reads the boundary from the request's `Content-Type`, and nothing of the body.
    ///
    /// # Errors
    /// [`ApiError::InvalidRequest`] if there is no boundary.
    pub(crate) fn of(request: &HttpRequest, body: PacedBody) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        Ok(Self { body, decoder: Decoder::new(&disposition::boundary(content_type)?) })
    }

    /// The name of the next part; none after the last one. What is left of the part before it is skipped.
    pub(crate) async fn next_part(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        loop {
            match self.next().await? {
                Step::Part(name) => return Ok(Some(name)),
                Step::End => return Ok(None),
                Step::More | Step::Content(_) | Step::PartEnd => {}
            }
        }
    }

    /// The next bytes of the part; none at its end.
    pub(crate) async fn next_chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        match self.next().await? {
            Step::Content(bytes) => Ok(Some(bytes)),
            Step::More | Step::PartEnd | Step::Part(_) | Step::End => Ok(None),
        }
    }

    /// The next step for which no more bytes are needed.
    async fn next(&mut self) -> Result<Step, ApiError> {
        loop {
            match self.decoder.next()? {
                Step::More => match self.body.next().await? {
                    Some(bytes) => self.decoder.push(bytes),
                    None => self.decoder.ended = true,
                },
                step => return Ok(step),
            }
        }
    }
}

/// What the bytes so far say.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Nothing more without more bytes.
    More,
    /// A part begins; this is its name.
    Part(Vec<u8>),
    /// Bytes of the part.
    Content(Bytes),
    PartEnd,
    /// The end of the body.
    End,
}

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the first boundary: ignored.
    Preamble,
    /// The rest of a boundary's line.
    Boundary,
    /// The head of a part, from the end of the boundary's line on.
    Head,
    /// The end of the blank line after a head, or a boundary: a part without content may lack that line.
    BlankLine,
    Content,
    /// After the last boundary: ignored.
    Epilogue,
}

/// Finds parts in bytes. It holds at most a head, or the beginning of a boundary, beside the bytes pushed last.
struct Decoder {
    /// A line break, `--` and the boundary.
    delimiter: Finder<'static>,
    buffer: BytesMut,
    at: At,
    /// No more bytes come.
    ended: bool,
}

impl Decoder {
    fn new(boundary: &[u8]) -> Self {
        let delimiter = Finder::new(&[b"\r\n--", boundary].concat()).into_owned();
        // The first boundary may begin the body.
        Self { delimiter, buffer: BytesMut::from(&b"\r\n"[..]), at: At::Preamble, ended: false }
    }

    fn push(&mut self, bytes: Bytes) {
        match self.buffer.is_empty() {
            true => self.buffer = BytesMut::from(bytes),
            false => self.buffer.extend_from_slice(&bytes),
        }
    }

    fn next(&mut self) -> Result<Step, ApiError> {
        loop {
            let step = match self.at {
                At::Preamble => self.preamble()?,
                At::Boundary => self.boundary()?,
                At::Head => self.head()?,
                At::BlankLine => self.blank_line()?,
                At::Content => Some(self.content()?),
                At::Epilogue => {
                    self.buffer.clear();
                    Some(if self.ended { Step::End } else { Step::More })
                }
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// What to do without the bytes that are needed.
    fn more(&self) -> Result<Option<Step>, ApiError> {
        match self.ended {
            true => Err(ApiError::invalid("the body is incomplete, or its last boundary is missing")),
            false => Ok(Some(Step::More)),
        }
    }

    fn preamble(&mut self) -> Result<Option<Step>, ApiError> {
        match self.delimiter.find(&self.buffer) {
            Some(start) => Ok(self.enter_boundary(start)),
            None => {
                drop(self.buffer.split_to(self.without_delimiter()));
                self.more()
            }
        }
    }

    /// Goes on behind a delimiter.
    fn enter_boundary(&mut self, start: usize) -> Option<Step> {
        drop(self.buffer.split_to(start + self.delimiter.needle().len()));
        self.at = At::Boundary;
        None
    }

    /// How many bytes of the buffer, in which there is no delimiter, cannot be the beginning of one.
    fn without_delimiter(&self) -> usize {
        let tail = self.buffer.len().saturating_sub(self.delimiter.needle().len() - 1);
        memchr::memchr(b'\r', &self.buffer[tail..]).map_or(self.buffer.len(), |at| tail + at)
    }

    fn boundary(&mut self) -> Result<Option<Step>, ApiError> {
        let (line, is_whole) = match memchr::memmem::find(&self.buffer, b"\r\n") {
            Some(end) => (&self.buffer[..end], true),
            None if self.ended => (&self.buffer[..], false),
            None if self.buffer.len() <= MAX_PADDING_BYTES => return Ok(Some(Step::More)),
            None => (&self.buffer[..], true),
        };
        let is_blank = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        if line.strip_prefix(b"--").is_some_and(is_blank) {
            self.at = At::Epilogue;
            return Ok(None);
        }
        if !is_whole {
            return self.more();
        }
        if !is_blank(line) || line.len() > MAX_PADDING_BYTES {
            return Err(ApiError::invalid("a line begins with the boundary and does not end with it"));
        }
        let length = line.len();
        drop(self.buffer.split_to(length));
        self.at = At::Head;
        Ok(None)
    }

    fn head(&mut self) -> Result<Option<Step>, ApiError> {
        let end = memchr::memmem::find(&self.buffer, b"\r\n\r\n");
        if end.unwrap_or(self.buffer.len()) > MAX_HEAD_BYTES {
            return Err(ApiError::TooLarge { what: "the head of a part", limit: MAX_HEAD_BYTES as u64 });
        }
        let Some(end) = end else { return self.more() };
        let name = disposition::name_of(&self.buffer[2..end + 4])?;
        drop(self.buffer.split_to(end + 2));
        self.at = At::BlankLine;
        Ok(Some(Step::Part(name)))
    }

    fn blank_line(&mut self) -> Result<Option<Step>, ApiError> {
        let delimiter = self.delimiter.needle();
        if self.buffer.len() < delimiter.len() && delimiter.starts_with(&self.buffer) {
            return self.more();
        }
        if !self.buffer.starts_with(delimiter) {
            drop(self.buffer.split_to(2));
        }
        self.at = At::Content;
        Ok(None)
    }

    fn content(&mut self) -> Result<Step, ApiError> {
        let end = self.delimiter.find(&self.buffer);
        if end == Some(0) {
            self.enter_boundary(0);
            return Ok(Step::PartEnd);
        }
        match self.buffer.split_to(end.unwrap_or_else(|| self.without_delimiter())) {
            bytes if bytes.is_empty() => Ok(self.more()?.unwrap_or(Step::More)),
            bytes => Ok(Step::Content(bytes.freeze())),
        }
    }
}

#[cfg(test)]
mod tests;

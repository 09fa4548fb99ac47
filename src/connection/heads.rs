//! Holds every request head back until it is complete and its turn has come, and replaces one over the bounds with a
//! request that the gate refuses.
//!
//! A head's turn comes when the request before it has been answered: actix-http frames an answer by the method and the
//! version of the request that it read last, and would send a body after HEAD, or none after GET, if it read ahead.
//!
//! actix-http panics on some heads that its buffer has room for, and answers others without a body. It never sees
//! them: in their place it reads a short request for [`TOO_LARGE_PATH`], which the gate answers with 431 in its turn,
//! after earlier requests of the connection. That request announces a body that never comes, so the connection is
//! closed with a delay in which the client can read the answer; what it sends meanwhile is dropped.

use std::cell::Cell;
use std::io::Result;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::PhaseHandle;
use super::framing::{Framing, MAX_HEAD_BYTES};

/// The path of the request that stands for a head over the bounds.
const TOO_LARGE_PATH: &str = "/head-too-large";

/// Whether a connection has sent a head over the bounds, shared with the gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeadVerdict(Rc<Cell<bool>>);

impl HeadVerdict {
    /// Whether the request for this path stands for a head over the bounds.
    pub(crate) fn is_too_large(&self, path: &str) -> bool {
        self.0.get() && path == TOO_LARGE_PATH
    }
}

/// A connection whose heads arrive whole, one after the other, and within the bounds.
pub(crate) struct WholeHeads<C> {
    connection: C,
    /// Busy from the head of a request on until it is answered.
    phase: PhaseHandle,
    head_timeout: Duration,
    framing: Framing,
    /// The beginning of a head, and requests that wait for their turn; before them, bytes that are ready for the reader.
    held: Vec<u8>,
    /// How many of the bytes held are ready.
    ready: usize,
    /// The client sends no more.
    ended: bool,
    verdict: HeadVerdict,
}

impl<C> WholeHeads<C> {
    pub(crate) fn new(connection: C, phase: PhaseHandle, head_timeout: Duration) -> Self {
        Self {
            connection,
            phase,
            head_timeout,
            framing: Framing::Head,
            held: Vec::new(),
            ready: 0,
            ended: false,
            verdict: HeadVerdict::default(),
        }
    }

    /// The connection below.
    pub(crate) fn connection(&self) -> &C {
        &self.connection
    }

    /// For the gate, which answers for a head over the bounds.
    pub(crate) fn verdict(&self) -> HeadVerdict {
        self.verdict.clone()
    }

    /// Gives the reader what is ready for it. Returns whether there was something.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let count = self.ready.min(buffer.remaining());
        buffer.put_slice(&self.held[..count]);
        self.held.drain(..count);
        self.ready -= count;
        if self.held.is_empty() {
            self.held = Vec::new();
        }
        count > 0
    }

    /// Takes the bytes that came. Returns how many of them the reader may see at once.
    fn take(&mut self, came: &mut [u8]) -> usize {
        if self.framing == Framing::TooLarge {
            return 0;
        }
        let at_once = if self.held.is_empty() { self.pass(came) } else { 0 };
        self.held.extend_from_slice(&came[at_once..]);
        at_once
    }

    /// How many of the bytes belong to the body that is received, or to the next request if its turn has come.
    fn pass(&mut self, bytes: &mut [u8]) -> usize {
        let body = self.framing.pass_body(bytes);
        if self.phase.is_busy() {
            return body;
        }
        let Some(head) = self.framing.pass_head(&mut bytes[body..]) else { return body };
        self.phase.set_busy();
        body + head + self.framing.pass_body(&bytes[body + head..])
    }

    /// Makes ready what is held and may be read now.
    fn make_ready(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        self.ready = self.pass(&mut held);
        self.held = held;
        match self.framing {
            Framing::TooLarge if !self.verdict.0.get() => {
                self.refuse();
                self.phase.set_busy();
            }
            // The rest of it must come in time, also if it began while another request was answered.
            Framing::Head if self.ready == 0 && !self.held.is_empty() => self.phase.begin_head(self.head_timeout),
            Framing::Head | Framing::Sized(_) | Framing::Chunked(_) | Framing::Rest | Framing::TooLarge => {}
        }
    }

    /// Whether no more is read until a request is answered.
    fn is_full(&self) -> bool {
        self.held.len() >= MAX_HEAD_BYTES && self.framing == Framing::Head && self.phase.is_busy()
    }

    /// Replaces the head that is held.
    fn refuse(&mut self) {
        self.verdict.0.set(true);
        let method = if self.held[self.ready..].starts_with(b"HEAD ") { "HEAD" } else { "GET" };
        let request = format!(
            "{method} {TOO_LARGE_PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 1\r\n\r\n"
        );
        self.held.truncate(self.ready);
        self.held.extend_from_slice(request.as_bytes());
        self.ready = self.held.len();
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for WholeHeads<C> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        loop {
            if self.ready == 0 && !self.held.is_empty() {
                self.make_ready();
            }
            if self.give(buffer) || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let waits = !self.held.is_empty() && self.phase.is_busy();
            match (self.ended, waits) {
                (true, true) => return Poll::Pending,
                (true, false) => return Poll::Ready(Ok(())),
                (false, true) if self.is_full() => return Poll::Pending,
                (false, _) => {}
            }
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.connection).poll_read(context, buffer))?;
            if buffer.filled().len() == before {
                self.ended = true;
                continue;
            }
            let at_once = self.take(&mut buffer.filled_mut()[before..]);
            buffer.set_filled(before + at_once);
            if at_once > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for WholeHeads<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        // actix-http flushes after every answer, and reads on only if it is woken.
        if !self.held.is_empty() && !self.phase.is_busy() {
            context.waker().wake_by_ref();
        }
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::super::framing::MAX_HEAD_BYTES;
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    fn whole_heads(ours: DuplexStream) -> WholeHeads<DuplexStream> {
        WholeHeads::new(ours, PhaseHandle::new(), Duration::from_secs(10))
    }

    /// What the reader sees of the text that a client sends in pieces, and whether a head was over the bounds.
    async fn seen(text: &[u8], piece: usize, buffer: usize) -> (Vec<u8>, bool) {
        let (ours, mut theirs) = duplex(piece);
        let mut heads = whole_heads(ours);
        let mut seen = Vec::new();
        let reads = async {
            let mut part = vec![0; buffer];
            while let count @ 1.. = heads.read(&mut part).await.unwrap() {
                seen.extend_from_slice(&part[..count]);
                drop(heads.phase.begin());
            }
        };
        let sends = async {
            theirs.write_all(text).await.unwrap();
            drop(theirs);
        };
        tokio::join!(reads, sends);
        (seen, heads.verdict().is_too_large(TOO_LARGE_PATH))
    }

    #[tokio::test]
    async fn requests_pass_unchanged_whatever_the_pieces() {
        let text =
            b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\r\n\r\n\x01GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
        for (piece, buffer) in [(1, 1), (3, 5), (60, 64), (4096, 7), (4096, 4096)] {
            assert_eq!(seen(text, piece, buffer).await, (text.to_vec(), false), "{piece} {buffer}");
        }
    }

    /// What the reader gets at once; none if it would wait.
    async fn at_once(heads: &mut WholeHeads<DuplexStream>) -> Option<usize> {
        let mut part = [0; 4096];
        tokio::select! {
            biased;
            read = heads.read(&mut part) => Some(read.unwrap()),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn a_request_waits_until_the_one_before_it_is_answered() {
        let (ours, mut theirs) = duplex(4096);
        let mut heads = whole_heads(ours);
        let first = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        let second = b"HEAD / HTTP/1.0\r\n\r\n";
        theirs.write_all(&[&first[..], second, second, b"GET /"].concat()).await.unwrap();
        assert_eq!((at_once(&mut heads).await, at_once(&mut heads).await), (Some(first.len()), None));
        drop(theirs);
        assert_eq!(at_once(&mut heads).await, None, "what came before the end is read before the end");
        for _ in 0..2 {
            drop(heads.phase.begin());
            assert_eq!((at_once(&mut heads).await, at_once(&mut heads).await), (Some(second.len()), None));
        }
        drop(heads.phase.begin());
        assert_eq!(at_once(&mut heads).await, Some(0), "half a head is none");
    }

    #[tokio::test]
    async fn what_waits_is_bounded_and_its_reader_is_woken_by_the_answer() {
        let (ours, mut theirs) = duplex(1 << 20);
        let mut heads = whole_heads(ours);
        let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        theirs.write_all(&request.repeat(20_000)).await.unwrap();
        assert_eq!(at_once(&mut heads).await, Some(request.len()));
        for _ in 0..100 {
            assert_eq!(at_once(&mut heads).await, None);
        }
        assert!(heads.held.len() < MAX_HEAD_BYTES + 4096, "{}", heads.held.len());
        for _ in 1..20_000 {
            drop(heads.phase.begin());
            assert_eq!(at_once(&mut heads).await, Some(request.len()));
        }
    }

    #[tokio::test]
    async fn a_head_over_the_bounds_is_replaced_after_the_requests_before_it() {
        let first = b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n".as_slice();
        let large = [b"HEAD / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 2 * MAX_HEAD_BYTES], b"\r\n\r\n"].concat();
        for (piece, buffer) in [(100, 64), (8192, 8192), (1 << 20, 1 << 20)] {
            let (seen, too_large) = seen(&[first, &large, first].concat(), piece, buffer).await;
            let rest = String::from_utf8(seen).unwrap();
            let rest = rest.strip_prefix(std::str::from_utf8(first).unwrap()).unwrap();
            assert!(too_large && rest.starts_with("HEAD /head-too-large HTTP/1.1\r\n"), "{rest}");
            assert_eq!((rest.matches("HTTP/1.1").count(), rest.ends_with("\r\n\r\n")), (1, true), "{rest}");
        }
    }
}

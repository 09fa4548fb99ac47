//! A client's connection, with a deadline for every request head, for writes to a client that does not read, and for
//! the time between requests.
//!
//! actix-http times only the first head of a connection, and no write at all, so the socket does it. The gate tells it
//! through a [`PhaseHandle`] whether a request is being answered. While none is, the next must begin, and its head be
//! complete, in time; a write may wait only so long for the socket to accept a byte. Each timeout ends the connection
//! and releases what it held. Streamed answers have further bounds, see [`answer`].

mod answer;
mod chunks;
mod framing;
mod heads;
mod socket;

use std::cell::Cell;
use std::future::Future;
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hivesum_actors::limits::Permit;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub(crate) use answer::{AnswerHandle, Reading};
pub(crate) use heads::{HeadVerdict, WholeHeads};
pub(crate) use socket::{Abort, PeerUser, Socket};

use crate::config::BodyPace;

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// For a head, from its first byte on.
    pub(crate) head: Duration,
    /// For a write that makes no progress.
    pub(crate) write: Duration,
    /// For the first byte of a head after an answer.
    pub(crate) idle: Duration,
    /// The least speed of the reader of a streamed answer, which is that of uploads.
    pub(crate) pace: BodyPace,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first byte of a head.
    Idle,
    /// The rest of a head, until this deadline.
    Head(Instant),
    /// Nothing: a request is being answered.
    Busy,
}

/// The phase of a connection, shared with the gate.
#[derive(Debug, Clone)]
pub(crate) struct PhaseHandle(Rc<Cell<Phase>>);

impl PhaseHandle {
    fn new() -> Self {
        Self(Rc::new(Cell::new(Phase::Idle)))
    }

    /// Notes that a head is complete: the request is being answered until the guard is dropped.
    pub(crate) fn begin(&self) -> Answering {
        self.set_busy();
        Answering(self.clone())
    }

    /// Whether a request is being answered.
    fn is_busy(&self) -> bool {
        self.0.get() == Phase::Busy
    }

    fn set_busy(&self) {
        self.0.set(Phase::Busy);
    }

    /// Notes that a head has begun, if none has.
    fn begin_head(&self, timeout: Duration) {
        if self.0.get() == Phase::Idle {
            self.0.set(Phase::Head(Instant::now() + timeout));
        }
    }
}

/// A guard for a request that is being answered.
#[derive(Debug)]
pub(crate) struct Answering(PhaseHandle);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.set(Phase::Idle);
    }
}

/// Whether the client sends nothing more: it has gone away, or has closed its half of the connection. Shared with
/// routes that have nothing to write for a long time, as only a write would tell otherwise.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientEnd(CancellationToken);

impl ClientEnd {
    /// Returns once the client's end was read.
    pub(crate) async fn reached(&self) {
        self.0.cancelled().await;
    }
}

/// A connection with its deadlines.
pub(crate) struct Connection<S = Socket> {
    socket: S,
    phase: PhaseHandle,
    answer: AnswerHandle,
    end: ClientEnd,
    timeouts: Timeouts,
    head_timer: Timer,
    write_timer: Timer,
    idle_timer: Timer,
    /// The deadline of the pending write.
    write_until: Option<Instant>,
    /// When the connection is closed if nothing comes.
    idle_until: Option<Instant>,
    _permit: Option<Permit>,
}

impl<S> Connection<S> {
    pub(crate) fn new(socket: S, timeouts: Timeouts, permit: Option<Permit>) -> Self {
        Self {
            socket,
            phase: PhaseHandle::new(),
            answer: AnswerHandle::default(),
            end: ClientEnd::default(),
            timeouts,
            head_timer: Timer::default(),
            write_timer: Timer::default(),
            idle_timer: Timer::default(),
            write_until: None,
            idle_until: None,
            _permit: permit,
        }
    }

    /// A handle to the phase, for the gate.
    pub(crate) fn phase(&self) -> PhaseHandle {
        self.phase.clone()
    }

    /// A handle to the bounds of the answer, for the gate.
    pub(crate) fn answer(&self) -> AnswerHandle {
        self.answer.clone()
    }

    /// A handle to the end of what the client sends, for routes.
    pub(crate) fn client_end(&self) -> ClientEnd {
        self.end.clone()
    }

    /// Notes that bytes arrived; an error if they arrived too late.
    fn bytes_came(&mut self) -> std::io::Result<()> {
        self.idle_until = None;
        match self.phase.0.get() {
            Phase::Busy => Ok(()),
            Phase::Idle => {
                self.phase.0.set(Phase::Head(Instant::now() + self.timeouts.head));
                Ok(())
            }
            Phase::Head(until) if Instant::now() < until => Ok(()),
            Phase::Head(_) => Err(too_slow("the request head")),
        }
    }

    /// Checks the deadline of the head, which does not apply while a write is pending.
    fn poll_head_timer(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.phase.0.get() {
            Phase::Head(until) if self.write_until.is_none() && self.head_timer.is_over(until, context) => {
                Poll::Ready(Err(too_slow("the request head")))
            }
            Phase::Head(_) | Phase::Idle | Phase::Busy => Poll::Pending,
        }
    }

    /// Whether nothing came for too long since the last answer was written. actix-http's own timer starts again
    /// whenever the connection is polled.
    fn has_idled(&mut self, context: &mut Context<'_>) -> bool {
        if self.phase.0.get() != Phase::Idle || self.write_until.is_some() {
            return false;
        }
        let until = *self.idle_until.get_or_insert_with(|| Instant::now() + self.timeouts.idle);
        self.idle_timer.is_over(until, context)
    }
}

impl Connection<Socket> {
    /// The user at the other end of a Unix socket.
    pub(crate) fn peer_user(&self) -> Option<PeerUser> {
        self.socket.peer_user()
    }
}

impl<S: Abort> Connection<S> {
    /// Handles the outcome of a write: progress restarts its deadline.
    fn after_write<T>(
        &mut self,
        written: Poll<std::io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<T>> {
        if written.is_ready() {
            (self.write_until, self.idle_until) = (None, None);
            return written;
        }
        let stalled_at = *self.write_until.get_or_insert_with(|| Instant::now() + self.timeouts.write);
        let too_slow_at = self.answer.poll_deadline(self.timeouts.pace, context);
        let until = too_slow_at.map_or(stalled_at, |at| at.min(stalled_at));
        if !self.write_timer.is_over(until, context) {
            return Poll::Pending;
        }
        if self.answer.has_ended() {
            self.socket.abort();
        }
        Poll::Ready(Err(too_slow("the client")))
    }
}

fn too_slow(what: &str) -> Error {
    Error::new(ErrorKind::TimedOut, format!("{what} was too slow"))
}

/// A timer that allocates nothing until something waits.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn is_over(&mut self, until: Instant, context: &mut Context<'_>) -> bool {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() != until {
            sleep.as_mut().reset(until);
        }
        sleep.as_mut().poll(context).is_ready()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.socket).poll_read(context, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() > before => Poll::Ready(self.bytes_came()),
            Poll::Ready(read) => {
                self.end.0.cancel();
                Poll::Ready(read)
            }
            // As if the client had closed it, so that it is shut down in order.
            Poll::Pending if self.has_idled(context) => Poll::Ready(Ok(())),
            Poll::Pending => self.poll_head_timer(context),
        }
    }
}

impl<S: AsyncWrite + Abort + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.answer.took(count);
        }
        self.after_write(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        let flushed = self.after_write(flushed, context);
        // Nothing else wakes a connection that has nothing to do.
        if self.has_idled(context) {
            context.waker().wake_by_ref();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let shut = Pin::new(&mut self.socket).poll_shutdown(context);
        self.after_write(shut, context)
    }
}

#[cfg(test)]
mod tests;

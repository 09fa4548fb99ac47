//! The socket below HTTP: TCP, plain or with TLS, or a Unix socket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;

/// A client's socket.
pub(crate) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Unix(UnixStream),
}

/// The user at the other end of a Unix socket, as the kernel has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PeerUser(pub(crate) u32);

impl Socket {
    /// The user at the other end; none if it is not a Unix socket.
    pub(super) fn peer_user(&self) -> Option<PeerUser> {
        match self {
            Self::Plain(_) | Self::Tls(_) => None,
            Self::Unix(socket) => socket.peer_cred().ok().map(|peer| PeerUser(peer.uid())),
        }
    }
}

/// A connection that can be closed at once.
pub(crate) trait Abort {
    /// Makes the kernel drop what it has not sent yet when the socket is closed, and tell the client so (RST).
    fn abort(&self);
}

impl Abort for Socket {
    fn abort(&self) {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Tls(socket) => socket.get_ref().0,
            // The client of a closed one sees at once that no more will come.
            Self::Unix(_) => return,
        };
        if let Err(error) = socket.set_zero_linger() {
            tracing::debug!(%error, "a connection is closed after what was written to it");
        }
    }
}

/// For tests: dropping it ends it at once.
#[cfg(test)]
impl Abort for tokio::io::DuplexStream {
    fn abort(&self) {}
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Tls(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Unix(socket) => Pin::new(socket).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(socket) => Pin::new(socket).poll_flush(context),
            Self::Unix(socket) => Pin::new(socket).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(context),
        }
    }
}

//! A line to a TCP server that can be cut: what is sent over it waits, as with a cable that is pulled, and arrives once
//! it is mended.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A line. It ends, and its connections with it, when this is dropped.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_cut: bool,
    has_ended: bool,
    connections: Vec<TcpStream>,
}

impl Line {
    /// A line to the server at this address of the loopback.
    pub fn to(server: &str) -> Self {
        let server: SocketAddr = server.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let inner = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if inner.state().has_ended {
                    return;
                }
                // Without a server the client is hung up on, as by the server's machine.
                if let Ok(server) = TcpStream::connect(server) {
                    inner.join(client, server);
                }
            }
        });
        Self { address, shared }
    }

    /// Where it begins, as `HOST:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Holds back what is sent from now on.
    pub fn cut(&self) {
        self.shared.state().is_cut = true;
    }

    /// Lets it through again.
    pub fn mend(&self) {
        self.shared.state().is_cut = false;
        self.shared.changed.notify_all();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        (state.has_ended, state.is_cut) = (true, false);
        state.connections.drain(..).for_each(|connection| drop(connection.shutdown(Shutdown::Both)));
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the thread that waits for clients.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let ends = [(&client, &server), (&server, &client)];
        for (from, to) in ends.map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap())) {
            let shared = self.clone();
            std::thread::spawn(move || shared.pass_on(from, to));
        }
        self.state().connections.extend([client, server]);
    }

    fn pass_on(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 64 << 10];
        while let Ok(bytes @ 1..) = from.read(&mut buffer) {
            let cut = self.changed.wait_while(self.state(), |state| state.is_cut);
            drop(cut.unwrap_or_else(PoisonError::into_inner));
            if to.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        // A connection that one side has ended ends for both, but not while the line is cut: nobody hears of it then.
        let cut = self.changed.wait_while(self.state(), |state| state.is_cut);
        drop(cut.unwrap_or_else(PoisonError::into_inner));
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_over_a_line_that_is_cut_arrives_once_it_is_mended() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Line::to(&server.local_addr().unwrap().to_string());
        let mut client = TcpStream::connect(line.address()).unwrap();
        let (mut answering, _) = server.accept().unwrap();
        let mut byte = [0];
        client.write_all(b"a").unwrap();
        answering.read_exact(&mut byte).unwrap();
        line.cut();
        client.write_all(b"b").unwrap();
        answering.set_nonblocking(true).unwrap();
        assert!(answering.read(&mut byte).is_err(), "nothing comes");
        line.mend();
        answering.set_nonblocking(false).unwrap();
        answering.read_exact(&mut byte).unwrap();
        assert_eq!(byte, *b"b");
        drop(line);
        assert_eq!(client.read(&mut byte).unwrap_or(0), 0, "it ends with the line");
    }
}

//! The service's side of the control socket: accepts, checks who it is, reads a line, answers a line.
//!
//! No client can hurt the service: eight are served at a time and the others wait, a line has a bound and ten seconds to
//! arrive, and one that makes no sense is answered with the reason. Commands run off the event loop, in the store's own
//! threads; their number is that of the connections.

use std::rc::Rc;
use std::time::Duration;

use rustix::process::getuid;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::protocol::{Answer, Command, MAX_REQUEST_BYTES, Reason, line_of, parse};
use super::socket::ControlSocket;

/// Connections that are served at a time. Later ones wait to be accepted.
pub(crate) const CONNECTIONS: usize = 8;

/// How long a client may take to send a line, or to read one.
const LINE_WITHIN: Duration = Duration::from_secs(10);

/// How long a service that stops waits for commands in progress.
const END_WITHIN: Duration = Duration::from_secs(2);

/// The pause after a connection could not be accepted, as it happens without free descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// What came of waiting for a request.
enum Received {
    Line(Vec<u8>),
    TooLong,
    /// The client left, or sent no whole line in time; or the service stops.
    Nothing,
}

/// Serves until `stop`, then removes the socket and waits for the commands in progress. `carry_out` does what a
/// command says; it is never called for a client of another user.
pub(crate) async fn serve<F>(socket: ControlSocket, carry_out: F, stop: CancellationToken)
where
    F: AsyncFn(Command) -> Answer + 'static,
{
    let (carry_out, permits) = (Rc::new(carry_out), std::sync::Arc::new(Semaphore::new(CONNECTIONS)));
    let mut clients = JoinSet::new();
    while let Some((stream, permit)) = accept(&socket, &permits, &stop).await {
        while clients.try_join_next().is_some() {}
        let (carry_out, stop) = (carry_out.clone(), stop.clone());
        clients.spawn_local(async move {
            serve_client(stream, &*carry_out, &stop).await;
            drop(permit);
        });
    }
    drop(socket);
    let ended = timeout(END_WITHIN, async { while clients.join_next().await.is_some() {} });
    if ended.await.is_err() {
        tracing::warn!("a command on the control socket was cut off");
    }
}

/// The next connection; none once the service stops.
async fn accept(
    socket: &ControlSocket,
    permits: &std::sync::Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(UnixStream, OwnedSemaphorePermit)> {
    let accept = async {
        let permit = permits.clone().acquire_owned().await.ok()?;
        loop {
            match socket.listener.accept().await {
                Ok((stream, _)) => return Some((stream, permit)),
                Err(error) => {
                    tracing::warn!(%error, "the control socket accepts no connection");
                    sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        accepted = accept => accepted,
    }
}

async fn serve_client(stream: UnixStream, carry_out: &impl AsyncFn(Command) -> Answer, stop: &CancellationToken) {
    let peer = stream.peer_cred();
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let user = match admit(peer.map(|peer| peer.uid())) {
        Ok(user) => user,
        Err(refusal) => {
            send(&mut write, &refusal).await;
            return;
        }
    };
    loop {
        let (answer, goes_on) = match next_line(&mut read, stop).await {
            Received::Line(line) => match parse::<Command>(&line) {
                Ok(command) => {
                    if !command.is_question() {
                        tracing::info!(user, command = command.name(), "a command came through the control socket");
                    }
                    (carry_out(command).await, true)
                }
                Err(invalid) => (refused(Reason::InvalidRequest, invalid.to_string()), true),
            },
            Received::TooLong => {
                let detail = format!("the request is longer than {MAX_REQUEST_BYTES} bytes");
                (refused(Reason::InvalidRequest, detail), false)
            }
            Received::Nothing => return,
        };
        if !send(&mut write, &answer).await || !goes_on {
            return;
        }
    }
}

/// Refuses every user but the service's own and root. Returns who it is.
fn admit(user: std::io::Result<u32>) -> Result<u32, Answer> {
    let own = getuid().as_raw();
    match user {
        Ok(user) if user == own || user == 0 => Ok(user),
        Ok(user) => {
            tracing::warn!(user, "another user was refused at the control socket");
            let detail = format!("the service is controlled by its own user, {own}, and by root, not by user {user}");
            Err(refused(Reason::Forbidden, detail))
        }
        Err(_) => Err(refused(Reason::Forbidden, "the kernel does not say who you are".to_owned())),
    }
}

async fn next_line(read: &mut BufReader<OwnedReadHalf>, stop: &CancellationToken) -> Received {
    let mut line = Vec::new();
    let mut bounded = read.take(MAX_REQUEST_BYTES as u64 + 1);
    let received = tokio::select! {
        biased;
        () = stop.cancelled() => return Received::Nothing,
        received = timeout(LINE_WITHIN, bounded.read_until(b'\n', &mut line)) => received,
    };
    match received {
        Ok(Ok(_)) if line.len() > MAX_REQUEST_BYTES => Received::TooLong,
        Ok(Ok(_)) if line.ends_with(b"\n") => Received::Line(line),
        Ok(Ok(_) | Err(_)) | Err(_) => Received::Nothing,
    }
}

/// Returns whether the client took the answer.
async fn send(write: &mut (impl tokio::io::AsyncWrite + Unpin), answer: &Answer) -> bool {
    let Ok(line) = line_of(answer) else { return false };
    matches!(timeout(LINE_WITHIN, write.write_all(&line)).await, Ok(Ok(())))
}

pub(super) fn refused(reason: Reason, detail: String) -> Answer {
    Answer::Refused { reason, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tokio::sync::Notify;

    /// The first connection of a test, and what it is answered.
    async fn client(dir: &Path) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(dir.join(super::super::socket::NAME)).await.unwrap())
    }

    async fn ask(client: &mut BufReader<UnixStream>, request: &[u8]) -> String {
        // What is refused before its end is not taken to its end.
        let _ = client.write_all(request).await;
        let mut line = String::new();
        let _ = client.read_line(&mut line).await;
        line
    }

    /// A service whose commands all end with this answer.
    fn started(dir: &Path, carry_out: impl AsyncFn(Command) -> Answer + 'static) -> CancellationToken {
        let stop = CancellationToken::new();
        let socket = ControlSocket::bind(dir).unwrap().unwrap();
        actix_web::rt::spawn(serve(socket, carry_out, stop.clone()));
        stop
    }

    const LINK: &[u8] = b"{\"v\":1,\"command\":\"token_link\"}\n";
    const DONE: &str = "{\"v\":1,\"answer\":\"token_created\"}\n";

    #[actix_web::test]
    async fn hostile_lines_are_refused_in_words_and_hurt_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let stop = started(dir.path(), async |_| Answer::TokenCreated {});
        let long = vec![b' '; 1 << 20];
        let at_bound = [vec![b' '; MAX_REQUEST_BYTES - LINK.len()], LINK.to_vec()].concat();
        let beyond = [b" ".to_vec(), at_bound.clone()].concat();
        for (request, words) in [
            (&b"hello\n"[..], "not a JSON object"),
            (b"\xff\0\n", "not a JSON object"),
            (b"\n", "not a JSON object"),
            (b"{\"v\":7,\"command\":\"token_link\"}\n", "speaks version 1"),
            (b"{\"v\":1,\"command\":\"stop\"}\n", "unknown variant `stop`"),
            (&long, "longer than 65536 bytes"),
            (&beyond, "longer than 65536 bytes"),
            (&at_bound, DONE),
        ] {
            let answer = ask(&mut client(dir.path()).await, request).await;
            assert!(answer.contains(words), "{answer}");
        }
        let mut half = client(dir.path()).await;
        half.write_all(&LINK[..9]).await.unwrap();
        drop(half);
        let mut several = client(dir.path()).await;
        for _ in 0..3 {
            assert!(ask(&mut several, b"x\n").await.contains("invalid_request"));
            assert_eq!(ask(&mut several, LINK).await, DONE);
        }
        stop.cancel();
        assert_eq!(ask(&mut several, b"").await, "", "an idle client does not delay the end");
        while dir.path().join(super::super::socket::NAME).exists() {
            tokio::task::yield_now().await;
        }
    }

    #[actix_web::test]
    async fn the_ninth_client_waits_until_one_of_the_eight_leaves() {
        let dir = tempfile::tempdir().unwrap();
        let _stop = started(dir.path(), async |_| Answer::TokenCreated {});
        let mut first = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut one = client(dir.path()).await;
            assert_eq!(ask(&mut one, LINK).await, DONE);
            first.push(one);
        }
        let mut ninth = client(dir.path()).await;
        ninth.write_all(LINK).await.unwrap();
        for one in &mut first {
            assert_eq!(ask(one, LINK).await, DONE);
        }
        let mut byte = [0];
        assert!(ninth.get_ref().try_read(&mut byte).is_err(), "the ninth is not answered yet");
        drop(first.pop());
        assert_eq!(ask(&mut ninth, b"").await, DONE);
    }

    #[actix_web::test]
    async fn a_client_that_sends_nothing_for_ten_seconds_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let _stop = started(dir.path(), async |_| Answer::TokenCreated {});
        let mut silent = client(dir.path()).await;
        assert_eq!(ask(&mut silent, LINK).await, DONE);
        silent.write_all(&LINK[..9]).await.unwrap();
        // From here on the clock goes on to the next timer whenever there is nothing else to do.
        tokio::time::pause();
        let (began, mut line) = (tokio::time::Instant::now(), String::new());
        assert_eq!(silent.read_line(&mut line).await.unwrap(), 0);
        assert!(began.elapsed() < LINE_WITHIN + Duration::from_secs(1));
    }

    #[actix_web::test]
    async fn a_service_that_stops_lets_a_command_in_progress_end() {
        let dir = tempfile::tempdir().unwrap();
        let (began, go_on) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let (begins, goes_on) = (began.clone(), go_on.clone());
        let stop = started(dir.path(), async move |_| {
            begins.notify_one();
            goes_on.notified().await;
            Answer::TokenCreated {}
        });
        let mut client = client(dir.path()).await;
        client.write_all(LINK).await.unwrap();
        began.notified().await;
        stop.cancel();
        go_on.notify_one();
        assert_eq!(ask(&mut client, b"").await, DONE);
    }

    #[test]
    fn only_the_user_of_the_service_and_root_are_admitted() {
        let own = getuid().as_raw();
        assert_eq!([own, 0].map(|user| admit(Ok(user))), [Ok(own), Ok(0)]);
        let Err(Answer::Refused { reason, detail }) = admit(Ok(own + 1)) else { panic!("another user was admitted") };
        assert_eq!((reason, detail.ends_with(&format!("not by user {}", own + 1))), (Reason::Forbidden, true));
        assert!(admit(Err(std::io::ErrorKind::Other.into())).is_err());
    }
}

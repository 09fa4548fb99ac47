//! How a command changes a state directory: it asks the service that runs on it, or takes the server's lock itself.
//!
//! So there is one writer at any time. A service that starts or stops has the lock and no socket for a moment, so both
//! are tried in turn, for ten seconds at most. Every request may be sent again: asking twice does no harm.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hivesum::control::protocol::{Answer, Command, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, Reason, line_of, parse};
use hivesum::control::socket::connect;
use hivesum_actors::error::StoreError;

use super::error::{NOT_RUNNING, StatusError, system_text};
use super::lock_holder::in_use;
use super::quote::quoted;

/// How long a command waits for the lock or for an answer.
const WAIT: Duration = Duration::from_secs(10);

/// The pause between two attempts.
const TRY_AGAIN_EVERY: Duration = Duration::from_millis(20);

/// A state directory that a command is about to change.
#[derive(Debug)]
pub(super) struct StateAccess {
    directory: PathBuf,
    wait: Duration,
}

/// What came of asking the service.
#[derive(Debug, PartialEq)]
pub(super) enum Asked {
    /// The service has answered.
    Answered(Answer),
    /// No service runs, or it ends and has not begun to do it.
    NobodyListens,
    /// The service ended meanwhile: it may or may not have done it.
    Lost,
}

/// A change that was made.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) answer: Answer,
    /// Whether it was asked for before, without an answer.
    pub(super) is_repeated: bool,
    /// Whether a running service has done it.
    pub(super) by_service: bool,
}

impl StateAccess {
    pub(super) fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), wait: WAIT }
    }

    /// Has the running service do something, or else does it: `alone` takes the server's lock first, and is called
    /// again while another process holds it.
    pub(super) fn change(
        &self,
        command: &Command,
        mut alone: impl FnMut() -> anyhow::Result<Answer>,
    ) -> anyhow::Result<Done> {
        let (deadline, mut is_repeated) = (Instant::now() + self.wait, false);
        loop {
            match self.ask(command)? {
                Asked::Answered(answer) => return Ok(Done { answer, is_repeated, by_service: true }),
                Asked::Lost => is_repeated = true,
                Asked::NobodyListens => {}
            }
            match alone() {
                Err(error) if is_locked(&error) && Instant::now() < deadline => std::thread::sleep(TRY_AGAIN_EVERY),
                Err(error) if is_locked(&error) => return Err(in_use(&self.directory, &self.silence(is_repeated))),
                done => return Ok(Done { answer: done?, is_repeated, by_service: false }),
            }
        }
    }

    /// Does something that no service does while it runs. Other commands are waited for.
    pub(super) fn without_service<T>(&self, mut alone: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let deadline = Instant::now() + self.wait;
        loop {
            match alone() {
                Err(error) if is_locked(&error) && self.is_served() => {
                    return Err(in_use(&self.directory, ": a service is running; stop it first"));
                }
                Err(error) if is_locked(&error) && Instant::now() < deadline => std::thread::sleep(TRY_AGAIN_EVERY),
                Err(error) if is_locked(&error) => return Err(in_use(&self.directory, &self.silence(false))),
                done => return done,
            }
        }
    }

    /// Asks the running service. Its refusals are errors.
    pub(super) fn ask(&self, command: &Command) -> anyhow::Result<Asked> {
        let request = line_of(command)?;
        anyhow::ensure!(
            request.len() <= MAX_REQUEST_BYTES,
            "too long for the running service: {} bytes, and it takes {MAX_REQUEST_BYTES}",
            request.len()
        );
        let asked = match connect(&self.directory, self.wait) {
            Ok(Some(stream)) => exchange(stream, &request),
            Ok(None) => return Ok(Asked::NobodyListens),
            Err(error) => Err(error),
        };
        match asked {
            Ok(line) if line.is_empty() => Ok(Asked::Lost),
            Ok(line) => Ok(Asked::Answered(accepted(&line)?)),
            // It was closed without being read, so nothing was begun.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                Ok(Asked::NobodyListens)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(in_use(&self.directory, &self.silence(true)))
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => anyhow::bail!(
                "{}: the service belongs to another user: run this command as that user, or as root",
                self.shown()
            ),
            Err(error) => anyhow::bail!("{}: the control socket: {}", self.shown(), system_text(&error)),
        }
    }

    /// Asks the running service, and fails with its own exit status if there is none.
    pub(super) fn ask_running(&self, command: &Command) -> anyhow::Result<Answer> {
        match self.ask(command)? {
            Asked::Answered(answer) => Ok(answer),
            Asked::NobodyListens | Asked::Lost => {
                let directory = quoted(std::path::absolute(&self.directory)?.as_os_str());
                let message = format!(
                    "no service is running on the state directory {directory}: start it, or give --state DIR, the \
                     same as the service's, or --server URL"
                );
                Err(StatusError { status: NOT_RUNNING, message }.into())
            }
        }
    }

    pub(super) fn is_served(&self) -> bool {
        !matches!(connect(&self.directory, self.wait), Ok(None))
    }

    /// What is said of a holder of the lock that does not answer.
    fn silence(&self, was_asked: bool) -> String {
        let unknown = if was_asked { "; whether this was done is not known" } else { "" };
        format!(", which has not answered for {} s{unknown}", self.wait.as_secs())
    }

    fn shown(&self) -> String {
        quoted(self.directory.as_os_str())
    }
}

fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<StoreError>(), Some(StoreError::Locked))
}

/// Sends the request. The line that comes back; none if the service ended before it answered.
fn exchange(mut stream: UnixStream, request: &[u8]) -> io::Result<Vec<u8>> {
    // A service that refuses its client has answered before it was asked.
    let sent = stream.write_all(request);
    let mut line = Vec::new();
    let read = BufReader::new(stream).take(MAX_ANSWER_BYTES as u64).read_until(b'\n', &mut line);
    if line.ends_with(b"\n") {
        return Ok(line);
    }
    sent.and(read)?;
    Ok(Vec::new())
}

/// The answer in a line, unless it is a refusal.
fn accepted(line: &[u8]) -> anyhow::Result<Answer> {
    let answer =
        parse(line).map_err(|error| anyhow::anyhow!("the running service answered in another way: {error}"))?;
    match answer {
        Answer::Refused { reason: Reason::SyncFailed, .. } => Err(StoreError::SyncFailed.into()),
        Answer::Refused { detail, .. } => anyhow::bail!(detail),
        answer => Ok(answer),
    }
}

/// The error for an answer to another question.
pub(super) fn unexpected(answer: &Answer) -> anyhow::Error {
    anyhow::anyhow!("the running service answered another question: {answer:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::error::exit_status;
    use hivesum_test_support::LONGEST_WAIT;
    use std::os::unix::net::UnixListener;
    use std::process::ExitCode;

    const LINK: Command = Command::TokenLink {};
    const DONE: Answer = Answer::TokenRevoked { existed: true };

    /// Gives up soon: what has to come needs another wait.
    fn access(directory: &Path) -> StateAccess {
        StateAccess { directory: directory.to_owned(), wait: Duration::from_millis(40) }
    }

    fn locked<T>() -> anyhow::Result<T> {
        Err(StoreError::Locked.into())
    }

    /// Answers as many clients as there are answers. An empty one ends the connection.
    fn service(directory: &Path, answers: &'static [&'static str]) -> std::thread::JoinHandle<()> {
        let listener = UnixListener::bind(directory.join("hivesum.sock")).unwrap();
        std::thread::spawn(move || {
            for answer in answers {
                let mut stream = BufReader::new(listener.accept().unwrap().0);
                stream.read_line(&mut String::new()).unwrap();
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        })
    }

    #[test]
    fn without_a_service_a_command_waits_for_the_lock_and_does_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut attempts = 0;
        let alone = || {
            attempts += 1;
            if attempts == 1 { locked() } else { Ok(DONE) }
        };
        let done = StateAccess { wait: LONGEST_WAIT, ..access(dir.path()) }.change(&LINK, alone).unwrap();
        assert_eq!((done.answer, done.is_repeated, done.by_service, attempts), (DONE, false, false, 2));
    }

    #[test]
    fn a_lock_that_is_held_without_an_answer_is_an_error_that_names_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(dir.path().join("hivesum.lock")).unwrap();
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let refused = access(dir.path()).change(&LINK, locked).unwrap_err();
        assert_eq!(exit_status(&refused), ExitCode::from(75));
        let expected = format!("is in use by process {} (", std::process::id());
        assert!(refused.to_string().contains(&expected), "{refused}");
        let refused = access(dir.path()).without_service(locked::<()>).unwrap_err();
        assert_eq!(exit_status(&refused), ExitCode::from(75));
    }

    #[test]
    fn a_service_that_takes_a_request_and_does_not_answer_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let _listener = UnixListener::bind(dir.path().join("hivesum.sock")).unwrap();
        let refused = access(dir.path()).change(&LINK, || panic!("the service may still do it")).unwrap_err();
        assert_eq!(exit_status(&refused), ExitCode::from(75));
        assert!(refused.to_string().contains("whether this was done is not known"), "{refused}");
        let refused = access(dir.path()).without_service(locked::<()>).unwrap_err();
        assert!(refused.to_string().contains("stop it first"), "{refused}");
    }

    #[test]
    fn an_answer_that_is_lost_is_asked_for_again() {
        let dir = tempfile::tempdir().unwrap();
        let answers = &["", "{\"v\":1,\"answer\":\"token_revoked\",\"existed\":true}\n"];
        let service = service(dir.path(), answers);
        let done = StateAccess { wait: LONGEST_WAIT, ..access(dir.path()) }.change(&LINK, locked).unwrap();
        assert_eq!((done.answer, done.is_repeated, done.by_service), (DONE, true, true));
        service.join().unwrap();
    }

    #[test]
    fn a_refusal_that_comes_before_the_request_is_told() {
        let (client, mut service) = UnixStream::pair().unwrap();
        service.write_all(b"no\n").unwrap();
        drop(service);
        assert_eq!(exchange(client, &[b' '; MAX_REQUEST_BYTES]).unwrap(), b"no\n");
        let (client, service) = UnixStream::pair().unwrap();
        drop(service);
        assert_eq!(exchange(client, b"{}\n").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_the_service_refuses_or_says_in_another_version_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let answers = &[
            "{\"v\":1,\"answer\":\"refused\",\"reason\":\"impossible\",\"detail\":\"no such root\"}\n",
            "{\"v\":1,\"answer\":\"refused\",\"reason\":\"sync_failed\",\"detail\":\"\"}\n",
            "{\"v\":2,\"answer\":\"token_created\"}\n",
            "HTTP/1.1 400 Bad Request\r\n",
        ];
        let service = service(dir.path(), answers);
        let failed = ["no such root", "the disk failed", "version 2 of the control", "not a JSON object"];
        for (words, status) in failed.into_iter().zip([1, 74, 1, 1]) {
            let error = StateAccess { wait: LONGEST_WAIT, ..access(dir.path()) }.change(&LINK, locked).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(exit_status(&error), ExitCode::from(status), "{error}");
        }
        service.join().unwrap();
        let long = Command::RootAccept { name: "x".repeat(MAX_REQUEST_BYTES) };
        assert!(access(dir.path()).ask(&long).unwrap_err().to_string().contains("too long"));
    }
}

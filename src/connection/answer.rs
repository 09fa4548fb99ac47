//! What bounds a streamed answer beside the write timeout: the end of its credentials, and a minimum pace of its
//! reader.
//!
//! actix-http asks a body for more only once the client has taken what was written before. So no body could keep these
//! bounds: a client that has stopped reading would keep its stream, and one that reads a few bytes now and then would
//! keep it for as long as it likes, with the snapshot of an export. The gate tells through an [`AnswerHandle`] what is
//! streamed. The connection counts what the socket takes and how long it waits for the client; time in which there is
//! nothing to write does not count.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::config::BodyPace;

/// How long a client may take for what was written already once the credentials have ended. The end is noticed within
/// half a second, and the stream must end within two.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

/// How fast the client must read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As slowly as the write timeout allows: the answer holds nothing that others need.
    #[default]
    Unhurried,
    /// As fast as uploads must come.
    AtMinimumPace,
}

/// The bounds of the answer that is being written, shared with the gate.
#[derive(Clone, Default)]
pub(crate) struct AnswerHandle(Rc<RefCell<Answer>>);

/// An answer that is being written.
#[derive(Default)]
struct Answer {
    /// The end of its credentials; none if they cannot end.
    ended: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// When the connection is closed, once the credentials have ended.
    close_at: Option<Instant>,
    reading: Reading,
    taken_bytes: u64,
    /// For how long the client was waited for, without the present wait.
    waited: Duration,
    waits_since: Option<Instant>,
}

impl AnswerHandle {
    /// Notes that another answer begins.
    pub(crate) fn begin(&self, reading: Reading, ended: Option<CancellationToken>) {
        let ended = ended.map(|ended| Box::pin(ended.cancelled_owned()));
        *self.0.borrow_mut() = Answer { ended, reading, ..Answer::default() };
    }

    /// Notes that the socket has taken bytes, or has nothing left to take.
    pub(super) fn took(&self, bytes: usize) {
        let mut answer = self.0.borrow_mut();
        answer.taken_bytes += bytes as u64;
        if let Some(since) = answer.waits_since.take() {
            answer.waited += since.elapsed();
        }
    }

    /// Until when a pending write may wait, beside the write timeout. The task is woken when the credentials end.
    pub(super) fn poll_deadline(&self, pace: BodyPace, context: &mut Context<'_>) -> Option<Instant> {
        let mut answer = self.0.borrow_mut();
        let now = Instant::now();
        let has_ended = answer.ended.as_mut().is_some_and(|ended| ended.as_mut().poll(context).is_ready());
        if has_ended {
            answer.close_at.get_or_insert(now + ENDS_WITHIN);
        }
        let since = *answer.waits_since.get_or_insert(now);
        let too_slow_at = match answer.reading {
            Reading::Unhurried => None,
            Reading::AtMinimumPace => {
                since.checked_add(pace.allowed_for(answer.taken_bytes).saturating_sub(answer.waited))
            }
        };
        [answer.close_at, too_slow_at].into_iter().flatten().min()
    }

    /// Whether the credentials of the answer ended while it was written.
    pub(super) fn has_ended(&self) -> bool {
        self.0.borrow().close_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Connection;
    use crate::connection::tests::TIMEOUTS;
    use std::io::ErrorKind;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    /// What the socket holds for a client that does not read.
    const HELD: usize = 1024;

    /// A connection and its client, on a paused clock that advances when every task waits.
    fn pair(reading: Reading, ended: Option<&CancellationToken>) -> (Connection<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(HELD);
        let connection = Connection::new(ours, TIMEOUTS, None);
        connection.answer().begin(reading, ended.cloned());
        (connection, theirs)
    }

    /// Writes until the connection ends, and returns after how many seconds of this.
    async fn write_on(connection: &mut Connection<DuplexStream>) -> u64 {
        let began = Instant::now();
        loop {
            if let Err(error) = connection.write_all(&[0; 4096]).await {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                return began.elapsed().as_secs();
            }
        }
    }

    /// Reads so many bytes every second, until the connection ends.
    async fn read_on(client: &mut DuplexStream, bytes_a_second: usize) {
        let mut part = vec![0; bytes_a_second];
        while client.read_exact(&mut part).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_has_stopped_reading_loses_its_stream_with_its_credentials() {
        for reading in [Reading::Unhurried, Reading::AtMinimumPace] {
            let ended = CancellationToken::new();
            let (mut connection, _client) = pair(reading, Some(&ended));
            let later = async {
                tokio::time::sleep(Duration::from_secs(7)).await;
                ended.cancel();
            };
            assert_eq!(tokio::join!(write_on(&mut connection), later).0, 8, "{reading:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_gains_no_time_after_its_credentials_have_ended() {
        let ended = CancellationToken::new();
        let (mut connection, mut client) = pair(Reading::Unhurried, Some(&ended));
        ended.cancel();
        tokio::select! {
            seconds = write_on(&mut connection) => assert_eq!(seconds, 1),
            () = read_on(&mut client, 8) => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_but_steadily_is_cut_off_after_the_grace_and_what_its_bytes_earn() {
        let (mut connection, mut client) = pair(Reading::AtMinimumPace, None);
        // 8 KiB a second earn half of each second: 20 s of grace and 20 s that were earned meanwhile.
        tokio::select! {
            seconds = write_on(&mut connection) => assert!((39..=42).contains(&seconds), "{seconds}"),
            () = read_on(&mut client, 8 << 10) => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_at_the_minimum_pace_and_one_that_may_be_slow_are_not_cut_off() {
        for (reading, bytes_a_second) in [(Reading::AtMinimumPace, 16 << 10), (Reading::Unhurried, 8)] {
            let (mut connection, mut client) = pair(reading, None);
            tokio::select! {
                seconds = write_on(&mut connection) => panic!("{reading:?} ended after {seconds} s"),
                () = read_on(&mut client, bytes_a_second) => {}
                () = tokio::time::sleep(Duration::from_secs(3600)) => {}
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_there_is_nothing_to_write_and_that_of_earlier_answers_does_not_count() {
        let (mut connection, mut client) = pair(Reading::AtMinimumPace, None);
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            connection.answer().begin(Reading::AtMinimumPace, None);
            let slow = async {
                tokio::time::sleep(Duration::from_secs(15)).await;
                client.read_exact(&mut [0; 2 * HELD]).await.unwrap();
            };
            let (written, ()) = tokio::join!(connection.write_all(&[0; 2 * HELD]), slow);
            written.unwrap();
        }
    }
}

//! The deadlines of a connection, on a paused clock.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const PACE: BodyPace =
    BodyPace { grace: Duration::from_secs(20), min_bytes_per_second: 16 << 10, stall: Duration::from_secs(30) };
pub(super) const TIMEOUTS: Timeouts = Timeouts {
    head: Duration::from_secs(10),
    write: Duration::from_secs(30),
    idle: Duration::from_secs(15),
    pace: PACE,
};

/// A connection and its client, on a paused clock that advances when every task waits.
fn pair(buffer: usize) -> (Connection<DuplexStream>, DuplexStream) {
    tokio::time::pause();
    let (ours, theirs) = duplex(buffer);
    (Connection::new(ours, TIMEOUTS, None), theirs)
}

async fn read_one(connection: &mut Connection<DuplexStream>) -> Result<u8, ErrorKind> {
    connection.read_u8().await.map_err(|error| error.kind())
}

#[tokio::test]
async fn a_head_that_is_not_complete_in_time_ends_the_connection_on_every_request() {
    let (mut connection, mut client) = pair(64);
    for _ in 0..3 {
        client.write_all(b"G").await.unwrap();
        assert_eq!(read_one(&mut connection).await, Ok(b'G'));
        drop(connection.phase().begin());
    }
    client.write_all(b"G").await.unwrap();
    assert_eq!(read_one(&mut connection).await, Ok(b'G'));
    let began = Instant::now();
    assert_eq!(read_one(&mut connection).await, Err(ErrorKind::TimedOut));
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_head_that_trickles_is_given_no_more_time_than_one_that_stops() {
    let (mut connection, mut client) = pair(64);
    let began = Instant::now();
    let ended = loop {
        client.write_all(b"x").await.unwrap();
        if let Err(kind) = read_one(&mut connection).await {
            break kind;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    };
    assert_eq!((ended, began.elapsed().as_secs()), (ErrorKind::TimedOut, 10));
}

#[tokio::test]
async fn a_connection_is_closed_when_nothing_came_for_the_keep_alive_time_since_the_last_answer() {
    let (mut connection, mut client) = pair(64);
    for _ in 0..3 {
        client.write_all(b"G").await.unwrap();
        assert_eq!(read_one(&mut connection).await, Ok(b'G'));
        let answering = connection.phase().begin();
        tokio::time::advance(Duration::from_secs(60)).await;
        connection.write_all(b"a").await.unwrap();
        drop(answering);
        connection.flush().await.unwrap();
        let wait = tokio::time::timeout(Duration::from_secs(14), read_one(&mut connection));
        assert!(wait.await.is_err(), "it is closed too early");
    }
    let began = Instant::now();
    assert_eq!(read_one(&mut connection).await, Err(ErrorKind::UnexpectedEof));
    assert_eq!(began.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn a_request_that_is_being_answered_is_not_hurried() {
    let (mut connection, mut client) = pair(64);
    client.write_all(b"G").await.unwrap();
    assert_eq!(read_one(&mut connection).await, Ok(b'G'));
    let answering = connection.phase().begin();
    let wait = tokio::time::timeout(Duration::from_secs(3600), read_one(&mut connection));
    assert!(wait.await.is_err(), "nothing ends it");
    drop(answering);
    client.write_all(b"x").await.unwrap();
    assert_eq!(read_one(&mut connection).await, Ok(b'x'));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up_and_one_that_reads_slowly_is_not() {
    let (mut connection, mut client) = pair(1);
    connection.write_all(b"a").await.unwrap();
    for _ in 0..5 {
        let slow = async {
            tokio::time::sleep(Duration::from_secs(29)).await;
            client.read_u8().await.unwrap()
        };
        let (written, _) = tokio::join!(connection.write_all(b"b"), slow);
        written.unwrap();
    }
    let began = Instant::now();
    let stalled = connection.write_all(b"c").await.map_err(|error| error.kind());
    assert_eq!((stalled, began.elapsed().as_secs()), (Err(ErrorKind::TimedOut), 30));
}

use std::convert::Infallible;

use actix_web::body::BodyStream;
use futures_util::{StreamExt as _, stream};

use super::*;

fn credentials(secret: &str) -> Credentials {
    Credentials::Session(SecretHash::of(secret))
}

/// A stream of some chunks that then waits for ever.
fn open(streams: &Arc<OpenStreams>, of: Credentials, end: End, chunks: usize) -> EndsWithCredentials {
    let chunks = stream::repeat(Ok::<_, Infallible>(Bytes::from_static(b"a"))).take(chunks);
    let body = BoxBody::new(BodyStream::new(chunks.chain(stream::pending())));
    streams.end_with(of, end, body)
}

async fn next(body: &mut EndsWithCredentials) -> Option<Result<Bytes, String>> {
    let next = std::future::poll_fn(|context| Pin::new(&mut *body).poll_next(context)).await;
    next.map(|chunk| chunk.map_err(|error| error.to_string()))
}

#[tokio::test]
async fn a_stream_ends_with_its_credentials_also_while_it_waits() {
    let streams = Arc::<OpenStreams>::default();
    let mut idle = open(&streams, credentials("mine"), End::Close, 0);
    let mut busy = open(&streams, credentials("mine"), End::BreakOff, 9);
    let mut other = open(&streams, credentials("other"), End::BreakOff, 9);
    assert_eq!(next(&mut busy).await, Some(Ok(Bytes::from_static(b"a"))));
    let (ended, ()) = tokio::join!(next(&mut idle), async { streams.end(credentials("mine")) });
    assert_eq!(ended, None);
    assert!(next(&mut busy).await.is_some_and(|chunk| chunk.is_err()), "what was sent must not look whole");
    assert_eq!(next(&mut other).await, Some(Ok(Bytes::from_static(b"a"))));
    assert_eq!(streams.credentials(), [credentials("other")], "an ended stream is not looked at again");
}

#[tokio::test]
async fn a_stream_that_begins_while_others_of_its_credentials_are_ended_ends_too() {
    let streams = Arc::<OpenStreams>::default();
    let _first = open(&streams, credentials("mine"), End::Close, 0);
    streams.end(credentials("mine"));
    assert_eq!(next(&mut open(&streams, credentials("mine"), End::Close, 1)).await, None);
}

#[tokio::test]
async fn no_more_is_kept_than_the_streams_that_are_open() {
    let streams = Arc::<OpenStreams>::default();
    let two = [open(&streams, credentials("a"), End::Close, 0), open(&streams, credentials("a"), End::Close, 0)];
    assert_eq!(streams.lock().len(), 1);
    drop(two);
    assert_eq!(streams.lock().len(), 0);
}

#[tokio::test]
async fn streams_end_unless_their_credentials_are_known_to_be_valid() {
    let streams = Arc::<OpenStreams>::default();
    let mut valid = open(&streams, credentials("valid"), End::Close, 1);
    let mut revoked = open(&streams, credentials("revoked"), End::Close, 1);
    let mut unknown = open(&streams, credentials("unknown"), End::Close, 1);
    let is_valid = async |one| match one {
        one if one == credentials("valid") => Ok(true),
        one if one == credentials("revoked") => Ok(false),
        _ => Err(StoreError::Corrupt),
    };
    streams.look(&is_valid).await;
    assert!(next(&mut valid).await.is_some());
    assert_eq!(next(&mut revoked).await, None);
    assert_eq!(next(&mut unknown).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_look_comes_at_least_every_two_seconds() {
    let streams = Arc::<OpenStreams>::default();
    let mut stream = open(&streams, credentials("mine"), End::Close, 0);
    let began = tokio::time::Instant::now();
    let expires = async |_| Ok(began.elapsed() < Duration::from_secs(60));
    tokio::select! {
        () = streams.watch(expires) => {}
        ended = next(&mut stream) => assert_eq!(ended, None),
    }
    assert!((60..=62).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

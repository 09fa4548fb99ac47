//! Uploads: any cut of the body gives the digest of the whole, bounds hold, a failure is told.

use bytes::Bytes;

use super::tree::{cycle, engine, engine_with};
use crate::engine::Engine;
use crate::error::{Refused, UploadError};
use hivesum_core::result::split_digests;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn digest_in_cuts(engine: &Engine, body: &[u8], cut: usize) -> (u64, String) {
    let mut upload = engine.upload("blake3".parse().unwrap()).unwrap();
    for chunk in body.chunks(cut) {
        upload.absorb(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    let done = upload.finish().await.unwrap();
    let digest = split_digests(&done.digests, &done.algorithms).next().unwrap().to_string();
    (done.size, digest)
}

#[test]
fn however_a_body_is_cut_its_digest_is_that_of_the_whole() {
    let (engine, background) = engine();
    for size in [0, 1, 32 << 10, (32 << 10) + 1, 1 << 20, (2 << 20) + 1, 5 << 20] {
        let body = cycle(size);
        for cut in [1 << 10, 65_536, 300_000, 4 << 20] {
            let (counted, digest) = block_on(digest_in_cuts(&engine, &body, cut));
            assert_eq!(
                (counted, digest.as_str()),
                (size as u64, blake3::hash(&body).to_hex().as_str()),
                "{size} by {cut}"
            );
        }
    }
    background.join();
}

#[test]
fn a_call_that_was_not_awaited_to_its_end_loses_no_bytes_unnoticed() {
    use futures_util::FutureExt as _;
    let (engine, background) = engine();
    let body = cycle(5 << 20);
    let finished = block_on(async {
        // Its blocks come back later than others are filled, so the call has to wait.
        let mut upload = engine.upload("whirlpool".parse().unwrap()).unwrap();
        let whole = upload.absorb(Bytes::from(body)).now_or_never();
        (whole.is_some(), upload.finish().await)
    });
    match finished {
        (true, done) => assert_eq!(done.unwrap().size, 5 << 20),
        (false, done) => assert_eq!(done, Err(UploadError::HasherFailed)),
    }
    background.join();
}

#[test]
fn one_upload_too_many_is_refused_and_taken_again_when_another_has_left() {
    let (engine, background) = engine_with(|config| config.concurrent_uploads = 1);
    let first = engine.upload("blake3".parse().unwrap()).unwrap();
    assert_eq!(engine.upload("blake3".parse().unwrap()).unwrap_err(), Refused::QueueFull);
    drop(first);
    assert!(engine.upload("blake3".parse().unwrap()).is_ok());
    background.join();
}

#[test]
fn a_full_interactive_queue_refuses_the_quantum_that_does_not_fit() {
    let (engine, background) = engine_with(|config| config.interactive_queue = 0);
    let refused = block_on(async {
        let mut upload = engine.upload("blake3".parse().unwrap()).unwrap();
        upload.absorb(Bytes::from(cycle(300_000))).await.unwrap();
        upload.finish().await.unwrap_err()
    });
    assert_eq!(refused, UploadError::Refused(Refused::QueueFull));
    background.join();
}

#[test]
fn small_and_large_uploads_are_counted() {
    let (engine, background) = engine();
    block_on(digest_in_cuts(&engine, &cycle(1000), 1000));
    block_on(digest_in_cuts(&engine, &cycle(1_000_000), 65_536));
    let stats = engine.stats();
    assert_eq!((stats.files_hashed, stats.bytes_hashed), (2, 1_001_000));
    background.join();
}

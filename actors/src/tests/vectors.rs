//! Published vectors through the whole engine, as files and as uploads.

use std::fs;

use bytes::Bytes;

use super::tree::{cycle, engine, run, spec};
use crate::engine::Engine;
use hivesum_core::digest::vectors::{BLAKE3_VECTORS, MILLION, OF_TWO_BLOCKS, TWO_BLOCKS};
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::result::split_digests;

fn digest_of_upload(engine: &Engine, algorithm: Algorithm, body: Vec<u8>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut upload = engine.upload(Algorithms::single(algorithm)).unwrap();
        upload.absorb(Bytes::from(body)).await.unwrap();
        let done = upload.finish().await.unwrap();
        split_digests(&done.digests, &done.algorithms).next().unwrap().to_string()
    })
}

fn digest_of_file(engine: &Engine, algorithm: Algorithm, body: &[u8]) -> String {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("vector"), body).unwrap();
    run(engine, spec(tree.path(), algorithm.name())).0[0].outcome.clone()
}

#[test]
fn the_official_blake3_vectors_come_out_of_files_and_uploads() {
    let (engine, background) = engine();
    for &(length, expected) in BLAKE3_VECTORS {
        assert_eq!(digest_of_file(&engine, Algorithm::Blake3, &cycle(length)), expected, "file of {length}");
        assert_eq!(digest_of_upload(&engine, Algorithm::Blake3, cycle(length)), expected, "upload of {length}");
    }
    background.join();
}

#[test]
fn a_million_times_a_and_nists_messages_come_out_of_files_and_uploads() {
    let (engine, background) = engine();
    let million = vec![b'a'; 1_000_000];
    for (algorithm, expected) in MILLION {
        assert_eq!(digest_of_file(&engine, algorithm, &million), expected, "{algorithm}");
        assert_eq!(digest_of_upload(&engine, algorithm, million.clone()), expected, "{algorithm}");
    }
    for (algorithm, message, expected) in OF_TWO_BLOCKS {
        let message = TWO_BLOCKS[message].as_bytes();
        assert_eq!(digest_of_file(&engine, algorithm, message), expected, "{algorithm}");
        assert_eq!(digest_of_upload(&engine, algorithm, message.to_vec()), expected, "{algorithm}");
    }
    background.join();
}

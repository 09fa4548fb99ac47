//! Standard input and pipes: read on a separate thread and hashed like an upload.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use hivesum_actors::engine::{Engine, UploadDigests};
use hivesum_core::digest::Algorithms;
use tokio::sync::mpsc;

/// Bytes of one read: twice the capacity of a Linux pipe.
const CHUNK_BYTES: usize = 128 << 10;

/// Chunks that are read before the engine takes them.
const CHUNKS_AHEAD: usize = 4;

/// Reads `source` to its end and computes its digests.
///
/// # Errors
/// If reading fails, or the engine aborts the upload.
pub(super) fn hash_stream(
    engine: &Engine,
    algorithms: Algorithms,
    source: impl Read + Send + 'static,
) -> io::Result<UploadDigests> {
    let mut upload = engine.upload(algorithms).map_err(io::Error::other)?;
    let (chunks_in, mut chunks) = mpsc::channel(CHUNKS_AHEAD);
    std::thread::Builder::new().name("hivesum-stream".to_owned()).spawn(move || read_all(source, &chunks_in))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        while let Some(chunk) = chunks.recv().await {
            upload.absorb(chunk?).await.map_err(io::Error::other)?;
        }
        upload.finish().await.map_err(io::Error::other)
    })
}

/// Stops at the end of the source, after an error, or when the receiver is gone.
fn read_all(mut source: impl Read, chunks: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut buffer = BytesMut::zeroed(CHUNK_BYTES);
        let chunk = match source.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                buffer.truncate(read);
                Ok(buffer.freeze())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = chunk.is_err();
        if chunks.blocking_send(chunk).is_err() || failed {
            return;
        }
    }
}

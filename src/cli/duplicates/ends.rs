//! Digests of the first and last block of files.
//!
//! The files are opened and read here, without the engine: there is no deadline for a mount that stops answering.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use hivesum_core::digest::{Algorithm, Algorithms, MultiHasher};
use rustix::fs::{Mode, OFlags, ResolveFlags};

/// Bytes of the block at each end of a file.
const BLOCK_BYTES: usize = 4096;

/// A file beneath the directory, and its size when it was listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) name: &'a [u8],
    pub(super) size: u64,
}

/// The digest of each file, in order. The files are read on `threads` threads.
pub(super) fn digests(
    dir: &OwnedFd,
    files: &[Listed<'_>],
    algorithm: Algorithm,
    threads: usize,
) -> Vec<io::Result<Vec<u8>>> {
    let files_per_thread = files.len().div_ceil(threads).max(1);
    let digest_of = |file: &Listed<'_>| digest(dir, file, algorithm);
    std::thread::scope(|scope| {
        let running: Vec<_> = files
            .chunks(files_per_thread)
            .map(|part| scope.spawn(move || part.iter().map(digest_of).collect::<Vec<_>>()))
            .collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended.flat_map(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn digest(dir: &OwnedFd, file: &Listed<'_>, algorithm: Algorithm) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let open = File::from(rustix::fs::openat2(dir, file.name, flags, Mode::empty(), beneath)?);
    let mut block = [0; BLOCK_BYTES];
    let length = block.len().min(usize::try_from(file.size).unwrap_or(usize::MAX));
    let (mut hasher, mut digest) = (MultiHasher::new(&Algorithms::single(algorithm)), Vec::new());
    open.read_exact_at(&mut block[..length], 0)?;
    hasher.update(&block[..length]);
    if file.size > BLOCK_BYTES as u64 {
        open.read_exact_at(&mut block, file.size - BLOCK_BYTES as u64)?;
        hasher.update(&block);
    }
    hasher.finalize_reset_into(&mut digest);
    Ok(digest)
}

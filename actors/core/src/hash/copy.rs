//! One copy of a file, read piece by piece from its device, to be compared with another copy range by range.
//!
//! A piece that cannot be read is noted, and the reading goes on with the next one. It is done on the calling thread.

use std::ops::Range;

use super::rules::READ_ATTEMPTS;
use crate::digest::pieces::{PieceHasher, Pieces, piece_bytes};
use crate::file::{Devices, Dir, OpenFile, Piece, ReadBuffers};
use crate::result::{ErrorCode, FileMeta, ReadFrom, Status};

/// What a copy has.
#[derive(Debug, Clone)]
pub struct CopyRead {
    /// What `fstat` returned before and after the read.
    pub meta: FileMeta,
    /// Its BLAKE3 digest. `None` if a part of it cannot be read.
    pub digest: Option<[u8; 32]>,
    /// Its pieces, if files of this size have some. The value of one that cannot be read is no value of any bytes.
    pub pieces: Option<Pieces>,
    /// Where it cannot be read: whole pieces, joined where they touch.
    pub unreadable: Vec<Range<u64>>,
    /// Where its bytes came from. `None` if there are none.
    pub read_from: Option<ReadFrom>,
}

/// Reads the file of this name, opened as it is given, until it stays the same while it is read. `read` is told of each
/// number of bytes.
///
/// # Errors
/// Why it has no digest, as in results. Input and output errors of the device are no errors here.
pub fn read_copy(buffers: &mut ReadBuffers, name: &[u8], mut read: impl FnMut(u64)) -> Result<CopyRead, Status> {
    let opened = OpenFile::open(&Dir::AsGiven, name, Devices::Skip, &mut buffers.filesystems);
    let (mut file, mut meta) = opened.map_err(|failure| failure.status())?;
    file.read_from_device();
    for _ in 0..READ_ATTEMPTS {
        let copy = read_once(buffers, (&file, meta), &mut read);
        let later = file.meta_now().map_err(Status::of_errno)?;
        if meta.same_content(&later) {
            return copy;
        }
        meta = later;
    }
    Err(Status::error(ErrorCode::FileChanged))
}

fn read_once(
    buffers: &mut ReadBuffers,
    (file, meta): (&OpenFile, FileMeta),
    read: &mut impl FnMut(u64),
) -> Result<CopyRead, Status> {
    let size = meta.size;
    let mut copy = CopyRead { meta, digest: None, pieces: None, unreadable: Vec::new(), read_from: None };
    let Some(piece_bytes) = piece_bytes(size) else {
        let mut digest = blake3::Hasher::new();
        copy.read_range(buffers, (file, 0..size), |bytes| {
            digest.update(bytes);
        })?;
        read(size);
        copy.digest = copy.unreadable.is_empty().then(|| *digest.finalize().as_bytes());
        return Ok(copy);
    };
    let mut values = Vec::new();
    for offset in (0..size).step_by(piece_bytes as usize) {
        let end = size.min(offset + piece_bytes);
        let mut piece = PieceHasher::new(offset, piece_bytes);
        let is_read = copy.read_range(buffers, (file, offset..end), |bytes| piece.update(bytes))?;
        values.push(piece.finish().pop().filter(|_| is_read).unwrap_or_default());
        read(end - offset);
    }
    copy.pieces = Pieces::new(size, values);
    let is_whole = copy.unreadable.is_empty();
    copy.digest = copy.pieces.as_ref().filter(|_| is_whole).map(Pieces::digest);
    Ok(copy)
}

impl CopyRead {
    /// Reads a range that is not longer than a piece. Returns whether it could be read.
    fn read_range(
        &mut self,
        buffers: &mut ReadBuffers,
        (file, range): (&OpenFile, Range<u64>),
        take: impl FnMut(&[u8]),
    ) -> Result<bool, Status> {
        let bytes = (range.end - range.start) as usize;
        if bytes == 0 {
            return Ok(true);
        }
        match buffers.read_piece(file, Piece { offset: range.start, bytes, mapped: false }, take) {
            Ok(from) => {
                self.read_from = ReadFrom::joined(self.read_from, from);
                Ok(true)
            }
            Err(failure) => match Status::of_errno(failure.errno()) {
                Status::Error { code: ErrorCode::IoError, .. } => {
                    match self.unreadable.last_mut() {
                        Some(last) if last.end == range.start => last.end = range.end,
                        Some(_) | None => self.unreadable.push(range),
                    }
                    Ok(false)
                }
                status => Err(status),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::DEFAULT_READ_TIMEOUT;
    use hivesum_test_support::cycle;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_copy_has_the_digest_and_the_pieces_of_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let mut buffers = ReadBuffers::new(DEFAULT_READ_TIMEOUT);
        for length in [0, 1, 70_000, (4 << 20) - 1, 4 << 20, (5 << 20) + 3] {
            let (path, bytes) = (dir.path().join(length.to_string()), cycle(length));
            std::fs::write(&path, &bytes).unwrap();
            let mut told = 0;
            let copy = read_copy(&mut buffers, path.as_os_str().as_bytes(), |bytes| told += bytes).unwrap();
            assert_eq!(copy.digest, Some(*blake3::hash(&bytes).as_bytes()), "{length}");
            assert_eq!((copy.meta.size, told), (length as u64, length as u64));
            assert_eq!(copy.pieces.is_some(), length >= 4 << 20, "{length}");
            assert_eq!((copy.unreadable, copy.read_from.is_some()), (Vec::new(), length > 0));
        }
    }

    #[test]
    fn what_is_no_file_or_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let mut buffers = ReadBuffers::new(DEFAULT_READ_TIMEOUT);
        let mut code = |name: &str| {
            let path = dir.path().join(name);
            read_copy(&mut buffers, path.as_os_str().as_bytes(), |_| {}).unwrap_err()
        };
        assert!(matches!(code("gone"), Status::Error { code: ErrorCode::NotFound, .. }));
        assert!(matches!(code("."), Status::Error { errno: 21, .. }), "a directory");
    }
}

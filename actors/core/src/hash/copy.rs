//! One copy of a file, read piece by piece from its device, to be compared with another copy range by range.
//!
//! A piece that cannot be read is noted, and the reading goes on with the next one. It is done on the calling thread.

use std::ops::{ControlFlow, Range};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use super::rules::READ_ATTEMPTS;
use crate::digest::pieces::{PieceHasher, Pieces, piece_bytes, push_joined};
use crate::digest::{Algorithms, MultiHasher};
use crate::file::{Devices, Dir, OpenFailure, OpenFile, Piece, Reach, ReadBuffers, open_directory};
use crate::result::{ErrorCode, FileMeta, ReadFrom, Status};

/// What a copy has.
#[derive(Debug, Clone)]
pub struct CopyRead {
    /// What `fstat` returned before and after the read.
    pub meta: FileMeta,
    /// Its BLAKE3 digest. `None` if a part of it cannot be read.
    pub digest: Option<[u8; 32]>,
    /// The digests that were asked for, end to end. `None` if a part of it cannot be read.
    pub digests: Option<Vec<u8>>,
    /// Its pieces, if files of this size have some. The value of one that cannot be read is no value of any bytes.
    pub pieces: Option<Pieces>,
    /// Where it cannot be read: whole pieces, joined where they touch.
    pub unreadable: Vec<Range<u64>>,
    /// Where its bytes came from. `None` if no part of it can be read.
    pub read_from: Option<ReadFrom>,
}

/// Why there is nothing to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyFailure {
    /// It has no digest for this reason, as in results.
    Failed(Status),
    /// Whoever was told of the bytes has stopped the read.
    Stopped,
}

/// Reads the file of this name, opened as it is given, until it stays the same while it is read. `read` is told of each
/// number of bytes.
///
/// # Errors
/// [`CopyFailure`]. Input and output errors of the device are none.
pub fn read_copy(
    buffers: &mut ReadBuffers,
    name: &[u8],
    read: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<CopyRead, CopyFailure> {
    read_in(buffers, (&Dir::AsGiven, name), None, read)
}

/// As [`read_copy`] the file at this path beneath a directory, with further digests if there are some to compute. Links
/// in the path are not followed.
///
/// # Errors
/// As [`read_copy`].
pub fn read_copy_beneath(
    buffers: &mut ReadBuffers,
    (dir, path): (BorrowedFd<'_>, &[u8]),
    algorithms: Option<&Algorithms>,
    read: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<CopyRead, CopyFailure> {
    let failed = |failure: OpenFailure| CopyFailure::Failed(failure.status());
    let mut parent = dir.try_clone_to_owned().map_err(|error| {
        let errno = rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO);
        CopyFailure::Failed(Status::of_errno(errno))
    })?;
    let mut names = path.split(|&byte| byte == b'/').peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            let dir = Dir::Beneath(Arc::new(parent), Reach::Everywhere);
            return read_in(buffers, (&dir, name), algorithms, read);
        }
        parent = open_directory(std::os::fd::AsFd::as_fd(&parent), name, Reach::Everywhere).map_err(failed)?;
    }
    Err(CopyFailure::Failed(Status::error(ErrorCode::NotFound)))
}

fn read_in(
    buffers: &mut ReadBuffers,
    (dir, name): (&Dir, &[u8]),
    algorithms: Option<&Algorithms>,
    mut read: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<CopyRead, CopyFailure> {
    let opened = OpenFile::open(dir, name, Devices::Skip, &mut buffers.filesystems);
    let (mut file, mut meta) = opened.map_err(|failure| CopyFailure::Failed(failure.status()))?;
    file.read_from_device();
    for _ in 0..READ_ATTEMPTS {
        let copy =
            CopyRead { meta, digest: None, digests: None, pieces: None, unreadable: Vec::new(), read_from: None };
        let copy = copy.read_once(buffers, &file, algorithms.map(MultiHasher::new), &mut read);
        let later = file.meta_now().map_err(|errno| CopyFailure::Failed(Status::of_errno(errno)))?;
        if meta.same_content(&later) || copy.as_ref().is_err_and(|failure| *failure == CopyFailure::Stopped) {
            return copy;
        }
        meta = later;
    }
    Err(CopyFailure::Failed(Status::error(ErrorCode::FileChanged)))
}

impl CopyRead {
    fn read_once(
        mut self,
        buffers: &mut ReadBuffers,
        file: &OpenFile,
        mut more: Option<MultiHasher>,
        read: &mut impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Self, CopyFailure> {
        let size = self.meta.size;
        // What is short is one piece, and has no values.
        let length = piece_bytes(size).unwrap_or(size);
        let (mut values, mut short) = (Vec::new(), blake3::Hasher::new());
        for offset in (0..size).step_by(length.max(1) as usize) {
            let end = size.min(offset + length);
            let mut piece = piece_bytes(size).map(|length| PieceHasher::new(offset, length));
            let is_read = self.read_range(buffers, (file, offset..end), |bytes| {
                more.iter_mut().for_each(|more| more.update(bytes));
                match &mut piece {
                    Some(piece) => piece.update(bytes),
                    None => drop(short.update(bytes).count()),
                }
            })?;
            values.extend(piece.map(|piece| piece.finish().pop().filter(|_| is_read).unwrap_or_default()));
            if read(end - offset).is_break() {
                return Err(CopyFailure::Stopped);
            }
        }
        if size == 0 {
            self.read_unsized(buffers, file, |bytes| {
                more.iter_mut().for_each(|more| more.update(bytes));
                short.update(bytes);
            })?;
        }
        if self.unreadable.is_empty() {
            self.digests = more.map(|mut more| {
                let mut digests = Vec::new();
                more.finalize_reset_into(&mut digests);
                digests
            });
        }
        self.pieces = Pieces::new(size, values);
        let digest = self.pieces.as_ref().map_or_else(|| *short.finalize().as_bytes(), Pieces::digest);
        self.digest = self.unreadable.is_empty().then_some(digest);
        Ok(self)
    }

    /// Reads a range that is not longer than a piece. Returns whether it could be read.
    fn read_range(
        &mut self,
        buffers: &mut ReadBuffers,
        (file, range): (&OpenFile, Range<u64>),
        take: impl FnMut(&[u8]),
    ) -> Result<bool, CopyFailure> {
        let bytes = (range.end - range.start) as usize;
        match buffers.read_piece(file, Piece { offset: range.start, bytes, mapped: false }, take) {
            Ok(from) => {
                self.read_from = ReadFrom::joined(self.read_from, from);
                Ok(true)
            }
            Err(failure) => match Status::of_errno(failure.errno()) {
                Status::Error { code: ErrorCode::IoError, .. } => {
                    push_joined(&mut self.unreadable, range);
                    Ok(false)
                }
                status => Err(CopyFailure::Failed(status)),
            },
        }
    }

    /// Reads a file that says that it is empty. It may have bytes, but not more than a piece.
    fn read_unsized(
        &mut self,
        buffers: &mut ReadBuffers,
        file: &OpenFile,
        take: impl FnMut(&[u8]),
    ) -> Result<(), CopyFailure> {
        let failed = |failure: crate::file::ReadFailure| CopyFailure::Failed(Status::of_errno(failure.errno()));
        let read = buffers.read_unsized(file, 0, take).map_err(failed)?;
        if !read.is_end {
            return Err(CopyFailure::Failed(Status::error(ErrorCode::TooLarge)));
        }
        self.read_from = ReadFrom::joined(self.read_from, read.read_from);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::DEFAULT_READ_TIMEOUT;
    use hivesum_test_support::cycle;
    use md5::Digest as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::ffi::OsStrExt as _;

    #[test]
    fn a_copy_has_the_digest_and_the_pieces_of_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let mut buffers = ReadBuffers::new(DEFAULT_READ_TIMEOUT);
        let algorithms = "sha256,md5".parse().unwrap();
        let open = std::fs::File::open(dir.path()).unwrap();
        for length in [0, 1, 70_000, (4 << 20) - 1, 4 << 20, (5 << 20) + 3] {
            let (path, bytes) = (dir.path().join(length.to_string()), cycle(length));
            std::fs::write(&path, &bytes).unwrap();
            let mut told = 0;
            let copy = read_copy(&mut buffers, path.as_os_str().as_bytes(), |bytes| {
                told += bytes;
                ControlFlow::Continue(())
            });
            let copy = copy.unwrap();
            assert_eq!(copy.digest, Some(*blake3::hash(&bytes).as_bytes()), "{length}");
            assert_eq!((copy.meta.size, told), (length as u64, length as u64));
            assert_eq!(copy.pieces.is_some(), length >= 4 << 20, "{length}");
            assert_eq!((copy.unreadable, copy.read_from.is_some()), (Vec::new(), true));
            let more = [&sha2::Sha256::digest(&bytes)[..], &md5::Md5::digest(&bytes)].concat();
            let name = length.to_string();
            let place = (open.as_fd(), name.as_bytes());
            let copy =
                read_copy_beneath(&mut buffers, place, Some(&algorithms), |_| ControlFlow::Continue(())).unwrap();
            assert_eq!((copy.digests, copy.digest), (Some(more), Some(*blake3::hash(&bytes).as_bytes())));
        }
    }

    #[test]
    fn what_is_no_file_or_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let mut buffers = ReadBuffers::new(DEFAULT_READ_TIMEOUT);
        let mut code = |name: &str| {
            let path = dir.path().join(name);
            match read_copy(&mut buffers, path.as_os_str().as_bytes(), |_| ControlFlow::Continue(())) {
                Err(CopyFailure::Failed(status)) => status,
                other => panic!("{other:?}"),
            }
        };
        assert!(matches!(code("gone"), Status::Error { code: ErrorCode::NotFound, .. }));
        assert!(matches!(code("."), Status::Error { errno: 21, .. }), "a directory");
    }

    #[test]
    fn a_read_is_stopped_by_whoever_is_told_of_it_and_no_link_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        let mut buffers = ReadBuffers::new(DEFAULT_READ_TIMEOUT);
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/f"), cycle(5 << 20)).unwrap();
        std::os::unix::fs::symlink("d", dir.path().join("link")).unwrap();
        let (open, algorithms) = (std::fs::File::open(dir.path()).unwrap(), Algorithms::default());
        let mut pieces = 0;
        let stopped = read_copy_beneath(&mut buffers, (open.as_fd(), b"d/f"), Some(&algorithms), |_| {
            pieces += 1;
            if pieces == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((stopped.unwrap_err(), pieces), (CopyFailure::Stopped, 2));
        let linked = read_copy_beneath(&mut buffers, (open.as_fd(), b"link/f"), None, |_| ControlFlow::Break(()));
        assert!(matches!(linked.unwrap_err(), CopyFailure::Failed(_)));
    }
}

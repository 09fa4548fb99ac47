//! One file of a batch: open, probe, read, digest, `fstat` again. A file that changed is read again, and refused if it
//! keeps changing. A file that is too large is returned open, to be cut into pieces, and so is one that is to be read
//! side by side with others.

use rustix::io::Errno;

use super::found::{LargeFound, OpenFound, WaitPermit};
use super::rules::{END_BYTES, READ_ATTEMPTS, ScanRules};
use crate::digest::MultiHasher;
use crate::file::{
    FilesystemKind, KEPT_FILE_BYTES, Now, OpenFile, PIECE_BYTES, Patience, Piece, ReadBuffers, ReadFailure, UnsizedRead,
};
use crate::guard_is_out;
use crate::result::{ErrorCode, FileIdentity, FileMeta, ReadFrom, SkipReason, Stability, Status};
use crate::walk::{Plan, PlanEntry};

/// The result of one entry.
pub(crate) enum Found {
    Settled(FileMeta, Status),
    Large(LargeFound),
    /// It is to be read side by side with others.
    Stream(OpenFound),
    /// Its bytes are not in memory.
    NotInMemory(OpenFound),
}

impl Found {
    pub(crate) fn error(meta: FileMeta, code: ErrorCode) -> Self {
        Self::Settled(meta, Status::error(code))
    }
}

/// One file and the buffers it is read into.
pub(crate) struct FileWork<'a> {
    pub(crate) buffers: &'a mut ReadBuffers,
    pub(crate) rules: &'a ScanRules,
    pub(crate) digests: &'a mut MultiHasher,
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) now: Now,
    /// Where the bytes of a hashed file came from, if that is asked for.
    pub(crate) read_from: Option<ReadFrom>,
    /// Whether small files are kept, to be digested together.
    pub(crate) keeps: bool,
    /// Whether longer files wait, to be read side by side.
    pub(crate) streams: bool,
    /// Whether it waits for bytes that are not in memory.
    pub(crate) patience: Patience,
    /// Whether the bytes of this file were kept in the arena. Then `out` lacks its digests.
    pub(crate) kept: bool,
}

impl FileWork<'_> {
    pub(crate) fn hash_entry(&mut self, plan: &Plan, entry: &PlanEntry, index: usize) -> Found {
        fail::fail_point!("hash_entry");
        let dir = &plan.group(entry).dir;
        let (name, devices) = (plan.name(entry), self.rules.devices);
        let (mut file, meta) = match OpenFile::open(dir, name, devices, &mut self.buffers.filesystems) {
            Ok(opened) => opened,
            Err(failure) => return Found::Settled(FileMeta::default(), failure.status()),
        };
        fail::fail_point!("file_opened");
        let meta = match self.wait_for_stamps(&file, meta) {
            Ok(meta) => meta,
            Err(errno) => return Found::Settled(meta, Status::of_errno(errno)),
        };
        if self.rules.leave_out.contains(&FileIdentity::of_meta(&meta)) && !guard_is_out!(OwnFiles) {
            // It got this name after the walk. Closing it would release the database's locks, which belong to the
            // process (`fcntl(2)`), so the descriptor stays open until the process ends.
            std::mem::forget(file);
            return Found::Settled(meta, Status::Skipped(SkipReason::Internal));
        }
        if meta.size > self.rules.max_file_bytes && !file.is_device && !guard_is_out!(FileBound) {
            return Found::error(meta, ErrorCode::TooLarge);
        }
        if self.rules.coverage.is_of_another(meta.size) {
            return Found::error(meta, ErrorCode::FileChanged);
        }
        if self.rules.from_device {
            file.read_from_device();
        }
        if self.is_too_long(&meta) {
            return self.return_large(index, file, meta);
        }
        if let Some(permit) = self.may_wait(&file, &meta) {
            return match self.stability(&file, &meta, false) {
                Ok(stability) => {
                    Found::Stream(OpenFound { index, file, meta, stability, now: self.now, _permit: permit })
                }
                Err(busy) => busy,
            };
        }
        self.hash_open(index, file, meta, READ_ATTEMPTS)
    }

    /// Sets a file aside whose bytes are not in memory, or waits for them where no more files can be open.
    fn set_aside(&mut self, index: usize, file: OpenFile, (meta, stability): (FileMeta, Stability)) -> Found {
        match WaitPermit::acquire() {
            Some(permit) => {
                Found::NotInMemory(OpenFound { index, file, meta, stability, now: self.now, _permit: permit })
            }
            None => {
                self.patience = Patience::Waits;
                self.hash_open(index, file, meta, READ_ATTEMPTS)
            }
        }
    }

    /// Permits the file to wait, to be read side by side with others. Only files that are read as they are and whose
    /// reads cannot hang may: one that hangs keeps all others waiting.
    fn may_wait(&self, file: &OpenFile, meta: &FileMeta) -> Option<WaitPermit> {
        let is_here = matches!(file.filesystem, FilesystemKind::Local | FilesystemKind::Memory);
        let is_long = meta.size > KEPT_FILE_BYTES as u64 && !self.rules.coverage.skips_the_middle(meta.size);
        let is_read = !file.sparse && !file.asks_for_device() && !file.is_device && !self.rules.maps(file, meta.size);
        (self.streams && is_here && is_long && is_read).then(WaitPermit::acquire)?
    }

    /// Where only stable digests count, waits until another write would leave another time stamp: some 2 s at most. A
    /// file that is written to meanwhile is not waited for again.
    fn wait_for_stamps(&mut self, file: &OpenFile, meta: FileMeta) -> Result<FileMeta, Errno> {
        if !self.rules.refuses_unverified() {
            return Ok(meta);
        }
        self.now = Now::read();
        let Some(wait) = file.stamps_tell_after(&meta, self.now) else { return Ok(meta) };
        std::thread::sleep(wait);
        self.now = Now::read();
        file.meta_now()
    }

    /// Whether more of the file is to be read, or told of it, than in a batch.
    fn is_too_long(&self, meta: &FileMeta) -> bool {
        let is_long = self.rules.coverage.bytes_read(meta.size) > PIECE_BYTES as u64;
        is_long || self.rules.coverage.part().is_some() || self.rules.piece_bytes(meta.size).is_some()
    }

    /// A file that is too large for a batch.
    fn return_large(&self, index: usize, file: OpenFile, meta: FileMeta) -> Found {
        let mapped = self.rules.maps(&file, meta.size);
        match self.stability(&file, &meta, mapped) {
            Ok(stability) => Found::Large(LargeFound { index, file, meta, stability, mapped }),
            Err(busy) => busy,
        }
    }

    /// How far a read that begins now can be trusted; an error if that is not enough.
    fn stability(&self, file: &OpenFile, meta: &FileMeta, mapped: bool) -> Result<Stability, Found> {
        match file.stability(meta, self.now, mapped) {
            Stability::Unverified if self.rules.refuses_unverified() => Err(Found::error(*meta, ErrorCode::FileBusy)),
            stability => Ok(stability),
        }
    }

    /// Hashes an open file alone: reads it, so many times at most, until two calls of `fstat` agree.
    pub(crate) fn hash_open(&mut self, index: usize, file: OpenFile, mut meta: FileMeta, attempts: usize) -> Found {
        for _ in 0..attempts {
            let mapped = self.rules.maps(&file, meta.size);
            let stability = match self.stability(&file, &meta, mapped) {
                Ok(stability) => stability,
                Err(busy) => return busy,
            };
            let digests_before = self.out.len();
            let keeps = self.keeps(&file, &meta, mapped);
            let read = if keeps { self.read_once(&file, &meta) } else { self.digest_once(&file, &meta, mapped) };
            if let Err(ReadFailure::NotInMemory) = read {
                return self.set_aside(index, file, (meta, stability));
            }
            fail::fail_point!("after_read");
            if !keeps {
                self.digests.finalize_reset_into(self.out);
            }
            let later = match file.meta_now() {
                Ok(later) => later,
                Err(errno) => return self.failed(meta, digests_before, errno),
            };
            let same = meta.same_content(&later);
            match read {
                Ok(Some(bytes)) if same => {
                    if keeps {
                        self.buffers.arena.keep(bytes as usize);
                        self.kept = true;
                    }
                    let meta = FileMeta { size: bytes, ..meta };
                    return Found::Settled(meta, Status::Hashed(stability));
                }
                Err(ReadFailure::MissingBytes) if !same => self.out.truncate(digests_before),
                Err(failure) => return self.failed(meta, digests_before, failure.errno()),
                Ok(None) => {
                    self.out.truncate(digests_before);
                    return self.return_large(index, file, meta);
                }
                Ok(Some(_)) => self.out.truncate(digests_before),
            }
            meta = later;
            if self.is_too_long(&meta) {
                break; // it keeps growing
            }
        }
        Found::error(meta, ErrorCode::FileChanged)
    }

    fn failed(&mut self, meta: FileMeta, digests_before: usize, errno: Errno) -> Found {
        self.out.truncate(digests_before);
        Found::Settled(meta, Status::of_errno(errno))
    }

    /// Whether this file is read into the arena. Empty files may be longer than they say, so that they are not.
    fn keeps(&self, file: &OpenFile, meta: &FileMeta, mapped: bool) -> bool {
        let is_small =
            (1..=KEPT_FILE_BYTES as u64).contains(&meta.size) && !self.rules.coverage.skips_the_middle(meta.size);
        self.keeps && is_small && !mapped && !file.sparse && !file.asks_for_device()
    }

    /// Whether a read of the file may wait. Elsewhere than on a local file system nothing is asked for ahead.
    fn patience_with(&self, file: &OpenFile) -> Patience {
        match file.filesystem {
            FilesystemKind::Local => self.patience,
            _ => Patience::Waits,
        }
    }

    /// Reads the file into the arena. Returns the number of bytes.
    fn read_once(&mut self, file: &OpenFile, meta: &FileMeta) -> Result<Option<u64>, ReadFailure> {
        let bytes = self.buffers.read_into_arena(file.fd(), meta.size as usize, self.patience_with(file))?;
        Ok(Some(bytes as u64))
    }

    /// Reads the file once. Returns the number of bytes, or `None` if they are more than a piece.
    fn digest_once(&mut self, file: &OpenFile, meta: &FileMeta, mapped: bool) -> Result<Option<u64>, ReadFailure> {
        let patience = self.patience_with(file);
        let digests = &mut *self.digests;
        let size = meta.size;
        if size == 0 && !guard_is_out!(UnsizedRead) {
            let UnsizedRead { bytes, is_end, read_from } =
                self.buffers.read_unsized(file, 0, |bytes| digests.update(bytes))?;
            self.read_from = read_from;
            return Ok(is_end.then_some(bytes));
        }
        if self.rules.coverage.skips_the_middle(size) {
            for offset in [0, size - END_BYTES] {
                let end = Piece { offset, bytes: END_BYTES as usize, mapped: false };
                self.buffers.read_piece(file, end, |bytes| digests.update(bytes))?;
            }
        } else if mapped || file.sparse || file.asks_for_device() {
            let piece = Piece { offset: 0, bytes: size as usize, mapped };
            self.read_from = self.buffers.read_piece(file, piece, |bytes| digests.update(bytes))?;
        } else {
            self.buffers.read_whole(file.fd(), size, patience, |bytes| digests.update(bytes))?;
        }
        Ok(Some(size))
    }
}

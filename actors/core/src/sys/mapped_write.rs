//! Writing through a shared mapping, for tests of files that have such a writer.

use std::fs::File;
use std::io;

use memmap2::MmapOptions;

/// Maps the file at its present length, changes one byte after the other and unmaps it. Returns how many bytes were
/// changed.
///
/// # Errors
/// If the file cannot be mapped; an empty file cannot.
pub fn write_mapped(file: &File, bytes: impl IntoIterator<Item = (usize, u8)>) -> io::Result<usize> {
    // SAFETY: the mapping is only written to, byte by byte, and no reference into it outlives this call. The caller
    // does not shorten the file meanwhile: the tests have one writer per file.
    let mut map = unsafe { MmapOptions::new().map_mut(file)? };
    let mut written = 0;
    for (at, byte) in bytes {
        if let Some(mapped) = map.get_mut(at) {
            *mapped = byte;
            written += 1;
        }
    }
    Ok(written)
}

/// Keeps a file mapped writable and shared, without a descriptor, until it is dropped.
#[derive(Debug)]
pub struct HeldMapping(memmap2::MmapMut);

impl HeldMapping {
    /// Maps the file.
    ///
    /// # Errors
    /// As for [`write_mapped`].
    pub fn of(file: &File) -> io::Result<Self> {
        // SAFETY: as in `write_mapped`.
        unsafe { MmapOptions::new().map_mut(file).map(Self) }
    }

    /// Changes one byte.
    pub fn set(&mut self, at: usize, byte: u8) {
        self.0[at] = byte;
    }
}

//! A writer through a shared mapping, for tests of what becomes of files that have one.

use std::fs::File;
use std::io;

use memmap2::MmapOptions;

/// Maps the file as it is, changes one byte of it at a time, and lets go. Gives how many there were.
///
/// # Errors
/// When it cannot be mapped; an empty file cannot.
pub fn write_mapped(file: &File, bytes: impl IntoIterator<Item = (usize, u8)>) -> io::Result<usize> {
    // SAFETY: the mapping is only written to, byte by byte, and no reference into it outlives this call. The
    // caller keeps the file as long as it is: the tests have one writer a file.
    let mut map = unsafe { MmapOptions::new().map_mut(file)? };
    let mut written = 0;
    for (at, byte) in bytes {
        if let Some(place) = map.get_mut(at) {
            *place = byte;
            written += 1;
        }
    }
    Ok(written)
}

/// Holds a file open through a writable shared mapping alone, as long as it lives.
#[derive(Debug)]
pub struct HeldMapping(memmap2::MmapMut);

impl HeldMapping {
    /// # Errors
    /// As [`write_mapped`].
    pub fn of(file: &File) -> io::Result<Self> {
        // SAFETY: as in `write_mapped`.
        unsafe { MmapOptions::new().map_mut(file).map(Self) }
    }

    /// Changes one byte.
    pub fn set(&mut self, at: usize, byte: u8) {
        self.0[at] = byte;
    }
}

//! How many bytes have to come from storage, at least, if a range of a file is read from its device.

use std::os::fd::BorrowedFd;

use crate::sys::storage::{Allocated, AllocatedKind, Flush, allocated};

/// What a compressed or encrypted extent takes at least: a sector of the smallest file system that has such extents.
const ENCODED_BYTES: u64 = 4096;

/// What the file system holds of a range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The fewest bytes that can come from storage when all of the range does.
    pub(super) least_bytes: u64,
    /// Whether some of it is compressed or encrypted: then the bytes alone prove nothing of single pages.
    pub(super) is_encoded: bool,
    /// Whether some of it lies among metadata, which stays in memory.
    pub(super) is_inline: bool,
    /// Whether the file system tells its extents. If not, all of the range counts.
    pub(super) is_told: bool,
}

impl Held {
    /// Asks the file system about the bytes from `start` to `end`.
    pub(super) fn of(file: BorrowedFd<'_>, (start, end): (u64, u64), flush: Flush) -> Self {
        let mut held = Self { is_told: true, ..Self::default() };
        match allocated(file, (start, end), flush, |extent| held.add((start, end), &extent)) {
            Ok(()) => held,
            Err(_) => Self { least_bytes: end - start, ..Self::default() },
        }
    }

    fn add(&mut self, (start, end): (u64, u64), extent: &Allocated) {
        let extent_end = extent.offset.saturating_add(extent.bytes);
        let bytes = extent_end.min(end).saturating_sub(extent.offset.max(start));
        if bytes == 0 {
            return;
        }
        match extent.kind {
            AllocatedKind::Plain => self.least_bytes += bytes,
            AllocatedKind::Encoded => {
                self.least_bytes += bytes.min(ENCODED_BYTES);
                self.is_encoded = true;
            }
            AllocatedKind::Inline => self.is_inline = true,
            AllocatedKind::Unwritten => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(range: (u64, u64), extents: &[(u64, u64, AllocatedKind)]) -> Held {
        let mut held = Held::default();
        for &(offset, bytes, kind) in extents {
            held.add(range, &Allocated { offset, bytes, kind });
        }
        held
    }

    #[test]
    fn bytes_in_the_range_count_and_what_was_never_written_does_not() {
        use AllocatedKind::{Encoded, Inline, Plain, Unwritten};
        let all = [(0, 8192, Plain), (8192, 8192, Unwritten), (20_480, 131_072, Plain)];
        assert_eq!(held((4096, 24_000), &all).least_bytes, 4096 + (24_000 - 20_480));
        assert_eq!(held((8192, 16_384), &all), Held::default());
        let encoded =
            held((0, 300_000), &[(0, 131_072, Encoded), (131_072, 131_072, Encoded), (262_144, 100, Encoded)]);
        assert_eq!((encoded.least_bytes, encoded.is_encoded), (2 * 4096 + 100, true));
        assert!(held((0, 100), &[(0, 4096, Inline)]).is_inline);
        assert_eq!(held((0, 100), &[(u64::MAX, 4096, Plain)]), Held::default());
    }
}

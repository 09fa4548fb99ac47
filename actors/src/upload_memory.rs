//! The memory of uploads, bounded for all of them together: blocks of an upload that are mapped, so that all of it is
//! given back to the system when the upload ends.

use memmap2::MmapMut;

/// The most that all blocks take together, two for each upload, up to the limit of uploads for which blocks still have
/// [`LEAST`] bytes. With what connections take it is less than 128 MiB.
const BUDGET: usize = 112 << 20;

/// The size of a block while few uploads are in progress: some 500 us of SHA-256, so that the two hops to a hasher and
/// back cost a tenth of it (at 256 KiB they cost a third).
const LARGE: usize = 1 << 20;

/// How many uploads may have large blocks at a time.
const FEW: usize = 16;

/// No block is smaller.
const LEAST: usize = 64 << 10;

/// The size of the blocks of an upload that begins as one of so many in progress, of which there are at most `most`.
pub(crate) const fn block_bytes(in_progress: usize, most: usize) -> usize {
    if in_progress <= FEW || most <= FEW {
        return LARGE;
    }
    let share = (BUDGET - 2 * FEW * LARGE) / 2 / (most - FEW) / LEAST * LEAST;
    match share {
        0 => LEAST,
        LARGE.. => LARGE,
        _ => share,
    }
}

/// Consecutive bytes of an upload.
#[derive(Debug)]
pub(crate) struct Block {
    memory: MmapMut,
    filled: usize,
}

impl Block {
    /// An empty block of this size, at least 1.
    ///
    /// # Errors
    /// When the system has no memory or no room for one more mapping.
    pub(crate) fn new(bytes: usize) -> std::io::Result<Self> {
        Ok(Self { memory: MmapMut::map_anon(bytes)?, filled: 0 })
    }

    /// Takes as many of these bytes as there is room for. Returns the others.
    pub(crate) fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(self.memory.len() - self.filled));
        self.memory[self.filled..self.filled + taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        rest
    }

    /// Whether there is no more room.
    pub(crate) fn is_full(&self) -> bool {
        self.filled == self.memory.len()
    }

    /// What it was filled with.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[..self.filled]
    }

    /// Empties it, to be filled anew.
    pub(crate) fn emptied(self) -> Self {
        Self { filled: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_uploads_come_and_go_their_blocks_keep_within_the_budget() {
        for most in [1, 2, 16, 17, 64, 128, 500, 656] {
            let (mut small, mut large) = (0, 0);
            // The worst case: those that came while there were few stay.
            for in_progress in 1..=most {
                match block_bytes(in_progress, most) {
                    LARGE => large += 1,
                    bytes => small += bytes,
                }
            }
            assert!(2 * (small + large * LARGE) <= BUDGET, "{most} uploads: {large} large ones, {small} bytes");
        }
        assert_eq!((block_bytes(1, 128), block_bytes(100, 128)), (1 << 20, 320 << 10));
        assert_eq!(block_bytes(5_000, 10_000), LEAST, "beyond that the limit on uploads is what bounds them");
    }

    #[test]
    fn a_block_takes_what_it_has_room_for_and_leaves_the_rest() {
        let mut block = Block::new(10).unwrap();
        assert_eq!(block.fill(b"seven b"), b"");
        assert!(!block.is_full());
        assert_eq!(block.fill(b"ytes"), b"s");
        assert!(block.is_full());
        assert_eq!(block.fill(b"more"), b"more");
        assert_eq!(block.bytes(), b"seven byte");
        assert_eq!(block.emptied().bytes(), b"");
    }
}

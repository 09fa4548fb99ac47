//! Digests that one storage service defines for itself: QuickXorHash, Mail.ru's and HiDrive's.

use sha1::{Digest as _, Sha1};

use super::state::State;

/// The width of a QuickXorHash in bits, and so the number of bytes after which it comes round.
const WIDTH: usize = 160;

/// OneDrive's QuickXorHash: byte `i` is XORed in at bit `11 i` of a ring of 160 bits, then the length at the end. From
/// "Code snippets: QuickXorHash" in Microsoft's documentation of OneDrive.
///
/// Bytes that are 160 apart meet the same bits, so they are XORed with each other first, which is fast.
#[derive(Clone)]
pub(super) struct QuickXor {
    columns: [u8; WIDTH],
    length: u64,
}

impl Default for QuickXor {
    fn default() -> Self {
        Self { columns: [0; WIDTH], length: 0 }
    }
}

impl QuickXor {
    fn absorb(&mut self, bytes: &[u8], from_column: usize) {
        self.columns[from_column..].iter_mut().zip(bytes).for_each(|(column, byte)| *column ^= byte);
    }

    fn digest(&self) -> [u8; 20] {
        let mut ring = [0_u8; WIDTH / 8];
        for (index, column) in self.columns.iter().enumerate() {
            let bit = index * 11 % WIDTH;
            let [low, high] = (u16::from(*column) << (bit % 8)).to_le_bytes();
            ring[bit / 8] ^= low;
            ring[(bit / 8 + 1) % ring.len()] ^= high;
        }
        ring[12..].iter_mut().zip(self.length.to_le_bytes()).for_each(|(byte, length)| *byte ^= length);
        ring
    }
}

impl State for QuickXor {
    fn update(&mut self, bytes: &[u8]) {
        let from_column = (self.length % WIDTH as u64) as usize;
        let (head, tail) = bytes.split_at(bytes.len().min(WIDTH - from_column));
        self.absorb(head, from_column);
        tail.chunks(WIDTH).for_each(|row| self.absorb(row, 0));
        self.length += bytes.len() as u64;
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.digest());
        *self = Self::default();
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some([&self.columns[..], &self.length.to_le_bytes()].concat())
    }
}

impl super::state::Restore for QuickXor {
    fn restore(saved: &[u8]) -> Option<Self> {
        let (columns, length) = saved.split_first_chunk()?;
        Some(Self { columns: *columns, length: u64::from_le_bytes(length.try_into().ok()?) })
    }
}

/// The length of a SHA-1 digest in bytes.
const SHA1_BYTES: usize = 20;

/// Mail.ru Cloud's digest: SHA-1 of `mrCloud`, the bytes, and their count in decimal. Up to 20 bytes are their own
/// digest, with zeros behind. From rclone's `mrhash`.
#[derive(Clone)]
pub(super) struct Mailru {
    sha1: Sha1,
    /// The first bytes.
    head: [u8; SHA1_BYTES],
    length: u64,
}

impl Default for Mailru {
    fn default() -> Self {
        Self { sha1: Sha1::new_with_prefix(b"mrCloud"), head: [0; SHA1_BYTES], length: 0 }
    }
}

impl State for Mailru {
    fn update(&mut self, bytes: &[u8]) {
        let at = usize::try_from(self.length).unwrap_or(usize::MAX).min(SHA1_BYTES);
        self.head[at..].iter_mut().zip(bytes).for_each(|(head, byte)| *head = *byte);
        self.sha1.update(bytes);
        self.length += bytes.len() as u64;
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        let mut state = std::mem::take(self);
        if state.length <= SHA1_BYTES as u64 {
            return out.extend_from_slice(&state.head);
        }
        state.sha1.update(state.length.to_string());
        out.extend_from_slice(&state.sha1.finalize());
    }
}

/// The bytes in a block of HiDrive's digest.
const BLOCK_BYTES: usize = 4096;

/// The digests in one digest of the next level.
const PER_LEVEL: usize = 256;

/// HiDrive's digest: the SHA-1s of 4 KiB blocks are summed up 256 at a time, the sums again, and so on. From rclone's
/// `hidrivehash` and "HiDrive Synchronization" of its developers.
#[derive(Clone)]
pub(super) struct Hidrive {
    block: Sha1,
    in_block_bytes: usize,
    block_is_zero: bool,
    /// From the one above the blocks on up. A level is never full between updates.
    levels: Vec<Level>,
    /// What was added to a level last.
    last: [u8; SHA1_BYTES],
}

/// The sum of up to 256 digests, each with its position.
#[derive(Clone, Default)]
struct Level {
    sum: [u8; SHA1_BYTES],
    count: usize,
}

impl Level {
    fn add(&mut self, digest: [u8; SHA1_BYTES]) {
        if digest != [0; SHA1_BYTES] {
            let positioned = Sha1::new_with_prefix(digest).chain_update([self.count as u8]).finalize();
            self.sum = sum_of(self.sum, positioned.into());
        }
        self.count += 1;
    }
}

/// The sum of two big-endian numbers of 160 bits, without the carry.
fn sum_of(left: [u8; SHA1_BYTES], right: [u8; SHA1_BYTES]) -> [u8; SHA1_BYTES] {
    let mut sum = [0; SHA1_BYTES];
    let mut carry = 0;
    for at in (0..SHA1_BYTES).rev() {
        let [high, low] = (u16::from(left[at]) + u16::from(right[at]) + carry).to_be_bytes();
        (sum[at], carry) = (low, high.into());
    }
    sum
}

impl Default for Hidrive {
    fn default() -> Self {
        Self { block: Sha1::new(), in_block_bytes: 0, block_is_zero: true, levels: Vec::new(), last: [0; SHA1_BYTES] }
    }
}

impl Hidrive {
    fn absorb(&mut self, bytes: &[u8]) {
        self.block.update(bytes);
        self.in_block_bytes += bytes.len();
        self.block_is_zero &= bytes.iter().all(|byte| *byte == 0);
        if self.in_block_bytes == BLOCK_BYTES {
            let digest = self.block.finalize_reset().into();
            let digest = if self.block_is_zero { [0; SHA1_BYTES] } else { digest };
            (self.in_block_bytes, self.block_is_zero) = (0, true);
            self.add_to_level(0, digest);
        }
    }

    /// Adds a digest to this level, and the sums of the levels that this fills to those above.
    fn add_to_level(&mut self, first: usize, mut digest: [u8; SHA1_BYTES]) {
        for index in first.. {
            if index == self.levels.len() {
                self.levels.push(Level::default());
            }
            self.levels[index].add(digest);
            self.last = digest;
            if self.levels[index].count < PER_LEVEL {
                return;
            }
            digest = std::mem::take(&mut self.levels[index]).sum;
        }
    }

    fn digest(mut self) -> [u8; SHA1_BYTES] {
        if self.in_block_bytes > 0 {
            self.absorb(&[0; BLOCK_BYTES][self.in_block_bytes..]);
        }
        let mut index = 0;
        // A level that is filled here adds one above.
        while index + 1 < self.levels.len() {
            let level = std::mem::take(&mut self.levels[index]);
            index += 1;
            if level.count > 0 {
                self.add_to_level(index, level.sum);
            }
        }
        // A single digest of the highest level stands for itself, without its position.
        self.levels.last().filter(|highest| highest.count > 1).map_or(self.last, |highest| highest.sum)
    }
}

impl State for Hidrive {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.in_block_bytes));
            self.absorb(now);
            bytes = later;
        }
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&std::mem::take(self).digest());
    }
}

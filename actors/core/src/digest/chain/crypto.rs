//! The states of the cryptographic digests: the RustCrypto crates and `blake3`.

use blake2::Blake2bVarCore;
use sha2::digest::FixedOutputReset;
use sha2::digest::Output;
use sha2::digest::block_api::{Buffer, UpdateCore as _, VariableOutputCore};
use sha2::digest::common::BlockSizeUser;
use sha2::digest::common::hazmat::SerializableState;

use super::super::algorithm::{Blake2bLength, Blake3Length};
use super::bulk::{self, Bulk};
use super::state::{Restore, State};

/// The algorithms of the RustCrypto crates whose states can be saved.
#[derive(Clone, Default)]
pub(super) struct Resumable<D>(D);

impl<D: SerializableState + BlockSizeUser> Restore for Resumable<D> {
    fn restore(saved: &[u8]) -> Option<Self> {
        let restored = D::deserialize(&saved.try_into().ok()?).ok()?;
        (blocks_in(saved, D::block_size()) < MOST_BLOCKS).then_some(Self(restored))
    }
}

/// More blocks than any input has: the crates count its bits without a check, and panic in a debug build.
const MOST_BLOCKS: u128 = 1 << 54;

/// How many blocks a saved state counts: a little-endian number before its last block, of 8 bytes for blocks of 64 (MD4,
/// MD5, SHA-1, SHA-256, RIPEMD-160, SM3, Tiger, Whirlpool) and of 16 for blocks of 128 (SHA-512). SHA-3 counts none.
fn blocks_in(saved: &[u8], block_bytes: usize) -> u128 {
    let count = saved.len().checked_sub(block_bytes).map(|end| &saved[..end]).unwrap_or_default();
    match block_bytes {
        64 => count.last_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes).into()),
        128 => count.last_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes)),
        _ => 0,
    }
}

impl<D: sha2::Digest + FixedOutputReset + SerializableState + Clone + Send + Sync + 'static> State for Resumable<D> {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&sha2::Digest::finalize_reset(&mut self.0));
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.serialize().to_vec())
    }
}

/// The same, with compression functions that are faster than those of the crates.
#[derive(Clone, Default)]
pub(super) struct InBulk<D>(Resumable<D>);

impl<D: SerializableState + BlockSizeUser> Restore for InBulk<D> {
    fn restore(saved: &[u8]) -> Option<Self> {
        Resumable::restore(saved).map(Self)
    }
}

impl<D: Bulk + FixedOutputReset + Clone + Send + Sync + 'static> State for InBulk<D> {
    fn update(&mut self, bytes: &[u8]) {
        bulk::update(&mut self.0.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        self.0.finalize_reset_into(out);
    }

    fn save(&self) -> Option<Vec<u8>> {
        self.0.save()
    }
}

/// BLAKE2b and BLAKE2s, whose crate does not expose the state.
#[derive(Clone, Default)]
pub(super) struct Blake2<D>(D);

impl<D: sha2::Digest + FixedOutputReset + Clone + Send + Sync + 'static> State for Blake2<D> {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&sha2::Digest::finalize_reset(&mut self.0));
    }
}

/// BLAKE2b of a length that is known at run time only.
#[derive(Clone)]
pub(super) struct Blake2bOfLength {
    core: Blake2bVarCore,
    buffer: Buffer<Blake2bVarCore>,
    length: Blake2bLength,
}

impl Blake2bOfLength {
    pub(super) fn new(length: Blake2bLength) -> Self {
        let core = Blake2bVarCore::new(length.bytes()).expect("1 to 64 bytes are a length of BLAKE2b");
        Self { core, buffer: Buffer::<Blake2bVarCore>::default(), length }
    }
}

impl State for Blake2bOfLength {
    fn update(&mut self, bytes: &[u8]) {
        let core = &mut self.core;
        self.buffer.digest_blocks(bytes, |blocks| core.update_blocks(blocks));
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        // The digest is the first bytes of the state; the length is in the state from the start.
        let mut longest = Output::<Blake2bVarCore>::default();
        self.core.finalize_variable_core(&mut self.buffer, &mut longest);
        out.extend_from_slice(&longest[..self.length.bytes()]);
        *self = Self::new(self.length);
    }
}

/// BLAKE3.
#[derive(Clone, Default)]
pub(super) struct Blake3(blake3::Hasher);

impl State for Blake3 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.finalize().as_bytes());
        self.0.reset();
    }
}

/// BLAKE3 of another length: the first bytes of its endless output.
#[derive(Clone)]
pub(super) struct Blake3OfLength {
    hasher: blake3::Hasher,
    length: Blake3Length,
}

impl Blake3OfLength {
    pub(super) fn new(length: Blake3Length) -> Self {
        Self { hasher: blake3::Hasher::new(), length }
    }
}

impl State for Blake3OfLength {
    fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + self.length.bytes(), 0);
        self.hasher.finalize_xof().fill(&mut out[start..]);
        self.hasher.reset();
    }
}

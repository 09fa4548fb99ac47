//! The states of the checks that are no cryptography: the CRCs and xxHash. Their digests are big-endian, seed 0.

use crc_fast::{CrcAlgorithm, Digest as Crc};
use xxhash_rust::xxh3::Xxh3Default;
use xxhash_rust::{xxh32, xxh64};

use super::state::{Restore, State};

#[derive(Clone, Default)]
pub(super) struct Crc32(crc32fast::Hasher);

impl State for Crc32 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.clone().finalize().to_be_bytes());
        self.0.reset();
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.clone().finalize().to_le_bytes().to_vec())
    }
}

/// The CRC of the bytes so far is the whole state.
impl Restore for Crc32 {
    fn restore(saved: &[u8]) -> Option<Self> {
        Some(Self(crc32fast::Hasher::new_with_initial(u32::from_le_bytes(saved.try_into().ok()?))))
    }
}

/// The CRC of the bytes so far.
#[derive(Clone, Default)]
pub(super) struct Crc32c(u32);

impl State for Crc32c {
    fn update(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&std::mem::take(&mut self.0).to_be_bytes());
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.to_le_bytes().to_vec())
    }
}

impl Restore for Crc32c {
    fn restore(saved: &[u8]) -> Option<Self> {
        Some(Self(u32::from_le_bytes(saved.try_into().ok()?)))
    }
}

/// CRC-64/NVME, or CRC-64/XZ.
#[derive(Clone)]
pub(super) struct Crc64<const NVME: bool>(Crc);

impl<const NVME: bool> Crc64<NVME> {
    const ALGORITHM: CrcAlgorithm = if NVME { CrcAlgorithm::Crc64Nvme } else { CrcAlgorithm::Crc64Xz };
}

impl<const NVME: bool> Default for Crc64<NVME> {
    fn default() -> Self {
        Self(Crc::new(Self::ALGORITHM))
    }
}

impl<const NVME: bool> State for Crc64<NVME> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.finalize_reset().to_be_bytes());
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.get_state().to_le_bytes().to_vec())
    }
}

impl<const NVME: bool> Restore for Crc64<NVME> {
    fn restore(saved: &[u8]) -> Option<Self> {
        let state = u64::from_le_bytes(saved.try_into().ok()?);
        Some(Self(Crc::new_with_init_state(Self::ALGORITHM, state)))
    }
}

/// XXH3 with a digest of 64 bits, or of 128 bits if `WIDE`.
#[derive(Clone, Default)]
pub(super) struct Xxh3<const WIDE: bool>(Xxh3Default);

impl<const WIDE: bool> State for Xxh3<WIDE> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        match WIDE {
            true => out.extend_from_slice(&self.0.digest128().to_be_bytes()),
            false => out.extend_from_slice(&self.0.digest().to_be_bytes()),
        }
        self.0.reset();
    }
}

#[derive(Clone)]
pub(super) struct Xxh32(xxh32::Xxh32);

impl Default for Xxh32 {
    fn default() -> Self {
        Self(xxh32::Xxh32::new(0))
    }
}

impl State for Xxh32 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.digest().to_be_bytes());
        self.0.reset(0);
    }
}

#[derive(Clone)]
pub(super) struct Xxh64(xxh64::Xxh64);

impl Default for Xxh64 {
    fn default() -> Self {
        Self(xxh64::Xxh64::new(0))
    }
}

impl State for Xxh64 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.digest().to_be_bytes());
        self.0.reset(0);
    }
}

//! Many blocks at once through a compression function of our own, where the crate's is slower.
//!
//! The crate keeps the state, counts, pads and ends. Its saved form has the words, the number of blocks and an open
//! block, so that whole blocks can be added to the words and to the number. Where the processor lacks the instructions, the
//! crate does all.

use sha2::digest::common::BlockSizeUser;
use sha2::digest::common::hazmat::SerializableState;

use crate::digest::constants::{MD5_CONSTANTS, SHA512_CONSTANTS};
use crate::sys::blocks;

/// So many bytes are worth the way through the saved form, which takes as long as some ten blocks.
const WORTH_BYTES: usize = 4096;

/// A hash function of the RustCrypto crates.
pub(super) trait Bulk: sha2::Digest + SerializableState + BlockSizeUser {
    /// The bytes of the number of blocks in the saved form.
    const COUNT_BYTES: usize;

    /// Adds whole blocks to the words, as they are in the saved form. False, and nothing was done, where this processor
    /// lacks the instructions.
    fn compress(words: &mut [u8], blocks: &[u8]) -> bool;
}

macro_rules! bulk {
    ($word:ty, $count_bytes:literal, $compress:path, $constants:ident: $($hasher:ty)*) => {
        $(impl Bulk for $hasher {
            const COUNT_BYTES: usize = $count_bytes;

            fn compress(words: &mut [u8], blocks: &[u8]) -> bool {
                let (words, _) = words.as_chunks_mut();
                let mut state = std::array::from_fn(|word| <$word>::from_le_bytes(words[word]));
                let done = $compress(&mut state, blocks.as_chunks().0, &$constants);
                words.iter_mut().zip(state).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
                done
            }
        })*
    };
}

bulk!(u32, 8, blocks::md5, MD5_CONSTANTS: md5::Md5);
bulk!(u64, 16, blocks::sha512, SHA512_CONSTANTS: sha2::Sha384 sha2::Sha512 sha2::Sha512_224 sha2::Sha512_256);

/// Adds the next bytes.
pub(super) fn update<D: Bulk>(hasher: &mut D, bytes: &[u8]) {
    let rest = match bytes.len() < WORTH_BYTES {
        true => bytes,
        false => after_whole_blocks(hasher, bytes),
    };
    sha2::Digest::update(hasher, rest);
}

/// Adds all whole blocks, as far as that is possible. Gives the bytes after them.
fn after_whole_blocks<'a, D: Bulk>(hasher: &mut D, bytes: &'a [u8]) -> &'a [u8] {
    let block = D::block_size();
    let saved = hasher.serialize();
    // The saved form ends with how many bytes the open block has, and these.
    let open = usize::from(saved[saved.len() - block]);
    let (closing, rest) = bytes.split_at((block - open) % block);
    sha2::Digest::update(hasher, closing);
    let (whole, end) = rest.split_at(rest.len() / block * block);
    let mut saved = hasher.serialize();
    let words_bytes = saved.len() - block - D::COUNT_BYTES;
    let (words, others) = saved.split_at_mut(words_bytes);
    if !D::compress(words, whole) {
        return rest;
    }
    add_to((whole.len() / block) as u64, &mut others[..D::COUNT_BYTES]);
    match D::deserialize(&saved) {
        Ok(hashed) => {
            *hasher = hashed;
            end
        }
        Err(_) => rest,
    }
}

/// Adds to a little-endian number.
fn add_to(blocks: u64, number: &mut [u8]) {
    let mut carried = u128::from(blocks);
    for byte in number {
        carried += u128::from(*byte);
        *byte = carried as u8;
        carried >>= 8;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Digest;

    use super::*;
    use crate::digest::tests::cycle;

    fn apart<D: Bulk + Clone>(parts: &[&[u8]]) {
        let (mut ours, mut theirs) = (D::new(), D::new());
        for part in parts {
            update(&mut ours, part);
            Digest::update(&mut theirs, part);
            assert_eq!(ours.serialize(), theirs.serialize(), "a part of {} bytes", part.len());
        }
        assert_eq!(ours.finalize(), theirs.finalize());
    }

    fn apart_each(parts: &[&[u8]]) {
        apart::<md5::Md5>(parts);
        apart::<sha2::Sha384>(parts);
        apart::<sha2::Sha512>(parts);
        apart::<sha2::Sha512_224>(parts);
        apart::<sha2::Sha512_256>(parts);
    }

    #[test]
    fn blocks_after_any_open_block_are_those_of_the_crate() {
        let bytes = cycle(WORTH_BYTES + 300);
        for first in 0..=130 {
            for more in [0, 1, 63, 127, 128, 129] {
                let (open, rest) = bytes.split_at(first);
                apart_each(&[open, &rest[..WORTH_BYTES - 1 + more], b"end"]);
            }
        }
    }

    #[test]
    fn the_number_of_blocks_carries() {
        let mut number = [0xff, 0xff, 0, 7];
        add_to(2, &mut number);
        assert_eq!(number, [1, 0, 1, 7]);
        add_to(0x100_0000, &mut number);
        assert_eq!(number, [1, 0, 1, 8]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_parts_are_those_of_the_crate(lengths in prop::collection::vec(0..20_000_usize, 0..5), seed: u8) {
            let bytes: Vec<u8> = cycle(lengths.iter().sum()).iter().map(|byte| byte ^ seed).collect();
            let mut rest = bytes.as_slice();
            let parts: Vec<&[u8]> = lengths.iter().map(|length| rest.split_off(..*length).unwrap()).collect();
            apart_each(&parts);
        }
    }
}

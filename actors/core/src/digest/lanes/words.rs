//! How the blocks of several digests become words, and how their messages end.

use super::schedule::TAIL_BYTES;
use crate::sys::lanes::{Lanes, WordOrder};

/// Writes the statements once for each number, as a constant.
macro_rules! unrolled {
    ($name:ident in [$($number:literal)*] $body:block) => {
        $({
            #[allow(clippy::allow_attributes, unused_variables, reason = "some bodies only repeat")]
            let $name: usize = $number;
            $body
        })*
    };
}
pub(super) use unrolled;

/// A block of 16 words of every lane, from byte `at` of its row on.
#[inline(always)]
pub(super) fn block_of_16<W: Copy, V: Lanes<W, N>, const N: usize>(
    proof: V::Proof,
    rows: &[&[u8]; N],
    at: usize,
    order: WordOrder,
) -> [V; 16] {
    let mut words = [V::transposed(proof, rows, at, order)[0]; 16];
    let mut first = 0;
    while first < 16 {
        let some = V::transposed(proof, rows, at + first * size_of::<W>(), order);
        words[first..first + N].copy_from_slice(&some);
        first += N;
    }
    words
}

/// Padding of MD5, SHA-1 and SHA-2: a bit, zeros, and the length of the message at the end of a block.
pub(super) fn end_with_length<const BLOCK_BYTES: usize>(
    rest: &[u8],
    length: &[u8],
    tail: &mut [u8; TAIL_BYTES],
) -> usize {
    tail[..rest.len()].copy_from_slice(rest);
    tail[rest.len()] = 0x80;
    let bytes = (rest.len() + 1 + length.len()).next_multiple_of(BLOCK_BYTES);
    tail[bytes - length.len()..bytes].copy_from_slice(length);
    bytes
}

//! MD5 (RFC 1321, section 3.4) on x86-64.
//!
//! Each step waits for the word of the step before it, so only the instructions between these words count. What does not
//! depend on that word is added before; the rest is written down here, so that no compiler reorders it. The function
//! of the second round, `(b & d) | (c & !d)`, is a sum: no bit is set on both sides.

use std::arch::asm;

/// One step: the four words of the state, a word of the block plus its constant. Gives the new word.
type Step = fn(u32, u32, u32, u32, u32) -> u32;

macro_rules! step {
    ($name:ident, $before:expr, $sum:expr, [$($chain:literal),+]) => {
        #[inline(always)]
        fn $name<const LEFT: u32>(a: u32, b: u32, c: u32, d: u32, addend: u32) -> u32 {
            let before: fn(u32, u32) -> u32 = $before;
            let sum: fn(u32, u32) -> u32 = $sum;
            let mut mixed = before(c, d);
            let mut word = a.wrapping_add(addend).wrapping_add(sum(c, d));
            // SAFETY: arithmetic in registers. `c` and `d` are not in use by each of the functions.
            unsafe {
                asm!(
                    $($chain,)+
                    "add {word:e}, {mixed:e}",
                    "rol {word:e}, {left}",
                    "add {word:e}, {b:e}",
                    "/* {c:e} {d:e} */",
                    mixed = inout(reg) mixed,
                    word = inout(reg) word,
                    b = in(reg) b,
                    c = in(reg) c,
                    d = in(reg) d,
                    left = const LEFT,
                    options(pure, nomem, nostack),
                );
            }
            let _ = mixed;
            word
        }
    };
}

step!(first, |c, d| c ^ d, |_, _| 0, ["and {mixed:e}, {b:e}", "xor {mixed:e}, {d:e}"]);
step!(second, |_, d| d, |c, d| c & !d, ["and {mixed:e}, {b:e}"]);
step!(third, |c, d| c ^ d, |_, _| 0, ["xor {mixed:e}, {b:e}"]);
step!(fourth, |_, d| !d, |_, _| 0, ["or {mixed:e}, {b:e}", "xor {mixed:e}, {c:e}"]);

/// Adds these blocks to the state.
pub(super) fn compress(state: &mut [u32; 4], blocks: &[[u8; 64]], constants: &[u32; 64]) {
    let [mut a, mut b, mut c, mut d] = *state;
    for block in blocks {
        let words: [u32; 16] =
            std::array::from_fn(|at| u32::from_le_bytes(std::array::from_fn(|byte| block[at * 4 + byte])));
        let before = [a, b, c, d];
        // A round reads word `first + step * factor`, and its four rotations again and again.
        macro_rules! four {
            ($round:literal, $from:literal, $step:ident, [$($left:literal),+], $first:literal + step * $factor:literal) => {
                let steps: [Step; 4] = [$($step::<$left>),+];
                let addend = |step: usize| {
                    words[($first + step * $factor) % 16].wrapping_add(constants[$round * 16 + step])
                };
                a = steps[0](a, b, c, d, addend($from));
                d = steps[1](d, a, b, c, addend($from + 1));
                c = steps[2](c, d, a, b, addend($from + 2));
                b = steps[3](b, c, d, a, addend($from + 3));
            };
        }
        macro_rules! round {
            ($round:literal, $step:ident, $left:tt, $first:literal + step * $factor:literal) => {
                four!($round, 0, $step, $left, $first + step * $factor);
                four!($round, 4, $step, $left, $first + step * $factor);
                four!($round, 8, $step, $left, $first + step * $factor);
                four!($round, 12, $step, $left, $first + step * $factor);
            };
        }
        round!(0, first, [7, 12, 17, 22], 0 + step * 1);
        round!(1, second, [5, 9, 14, 20], 1 + step * 5);
        round!(2, third, [4, 11, 16, 23], 5 + step * 3);
        round!(3, fourth, [6, 10, 15, 21], 0 + step * 7);
        let after = [a, b, c, d];
        [a, b, c, d] = std::array::from_fn(|word| before[word].wrapping_add(after[word]));
    }
    *state = [a, b, c, d];
}

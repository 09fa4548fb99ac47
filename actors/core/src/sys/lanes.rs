//! Vectors of words, one word for each of several messages that are digested side by side.
//!
//! [`Lanes`] is what a compression function needs of a vector. It exists for AVX-512 (16 words of 32 bits, or 8 of 64),
//! for AVX2 (8, or 4) and as plain arrays (4, or 2). A vector is only made with the proof that the processor has the
//! instructions, and a proof is only made by asking the processor. [`Frame`] runs a [`Kernel`] inside a function
//! that is compiled for these instructions. Digests and messages are not known here.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;
mod vector;

use std::ffi::OsStr;
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use self::{avx2::Avx2, avx512::Avx512};
pub(crate) use vector::{Frame, Kernel, Lanes, WordOrder};

/// Which instructions the lanes use.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// No special ones.
    Portable,
}

/// The environment variable that names the widest instructions to use. It is for tests, and for a processor whose wide
/// ones slow down everything else.
const WIDEST: &str = "HIVESUM_LANES";

impl Instructions {
    /// Those that are used: all that this processor has, unless the environment names narrower ones.
    pub(crate) fn used() -> impl Iterator<Item = Self> {
        static WIDEST_USED: OnceLock<Option<&'static str>> = OnceLock::new();
        Self::up_to(*WIDEST_USED.get_or_init(|| widest_of(&std::env::var_os(WIDEST)?)))
    }

    /// Those that are not wider than the ones with this name, if there is one.
    fn up_to(widest: Option<&str>) -> impl Iterator<Item = Self> {
        Self::available().skip_while(move |one| widest.is_some_and(|widest| one.name() != widest))
    }

    /// Those that this processor has, the widest first. The last ones are always there.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let special = [Avx512::detect().map(Self::Avx512), Avx2::detect().map(Self::Avx2)];
        #[cfg(not(target_arch = "x86_64"))]
        let special: [Option<Self>; 0] = [];
        special.into_iter().flatten().chain([Self::Portable])
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            Self::Portable => "portable",
        }
    }
}

/// The name of the instructions that a word means. `None` for another word, and for what the processor does not have.
fn widest_of(word: &OsStr) -> Option<&'static str> {
    let named = Instructions::available().map(Instructions::name).find(|name| word == *name);
    if named.is_none() {
        let names: Vec<_> = Instructions::available().map(Instructions::name).collect();
        tracing::warn!("{WIDEST}={}: not one of {}, so it has no effect", word.display(), names.join(", "));
    }
    named
}

#[cfg(test)]
mod tests;

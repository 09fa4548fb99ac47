//! What the tests of several packages share: the decision to skip a test, system tools, published digests, a faulty
//! file system, disks that are damaged below their file systems, lines that are cut, a file that changes without a
//! trace, and a wall clock.
//!
//! Nothing here depends on hivesum, so the unit tests of every package may use it. Whatever needs the built program
//! stays in the tests of the package that builds it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::time::{Duration, Instant};

#[cfg(test)]
mod arrows;
pub mod broker;
pub mod faultfs;
pub mod images;
pub mod line;
pub mod premis;
pub mod process;
pub mod published;
pub mod requirement;
pub mod silent_corruption;
pub mod tools;
pub mod vectors;
pub mod wall_clock;

pub use requirement::{Requirement, has_tool};
pub use vectors::cycle;

/// The longest wait for anything that has to happen. It takes far less on every machine, so that only a fault reaches it.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Asks again and again until this holds, for [`LONGEST_WAIT`] at most. Whether it came to hold.
pub fn comes_true(mut holds: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !holds() {
        if began.elapsed() > LONGEST_WAIT {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

/// xorshift64: the same numbers for the same seed.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that begin with this seed.
    pub fn new(seed: u64) -> Self {
        // The sequence of 0 is 0.
        Self(seed.max(1))
    }

    /// Dice that begin with the seed in `HIVESUM_SEED`, or with another one each time. Prints the seed.
    #[allow(clippy::print_stderr, reason = "a test that fails is repeated with its seed")]
    pub fn from_env() -> Self {
        let seed = number_from_env("HIVESUM_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 16 | 0x9E37);
        eprintln!("HIVESUM_SEED={seed}");
        Self::new(seed)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// The number in an environment variable that makes a test longer or shorter.
///
/// # Panics
/// Where the variable is set and holds no number.
pub fn number_from_env(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text:?}")))
}

//! The amounts that the flags of `hivesum scrub` take: times and bytes with a unit.

use std::num::NonZeroU8;

use jiff::SignedDuration;

use crate::cli::token::duration;

/// A time of at least a minute, such as `2h` or `30d`.
pub(super) fn time(word: &str) -> Result<SignedDuration, &'static str> {
    let time = duration(word).filter(|time| time.is_positive());
    time.ok_or("must be a number of minutes, hours, days or weeks, such as 30m, 12h, 30d or 4w")
}

/// A share in percent.
pub(super) fn percent(word: &str) -> Result<NonZeroU8, &'static str> {
    let percent = word.strip_suffix('%').unwrap_or(word).parse::<NonZeroU8>().ok();
    percent.filter(|percent| percent.get() <= 100).ok_or("must be a number from 1 to 100")
}

/// A number of bytes, in units of 1000 (kB, MB, GB, TB) or of 1024 (KiB, MiB, GiB, TiB).
pub(in crate::cli) fn bytes(word: &str) -> Result<u64, &'static str> {
    const UNITS: [(&str, u64); 11] = [
        ("", 1),
        ("B", 1),
        ("kB", 1000),
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    let end = word.find(|character: char| !character.is_ascii_digit()).unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let amount = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    amount.filter(|bytes| *bytes > 0).ok_or("must be a number of bytes with a unit, such as 500GB or 64GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units_and_what_is_none_is_refused() {
        assert_eq!(bytes("500GB"), Ok(500_000_000_000));
        assert_eq!((bytes("2KiB"), bytes("7"), bytes("7B")), (Ok(2048), Ok(7), Ok(7)));
        for wrong in ["", "0", "GB", "1 GB", "1gb", "-1", "1.5GB", "99999999999999TB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(time("2h"), Ok(SignedDuration::from_hours(2)));
        for wrong in ["0d", "d", "30", "1y", "-1d"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(percent("5%").map(NonZeroU8::get), Ok(5));
        assert!(percent("0").is_err() && percent("101").is_err());
    }
}

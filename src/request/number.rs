//! Whole numbers in JSON bodies, in every form that JSON Schema takes for one.
//!
//! To a schema, `9154.0` and `1e3` are integers: any number without a fraction is, and clients in languages with one
//! kind of number write them so. serde reads an integer without a point alone. A number with a fraction, below the least
//! or above the greatest is refused, never rounded.

use std::fmt::{Formatter, Result as FmtResult};
use std::marker::PhantomData;
use std::num::NonZeroU64;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// The first number above those of 64 bits, which `f64` represents exactly.
const ABOVE_U64: f64 = 18_446_744_073_709_551_616.0;

/// Reads a positive whole number, or none for `null`.
///
/// # Errors
/// For anything else, and for a number that `T` cannot hold.
pub(crate) fn positive<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<NonZeroU64>,
{
    deserializer.deserialize_any(Positive(PhantomData))
}

struct Positive<T>(PhantomData<T>);

impl<T: TryFrom<NonZeroU64>> Positive<T> {
    fn number<E: Error>(&self, number: u64, read: Unexpected<'_>) -> Result<Option<T>, E> {
        let fits = NonZeroU64::new(number).and_then(|number| T::try_from(number).ok());
        fits.map(Some).ok_or_else(|| E::invalid_value(read, self))
    }
}

impl<T: TryFrom<NonZeroU64>> Visitor<'_> for Positive<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> FmtResult {
        write!(formatter, "a positive whole number of at most {} bits", 8 * size_of::<T>())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.number(number, Unexpected::Unsigned(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.number(u64::try_from(number).unwrap_or(0), Unexpected::Signed(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        let is_whole = number.fract() == 0.0 && (0.0..ABOVE_U64).contains(&number);
        self.number(if is_whole { number as u64 } else { 0 }, Unexpected::Float(number))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn read<T: TryFrom<NonZeroU64>>(number: &str) -> Result<Option<T>, String> {
        positive(&mut serde_json::Deserializer::from_str(number)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_number_is_read_however_it_is_written() {
        for (text, number) in [("9154", 9154), ("9154.0", 9154), ("1e3", 1000), ("1.5e1", 15), ("1E0", 1)] {
            assert_eq!(read::<NonZeroU64>(text), Ok(NonZeroU64::new(number)), "{text}");
            assert_eq!(read::<NonZeroU32>(text), Ok(NonZeroU32::new(number as u32)), "{text}");
        }
        assert_eq!(read::<NonZeroU64>("18446744073709551615"), Ok(NonZeroU64::new(u64::MAX)));
        assert_eq!(read::<NonZeroU64>("18446744073709549568.0"), Ok(NonZeroU64::new(u64::MAX - 2047)));
        assert_eq!(read::<NonZeroU32>("4294967295.0"), Ok(NonZeroU32::new(u32::MAX)));
        assert_eq!(read::<NonZeroU64>("null"), Ok(None));
    }

    #[test]
    fn a_number_that_is_not_whole_positive_or_small_enough_is_refused() {
        for text in
            ["0", "0.0", "-0.0", "-1", "-1.0", "0.5", "1.0000001", "1e20", "18446744073709551616", "true", "\"1\""]
        {
            assert!(read::<NonZeroU64>(text).is_err(), "{text}");
        }
        for text in ["4294967296", "4294967296.0", "0", "1e10"] {
            let error = read::<NonZeroU32>(text).unwrap_err();
            assert!(error.contains("a positive whole number of at most 32 bits"), "{error}");
        }
    }
}

//! Times of files: of every year that a file system can store, which RFC 3339 cannot.
//!
//! One rule for results, manifests, listings and comparisons: a time within the years 0001 to 9999 is told in RFC 3339,
//! every other one in nanoseconds since 1970, as a decimal string in a member of its own ([`serialize_time`]).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::ser::SerializeMap;

const NANOSECONDS: i128 = 1_000_000_000;

/// A time: nanoseconds since 1970 UTC, in the range of `st_mtime`, which counts seconds in 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(i128);

impl FileTime {
    /// A time in nanoseconds since 1970; none if no file can have it.
    #[must_use]
    pub fn from_ns(ns: i128) -> Option<Self> {
        i64::try_from(ns.div_euclid(NANOSECONDS)).is_ok().then_some(Self(ns))
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn as_ns(self) -> i128 {
        self.0
    }

    /// The time from its nanoseconds as a decimal string.
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        Self::from_ns(text.parse().ok()?)
    }

    /// The time as [`Display`](fmt::Display) tells it. A number is read only for a time that RFC 3339 does not have:
    /// any other may count something else than nanoseconds.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let far = Self::from_decimal(text).filter(|at| at.rfc3339().is_none());
        far.or_else(|| text.parse().ok())
    }

    /// The time in RFC 3339, which has the years 0001 to 9999.
    #[must_use]
    pub fn rfc3339(self) -> Option<String> {
        rfc3339(self.0)
    }

    /// The time for calculations; none if its year is beyond -9999 to 9999.
    #[must_use]
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(self.0).ok()
    }

    /// The second that it lies in.
    #[must_use]
    pub fn whole_seconds(self) -> Self {
        Self(self.0 - self.0.rem_euclid(NANOSECONDS))
    }
}

impl From<Timestamp> for FileTime {
    fn from(time: Timestamp) -> Self {
        Self(time.as_nanosecond())
    }
}

impl FromStr for FileTime {
    type Err = jiff::Error;

    /// Parses RFC 3339.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Timestamp>().map(Self::from).or_else(|error| utc(text).ok_or(error))
    }
}

/// A time with `Z`. Timestamps end a day before the year 9999 does, so that every offset can be applied to them.
fn utc(text: &str) -> Option<FileTime> {
    let civil: DateTime = text.strip_suffix('Z').filter(|text| text.contains('T'))?.parse().ok()?;
    FileTime::from_ns(civil.duration_since(EPOCH).as_nanos())
}

const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

impl fmt::Display for FileTime {
    /// RFC 3339, or nanoseconds since 1970.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rfc3339() {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A time as `fstat` gives it, in nanoseconds since 1970.
#[must_use]
pub fn nanoseconds(seconds: i64, part: i64) -> i128 {
    i128::from(seconds) * NANOSECONDS + i128::from(part)
}

/// The time in RFC 3339, which has the years 0001 to 9999; none for all others.
fn rfc3339(nanoseconds: i128) -> Option<String> {
    let seconds = i64::try_from(nanoseconds.div_euclid(NANOSECONDS)).ok()?;
    let since = jiff::SignedDuration::new(seconds, nanoseconds.rem_euclid(NANOSECONDS) as i32);
    let time = EPOCH.checked_add(since).ok()?;
    (time.year() >= 1).then(|| format!("{time}Z"))
}

/// Writes a time: in RFC 3339 as the member `name`, or in nanoseconds as the member `name_ns`. Null as `name` if it is
/// not known.
///
/// # Errors
/// The error of the serializer.
pub fn serialize_time<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    name_ns: &'static str,
    time: Option<FileTime>,
) -> Result<(), M::Error> {
    match time.map(|time| (time.rfc3339(), time)) {
        Some((None, time)) => map.serialize_entry(name_ns, &time.0.to_string()),
        Some((text, _)) => map.serialize_entry(name, &text),
        None => map.serialize_entry(name, &None::<String>),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rfc_3339_from_year_1_to_year_9999_and_nothing_else() {
        let (first, last) = (-62_135_596_800, 253_402_300_799);
        assert_eq!(rfc3339(nanoseconds(first, 0)).unwrap(), "0001-01-01T00:00:00Z");
        assert_eq!(rfc3339(nanoseconds(last, 999_999_999)).unwrap(), "9999-12-31T23:59:59.999999999Z");
        assert_eq!(rfc3339(nanoseconds(-1, 500_000_000)).unwrap(), "1969-12-31T23:59:59.5Z");
        assert_eq!([nanoseconds(first - 1, 999_999_999), nanoseconds(last + 1, 0)].map(rfc3339), [None, None]);
        assert_eq!([nanoseconds(i64::MIN, 0), nanoseconds(i64::MAX, 999_999_999)].map(rfc3339), [None, None]);
    }

    #[test]
    fn every_time_of_a_file_is_read_as_it_is_told() {
        for seconds in [i64::MIN, -62_135_596_801, -62_135_596_800, 0, 253_402_300_799, 253_402_300_800, i64::MAX] {
            let time = FileTime::from_ns(nanoseconds(seconds, 123_456_789)).unwrap();
            let told = time.to_string();
            assert_eq!(FileTime::of_text(&told), Some(time), "{told}");
            assert_eq!(time.whole_seconds().as_ns(), nanoseconds(seconds, 0));
        }
        assert_eq!(FileTime::from_ns(nanoseconds(i64::MAX, 0) + NANOSECONDS), None);
        for wrong in ["", "Z", "9999-12-31", "9999-12-31Z", "9999-12-31T25:00:00Z", "-000001-01-01T00:00:00", "10000"] {
            assert!(wrong.parse::<FileTime>().is_err(), "{wrong}");
        }
        assert_eq!(FileTime::from_decimal("170141183460469231731687303715884105728"), None);
    }
}

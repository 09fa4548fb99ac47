//! The formats, and which of them can carry which algorithms.

use std::fmt;
use std::str::FromStr;

use strum::{IntoStaticStr, VariantArray};

use super::carried::{HASHDEEP_ALGORITHMS, is_of_mtree, is_of_wheels, is_told_by_length};
use crate::digest::{Algorithm, Algorithms};

/// The media type of plain text.
const TEXT: &str = "text/plain; charset=utf-8";

/// A format of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// `HEX  NAME`, as GNU coreutils writes it: one algorithm.
    Gnu,
    /// `SHA256 (NAME) = HEX`: any algorithms.
    Bsd,
    /// `HEX  NAME`, as `b3sum` writes it: BLAKE3 and names in UTF-8.
    B3sum,
    /// `size,digest,...,name` under a header, as hashdeep writes it: its five algorithms.
    Hashdeep,
    /// `NAME CRC32`.
    Sfv,
    /// `HEX  data/NAME`, the payload manifest of a bag: one algorithm.
    Bagit,
    /// RFC 4180 with a header: any algorithms.
    Csv,
    /// One JSON document: any algorithms.
    Json,
    /// One JSON object a line, a summary last: any algorithms.
    Ndjson,
    /// Full paths with sizes and times, as mtree and bsdtar read them: MD5, RIPEMD-160, SHA-1 and SHA-2.
    Mtree,
    /// Rows like those of a Python package's `RECORD`: one algorithm that its specification allows.
    WheelRecord,
    /// `HEX NAME`, the sidecar of an OCFL inventory: one algorithm.
    OcflSidecar,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 12] = crate::variants();

    /// Its name in options and queries.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its media type, for a `Content-Type` field.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Gnu | Self::Bsd | Self::B3sum | Self::Hashdeep | Self::Sfv | Self::Bagit => TEXT,
            Self::Mtree | Self::OcflSidecar => TEXT,
            Self::Csv | Self::WheelRecord => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// The default format for these algorithms: `gnu` for one, and `bsd`, which names the algorithm in every line, for
    /// several and for one that a reader cannot tell by the length of a digest.
    #[must_use]
    pub fn default_for(algorithms: &Algorithms) -> Self {
        match algorithms.as_slice() {
            [only] if is_told_by_length(*only) => Self::Gnu,
            _ => Self::Bsd,
        }
    }

    /// Whether the format can carry results without a digest.
    #[must_use]
    pub const fn lists_failures(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson)
    }

    /// Whether the format consists of checksum lines, which may end with NUL instead of LF.
    #[must_use]
    pub const fn may_end_lines_with_nul(self) -> bool {
        matches!(self, Self::Gnu | Self::Bsd)
    }

    /// Chooses which of the available digests a manifest of this format carries: the requested one, else all that the
    /// format can carry.
    ///
    /// # Errors
    /// [`NoSuchDigest`] if none of them is available.
    pub fn choose(self, asked: Option<Algorithm>, available: &Algorithms) -> Result<Algorithms, NoSuchDigest> {
        let chosen = match (asked, self) {
            (Some(algorithm), _) => Algorithms::single(algorithm),
            (None, Self::Gnu | Self::Bagit | Self::OcflSidecar) => Algorithms::single(available.first()),
            (None, Self::B3sum) => Algorithms::single(Algorithm::Blake3),
            (None, Self::Sfv) => Algorithms::single(Algorithm::Crc32),
            (None, Self::Hashdeep) => {
                let carried = available.iter().filter(|algorithm| HASHDEEP_ALGORITHMS.contains(algorithm));
                Algorithms::new(carried).map_err(|_| NoSuchDigest::NoneForHashdeep(Box::new(*available)))?
            }
            (None, Self::WheelRecord) => {
                let carried = available.iter().find(|&algorithm| is_of_wheels(algorithm));
                Algorithms::single(carried.ok_or(NoSuchDigest::NoneFor(self, Box::new(*available)))?)
            }
            (None, Self::Mtree) => {
                let carried = available.iter().filter(|&algorithm| is_of_mtree(algorithm));
                Algorithms::new(carried).map_err(|_| NoSuchDigest::NoneFor(self, Box::new(*available)))?
            }
            (None, Self::Bsd | Self::Csv | Self::Json | Self::Ndjson) => *available,
        };
        match chosen.iter().find(|&algorithm| !available.contains(algorithm)) {
            Some(missing) => Err(NoSuchDigest::NotComputed { missing, available: Box::new(*available) }),
            None => Ok(chosen),
        }
    }

    /// Checks that the format can carry digests of these algorithms.
    ///
    /// # Errors
    /// [`FormatMismatch`] if it cannot.
    pub fn carries(self, algorithms: &Algorithms) -> Result<(), FormatMismatch> {
        let several = algorithms.len() > 1;
        match self {
            Self::Gnu | Self::B3sum | Self::Sfv | Self::Bagit | Self::WheelRecord | Self::OcflSidecar if several => {
                Err(FormatMismatch::OneAlgorithmOnly(self))
            }
            Self::B3sum if algorithms.first() != Algorithm::Blake3 => Err(FormatMismatch::Blake3Only),
            Self::Sfv if algorithms.first() != Algorithm::Crc32 => Err(FormatMismatch::Crc32Only),
            Self::Hashdeep => match algorithms.iter().find(|algorithm| !HASHDEEP_ALGORITHMS.contains(algorithm)) {
                Some(other) => Err(FormatMismatch::NotInHashdeep(other)),
                None => Ok(()),
            },
            Self::Mtree => self.only(algorithms, is_of_mtree),
            Self::WheelRecord => self.only(algorithms, is_of_wheels),
            Self::Gnu | Self::B3sum | Self::Sfv | Self::Bagit | Self::OcflSidecar => Ok(()),
            Self::Bsd | Self::Csv | Self::Json | Self::Ndjson => Ok(()),
        }
    }
}

impl Format {
    /// Checks that the format has all of these algorithms.
    fn only(self, algorithms: &Algorithms, has: fn(Algorithm) -> bool) -> Result<(), FormatMismatch> {
        match algorithms.iter().find(|&algorithm| !has(algorithm)) {
            Some(other) => Err(FormatMismatch::NotIn(self, other)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// A word that is not the name of a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown format {0:?}: choose gnu, bsd, b3sum, hashdeep, sfv, bagit, csv, json, ndjson, mtree, wheel_record or ocfl_sidecar"
)]
pub struct UnknownFormat(pub String);

/// Why a format cannot carry some algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatMismatch {
    /// Its lines do not name the algorithm.
    #[error("the {0} format carries one algorithm only: choose bsd, csv, json or ndjson for several")]
    OneAlgorithmOnly(Format),
    /// The b3sum format is for one algorithm.
    #[error("the b3sum format carries blake3 only")]
    Blake3Only,
    /// The SFV format is for one algorithm.
    #[error("the sfv format carries crc32 only")]
    Crc32Only,
    /// hashdeep does not have this algorithm.
    #[error("the hashdeep format carries md5, sha1, sha256, tiger and whirlpool, not {0}")]
    NotInHashdeep(Algorithm),
    /// The format does not have this algorithm.
    #[error("the {0} format does not carry {1}")]
    NotIn(Format, Algorithm),
}

/// Why a manifest cannot be written: a digest was not computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSuchDigest {
    /// It was requested, or the format carries no other.
    #[error("the job did not compute {missing}, but {available}")]
    NotComputed {
        /// The algorithm that was not computed.
        missing: Algorithm,
        /// The algorithms that were computed.
        available: Box<Algorithms>,
    },
    /// hashdeep has none of the computed algorithms.
    #[error("the hashdeep format carries md5, sha1, sha256, tiger and whirlpool, the job computed {0}")]
    NoneForHashdeep(Box<Algorithms>),
    /// The format has none of the computed algorithms.
    #[error("the {0} format carries none of the digests that the job computed, {1}")]
    NoneFor(Format, Box<Algorithms>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        let names = "gnu bsd b3sum hashdeep sfv bagit csv json ndjson mtree wheel_record ocfl_sidecar";
        assert_eq!(Format::ALL.map(Format::name).join(" "), names);
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert!("GNU".parse::<Format>().is_err());
        assert!(UnknownFormat("x".to_owned()).to_string().contains("ndjson"));
    }

    #[test]
    fn a_format_gets_all_the_digests_that_it_can_carry() {
        let all: Algorithms = "sha512,blake3,crc32,sha256,md5".parse().unwrap();
        let chosen = |format: Format| format.choose(None, &all).unwrap().to_string();
        for (format, expected) in [
            (Format::Gnu, "sha512"),
            (Format::Bagit, "sha512"),
            (Format::B3sum, "blake3"),
            (Format::Sfv, "crc32"),
            (Format::Hashdeep, "sha256,md5"),
            (Format::Bsd, "sha512,blake3,crc32,sha256,md5"),
            (Format::Csv, "sha512,blake3,crc32,sha256,md5"),
            (Format::Json, "sha512,blake3,crc32,sha256,md5"),
            (Format::Ndjson, "sha512,blake3,crc32,sha256,md5"),
            (Format::Mtree, "sha512,sha256,md5"),
            (Format::WheelRecord, "sha512"),
            (Format::OcflSidecar, "sha512"),
        ] {
            assert_eq!(chosen(format), expected, "{format}");
            assert_eq!(format.carries(&format.choose(None, &all).unwrap()), Ok(()), "{format}");
            let asked = format.choose(Some(Algorithm::Md5), &all);
            assert_eq!(asked, Ok(Algorithms::single(Algorithm::Md5)), "{format}");
        }
        let sha512 = Algorithms::single(Algorithm::Sha512);
        let missing = |missing| Err(NoSuchDigest::NotComputed { missing, available: Box::new(sha512) });
        assert_eq!(Format::Csv.choose(Some(Algorithm::Md5), &sha512), missing(Algorithm::Md5));
        assert_eq!(Format::B3sum.choose(None, &sha512), missing(Algorithm::Blake3));
        assert_eq!(Format::Sfv.choose(None, &sha512), missing(Algorithm::Crc32));
        let blake3 = Algorithms::single(Algorithm::Blake3);
        for format in [Format::Mtree, Format::WheelRecord] {
            let refused = NoSuchDigest::NoneFor(format, Box::new(blake3));
            assert_eq!(format.choose(None, &blake3), Err(refused), "{format}");
            assert_eq!(format.carries(&blake3), Err(FormatMismatch::NotIn(format, Algorithm::Blake3)));
        }
        assert_eq!(Format::Hashdeep.choose(None, &sha512), Err(NoSuchDigest::NoneForHashdeep(Box::new(sha512))));
    }

    #[test]
    fn formats_without_a_tag_carry_one_algorithm() {
        let one: Algorithms = "sha256".parse().unwrap();
        let two: Algorithms = "blake3,sha256".parse().unwrap();
        assert_eq!(Format::Gnu.carries(&two), Err(FormatMismatch::OneAlgorithmOnly(Format::Gnu)));
        assert_eq!(Format::B3sum.carries(&two), Err(FormatMismatch::OneAlgorithmOnly(Format::B3sum)));
        assert_eq!(Format::B3sum.carries(&one), Err(FormatMismatch::Blake3Only));
        assert_eq!(Format::Gnu.carries(&one), Ok(()));
        assert_eq!(Format::Bsd.carries(&two), Ok(()));
        assert_eq!(Format::Sfv.carries(&one), Err(FormatMismatch::Crc32Only));
        assert_eq!(Format::Bagit.carries(&two), Err(FormatMismatch::OneAlgorithmOnly(Format::Bagit)));
        assert_eq!(Format::Hashdeep.carries(&two), Err(FormatMismatch::NotInHashdeep(Algorithm::Blake3)));
        assert_eq!(Format::Hashdeep.carries(&"md5,sha256".parse().unwrap()), Ok(()));
        assert_eq!((Format::default_for(&one), Format::default_for(&two)), (Format::Gnu, Format::Bsd));
        for tagged in ["quickxor", "ed2k", "dropbox", "blake2b_8"] {
            assert_eq!(Format::default_for(&tagged.parse().unwrap()), Format::Bsd, "{tagged}");
        }
    }
}

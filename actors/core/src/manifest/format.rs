//! The formats, and which of them can carry which algorithms.

use std::fmt;
use std::str::FromStr;

use strum::{IntoStaticStr, VariantArray};

use crate::digest::{Algorithm, Algorithms};

/// The algorithms of hashdeep, in the order of its columns.
pub(super) const HASHDEEP_ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Tiger, Algorithm::Whirlpool];

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
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 9] = crate::variants();

    /// Its name in options and queries.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its media type, for a `Content-Type` field.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Gnu | Self::Bsd | Self::B3sum | Self::Hashdeep | Self::Sfv | Self::Bagit => {
                "text/plain; charset=utf-8"
            }
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// The default format for these algorithms: `gnu` for one, `bsd` for several.
    #[must_use]
    pub const fn default_for(algorithms: &Algorithms) -> Self {
        match algorithms.len() {
            1 => Self::Gnu,
            _ => Self::Bsd,
        }
    }

    /// Whether there are names that the format cannot carry.
    #[must_use]
    pub const fn may_refuse_names(self) -> bool {
        match self {
            Self::B3sum | Self::Hashdeep | Self::Sfv | Self::Bagit => true,
            Self::Gnu | Self::Bsd | Self::Csv | Self::Json | Self::Ndjson => false,
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
            (None, Self::Gnu | Self::Bagit) => Algorithms::single(available.first()),
            (None, Self::B3sum) => Algorithms::single(Algorithm::Blake3),
            (None, Self::Sfv) => Algorithms::single(Algorithm::Crc32),
            (None, Self::Hashdeep) => {
                let carried = available.iter().filter(|algorithm| HASHDEEP_ALGORITHMS.contains(algorithm));
                Algorithms::new(carried).map_err(|_| NoSuchDigest::NoneForHashdeep(Box::new(*available)))?
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
            Self::Gnu | Self::B3sum | Self::Sfv | Self::Bagit if several => Err(FormatMismatch::OneAlgorithmOnly(self)),
            Self::B3sum if algorithms.first() != Algorithm::Blake3 => Err(FormatMismatch::Blake3Only),
            Self::Sfv if algorithms.first() != Algorithm::Crc32 => Err(FormatMismatch::Crc32Only),
            Self::Hashdeep => match algorithms.iter().find(|algorithm| !HASHDEEP_ALGORITHMS.contains(algorithm)) {
                Some(other) => Err(FormatMismatch::NotInHashdeep(other)),
                None => Ok(()),
            },
            Self::Gnu | Self::B3sum | Self::Sfv | Self::Bagit | Self::Bsd | Self::Csv | Self::Json | Self::Ndjson => {
                Ok(())
            }
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
#[error("unknown format {0:?}: choose gnu, bsd, b3sum, hashdeep, sfv, bagit, csv, json or ndjson")]
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        let names = "gnu bsd b3sum hashdeep sfv bagit csv json ndjson";
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
    }
}

//! The forms of a report, and what one is about.

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::store::collections::Counted;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum ReportFormat {
    /// One page to read and to print.
    Html,
    /// A row for each file, as in RFC 4180, for a spreadsheet.
    Csv,
    /// PREMIS 3.0: files as objects, checks and changes as events.
    Premis,
}

impl ReportFormat {
    /// Every format.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its name in the API and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Premis => "application/xml",
        }
    }

    /// The name to save a report under.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Html => "fixity-report.html",
            Self::Csv => "fixity-report.csv",
            Self::Premis => "premis.xml",
        }
    }
}

/// What a report is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The collection with its files counted.
    pub counted: &'a Counted,
    /// Its directory, as the reader may know it: bytes.
    pub directory: &'a [u8],
    /// When the report is written.
    pub now: Timestamp,
}

//! The forms that a manifest can have when it is read: those of [`Format`], and those of other tools.

use std::fmt;
use std::str::FromStr;

use super::documents::DocumentForm;
use super::format::Format;
use super::forms::ForeignForm;

/// A form of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Lines of sha256sum, the BSDs, OpenSSL and b3sum, in any mixture.
    Checksums,
    /// `NAME CRC32`.
    Sfv,
    /// The manifest of a bag.
    Bagit,
    /// hashdeep's table.
    Hashdeep,
    /// RFC 4180 with a header.
    Csv,
    /// hivesum's JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// One digest and nothing else: the file is the manifest's own name without its extension.
    Bare,
    /// Lines of another tool.
    Foreign(ForeignForm),
    /// A document of another tool.
    Document(DocumentForm),
}

impl Form {
    /// Every form.
    pub fn all() -> impl Iterator<Item = Self> {
        let own =
            [Self::Checksums, Self::Sfv, Self::Bagit, Self::Hashdeep, Self::Csv, Self::Json, Self::Ndjson, Self::Bare];
        let foreign = ForeignForm::ALL.into_iter().map(Self::Foreign);
        own.into_iter().chain(foreign).chain(DocumentForm::ALL.into_iter().map(Self::Document))
    }

    /// Its name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Checksums => "checksums",
            Self::Sfv => "sfv",
            Self::Bagit => "bagit",
            Self::Hashdeep => "hashdeep",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Bare => "bare",
            Self::Foreign(form) => form.name(),
            Self::Document(form) => form.name(),
        }
    }
}

impl From<Format> for Form {
    /// The form in which a format is read.
    fn from(format: Format) -> Self {
        match format {
            Format::Gnu | Format::Bsd | Format::B3sum | Format::OcflSidecar => Self::Checksums,
            Format::Mtree => Self::Foreign(ForeignForm::Mtree),
            Format::WheelRecord => Self::Foreign(ForeignForm::WheelRecord),
            Format::Sfv => Self::Sfv,
            Format::Bagit => Self::Bagit,
            Format::Hashdeep => Self::Hashdeep,
            Format::Csv => Self::Csv,
            Format::Json => Self::Json,
            Format::Ndjson => Self::Ndjson,
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Form {
    type Err = UnknownForm;

    /// Reads a name, or `gnu`, `bsd` or `b3sum`, which are read as one form.
    fn from_str(name: &str) -> Result<Self, UnknownForm> {
        if matches!(name, "gnu" | "bsd" | "b3sum") {
            return Ok(Self::Checksums);
        }
        Self::all().find(|form| form.name() == name).ok_or_else(|| UnknownForm(name.to_owned()))
    }
}

/// A word that is not the name of a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {0:?}: choose gnu, bsd, b3sum, {names}", names = known_names())]
pub struct UnknownForm(pub String);

fn known_names() -> String {
    Form::all().filter(|form| *form != Form::Checksums).map(Form::name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_by_its_name() {
        for form in Form::all() {
            assert_eq!(form.name().parse(), Ok(form));
        }
        assert_eq!("bsd".parse(), Ok(Form::Checksums));
        assert!("GNU".parse::<Form>().unwrap_err().to_string().contains("hashdeep"));
    }
}

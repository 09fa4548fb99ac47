//! Names as manifests and `fetch.txt` write them: relative to the bag, and never out of it.

use std::borrow::Cow;

use hivesum_core::manifest::bagit;

use super::declaration::{Declaration, Version};

/// A written name that stays in the bag, without `./` and doubled slashes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PlainName {
    /// Not percent-decoded.
    pub(super) written: Vec<u8>,
    /// Whether something was left out.
    pub(super) was_dotted: bool,
}

impl PlainName {
    /// The error says what is wrong with the name.
    pub(super) fn of(written: &[u8]) -> Result<Self, &'static str> {
        let leads_out = written.split(|&byte| byte == b'/').any(|part| part == b"..");
        if leads_out || written.starts_with(b"/") || written.starts_with(b"~") {
            return Err("names a file outside the bag");
        }
        let parts = written.split(|&byte| byte == b'/');
        let plain = parts.filter(|part| !matches!(*part, b"" | b".")).collect::<Vec<_>>().join(&b'/');
        if plain.is_empty() || written.ends_with(b"/") || written.ends_with(b"/.") {
            return Err("names a directory");
        }
        Ok(Self { was_dotted: plain.len() != written.len(), written: plain })
    }
}

/// What a written name may mean, the likeliest first.
///
/// RFC 8493 encodes LF, CR and `%`; the drafts encoded LF and CR alone. Many tools encode nothing.
pub(super) fn readings(written: &[u8], version: Version) -> [Cow<'_, [u8]>; 2] {
    let mut decoded = Vec::new();
    bagit::decode_into(&mut decoded, written);
    match version {
        Version::V1 => [Cow::Owned(decoded), Cow::Borrowed(written)],
        Version::Draft(_) => [Cow::Borrowed(written), Cow::Owned(decoded)],
    }
}

/// How the names in the manifests of one bag are read.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct WrittenNames(Version);

impl WrittenNames {
    /// By the version that `bagit.txt` names.
    pub(in crate::cli) fn of_declaration(text: &[u8]) -> Self {
        Self(Declaration::read(text).version)
    }

    /// The likeliest reading of which there is a file, else the likeliest.
    pub(in crate::cli) fn meant(self, written: &[u8], is_file: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let readings = readings(written, self.0);
        // Most names can be read in one way only, and need no look at the file.
        let differs = readings[0] != readings[1];
        let second = differs && !is_file(&readings[0]) && is_file(&readings[1]);
        readings[usize::from(second)].to_vec()
    }
}

/// Whether the name has a percent sign that RFC 8493 wants encoded.
pub(super) fn has_bare_percent(written: &[u8]) -> bool {
    let mut decoded = Vec::new();
    bagit::decode_into(&mut decoded, written);
    let escapes = (written.len() - decoded.len()) / 2;
    written.iter().filter(|&&byte| byte == b'%').count() > escapes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_the_bag() {
        for name in ["/etc/passwd", "../x", "data/../../x", "data/..", "~/x", "~root/x"] {
            assert_eq!(PlainName::of(name.as_bytes()), Err("names a file outside the bag"), "{name}");
        }
        for name in ["data/", ".", "./", "data/a/."] {
            assert_eq!(PlainName::of(name.as_bytes()), Err("names a directory"), "{name}");
        }
        for (name, plain) in [("./data/a", "data/a"), ("data//a", "data/a"), ("data/./a", "data/a")] {
            let wanted = PlainName { written: plain.into(), was_dotted: true };
            assert_eq!(PlainName::of(name.as_bytes()), Ok(wanted));
        }
        for name in ["data/a", "data/a~", "data/..a", "data/a..", "data/.../a", "data/~a"] {
            let wanted = PlainName { written: name.into(), was_dotted: false };
            assert_eq!(PlainName::of(name.as_bytes()), Ok(wanted));
        }
    }

    #[test]
    fn a_written_name_means_the_reading_of_which_there_is_a_file() {
        for (version, written, files, meant) in [
            ("1.0", "a%25", &["a%", "a%25"][..], "a%"),
            ("1.0", "a%25", &["a%25"], "a%25"),
            ("1.0", "a%25", &[], "a%"),
            ("0.97", "a%25", &["a%", "a%25"], "a%25"),
            ("0.97", "a%25", &["a%"], "a%"),
            ("1.0", "50%", &[], "50%"),
        ] {
            let text = format!("BagIt-Version: {version}\nTag-File-Character-Encoding: UTF-8\n");
            let names = WrittenNames::of_declaration(text.as_bytes());
            let found = names.meant(written.as_bytes(), |name| files.iter().any(|file| file.as_bytes() == name));
            assert_eq!(String::from_utf8(found).unwrap(), meant, "{version} {written} {files:?}");
        }
    }

    #[test]
    fn the_drafts_take_a_percent_sign_as_it_is() {
        let both = |version| readings(b"a%25%0A", version).map(Cow::into_owned);
        assert_eq!(both(Version::V1), [b"a%\n".to_vec(), b"a%25%0A".to_vec()]);
        assert_eq!(both(Version::Draft(97)), [b"a%25%0A".to_vec(), b"a%\n".to_vec()]);
        for (name, bare) in [("a", false), ("a%25", false), ("a%0a%0D", false), ("100%", true), ("%20%25", true)] {
            assert_eq!(has_bare_percent(name.as_bytes()), bare, "{name}");
        }
    }
}

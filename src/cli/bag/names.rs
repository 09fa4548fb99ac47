//! Names as manifests and `fetch.txt` write them: relative to the bag, and never out of it.

use std::borrow::Cow;

use hivesum_core::manifest::bagit;

use super::declaration::Version;

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
    fn the_drafts_take_a_percent_sign_as_it_is() {
        let both = |version| readings(b"a%25%0A", version).map(Cow::into_owned);
        assert_eq!(both(Version::V1), [b"a%\n".to_vec(), b"a%25%0A".to_vec()]);
        assert_eq!(both(Version::Draft(97)), [b"a%25%0A".to_vec(), b"a%\n".to_vec()]);
        for (name, bare) in [("a", false), ("a%25", false), ("a%0a%0D", false), ("100%", true), ("%20%25", true)] {
            assert_eq!(has_bare_percent(name.as_bytes()), bare, "{name}");
        }
    }
}

//! Debian's control files with checksums (deb822(5)): `Release`, `.dsc`, `.changes` and `.buildinfo`.
//!
//! A field that is empty on its own line and named for an algorithm (`MD5Sum`, `SHA256`, `Checksums-Sha1`, `Files` for
//! MD5) is followed by indented lines `HEX size name`; in the `Files` of a `.changes` two words stand before the name.
//! One file has a line in every such field, so it gives several records. Other fields are ignored. Names are relative
//! to the file's own directory. A `Sources` index is not read: its names are relative to another field, `Directory`.

use super::super::entry::Claimed;
use super::super::names::is_blank;
use super::super::record::Record;
use super::pgp::{ClearSigned, Signed};
use super::{LineForm, LineIs, algorithm_of, lines_of, number, reads_all, valid_name, without_cr, words};
use crate::digest::Algorithm;

/// Reads a control file, which may be clear-signed.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Deb822 {
    signed: ClearSigned,
    field: Field,
}

/// The field whose lines are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Field {
    /// None, or one without checksums.
    #[default]
    Other,
    /// Checksums of this algorithm.
    Checksums(Algorithm),
    /// Checksums of an algorithm that hivesum does not have.
    Unknown,
}

impl Field {
    /// The field with this name, whose value begins on its own line with this.
    fn of(name: &[u8], value: &[u8]) -> Self {
        const CHECKSUMS: &[u8] = b"checksums-";
        let name = name.to_ascii_lowercase();
        if !value.trim_ascii().is_empty() {
            return Self::Other;
        }
        match (&name[..], name.strip_prefix(CHECKSUMS)) {
            (b"md5sum" | b"files", _) => Self::Checksums(Algorithm::Md5),
            (_, Some(word)) => algorithm_of(word).map_or(Self::Unknown, Self::Checksums),
            (word, None) => algorithm_of(word).map_or(Self::Other, Self::Checksums),
        }
    }
}

impl LineForm for Deb822 {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let Signed::Content(line) = self.signed.line(line) else { return LineIs::NotRead };
        let line = without_cr(line);
        if line.trim_ascii().is_empty() {
            self.field = Field::Other;
            return LineIs::Ignored;
        }
        if line.starts_with(b"#") {
            return LineIs::Ignored;
        }
        if is_blank(line[0]) {
            return read_value(self.field, line, record);
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { return LineIs::NotRead };
        self.field = Field::of(&line[..colon], &line[colon + 1..]);
        LineIs::Ignored
    }
}

fn read_value(field: Field, line: &[u8], record: &mut Record) -> LineIs {
    match field {
        Field::Other => LineIs::Ignored,
        Field::Unknown => LineIs::NotRead,
        Field::Checksums(algorithm) => read_entry(algorithm, line, record).map_or(LineIs::NotRead, |()| LineIs::Entry),
    }
}

fn read_entry(algorithm: Algorithm, line: &[u8], record: &mut Record) -> Option<()> {
    // One word more than the longest entry has.
    let parts: Vec<&[u8]> = words(line).take(6).collect();
    let ([digits, size, name] | [digits, size, _, _, name]) = parts[..] else { return None };
    record.digests.push(Claimed::tagged(algorithm, digits)?);
    record.size = Some(number(size)?);
    record.name.extend_from_slice(valid_name(name)?);
    Some(())
}

/// Whether the text is such a file: it has checksums in such a field, and nothing but fields.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    let is_index = || lines_of(head).any(|line| line.starts_with(b"Directory:"));
    reads_all(Deb822::default(), head) && !is_index()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{outcomes, read_all, show};
    use super::*;

    /// Made by `dpkg-genchanges` of dpkg 1.21.23, shortened.
    const CHANGES: &str = "Format: 1.8
Source: hello
Description:
 hello      - x
Changes:
 hello (1.0) unstable; urgency=low
 .
   * x
Checksums-Sha1:
 10fe55e853de8779ecaa95a65bda9b13a7e66199 468 hello_1.0.dsc
Checksums-Sha256:
 839ae006d1ee91bd2b7548cf72a187d731d9850cf721de59c4b5a8ad4e3fa40a 468 hello_1.0.dsc
Files:
 0014d6dcf2e01e7e3ec9036ca3df6a34 468 misc optional hello_1.0.dsc
";

    /// Made by `dpkg-source` of dpkg 1.21.23, shortened.
    const DSC: &str = "Format: 3.0 (native)
Source: hello
Package-List:
 hello deb misc optional arch=all
Checksums-Sha1:
 28c0845bdead81644d2b5d9273b6bd0f0ecc05c0 568 hello_1.0.tar.xz
Files:
 a891930ec5fc824a3c9d1396075e1c7e 568 hello_1.0.tar.xz
";

    /// Made by `apt-ftparchive release` of apt 2.6.2.
    const RELEASE: &str = "Date: Sat, 28 Nov 2026 21:40:00 +0000
MD5Sum:
 b1946ac92492d2347c6235b4d2611184                6 main/binary-amd64/Packages
SHA1:
 f572d396fae9206628714fb2ce00f72e94f2258f                6 main/binary-amd64/Packages
SHA256:
 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03                6 main/binary-amd64/Packages
";

    #[test]
    fn checksums_of_every_field_are_read_with_their_sizes() {
        assert_eq!(
            show(&read_all(Deb822::default(), CHANGES)),
            ["hello_1.0.dsc 468 sha1:10fe55e8", "hello_1.0.dsc 468 sha256:839ae006", "hello_1.0.dsc 468 md5:0014d6dc",]
        );
        assert_eq!(
            show(&read_all(Deb822::default(), DSC)),
            ["hello_1.0.tar.xz 568 sha1:28c0845b", "hello_1.0.tar.xz 568 md5:a891930e"]
        );
        let release = show(&read_all(Deb822::default(), RELEASE));
        assert_eq!((release.len(), &release[2][..]), (3, "main/binary-amd64/Packages 6 sha256:5891b5b5"));
        for text in [CHANGES, DSC, RELEASE] {
            assert_eq!(outcomes(Deb822::default(), text).not_read, 0);
            assert!(recognises(b"", text.as_bytes()));
        }
    }

    #[test]
    fn a_signed_file_is_read_and_the_armor_is_not() {
        let text = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{DSC}-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n"
        );
        assert_eq!(show(&read_all(Deb822::default(), &text)).len(), 2);
        assert_eq!(outcomes(Deb822::default(), &text).not_read, 3 + 4);
        assert!(recognises(b"", text.as_bytes()));
    }

    #[test]
    fn a_bad_line_among_checksums_is_not_read() {
        for line in [
            " zz 3 a",
            " 0014d6dcf2e01e7e3ec9036ca3df6a34 3",
            " 0014d6dcf2e01e7e3ec9036ca3df6a34 -3 a",
            " 0014d6dcf2e01e7e3ec9036ca3df6a34 3 misc a",
            " 0014d6dcf2e01e7e3ec9036ca3df6a 3 a",
            " 0014d6dcf2e01e7e3ec9036ca3df6a34 3 a b c d",
            "no field",
        ] {
            assert_eq!(outcomes(Deb822::default(), format!("Files:\n{line}\n")).not_read, 1, "{line}");
        }
        let unknown = "Checksums-Foo:\n 0014d6dcf2e01e7e3ec9036ca3df6a34 3 a\n";
        assert_eq!(outcomes(Deb822::default(), unknown).not_read, 1, "an algorithm that is not known");
    }

    #[test]
    fn other_texts_are_not_taken() {
        for text in [
            "",
            "d41d8cd98f00b204e9800998ecf8427e  a\n",
            "  d41d8cd98f00b204e9800998ecf8427e  a\n",
            "SHA256 (a) = 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\n",
            "Package: a\nDescription: b\n c\n",
            "Package: a\nFiles:\n a891930ec5fc824a3c9d1396075e1c7e 568 a.dsc\nDirectory: pool/a\n",
            "Hello\nFiles:\n a891930ec5fc824a3c9d1396075e1c7e 568 a.dsc\n",
        ] {
            assert!(!recognises(b"Release", text.as_bytes()), "{text}");
        }
    }
}

//! Gentoo's `Manifest` (GLEP 74): `TAG name size ALGORITHM hex ...`, which may be clear-signed.
//!
//! Names are relative to the file's own directory; those of `AUX` are below `files/`, and those of `DIST` are in the
//! directory of downloads, wherever that is. In names a blank, a control character and a backslash are written as
//! `\xHH`, `\uHHHH` or `\UHHHHHHHH`, a code point each. Digests of algorithms that hivesum lacks are left out.

use super::super::entry::Claimed;
use super::super::record::Record;
use super::pgp::{ClearSigned, Signed};
use super::{LineForm, LineIs, algorithm_of, number, reads_all, valid_name, without_cr, words};

/// Reads a Manifest, which may be clear-signed.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Gentoo {
    signed: ClearSigned,
}

impl LineForm for Gentoo {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let Signed::Content(line) = self.signed.line(line) else { return LineIs::NotRead };
        let mut words = words(without_cr(line));
        let directory: &[u8] = match words.next() {
            None | Some(b"IGNORE" | b"TIMESTAMP" | b"OPTIONAL") => return LineIs::Ignored,
            Some(b"DATA" | b"MANIFEST" | b"DIST" | b"EBUILD" | b"MISC") => b"",
            Some(b"AUX") => b"files/",
            Some(_) => return LineIs::NotRead,
        };
        read_entry(directory, words, record).map_or(LineIs::NotRead, |()| LineIs::Entry)
    }
}

fn read_entry<'a>(directory: &[u8], mut words: impl Iterator<Item = &'a [u8]>, record: &mut Record) -> Option<()> {
    let name = unescape(words.next()?)?;
    record.size = Some(number(words.next()?)?);
    while let Some(word) = words.next() {
        let digits = words.next()?;
        if let Some(algorithm) = algorithm_of(word) {
            record.digests.push(Claimed::tagged(algorithm, digits)?);
        }
    }
    record.name.extend_from_slice(directory);
    record.name.extend_from_slice(valid_name(&name)?);
    (!record.digests.is_empty()).then_some(())
}

fn unescape(written: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        name.extend_from_slice(&rest[..at]);
        let digits = match rest.get(at + 1)? {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => return None,
        };
        let (code, after) = rest[at + 2..].split_at_checked(digits)?;
        let code = std::str::from_utf8(code).ok().filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let code = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
        name.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
        rest = after;
    }
    name.extend_from_slice(rest);
    Some(name)
}

/// Whether the text is a Manifest: all of its lines have such a tag, and one of them a digest.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    reads_all(Gentoo::default(), head)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{outcomes, read_all, show};
    use super::*;

    const BLAKE2B: &str = "f60ce482e5cc1229f39d71313171a8d9f4ca3a87d066bf4b205effb528192a75f14f3271e2c1a90e1de53f275b4d4793eef2f5e31ea90d2ce29d2e481c36435f";
    const SHA512: &str = "e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629";

    /// Lines as made by `gemato create` 20.15, with profiles `default` and `old-ebuild`, of files with `hello`.
    fn sample() -> String {
        let lines = [
            "IGNORE distfiles",
            "AUX p.patch 6 BLAKE2B @ SHA512 #",
            "DIST foo-1.tar.gz 6 BLAKE2B @ SHA512 #",
            "EBUILD foo-1.ebuild 6 BLAKE2B @ SHA512 #",
            "MISC metadata.xml 6 BLAKE2B @ SHA512 #",
            "MANIFEST app-misc/Manifest.gz 6 BLAKE2B @ SHA512 #",
            "DATA sub/b\\x20c 6 BLAKE2B @ SHA512 #",
            "DATA sub/back\\x5Cslash 6 BLAKE2B @ SHA512 #",
            "DATA sub/café 6 BLAKE2B @ SHA512 #",
            "TIMESTAMP 2026-11-28T21:32:58Z",
        ];
        lines.join("\n").replace('@', BLAKE2B).replace('#', SHA512)
    }

    #[test]
    fn every_tag_is_read_with_sizes_and_all_digests() {
        let names = [
            "files/p.patch",
            "foo-1.tar.gz",
            "foo-1.ebuild",
            "metadata.xml",
            "app-misc/Manifest.gz",
            "sub/b c",
            "sub/back\\slash",
            "sub/café",
        ];
        let expected = names.map(|name| format!("{name} 6 blake2b:f60ce482 sha512:e7c22b99"));
        assert_eq!(show(&read_all(Gentoo::default(), sample())), expected);
        assert!(recognises(b"Manifest", sample().as_bytes()));
    }

    #[test]
    fn a_signed_manifest_is_read() {
        let text = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n-----BEGIN PGP SIGNATURE-----\n",
            sample()
        );
        let outcomes = outcomes(Gentoo::default(), &text);
        assert_eq!((outcomes.entries, outcomes.not_read), (8, 4));
        assert!(recognises(b"", text.as_bytes()));
    }

    #[test]
    fn digests_of_unknown_algorithms_are_left_out() {
        let text = format!("DIST a 6 STREEBOG512 00 SHA512 {SHA512}\nDIST b 6 STREEBOG512 00\n");
        assert_eq!(show(&read_all(Gentoo::default(), &text)), ["a 6 sha512:e7c22b99"]);
        assert_eq!(outcomes(Gentoo::default(), &text).not_read, 1, "nothing is left of b");
    }

    #[test]
    fn what_is_nearly_an_entry_is_not_read() {
        for line in [
            "DATA a 6 SHA512",
            "DATA a six SHA512 #",
            "DATA a 6 SHA512 00",
            "DATA a\\x2 6 SHA512 #",
            "DATA a\\q 6 SHA512 #",
            "DATA a\\x00 6 SHA512 #",
            "DATA a\\uD800 6 SHA512 #",
            "DATA a",
            "data a 6 SHA512 #",
            "SHA512 #  a",
        ] {
            let text = line.replace('#', SHA512);
            assert_eq!(outcomes(Gentoo::default(), &text).not_read, 1, "{line}");
            assert!(!recognises(b"Manifest", text.as_bytes()));
        }
        assert!(!recognises(b"Manifest", b"TIMESTAMP 2026-11-28T21:32:58Z\n"), "no entry");
    }
}

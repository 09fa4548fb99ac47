//! Signed text: PGP's clear-signed messages (RFC 9580, section 7) and signify's and minisign's signatures before a text.
//!
//! It tells the lines of the message, with their dash escapes undone, from the armor around them. It verifies nothing:
//! [`ClearSigned::has_signature`] is there so that this can be said. Text outside of a message is passed on unchanged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN_MESSAGE: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &[u8] = b"-----END PGP SIGNATURE-----";

/// The header of a message whose lines have no dash escapes, an extension of GnuPG.
const NOT_ESCAPED: &[u8] = b"NotDashEscaped:";

/// The first line of a signature of signify(1) or minisign.
pub(in crate::manifest) const COMMENT: &[u8] = b"untrusted comment:";

/// A signature of signify or minisign: `Ed` or `ED`, 8 bytes of key number, 64 bytes of Ed25519.
const SIGNIFY_BYTES: usize = 2 + 8 + 64;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) enum Signed<'a> {
    /// A line of the text, as it was before it was signed.
    Content(&'a [u8]),
    /// A line of the signature or of what holds it.
    Armor,
}

/// Where in a signed text the next line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    /// Outside of messages and signatures.
    Plain,
    /// After the comment of signify: its signature follows.
    Comment,
    /// Before the blank line that begins the message.
    Headers(Dashes),
    Message(Dashes),
    Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dashes {
    Escaped,
    Literal,
}

/// Reads a text that may be signed, line by line.
#[derive(Debug, Clone, Default)]
pub(in crate::manifest) struct ClearSigned {
    place: Place,
    has_signature: bool,
}

impl ClearSigned {
    /// The next line, without its LF.
    pub(in crate::manifest) fn line<'a>(&mut self, line: &'a [u8]) -> Signed<'a> {
        let (next, signed) = self.place.read(line);
        let is_begun = matches!(next, Place::Signature) && self.place != next;
        self.has_signature |= is_begun || (self.place == Place::Comment && signed == Signed::Armor);
        self.place = next;
        signed
    }

    /// Whether there was a signature. It has not been verified.
    pub(in crate::manifest) const fn has_signature(&self) -> bool {
        self.has_signature
    }
}

impl Place {
    /// What the line is at this place, and the place of the next one.
    fn read(self, line: &[u8]) -> (Self, Signed<'_>) {
        let bare = line.trim_ascii_end();
        match self {
            Self::Start if line.starts_with(COMMENT) => (Self::Comment, Signed::Armor),
            Self::Comment if is_signify(bare) => (Self::Plain, Signed::Armor),
            Self::Start | Self::Plain | Self::Comment if bare == BEGIN_MESSAGE => {
                (Self::Headers(Dashes::Escaped), Signed::Armor)
            }
            Self::Start | Self::Plain | Self::Comment | Self::Message(_) if bare == BEGIN_SIGNATURE => {
                (Self::Signature, Signed::Armor)
            }
            Self::Start | Self::Plain | Self::Comment => (Self::Plain, Signed::Content(line)),
            Self::Headers(dashes) if bare.is_empty() => (Self::Message(dashes), Signed::Armor),
            Self::Headers(_) if line.starts_with(NOT_ESCAPED) => (Self::Headers(Dashes::Literal), Signed::Armor),
            Self::Headers(_) => (self, Signed::Armor),
            Self::Message(Dashes::Escaped) => (self, Signed::Content(line.strip_prefix(b"- ").unwrap_or(line))),
            Self::Message(Dashes::Literal) => (self, Signed::Content(line)),
            Self::Signature if bare == END_SIGNATURE => (Self::Plain, Signed::Armor),
            Self::Signature => (self, Signed::Armor),
        }
    }
}

fn is_signify(line: &[u8]) -> bool {
    let mut room = [0; SIGNIFY_BYTES.next_multiple_of(3)];
    let decoded = STANDARD.decode_slice(line, &mut room);
    decoded == Ok(SIGNIFY_BYTES) && matches!(&room[..2], b"Ed" | b"ED")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Option<String>>, bool) {
        let mut signed = ClearSigned::default();
        let lines = text.lines().map(|line| match signed.line(line.as_bytes()) {
            Signed::Content(line) => Some(String::from_utf8_lossy(line).into_owned()),
            Signed::Armor => None,
        });
        (lines.collect(), signed.has_signature())
    }

    fn content(text: &str) -> Vec<String> {
        read(text).0.into_iter().flatten().collect()
    }

    /// Made by `gpg --clearsign` of GnuPG 2.2.40.
    const CLEAR_SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

- - dashed line
- -----x
5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  -a
- From x
-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQS2tIGs8GQoN26PmI9dkzSzsnnCgAUCawtIigAKCRBdkzSzsnnC
gC6tAP43JL/NzJFMPScZYZA1+cgOIM628USrhtHI4XvIhGXdtgEAyCSv38863rv9
P7/zdpcgYJuWs6IfQuSvnpccSKVfKwg=
=wVFB
-----END PGP SIGNATURE-----
";

    #[test]
    fn a_clear_signed_message_is_what_was_signed() {
        let (lines, has_signature) = read(CLEAR_SIGNED);
        let hex = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let message = ["- dashed line", "-----x", &format!("{hex}  -a"), "From x"];
        assert_eq!(lines[3..7], message.map(|line| Some(line.to_owned())));
        assert_eq!((lines.iter().flatten().count(), lines.len()), (4, 14));
        assert!(has_signature);
        assert_eq!(content(&CLEAR_SIGNED.replace('\n', "\r\n")), message, "with CRLF");
    }

    #[test]
    fn a_message_without_dash_escapes_is_left_as_it_is() {
        let text = CLEAR_SIGNED.replace("Hash: SHA256", "NotDashEscaped: You need GnuPG to verify this message");
        assert_eq!(content(&text)[0], "- - dashed line");
    }

    #[test]
    fn text_outside_of_a_message_is_passed_on() {
        assert_eq!(content(&format!("- before\n{CLEAR_SIGNED}- after\n")).len(), 6);
        assert_eq!(content("a\n-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\nb"), ["a", "b"]);
        assert_eq!(read("- a\n\n-----END PGP SIGNATURE-----\n").0.iter().flatten().count(), 3);
        assert!(!read("a\nb\n").1);
    }

    #[test]
    fn a_header_is_never_content_and_an_endless_signature_is_armor() {
        let text = "-----BEGIN PGP SIGNED MESSAGE-----\nd41d8cd98f00b204e9800998ecf8427e  a\n\nb\n";
        assert_eq!(content(text), ["b"]);
        assert_eq!(content("-----BEGIN PGP SIGNATURE-----\na\nb\n"), <[&str; 0]>::default());
    }

    /// Made by `signify-openbsd -S -e` of signify 31.
    const SIGNIFY: &str = "untrusted comment: verify with k.pub
RWRh/X11w3QDmRYvpgQNmpGElZ3m49qZaYEWdGYnIx0/1LAjMfvjyJ+E5btZmemj6tGw9B1kFBqCrTpqtQYZqFhSDyh1Xd5okAU=
SHA256 (a) = 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
";

    #[test]
    fn a_signature_of_signify_before_the_text_is_armor() {
        let (lines, has_signature) = read(SIGNIFY);
        assert_eq!(lines[..2], [None, None]);
        assert!(lines[2].as_ref().unwrap().starts_with("SHA256 (a)") && has_signature);
        let (lines, has_signature) = read("untrusted comment: key deadbeef\nd41d8cd98f00b204e9800998ecf8427e  a\n");
        assert_eq!((lines[0].as_ref(), lines[1].is_some(), has_signature), (None, true, false));
        assert_eq!(content("a\nuntrusted comment: key deadbeef\n").len(), 2, "only as the first line");
    }
}

//! C4 IDs (SMPTE ST 2114:2017): a SHA-512 digest as text, `c4` and 88 digits of base 58.
//!
//! All are 90 characters long, and their order as text is that of the digests. The alphabet leaves out `0`, `I`, `O` and
//! `l`; `1` is its zero.

use super::DocumentError;
use super::claims::not_a_digest;
use crate::digest::{Algorithm, Digest};
use crate::manifest::entry::Claimed;

/// The length of an ID.
pub const ID_CHARS: usize = 90;

/// The bytes of a SHA-512 digest.
const DIGEST_BYTES: usize = 64;

const PREFIX: &[u8] = b"c4";

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The ID of a SHA-512 digest.
#[must_use]
pub fn encode(digest: &[u8; DIGEST_BYTES]) -> String {
    let mut number = *digest;
    let mut id = [ALPHABET[0]; ID_CHARS];
    id[..PREFIX.len()].copy_from_slice(PREFIX);
    for digit in id[PREFIX.len()..].iter_mut().rev() {
        *digit = ALPHABET[usize::from(divide(&mut number))];
    }
    id.iter().copied().map(char::from).collect()
}

/// Divides a big-endian number by 58, and returns the remainder.
fn divide(number: &mut [u8; DIGEST_BYTES]) -> u8 {
    let mut remainder = 0_u16;
    for byte in number {
        let part = remainder << 8 | u16::from(*byte);
        *byte = (part / 58) as u8;
        remainder = part % 58;
    }
    remainder as u8
}

/// The SHA-512 digest of an ID. `None` if it is not one.
#[must_use]
pub fn decode(id: &str) -> Option<[u8; DIGEST_BYTES]> {
    let digits = id.as_bytes().strip_prefix(PREFIX).filter(|_| id.len() == ID_CHARS)?;
    let mut number = [0; DIGEST_BYTES];
    for &digit in digits {
        let value = ALPHABET.iter().position(|&one| one == digit)?;
        multiply_and_add(&mut number, value as u16)?;
    }
    Some(number)
}

/// Multiplies a big-endian number by 58 and adds to it. `None` if it has no room for the result.
fn multiply_and_add(number: &mut [u8; DIGEST_BYTES], add: u16) -> Option<()> {
    let mut carry = add;
    for byte in number.iter_mut().rev() {
        let part = u16::from(*byte) * 58 + carry;
        *byte = part as u8;
        carry = part >> 8;
    }
    (carry == 0).then_some(())
}

/// The claim of an ID.
///
/// # Errors
/// If it is not one. `of` says of which file, for the message.
pub(super) fn claimed(id: &str, of: &str) -> Result<Claimed, DocumentError> {
    let bytes = decode(id).ok_or_else(|| not_a_digest("C4 ID", of))?;
    Digest::new(Algorithm::Sha512, &bytes).map(Claimed::of).map_err(|_| not_a_digest("C4 ID", of))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha512};

    use super::*;

    fn id_of(text: &str) -> String {
        encode(&Sha512::digest(text).into())
    }

    /// Vectors of the reference implementation, github.com/Avalanche-io/c4 (id/id_test.go).
    #[test]
    fn the_vectors_of_the_reference_implementation_hold() {
        for (digest, id) in [
            ([0; 64], "c41111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"),
            ([0xFF; 64], "c467rpwLCuS5DGA8KGZXKsVQ7dnPb9goRLoKfgGbLfQg9WoLUgNY77E2jT11fem3coV9nAkguBACzrU1iyZM4B8roQ"),
        ] {
            assert_eq!((encode(&digest), decode(id)), (id.to_owned(), Some(digest)));
        }
        for (number, id) in [
            (58, "c41111111111111111111111111111111111111111111111111111111111111111111111111111111111111121"),
            (
                58 * 58 * 58,
                "c41111111111111111111111111111111111111111111111111111111111111111111111111111111111112111",
            ),
        ] {
            let mut digest = [0; 64];
            digest[60..].copy_from_slice(&u32::to_be_bytes(number));
            assert_eq!((encode(&digest), decode(id)), (id.to_owned(), Some(digest)));
        }
        for (text, id) in [
            ("", "c459dsjfscH38cYeXXYogktxf4Cd9ibshE3BHUo6a58hBXmRQdZrAkZzsWcbWtDg5oQstpDuni4Hirj75GEmTc1sFT"),
            ("foo", "c45xZeXwMSpqXjpDumcHMA6mhoAmGHkUo7r9WmN2UgSEQzj9KjgseaQdkEJ11fGb5S1WEENcV3q8RFWwEeVpC7Fjk2"),
            (
                "This is a pretend asset file, for testing asset id generation.\n",
                "c43ucjRutKqZSCrW43QGU1uwRZTGoVD7A7kPHKQ1z4X1Ge8mhW4Q1gk48Ld8VFpprQBfUC8JNvHYVgq453hCFrgf9D",
            ),
        ] {
            assert_eq!(id_of(text), id, "{text}");
        }
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        let id = id_of("");
        let above = "c467rpwLCuS5DGA8KGZXKsVQ7dnPb9goRLoKfgGbLfQg9WoLUgNY77E2jT11fem3coV9nAkguBACzrU1iyZM4B8roR";
        for wrong in [
            "",
            &id[..89],
            &format!("{id}1"),
            &id.replacen("c4", "C4", 1),
            &id.replacen('5', "0", 1),
            &id.replacen("5", "\u{e9}", 1)[..90],
            above,
            &format!("c4{}", "z".repeat(88)),
        ] {
            assert_eq!(decode(wrong), None, "{wrong}");
            assert!(claimed(wrong, "a").unwrap_err().why.contains("C4 ID of \"a\""));
        }
        assert_eq!(claimed(&id, "a").unwrap().tag(), Some(Algorithm::Sha512));
    }

    proptest! {
        #[test]
        fn an_encoded_digest_is_read_back_and_keeps_its_order(one: [u8; 32], other: [u8; 32], high: [u8; 32]) {
            let digest = |low: [u8; 32]| -> [u8; 64] { [high, low].concat().try_into().unwrap() };
            let (one, other) = (digest(one), digest(other));
            prop_assert_eq!(decode(&encode(&one)), Some(one));
            prop_assert_eq!(encode(&one).cmp(&encode(&other)), one.cmp(&other));
        }

        #[test]
        fn any_text_is_an_id_or_not(text in "(c4)?[0-9A-Za-z]{80,90}|.{0,100}") {
            if let Some(digest) = decode(&text) {
                prop_assert_eq!(encode(&digest), text);
            }
        }
    }
}

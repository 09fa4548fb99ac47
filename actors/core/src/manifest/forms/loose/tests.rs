use super::super::tests::{Outcomes, outcomes, read_all, show};
use super::*;

const MD5: &str = "b1946ac92492d2347c6235b4d2611184";
const SHA256: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const BASE64: &str = "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=";

/// The shape of a text, and what it says.
fn read(text: &str) -> Option<(Shape, Vec<String>)> {
    let text = text.replace("MD5X", MD5).replace("HEX", SHA256).replace("B64", BASE64);
    let shape = Shape::of(text.as_bytes())?;
    Some((shape, show(&read_all(Loose::new(shape), text))))
}

/// By the documentation of the tools; the `xxhsum` lines are as xxhsum 0.8.2 writes them.
#[test]
fn each_shape_is_told_by_its_lines() {
    for (text, shape, expected) in [
        (
            "; SlavaSoft fsum\nMD5X ?MD5*a b\nHEX ?SHA256*c*\n",
            Shape::Fsum,
            ["a b ? md5:b1946ac9", "c* ? sha256:5891b5b5"],
        ),
        ("sha256:HEX  a b\nmd5:MD5X c*\n", Shape::Colon, ["a b ? sha256:5891b5b5", "c* ? md5:b1946ac9"]),
        ("sha256-B64  a b\nsha256-B64 c*\n", Shape::Integrity, ["a b ? sha256:5891b5b5", "c* ? sha256:5891b5b5"]),
        (
            "XXH3_99fc819aaba2462a  a b\nXXH3_99fc819aaba2462a  c*\n",
            Shape::Xxh3,
            ["a b ? xxh3_64:99fc819a", "c* ? xxh3_64:99fc819a"],
        ),
        ("HEX\ta b\nMD5X\tc*\n", Shape::Tab, ["a b ? ?:5891b5b5", "c* ? ?:b1946ac9"]),
        ("a b HEX\r\nc*\tMD5X\r\n", Shape::NameFirst, ["a b ? ?:5891b5b5", "c* ? ?:b1946ac9"]),
        ("# sums\n\na b: HEX\nc*:   MD5X\n", Shape::NameFirst, ["a b ? ?:5891b5b5", "c* ? ?:b1946ac9"]),
    ] {
        assert_eq!(read(text), Some((shape, expected.map(str::to_owned).to_vec())), "{text}");
    }
}

#[test]
fn one_line_of_another_shape_is_enough_that_a_text_has_none() {
    for text in ["a HEX\nprose\n", "HEX\ta\nHEX  b\n", "sha256:HEX a\nHEX  b\n", "MD5X ?MD5*a\na MD5X\n", "", "# a\n"] {
        assert_eq!(read(text), None, "{text}");
        assert!(!recognises(b"", text.replace("HEX", SHA256).as_bytes()));
    }
}

#[test]
fn ordinary_checksum_files_and_sfv_are_not_taken() {
    for text in [
        "HEX  a\n",
        "HEX *a\n",
        "HEX a\n",
        "HEX  MD5X\n",
        "HEX HEX\n",
        "HEX\t*a\n",
        "\\HEX  a\\nb\n",
        "SHA256 (a) = HEX\n",
        "SHA256(a)= HEX\n",
        "a 352441c2\n",
        "EBUILD a-1.ebuild 6 SHA256 HEX\n",
        "Checksums of release 20251128\n",
        "Made on a day of 2025\nand sent by a facade\n",
        "\\HEX  a\\n MD5X\n",
        "352441c2  HEX\n",
        "HEX\n",
        "MD5: MD5X\nSHA-256: HEX\n",
        "sha256sum: HEX\n",
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHEX  a\n",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn later_lines_of_another_shape_are_not_read() {
    let text = format!("a {SHA256}\n{SHA256}  b\na {}\na\0b {SHA256}\n", &SHA256[1..]);
    assert_eq!(outcomes(Loose::new(Shape::NameFirst), text), Outcomes { entries: 1, not_read: 3 });
    for (shape, line) in [
        (Shape::Fsum, format!("{MD5} ?SHA256*a")),
        (Shape::Fsum, format!("{MD5} ?MD5*")),
        (Shape::Colon, format!("foo:{MD5} a")),
        (Shape::Colon, format!("sha256:{MD5} a")),
        (Shape::Integrity, format!("sha512-{BASE64} a")),
        (Shape::Integrity, format!("sha256-{} a", &BASE64[..43])),
        (Shape::Xxh3, format!("XXH3_{MD5}  a")),
        (Shape::Tab, format!("{MD5}\t")),
    ] {
        assert_eq!(outcomes(Loose::new(shape), &line), Outcomes { entries: 0, not_read: 1 }, "{line}");
    }
}

#[test]
fn a_bare_digest_is_read_in_every_form() {
    let of = |text: &str| bare(text.replace("HEX", SHA256).replace("B64", BASE64).as_bytes());
    for (text, tag) in [
        ("HEX", None),
        ("HEX\n", None),
        ("  HEX \r\n", None),
        ("sha256:HEX\n", Some(Algorithm::Sha256)),
        ("SHA-256: HEX\n", Some(Algorithm::Sha256)),
        ("SHA256 = HEX\n", Some(Algorithm::Sha256)),
        ("sha256-B64", Some(Algorithm::Sha256)),
        ("HEX  -\n", None),
        ("HEX *-\n", None),
        ("HEX *stdin\n", None),
        ("SHA2-256(stdin)= HEX\n", Some(Algorithm::Sha256)),
        ("SHA256 (-) = HEX\n", Some(Algorithm::Sha256)),
        ("(stdin)= HEX\n", None),
        ("5891B5B5 22D5DF08 6D0FF0B1 10FBD9D2 1BB4FC71 63AF34D0\n8286A2E8 46F6BE03\n", None),
    ] {
        let claimed = of(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((claimed.tag(), hex::encode(claimed.as_bytes())), (tag, SHA256.to_owned()), "{text}");
    }
    assert_eq!(of(&SHA256.to_uppercase()), of("HEX"));
    assert_eq!(bare(b"SHA1(stdin)= f572d396fae9206628714fb2ce00f72e94f2258f").unwrap().tag(), Some(Algorithm::Sha1));
}

#[test]
fn what_has_a_name_or_two_digests_is_not_a_bare_digest() {
    for text in [
        "",
        "\n",
        "HEX  a",
        "HEX\nHEX\n",
        "MD5X\nMD5X\n",
        "SHA256(a)= HEX",
        "HEX0",
        "HEX-",
        "2025",
        "cafe",
        "be",
        "(stdin) HEX",
        "()(=",
    ] {
        let text = text.replace("MD5X", MD5).replace("HEX", SHA256);
        assert_eq!(bare(text.as_bytes()), None, "{text}");
    }
    assert_eq!(bare(format!("{SHA256}{}", "\n".repeat(MAX_BARE_BYTES)).as_bytes()), None, "too long a text");
}

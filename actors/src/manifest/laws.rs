//! Laws of the formats: parse(print(x)) == x, and no bytes make a reader panic.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::digest::{Algorithm, Digest};

/// Names with what formats stumble over, as often as ordinary ones.
fn any_name() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(b"\\\n\r \t*()=#-\"',\xff\xc3\xa9a/.".to_vec());
    let byte = prop_oneof![3 => odd, 1 => 1..=255u8];
    vec(byte, 1..40)
}

fn any_digest() -> impl Strategy<Value = Digest> {
    (prop::sample::select(Algorithm::ALL.to_vec()), vec(any::<u8>(), 64))
        .prop_map(|(algorithm, bytes)| Digest::new(algorithm, &bytes[..algorithm.digest_bytes()]).unwrap())
}

fn any_end() -> impl Strategy<Value = LineEnd> {
    prop::sample::select(vec![LineEnd::Newline, LineEnd::Nul])
}

/// Lines that are nearly right.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        "SHA256",
        "BLAKE3",
        "CRC32",
        " (",
        "(",
        ")",
        " = ",
        ")= ",
        "=",
        " ",
        "  ",
        " *",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\0",
        "#",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "00000000",
        "a",
        "é",
    ]);
    let piece = prop_oneof![4 => part.prop_map(|text| text.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..4)];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn only_entry(text: &[u8], options: ReadOptions) -> Option<(Vec<u8>, Claimed)> {
    let mut lines = ChecksumLines::new(text, options);
    let Some((1, Found::Entry(entry))) = lines.next_entry().unwrap() else { return None };
    let entry = (entry.name.into_owned(), entry.digest);
    assert!(lines.next_entry().unwrap().is_none(), "one line was printed, more were read");
    Some(entry)
}

proptest! {
    #[test]
    fn a_printed_gnu_line_is_read_as_it_was(name in any_name(), digest in any_digest(), end in any_end()) {
        let mut line = Vec::new();
        gnu::write_line(&mut line, &name, digest.as_bytes(), end);
        let options = ReadOptions { asked: Some(digest.algorithm()), end, ..ReadOptions::new(Limits::REQUEST) };
        let (read, claimed) = only_entry(&line, options).expect("a printed line is an entry");
        prop_assert_eq!(read, name);
        prop_assert_eq!(claimed.as_bytes(), digest.as_bytes());
    }

    #[test]
    fn a_printed_tagged_line_is_read_as_it_was(name in any_name(), digest in any_digest(), end in any_end()) {
        let mut line = Vec::new();
        bsd::write_line(&mut line, bsd::Tagged { name: &name, algorithm: digest.algorithm(), digest: digest.as_bytes() }, end);
        let options = ReadOptions { end, ..ReadOptions::new(Limits::REQUEST) };
        let (read, claimed) = only_entry(&line, options).expect("a printed line is an entry");
        prop_assert_eq!(read, name);
        prop_assert_eq!(claimed.tag(), Some(digest.algorithm()));
        prop_assert_eq!(claimed.as_bytes(), digest.as_bytes());
    }

    #[test]
    fn a_printed_b3sum_line_is_read_as_it_was(name in "[^\0]{1,30}", bytes in vec(any::<u8>(), 32)) {
        let mut line = Vec::new();
        b3sum::write_line(&mut line, name.as_bytes(), &bytes).unwrap();
        let entry = b3sum::parse_line(line.strip_suffix(b"\n").unwrap()).expect("a printed line is an entry");
        prop_assert_eq!(&*entry.name, name.as_bytes());
        prop_assert_eq!(entry.digest.as_bytes(), &bytes[..]);
        let options = ReadOptions { asked: Some(Algorithm::Blake3), ..ReadOptions::new(Limits::REQUEST) };
        prop_assert_eq!(only_entry(&line, options).unwrap().0, name.as_bytes());
    }

    #[test]
    fn no_bytes_make_a_reader_panic_and_what_is_read_can_be_printed(text in any_text(), end in any_end()) {
        let _ = b3sum::parse_line(&text);
        let mut lines = ChecksumLines::new(&*text, ReadOptions { end, ..ReadOptions::new(Limits::REQUEST) });
        while let Some((_, found)) = lines.next_entry().unwrap() {
            let Found::Entry(entry) = found else { continue };
            if entry.name.is_empty() {
                continue; // read, never written
            }
            let algorithm = entry.digest.candidates()[0];
            let tagged = bsd::Tagged { name: &entry.name, algorithm, digest: entry.digest.as_bytes() };
            let mut printed = Vec::new();
            bsd::write_line(&mut printed, tagged, end);
            let (name, digest) = only_entry(&printed, ReadOptions { end, ..ReadOptions::new(Limits::REQUEST) }).unwrap();
            prop_assert_eq!(&name[..], &entry.name[..]);
            prop_assert_eq!(digest.as_bytes(), entry.digest.as_bytes());
        }
    }
}

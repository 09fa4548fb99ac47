//! Laws of the forms: no bytes make one panic, each line and each entry has one outcome, parse(print(x)) == x.

use proptest::collection::vec;
use proptest::prelude::*;

use super::aide::Aide;
use super::certutil::Certutil;
use super::deb822::Deb822;
use super::gentoo::Gentoo;
use super::get_file_hash::GetFileHash;
use super::gpg::Gpg;
use super::loose::{Loose, Shape, bare};
use super::mtree::{Mtree, Writer};
use super::tests::read_lines;
use super::wheel_record::{WheelRecord, write_row};
use super::*;

/// A reader of every form.
fn every_form() -> Vec<AnyForm> {
    let shapes = [Shape::Fsum, Shape::Colon, Shape::Integrity, Shape::Xxh3, Shape::Tab, Shape::NameFirst];
    let mut forms: Vec<Box<dyn LineForm>> = vec![
        Box::new(Aide::default()),
        Box::new(Certutil::default()),
        Box::new(Deb822::default()),
        Box::new(Gentoo::default()),
        Box::new(GetFileHash::default()),
        Box::new(Gpg::default()),
        Box::new(Mtree::default()),
        Box::new(WheelRecord::default()),
    ];
    forms.extend(shapes.map(|shape| Box::new(Loose::new(shape)) as Box<dyn LineForm>));
    forms.into_iter().map(AnyForm).collect()
}

/// A reader of any form, for what takes a reader of one.
#[derive(Debug)]
struct AnyForm(Box<dyn LineForm>);

impl LineForm for AnyForm {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        self.0.read_line(line, record)
    }

    fn end(&mut self, record: &mut Record) -> LineIs {
        self.0.end(record)
    }
}

type Recognises = fn(&[u8], &[u8]) -> bool;

const RECOGNISERS: [Recognises; 9] = [
    aide::recognises,
    certutil::recognises,
    deb822::recognises,
    gentoo::recognises,
    get_file_hash::recognises,
    gpg::recognises,
    loose::recognises,
    mtree::recognises,
    wheel_record::recognises,
];

/// Parts of the forms.
#[rustfmt::skip]
const PARTS: [&str; 68] = [
    "b1946ac92492d2347c6235b4d2611184", "5891B5B5 22D5DF08 6D0FF0B1 10FBD9D2", "B1 94 6A C9", "352441c2",
    "sha256=WJG1tSLV3whtD_CxEPvZ0hu0_HFjrzTQgoai6Eb2vgM", "sZRqySSS0jR8YjW00mERhA==", "\n", "\n", "\n ", "\r\n",
    "\t", " ", "  ", ": ", ":", "=", ",", "\"", "\\", "\\M-C", "\\^", "\\x20", "\\u00e9", "%C3%A9", "%", "*",
    "?MD5*", "#", ";", "Files:\n", "SHA256:\n", "Checksums-Sha1:\n", " 6 ", "/set type=file", "/unset all",
    ". type=dir\n", "..\n", "./a ", "type=dir", "type=file ", "size=6 ", "time=1.5 ", "md5=", "DATA a 6 ", "DIST ",
    "SHA512 ", "MD5 = ", "MD5 hash of file ", "Algorithm : MD5\n", "Hash : ", "Path : a", "Algorithm Hash Path\n",
    "MD5 ", "...", "…", "@@begin_db\n", "@@db_spec name perm size mtime md5\n", "@@end_db", "XXH3_", "md5:",
    "sha1-", "a", "-----BEGIN PGP SIGNED MESSAGE-----\n", "-----BEGIN PGP SIGNATURE-----\n",
    "-----END PGP SIGNATURE-----\n", "- ", "untrusted comment: a\n", "\0",
];

/// Random bytes, mixed with parts of the forms.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(PARTS.map(|part| part.as_bytes().to_vec()).to_vec());
    let part = prop_oneof![8 => part, 1 => vec(any::<u8>(), 0..12)];
    vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// Names, mostly of bytes that are special in some form.
fn any_name() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(b"\\\n\r \t*?[=#-\"',\xff\xc3\xa9a.~$^".to_vec());
    let byte = prop_oneof![3 => odd, 1 => 1..=255_u8];
    let is_plain = |part: &Vec<u8>| !matches!(&part[..], b"." | b"..") && !part.contains(&b'/');
    vec(vec(byte, 1..12).prop_filter("a plain part of a path", is_plain), 1..5).prop_map(|parts| parts.join(&b'/'))
}

fn any_record(algorithms: &'static [Algorithm]) -> impl Strategy<Value = Record> {
    let size = prop::option::of(any::<u64>());
    let time = prop::option::of((-377_705_023_201_i64..253_402_207_200, 0..1_000_000_000_i32));
    (any_name(), size, time, vec(any::<u8>(), 64)).prop_map(|(name, size, time, bytes)| {
        let digest = |&algorithm: &Algorithm| claim(algorithm, &bytes[..algorithm.digest_bytes()]).unwrap();
        let modified_at = time.map(|(second, nanosecond)| jiff::Timestamp::new(second, nanosecond).unwrap().into());
        Record { name, size, modified_at, digests: algorithms.iter().map(digest).collect(), ..Record::default() }
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_form_panic_and_its_entries_have_a_name_and_a_digest(text in any_text()) {
        for form in every_form() {
            let lines = read_lines(form, &text);
            let entries = lines.iter().filter(|(outcome, _)| *outcome == LineIs::Entry);
            for (_, record) in entries {
                prop_assert!(!record.name.is_empty() && !record.name.contains(&0) && !record.digests.is_empty());
            }
        }
        for recognises in RECOGNISERS {
            recognises(b"", &text);
        }
        bare(&text);
    }

    #[test]
    fn an_ordinary_checksum_file_is_taken_by_no_form(
        names in vec(any_name(), 1..5),
        bytes in vec(any::<u8>(), 64),
        algorithm in prop::sample::select(vec![Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]),
    ) {
        let digest = &bytes[..algorithm.digest_bytes()];
        let (mut plain, mut tagged) = (Vec::new(), Vec::new());
        for name in &names {
            super::super::gnu::write_line(&mut plain, name, digest, Default::default());
            super::super::bsd::write_line(&mut tagged, super::super::bsd::Tagged { name, algorithm, digest }, Default::default());
        }
        for recognises in RECOGNISERS {
            prop_assert!(!recognises(b"", &plain), "{}", plain.escape_ascii());
            prop_assert!(!recognises(b"", &tagged), "{}", tagged.escape_ascii());
        }
    }

    #[test]
    fn a_printed_specification_is_read_as_it_was(
        records in vec(any_record(&[Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512]), 0..5),
    ) {
        let (mut out, mut writer) = (Vec::new(), Writer::default());
        Writer::write_header(&mut out);
        for record in &records {
            writer.write_line(&mut out, record).unwrap();
        }
        prop_assert!(mtree::recognises(b"", &out));
        let lines = read_lines(Mtree::default(), &out);
        prop_assert!(lines.iter().all(|(outcome, _)| *outcome != LineIs::NotRead));
        let read: Vec<_> = lines.into_iter().filter(|(outcome, _)| *outcome == LineIs::Entry).map(|(_, record)| record).collect();
        prop_assert_eq!(read, records, "{}", String::from_utf8_lossy(&out));
    }

    #[test]
    fn a_printed_record_is_read_as_it_was(records in vec(any_record(&[Algorithm::Sha512]), 1..5)) {
        let (mut out, mut expected) = (Vec::new(), Vec::new());
        for record in records {
            let digest = Digest::new(Algorithm::Sha512, record.digests[0].as_bytes()).unwrap();
            match write_row(&mut out, &record.name, digest, record.size) {
                Ok(()) => expected.push(Record { modified_at: None, ..record }),
                Err(why) => prop_assert_eq!((why, std::str::from_utf8(&record.name).is_err()), ("is not UTF-8", true)),
            }
        }
        let lines = read_lines(WheelRecord::default(), &out);
        prop_assert!(lines.iter().all(|(outcome, _)| *outcome != LineIs::NotRead));
        let read: Vec<_> = lines.into_iter().filter(|(outcome, _)| *outcome == LineIs::Entry).map(|(_, record)| record).collect();
        prop_assert_eq!(read, expected, "{}", String::from_utf8_lossy(&out));
    }
}

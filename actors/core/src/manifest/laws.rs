//! Laws of the formats: parse(print(x)) == x, and no bytes make a reader panic.
//!
//! For a long run: `PROPTEST_CASES=1000000 cargo test --release -p hivesum-core --lib manifest::laws`.

mod samples;

use proptest::collection::vec;
use proptest::prelude::*;

use self::samples::{any_digest, any_digits, any_end, any_foreign_text, any_name, any_record, any_text};
use super::convert::{Details, convert};
use super::*;
use crate::digest::{Algorithm, Algorithms};

fn algorithms_for(format: Format) -> Algorithms {
    match format {
        Format::Sfv => "crc32",
        Format::B3sum => "blake3",
        Format::Gnu | Format::Bagit | Format::WheelRecord | Format::OcflSidecar => "sha512",
        Format::Mtree => "md5,sha1,sha256",
        Format::Hashdeep => "md5,sha1,sha256,tiger,whirlpool",
        Format::Bsd | Format::Csv | Format::Json | Format::Ndjson => "blake2b,crc32,sha3_256",
    }
    .parse()
    .unwrap()
}

/// What this format carries of a record.
fn carried(record: &Record, format: Format) -> Vec<Record> {
    let Record { name, size, modified_at, changed_at, inode, status, digests } = record.clone();
    let name = match name.strip_prefix(b"./") {
        Some(rest) if format == Format::Mtree => rest.to_vec(),
        _ => name,
    };
    let (size, modified_at, status) = match format {
        Format::Json | Format::Ndjson => (size, modified_at, status),
        Format::Csv | Format::Mtree => (size, modified_at, None),
        Format::WheelRecord | Format::Hashdeep => (size, None, None),
        Format::Gnu | Format::Bsd | Format::B3sum | Format::Sfv | Format::Bagit | Format::OcflSidecar => {
            (None, None, None)
        }
    };
    let keeps_inode = matches!(format, Format::Json | Format::Ndjson);
    let (changed_at, inode) = (changed_at.filter(|_| keeps_inode), inode.filter(|_| keeps_inode));
    let of = |digests| Record { name: name.clone(), size, modified_at, changed_at, inode, status, digests };
    match format {
        Format::Bsd => digests.into_iter().map(|digest| of(vec![digest])).collect(),
        _ => vec![of(digests)],
    }
}

/// Normalised: digests in the order of their algorithms, untagged ones with the requested algorithm.
fn in_order(mut record: Record, algorithms: &Algorithms) -> Record {
    for digest in &mut record.digests {
        if digest.tag().is_none() {
            *digest = digest.resolved(algorithms.first()).unwrap();
        }
    }
    record.digests.sort_by_key(Claimed::tag);
    record
}

fn read_all(text: &[u8], form: Form, options: ReadOptions) -> Result<Vec<Option<Record>>, ManifestError> {
    let mut reader = ManifestReader::new(text, form, options)?;
    let mut all = Vec::new();
    while let Some((_, record)) = reader.next_record()? {
        all.push(record.ok().cloned());
    }
    Ok(all)
}

fn check_round_trip(format: Format, records: &[Record]) -> Result<(), TestCaseError> {
    let algorithms = algorithms_for(format);
    let writer = ManifestWriter::new(format, algorithms, LineEnd::Newline).unwrap();
    let mut writer = writer.keeping_names();
    let (mut out, mut expected) = (Vec::new(), Vec::new());
    writer.begin(&mut out);
    for record in records {
        let before = out.len();
        match writer.record(&mut out, record) {
            Ok(()) => expected.extend(carried(record, format)),
            Err(refusal) => {
                prop_assert_eq!(refusal.format, format);
                prop_assert_eq!(out.len(), before);
            }
        }
    }
    writer.end(&mut out, &crate::result::Summary::default());
    let asked = (algorithms.len() == 1).then(|| algorithms.first());
    let read = read_all(&out, format.into(), ReadOptions { asked, ..ReadOptions::new(Limits::REQUEST) });
    let read = read.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let read: Option<Vec<_>> = read.into_iter().map(|record| Some(in_order(record?, &algorithms))).collect();
    let expected: Vec<_> = expected.into_iter().map(|record| in_order(record, &algorithms)).collect();
    prop_assert_eq!(read, Some(expected), "{}", String::from_utf8_lossy(&out));
    Ok(())
}

fn only_entry(text: &[u8], options: ReadOptions) -> Option<(Vec<u8>, Claimed)> {
    let mut reader = ManifestReader::checksums(text, options);
    let Some((1, Ok(record))) = reader.next_record().unwrap() else { return None };
    let entry = (record.name.clone(), record.digests[0]);
    assert!(reader.next_record().unwrap().is_none(), "one line was printed, more were read");
    Some(entry)
}

proptest! {
    #[test]
    fn printed_hashdeep_is_read_as_it_was(records in vec(any_record(algorithms_for(Format::Hashdeep)), 0..4)) {
        check_round_trip(Format::Hashdeep, &records)?;
    }

    #[test]
    fn printed_sfv_is_read_as_it_was(records in vec(any_record(algorithms_for(Format::Sfv)), 0..4)) {
        check_round_trip(Format::Sfv, &records)?;
    }

    #[test]
    fn a_printed_bag_manifest_is_read_as_it_was(records in vec(any_record(algorithms_for(Format::Bagit)), 0..4)) {
        let within = |mut record: Record| { record.name.splice(0..0, *b"data/"); record };
        let records: Vec<_> = records.into_iter().map(within).collect();
        check_round_trip(Format::Bagit, &records)?;
    }

    #[test]
    fn a_printed_mtree_specification_is_read_as_it_was(records in vec(any_record(algorithms_for(Format::Mtree)), 0..4)) {
        check_round_trip(Format::Mtree, &records)?;
    }

    #[test]
    fn a_printed_record_of_a_package_is_read_as_it_was(
        records in vec(any_record(algorithms_for(Format::WheelRecord)), 0..4),
    ) {
        check_round_trip(Format::WheelRecord, &records)?;
    }

    #[test]
    fn a_printed_sidecar_is_read_as_it_was(records in vec(any_record(algorithms_for(Format::OcflSidecar)), 0..4)) {
        check_round_trip(Format::OcflSidecar, &records)?;
    }

    #[test]
    fn printed_csv_is_read_as_it_was(records in vec(any_record(algorithms_for(Format::Csv)), 0..4)) {
        check_round_trip(Format::Csv, &records)?;
    }

    #[test]
    fn printed_json_is_read_as_it_was(records in vec(any_record(algorithms_for(Format::Json)), 0..4)) {
        check_round_trip(Format::Json, &records)?;
    }

    #[test]
    fn printed_ndjson_is_read_as_it_was(records in vec(any_record(algorithms_for(Format::Ndjson)), 0..4)) {
        check_round_trip(Format::Ndjson, &records)?;
    }

    #[test]
    fn printed_checksum_lines_are_read_as_they_were(
        records in vec(any_record(algorithms_for(Format::Bsd)), 0..4),
        of_blake3 in vec(any_record(algorithms_for(Format::B3sum)), 0..4),
        of_sha512 in vec(any_record(algorithms_for(Format::Gnu)), 0..4),
    ) {
        check_round_trip(Format::Bsd, &records)?;
        check_round_trip(Format::B3sum, &of_blake3)?;
        check_round_trip(Format::Gnu, &of_sha512)?;
    }

    #[test]
    fn a_conversion_there_and_back_is_the_identity(
        records in vec(any_record(algorithms_for(Format::Csv)), 1..6),
        through in prop::sample::select(vec![Format::Json, Format::Ndjson, Format::Bsd, Format::Csv]),
    ) {
        let plain = |record| Record { status: None, changed_at: None, inode: None, ..record };
        let mut records: Vec<_> = records.into_iter().map(plain).map(|one| in_order(one, &Algorithms::default())).collect();
        if through == Format::Bsd {
            for record in &mut records {
                (record.size, record.modified_at) = (None, None);
            }
        }
        records.sort_by(|one, other| one.name.cmp(&other.name));
        records.dedup_by(|one, other| one.name == other.name);
        let there = convert(records.clone(), through, Details::Keep).unwrap();
        let read = read_all(&there.text, through.into(), ReadOptions::new(Limits::REQUEST)).unwrap();
        let read = read.into_iter().collect::<Option<Vec<_>>>().unwrap();
        let back = convert(read, Format::Csv, Details::Keep).unwrap();
        prop_assert_eq!(back.text, convert(records, Format::Csv, Details::Keep).unwrap().text);
    }

    #[test]
    fn no_bytes_make_any_reader_panic(
        text in prop_oneof![any_text(), any_foreign_text()],
        asked in prop::option::of(prop::sample::select(Algorithm::ALL.to_vec())),
        digits in any_digits(),
        bound in 1..200_usize,
    ) {
        let limits = Limits { line_bytes: bound, lines: 8, bytes: 400 };
        for form in Form::all() {
            for limits in [Limits::REQUEST, limits] {
                let _ = read_all(&text, form, ReadOptions { asked, digits, ..ReadOptions::new(limits) });
            }
        }
        let reader = ManifestReader::detecting(&*text, b"", ReadOptions::new(Limits::REQUEST));
        // Only compressed data that is damaged cannot be begun with.
        prop_assert!(reader.is_ok() || text.starts_with(&[0x1f, 0x8b]));
    }

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
    fn a_line_in_base64_is_the_line_in_hexadecimal(name in any_name(), digest in any_digest(), end in any_end()) {
        use base64::Engine as _;
        let (algorithm, bytes) = (digest.algorithm(), digest.as_bytes());
        let [mut plain, mut tagged] = [Vec::new(), Vec::new()];
        gnu::write_line(&mut plain, &name, bytes, end);
        bsd::write_line(&mut tagged, bsd::Tagged { name: &name, algorithm, digest: bytes }, end);
        let (hex, base64) = (hex::encode(bytes), base64::engine::general_purpose::STANDARD.encode(bytes));
        let is_digest = |window: &[u8]| window == hex.as_bytes();
        let places = [plain.windows(hex.len()).position(is_digest), tagged.windows(hex.len()).rposition(is_digest)];
        let options =
            ReadOptions { asked: Some(algorithm), digits: Digits::HexOrBase64, end, ..ReadOptions::new(Limits::REQUEST) };
        for (line, at) in [plain, tagged].iter().zip(places.map(Option::unwrap)) {
            let in_base64 = [&line[..at], base64.as_bytes(), &line[at + hex.len()..]].concat();
            let read = only_entry(&in_base64, options);
            prop_assert!(read.is_some());
            prop_assert_eq!(read, only_entry(line, options));
        }
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
        let options = ReadOptions { end, ..ReadOptions::new(Limits::REQUEST) };
        let mut reader = ManifestReader::checksums(&text, options);
        while let Some((_, found)) = reader.next_record().unwrap() {
            let Ok(record) = found else { continue };
            let (name, digest) = (&record.name, record.digests[0]);
            let Some(algorithm) = Candidates::default().of(&digest).map(|all| all.first()) else { continue };
            let tagged = bsd::Tagged { name, algorithm, digest: digest.as_bytes() };
            let mut printed = Vec::new();
            bsd::write_line(&mut printed, tagged, end);
            let (again, claimed) = only_entry(&printed, options).unwrap();
            prop_assert_eq!(&again, name);
            prop_assert_eq!(claimed.as_bytes(), digest.as_bytes());
        }
    }
}

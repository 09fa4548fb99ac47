use super::*;

fn records(text: &str, format: Format) -> Vec<Record> {
    let mut reader = ManifestReader::new(text.as_bytes(), format.into(), ReadOptions::new(Limits::REQUEST)).unwrap();
    let mut all = Vec::new();
    while let Some((_, record)) = reader.next_record().unwrap() {
        all.push(record.unwrap().clone());
    }
    all
}

const TAGGED: &str = "MD5 (a) = 900150983cd24fb0d6963f7d28e17f72\nCRC32 (a) = 352441c2\nMD5 (b,c) = \
                      d41d8cd98f00b204e9800998ecf8427e\n";

#[test]
fn lines_with_one_name_become_one_row_and_are_separated_again() {
    let csv = convert(records(TAGGED, Format::Bsd), Format::Csv, Details::Keep).unwrap();
    assert_eq!((csv.files, csv.digests), (2, 3));
    let text = String::from_utf8(csv.text).unwrap();
    assert!(text.ends_with("\"b,c\",,,d41d8cd98f00b204e9800998ecf8427e,\r\n"), "{text}");
    let back = convert(records(&text, Format::Csv), Format::Bsd, Details::Keep).unwrap();
    assert_eq!(back.text, TAGGED.as_bytes());
}

#[test]
fn what_cannot_be_carried_is_refused_unless_it_may_be_dropped() {
    let csv = "path,size,modified_at,md5\r\na,3,,900150983cd24fb0d6963f7d28e17f72\r\n";
    let refused = convert(records(csv, Format::Csv), Format::Gnu, Details::Keep).unwrap_err();
    assert_eq!(refused, ConvertError::NotCarried(b"a".to_vec(), Format::Gnu, "size"));
    let dropped = convert(records(csv, Format::Csv), Format::Gnu, Details::Drop).unwrap();
    assert_eq!(dropped.text, b"900150983cd24fb0d6963f7d28e17f72  a\n");
    assert_eq!(convert(records(csv, Format::Csv), Format::Hashdeep, Details::Keep).unwrap().files, 1);
}

#[test]
fn what_tells_rot_from_a_write_is_not_left_out_without_a_word() {
    for (member, lost) in
        [("\"changed_at\":\"2024-01-02T03:04:05Z\"", "time of change (ctime)"), ("\"inode\":7", "inode")]
    {
        let ndjson = format!(
            "{{\"path\":\"a\",\"size\":3,{member},\"digests\":{{\"md5\":\"900150983cd24fb0d6963f7d28e17f72\"}}}}\n{{\"summary\":{{}}}}\n"
        );
        let read = || records(&ndjson, Format::Ndjson);
        for format in [Format::Csv, Format::Mtree, Format::Hashdeep] {
            let refused = convert(read(), format, Details::Keep).unwrap_err();
            assert_eq!(refused, ConvertError::NotCarried(b"a".to_vec(), format, lost));
        }
        let dropped = convert(read(), Format::Csv, Details::Drop).unwrap();
        assert_eq!(dropped.text, b"path,size,modified_at,md5\r\na,3,,900150983cd24fb0d6963f7d28e17f72\r\n");
        assert!(convert(read(), Format::Json, Details::Keep).is_ok());
    }
}

#[test]
fn ambiguous_contradicting_and_unrepresentable_digests_are_refused() {
    let convert = |text, to| convert(records(text, Format::Bsd), to, Details::Keep).unwrap_err();
    let ambiguous = format!("{}  a\n", "0".repeat(64));
    let ConvertError::Ambiguous(name, candidates) = convert(&ambiguous, Format::Csv) else { panic!("not ambiguous") };
    assert_eq!(name, b"a");
    assert!(candidates.starts_with("sha256, blake3") && candidates.contains(" or "), "{candidates}");
    let twice = "CRC32 (a) = 00000000\nCRC32 (a) = 00000001\n";
    assert_eq!(convert(twice, Format::Csv), ConvertError::Contradiction(b"a".to_vec()));
    assert!(matches!(convert(TAGGED, Format::Gnu), ConvertError::Mismatch(FormatMismatch::OneAlgorithmOnly(_))));
    assert!(matches!(convert("CRC32 (;a) = 00000000\n", Format::Sfv), ConvertError::Refused(name, _) if name == b";a"));
    assert_eq!(convert("", Format::Csv), ConvertError::Nothing);
}

#[test]
fn failures_are_kept_in_formats_that_can_carry_them() {
    let json = "{\"items\":[{\"path\":\"a\",\"digests\":{\"crc32\":\"352441c2\"}},{\"path\":\"b\",\"size\":0,\
                \"status\":\"error\",\"code\":\"permission\"}]}";
    let ndjson = convert(records(json, Format::Json), Format::Ndjson, Details::Keep).unwrap();
    assert!(String::from_utf8_lossy(&ndjson.text).contains("\"permission\""));
    let refused = convert(records(json, Format::Json), Format::Bsd, Details::Keep).unwrap_err();
    assert_eq!(refused, ConvertError::NotCarried(b"b".to_vec(), Format::Bsd, "failure"));
    assert_eq!(convert(records(json, Format::Json), Format::Bsd, Details::Drop).unwrap().files, 1);
}

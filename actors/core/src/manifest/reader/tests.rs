use super::*;
use crate::digest::Algorithm;

fn read(text: &str, name: &str, options: ReadOptions) -> Vec<(u64, Option<Record>)> {
    let mut reader = ManifestReader::detecting(text.as_bytes(), name.as_bytes(), options).unwrap();
    let mut all = Vec::new();
    while let Some((line, record)) = reader.next_record().unwrap() {
        all.push((line, record.ok().cloned()));
    }
    all
}

#[test]
fn a_bare_digest_is_of_the_file_that_the_manifest_is_named_for_if_any() {
    let md5 = "900150983cd24fb0d6963f7d28e17f72\n";
    for (name, file) in [("d.x/a.jar.md5", "d.x/a.jar"), ("a.MD5", "a")] {
        let records = read(md5, name, ReadOptions::new(Limits::REQUEST));
        let names: Vec<_> = records.into_iter().map(|(_, record)| record.unwrap().name).collect();
        assert_eq!(names, [file.as_bytes()], "{name}");
    }
    for name in ["sums", "d.md5/sums", "sums.txt", ".md5", ""] {
        assert_eq!(read(md5, name, ReadOptions::new(Limits::REQUEST)), [(1, None)], "{name}");
    }
}

#[test]
fn every_format_is_detected_and_read() {
    let md5 = "900150983cd24fb0d6963f7d28e17f72";
    for (text, name, line) in [
        (format!("{md5}  a\n"), "", 1),
        (format!("MD5 (a) = {md5}\n"), "", 1),
        (format!("{md5} a\n"), "", 1),
        (format!("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n## x\n3,{md5},a\n"), "", 4),
        (format!("path,md5\r\na,{md5}\r\n"), "", 2),
        (format!("{{\"items\":[\n{{\"path\":\"a\",\"digests\":{{\"md5\":\"{md5}\"}}}}]}}"), "", 2),
        (format!("{{\"path\":\"a\",\"digests\":{{\"md5\":\"{md5}\"}}}}\n{{\"summary\":{{}}}}\n"), "", 1),
        (format!("{md5}\ta\n"), "manifest-md5.txt", 1),
    ] {
        let records = read(&text, name, ReadOptions::new(Limits::REQUEST));
        let [(number, Some(record))] = &records[..] else { panic!("{text}: {records:?}") };
        assert_eq!((&record.name[..], *number), (&b"a"[..], line), "{text}");
        assert_eq!(hex::encode(record.digests[0].as_bytes()), md5);
    }
}

#[test]
fn digests_of_another_algorithm_than_the_requested_one_are_dropped() {
    let text = "path,crc32,md5\r\na,00000000,900150983cd24fb0d6963f7d28e17f72\r\nb,00000000,\r\n";
    let asked = ReadOptions { asked: Some(Algorithm::Md5), ..ReadOptions::new(Limits::REQUEST) };
    let records = read(text, "", asked);
    assert_eq!(records[0].1.as_ref().unwrap().digests.len(), 1);
    assert_eq!(records[1], (3, None));
}

#[test]
fn a_line_that_is_too_long_is_not_an_entry_and_too_many_lines_end_the_reading() {
    let limits = Limits { line_bytes: 40, lines: 3, bytes: 1 << 20 };
    let text = format!("a 00000000\n{} 00000000\nb 00000000\n", "x".repeat(64));
    let records = read(&text, "", ReadOptions::new(limits));
    assert_eq!(records.iter().map(|(_, record)| record.is_some()).collect::<Vec<_>>(), [true, false, true]);
    let text = "a 00000000\n".repeat(4);
    let mut reader = ManifestReader::detecting(text.as_bytes(), b"", ReadOptions::new(limits)).unwrap();
    let error = loop {
        match reader.next_record() {
            Ok(found) => assert!(found.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.line(), Some(4));
}

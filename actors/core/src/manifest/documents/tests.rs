//! What holds for every form of documents.

use proptest::prelude::*;

use super::*;

/// A document of each form, with its name.
const SAMPLES: [(DocumentForm, &str, &str); 8] = [
    (
        DocumentForm::CargoChecksum,
        ".cargo-checksum.json",
        r#"{"files":{"a":"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"},"package":null}"#,
    ),
    (
        DocumentForm::PackageLock,
        "package-lock.json",
        r#"{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0","resolved":"https://x/a-1.0.0.tgz",
        "integrity":"sha1-W3KGWodiMR/x76Kxb56wjhmdEdM= sha512-AAAA?x","link":false,"dependencies":{"b":"1"}}}}"#,
    ),
    (DocumentForm::Ocfl, "inventory.json", include_str!("ocfl/samples/inventory.json")),
    (DocumentForm::AscMhl, "0001_film.mhl", include_str!("ascmhl/samples/second_generation.mhl")),
    (DocumentForm::AscMhl, "ascmhl_chain.xml", include_str!("ascmhl/samples/chain.xml")),
    (DocumentForm::Mhl, "film.mhl", include_str!("mhl/sealed.mhl")),
    (
        DocumentForm::Rclone,
        "listing.json",
        r#"[{"Path":"a","Size":1,"ModTime":"2020-01-02T03:04:05Z","IsDir":false,"Hashes":{"crc32":"8cdc1683"}}]"#,
    ),
    (
        DocumentForm::S3Listing,
        "listing.json",
        r#"{"Contents":[{"Key":"a%20","ETag":"\"b1946ac92492d2347c6235b4d2611184-3\"","Size":1}],"EncodingType":"url"}"#,
    ),
];

#[test]
fn every_document_is_recognised_with_and_without_its_name_as_one_form_only() {
    for (form, name, text) in SAMPLES {
        for name in [name, &format!("some/dir/{name}")] {
            let recognised =
                DocumentForm::ALL.into_iter().filter(|form| form.recognises(name.as_bytes(), text.as_bytes()));
            assert_eq!(recognised.collect::<Vec<_>>(), [form], "{name}");
        }
        assert_eq!(DocumentForm::recognise(b"", text.as_bytes()), Some(form));
    }
}

#[test]
fn every_form_has_a_name_of_its_own() {
    let names = DocumentForm::ALL.map(DocumentForm::name);
    assert_eq!(names.join(" "), "cargo_checksum package_lock ocfl asc_mhl mhl rclone s3_listing go_sum");
    assert!(DocumentForm::GoSum.read(b"").unwrap_err().why.contains("whole modules"));
}

/// A sample with some bytes replaced.
fn any_document() -> impl Strategy<Value = Vec<u8>> {
    let sample = prop::sample::select(SAMPLES.to_vec());
    let piece = prop_oneof![
        3 => "[\"{}\\[\\]:,<>/&;=a-c0-9 \\\\\n\u{e9}]{0,6}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..5),
    ];
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), 0..30_usize, piece), 0..6);
    (sample, cuts).prop_map(|((_, _, text), cuts)| {
        let mut text = text.as_bytes().to_vec();
        for (at, length, piece) in cuts {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, piece);
        }
        text
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(text in any_document(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        for text in [&text, &bytes] {
            for form in DocumentForm::ALL {
                form.recognises(b"inventory.json", text);
                for record in form.read(text).unwrap_or_default() {
                    prop_assert!(!record.name.is_empty() && !record.name.contains(&0));
                }
            }
            let _ = (go_sum::read(text), s3_listing::read_with_parts(text), ascmhl::read_generation(text), ascmhl::chain::read(text));
        }
    }
}

#[test]
fn an_error_tells_its_line_if_it_is_known() {
    let error = DocumentError::new("not JSON");
    assert_eq!(error.to_string(), "not JSON");
    assert_eq!(error.clone().or_at(3).to_string(), "line 3: not JSON");
    assert_eq!(error.or_at(3).or_at(4).line, Some(3));
}

#[test]
fn a_plain_checksum_file_is_taken_for_no_document() {
    let md5 = "900150983cd24fb0d6963f7d28e17f72";
    for text in [
        format!("{md5}  a\n"),
        format!("MD5 (a) = {md5}\n"),
        format!("{{\"path\":\"a\",\"digests\":{{\"md5\":\"{md5}\"}}}}\n"),
        format!("{{\"algorithms\":[\"md5\"],\"items\":[\n{{\"path\":\"a\",\"digests\":{{\"md5\":\"{md5}\"}}}}]}}"),
        "a 00000000\n".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "<html></html>".to_owned(),
        String::new(),
    ] {
        for name in ["", "SHA256SUMS", "x/files.json", "a.mhl.md5"] {
            assert_eq!(DocumentForm::recognise(name.as_bytes(), text.as_bytes()), None, "{text}");
        }
    }
}

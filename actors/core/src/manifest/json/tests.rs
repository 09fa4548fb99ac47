use super::*;

const ITEM: &str = r#"{"path":"a]}\"\\","digests":{"crc32":"abababab"}}"#;

fn read(text: &str, limits: Limits) -> Result<Vec<(u64, bool)>, ManifestError> {
    let mut document = Document::new(std::io::BufReader::with_capacity(2, text.as_bytes()), limits);
    let mut record = Record::default();
    let mut all = Vec::new();
    while let Some(found) = document.next_item(&mut record)? {
        all.push(found);
        record.clear();
    }
    Ok(all)
}

#[test]
fn items_are_found_whatever_the_layout() {
    for text in [
        format!(r#"{{"algorithms":["crc32"],"items":[{ITEM},{ITEM}],"summary":{{"files":2}}}}"#),
        format!("{{\n \"x\": -1.5e3 , \"y\" :null,\n\"items\"\n:\n[ {ITEM}\n,\t{ITEM} ] }}\n\n"),
    ] {
        let found = read(&text, Limits::REQUEST).unwrap();
        assert_eq!(found.iter().map(|(_, is_item)| *is_item).collect::<Vec<_>>(), [true, true], "{text}");
    }
    assert_eq!(read(r#"{"items":[]}"#, Limits::REQUEST).unwrap(), []);
    assert_eq!(read(&format!("{{\"items\":[\n{ITEM},\n7]}}"), Limits::REQUEST).unwrap(), [(2, true), (3, false)]);
}

#[test]
fn truncated_and_malformed_documents_are_errors_with_their_line() {
    let whole = format!("{{\"algorithms\":[\"crc32\"],\"items\":[{ITEM}],\"summary\":{{}}}}");
    for cut in 0..whole.len() {
        assert!(matches!(read(&whole[..cut], Limits::REQUEST), Err(ManifestError::Cut)), "cut at {cut}");
    }
    for text in ["[]", "{\"items\":{}}", "{\"items\":[,]}", "{\"items\":[]}x", "{\"items\":[],\"items\":[]}", "{x:1}"] {
        assert!(matches!(read(text, Limits::REQUEST), Err(ManifestError::NotJson { line: 1 })), "{text}");
    }
}

#[test]
fn items_bytes_and_the_length_of_an_item_are_bounded() {
    let limits = Limits { line_bytes: 64, lines: 2, bytes: 400 };
    let document = |items: &str| format!("{{\"items\":[{items}]}}");
    assert!(read(&document(&format!("{ITEM},{ITEM}")), limits).is_ok());
    let three = read(&document(&format!("{ITEM},{ITEM},{ITEM}")), limits);
    assert!(matches!(three, Err(ManifestError::Lines(LinesError::TooManyLines(2)))));
    let long = read(&document(&format!("{{\"path\":\"{}\"}}", "a".repeat(80))), limits);
    assert!(matches!(long, Err(ManifestError::ValueTooLong { line: 1 })));
    let blanks = read(&document(&" ".repeat(500)), limits);
    assert!(matches!(blanks, Err(ManifestError::Lines(LinesError::TooManyBytes(400)))));
}

#[test]
fn a_document_is_distinguished_from_lines() {
    assert!(is_document(b"{\"algorithms\":[\"md5\"],\"items\":[\n"));
    assert!(is_document(b"{\"items\":[]}\n"));
    assert!(is_document(b"{\n\"algorithms\": []"));
    assert!(!is_document(format!("{ITEM}\n").as_bytes()));
    assert!(!is_document(b"{\"summary\":{}}\n"));
    assert!(!is_document(b"{\"path\":\"a longer line than was read"));
}

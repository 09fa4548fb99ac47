use super::*;

/// The names and contents of the parts of a body that comes in pieces of this size; none if it is refused.
fn parts(body: &[u8], piece: usize) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let (mut decoder, mut pieces, mut parts) = (Decoder::new(b"b-1"), body.chunks(piece), Vec::new());
    loop {
        match decoder.next().ok()? {
            Step::More => match pieces.next() {
                Some(piece) => decoder.push(Bytes::copy_from_slice(piece)),
                None => decoder.ended = true,
            },
            Step::Part(name) => parts.push((name, Vec::new())),
            Step::Content(bytes) => parts.last_mut().expect("a part has begun").1.extend_from_slice(&bytes),
            Step::PartEnd => {}
            Step::End => return Some(parts),
        }
    }
}

fn part(fields: &str, content: &str) -> String {
    format!("--b-1\r\nContent-Disposition: form-data; name=\"f\"{fields}\r\n\r\n{content}\r\n")
}

#[track_caller]
fn contents(body: &str, expected: Option<&[&str]>) {
    for piece in [1, 2, 7, body.len().max(1)] {
        let found = parts(body.as_bytes(), piece);
        let found = found.map(|parts| parts.into_iter().map(|(_, content)| String::from_utf8(content).unwrap()));
        let found: Option<Vec<_>> = found.map(Iterator::collect);
        assert_eq!(
            found.as_deref(),
            expected.map(|texts| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>()).as_deref(),
            "{body:?} in pieces of {piece}"
        );
    }
}

#[test]
fn the_boundary_alone_ends_a_part() {
    for content in
        ["hello", "", "\r\n", "\r\n\r\n--b-", "a\r--b-1", "a\n--b-1\r\n", "--b-2\r\n", "\r\n--b-\r\n--b", "\r\r\r\r\n-"]
    {
        let body = part("", content) + &part("", "abc") + "--b-1--\r\n";
        contents(&body, Some(&[content, "abc"]));
    }
    for length in ["3", "0", "99", "x", "-1"] {
        contents(&(part(&format!("\r\nContent-Length: {length}"), "hello") + "--b-1--"), Some(&["hello"]));
    }
}

#[test]
fn what_stands_before_the_first_and_after_the_last_boundary_is_ignored() {
    let body = part("", "abc") + "--b-1--";
    contents(&format!("preamble\r\n--b\r\n{body} \t\r\nepilogue\r\n--b-1\r\n"), Some(&["abc"]));
    contents("--b-1--\r\n", Some(&[]));
    contents("--b-1\t\r\nContent-Disposition: form-data; name=f\r\n\r\n--b-1--", Some(&[""]));
}

#[test]
fn an_incomplete_or_ambiguous_body_is_refused() {
    let whole = part("", "abc") + "--b-1--";
    for length in 0..whole.len() {
        contents(&whole[..length], None);
    }
    for body in [
        part("", "a\r\n--b-12\r\n") + "--b-1--",
        part("", "abc") + "--b-1--x\r\n",
        part("", "abc") + "--b-1" + &" ".repeat(300) + "\r\n--b-1--",
        part("; filename=\"a\"b\"", "abc") + "--b-1--",
        "--b-1\r\nX: y\r\n\r\nabc\r\n--b-1--".to_owned(),
    ] {
        contents(&body, None);
    }
}

#[test]
fn the_head_of_a_part_has_a_bound() {
    let of = |bytes: usize| part(&format!("\r\nX: {}", "x".repeat(bytes)), "abc") + "--b-1--";
    contents(&of(MAX_HEAD_BYTES - 100), Some(&["abc"]));
    contents(&of(MAX_HEAD_BYTES), None);
    contents(&part(&"\r\nX: y".repeat(33), ""), None);
    let endless = of(1 << 20);
    let mut decoder = Decoder::new(b"b-1");
    decoder.push(Bytes::copy_from_slice(&endless.as_bytes()[..MAX_HEAD_BYTES + 200]));
    assert!(matches!(decoder.next(), Err(ApiError::TooLarge { .. })), "before its end came");
}

mod laws {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_content_without_the_boundary_comes_back(
            content in "([ab1-]|\r|\n|\r\n|\r\n--|\r\n--b|--b-){0,30}",
            piece in 1_usize..40,
        ) {
            prop_assume!(!content.contains("\r\n--b-1") && !content.starts_with("--b-1"));
            let body = part("", &content) + "--b-1--";
            let expected = vec![(b"f".to_vec(), content.into_bytes())];
            prop_assert_eq!(parts(body.as_bytes(), piece), Some(expected));
        }
    }
}

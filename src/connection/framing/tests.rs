use super::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// How many of the bytes are passed if every head may begin at once.
fn pass(framing: &mut Framing, bytes: &mut [u8]) -> usize {
    let mut passed = 0;
    loop {
        passed += framing.pass_body(&bytes[passed..]);
        match framing.pass_head(&mut bytes[passed..]) {
            Some(length) => passed += length,
            None => return passed,
        }
    }
}

/// What is passed and what is held of the text, whatever the pieces in which it comes.
fn passes(text: &str, passed: usize, then: Framing) {
    for piece in [1, 2, 7, text.len()] {
        let (mut framing, mut held, mut count) = (Framing::Head, Vec::new(), 0);
        for bytes in text.as_bytes().chunks(piece) {
            held.extend_from_slice(bytes);
            let step = pass(&mut framing, &mut held);
            held.drain(..step);
            count += step;
        }
        assert_eq!((count, framing), (passed, then), "{text:?} in pieces of {piece}");
    }
}

fn with(fields: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}")
}

#[test]
fn a_body_is_never_taken_for_a_head() {
    let chunks = "3;x=y\r\nGET\r\n4 \r\n / H\r\n0\r\nX: y\r\n\r\n";
    for body in [
        with("Content-Length: 27", GET),
        with("content-length:  3 ", "abc"),
        with("Transfer-Encoding: Chunked", chunks),
        with("Content-Length: 0", ""),
    ] {
        passes(&body, body.len(), Framing::Head);
        let two = body.clone() + GET + &body;
        passes(&two, two.len(), Framing::Head);
        passes(&(body.clone() + "GET / HT"), body.len(), Framing::Head);
    }
    let (half, chunked) = (with("Content-Length: 27", "GET /"), with("Transfer-Encoding: chunked", "5\r\nGE"));
    passes(&half, half.len(), Framing::Sized(22));
    let (read, AfterChunks::InBody(chunk)) = Chunk::default().pass(b"5\r\nGE") else { panic!("it is read on") };
    assert_eq!(read, 5);
    passes(&chunked, chunked.len(), Framing::Chunked(chunk));
}

#[test]
fn what_ends_the_connection_passes() {
    for text in [
        with("Content-Length: 3\r\nContent-Length: 3", "abc"),
        with("Content-Length: +3", "abc"),
        with("Content-Length: 3\r\nTransfer-Encoding: chunked", "abc"),
        with("Transfer-Encoding: identity", "abc"),
        with("Transfer-Encoding: chunked", "zz\r\nabc"),
        with("Transfer-Encoding: chunked", "1\r\nabc"),
        with("Transfer-Encoding: chunked", "10000000000000000\r\nabc"),
        "POST / HTTP/1.0\r\n\r\nabc".to_owned(),
        "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\nabc".to_owned(),
        "\x16\x03\x01".to_owned(),
    ] {
        passes(&text, text.len(), Framing::Rest);
    }
}

#[test]
fn a_head_is_bounded_in_bytes_and_fields_also_after_a_body() {
    let head = |bytes: usize| with(&format!("X: {}", "x".repeat(bytes - 33)), "");
    let fields = |fields: usize| with(&vec!["X: y"; fields - 1].join("\r\n"), "");
    assert_eq!((head(100).len(), fields(3).matches(": ").count()), (100, 3));
    for before in [String::new(), GET.to_owned(), with("Content-Length: 3", "abc")] {
        for fits in [head(MAX_HEAD_BYTES), fields(MAX_FIELDS)] {
            let text = before.clone() + &fits;
            assert_eq!(pass(&mut Framing::Head, &mut text.clone().into_bytes()), text.len());
        }
        for large in [head(MAX_HEAD_BYTES + 1), fields(MAX_FIELDS + 1), "\r\n".repeat(MAX_HEAD_BYTES)] {
            let (mut text, mut framing) = ((before.clone() + &large).into_bytes(), Framing::Head);
            assert_eq!((pass(&mut framing, &mut text), framing), (before.len(), Framing::TooLarge));
        }
    }
}

#[test]
fn what_asks_for_another_protocol_is_taken_out_of_a_head_and_the_body_stays() {
    let asks =
        with("Upgrade: websocket\r\nConnection: keep-alive, Upgrade ,x\r\nX: upgrade\r\nContent-Length: 7", "upgrade");
    let reads =
        with("ignored: websocket\r\nConnection: keep-alive, ignored ,x\r\nX: upgrade\r\nContent-Length: 7", "upgrade");
    passes(&asks, asks.len(), Framing::Head);
    let mut bytes = asks.into_bytes();
    assert_eq!(pass(&mut Framing::Head, &mut bytes), bytes.len());
    assert_eq!(String::from_utf8(bytes).unwrap(), reads);
}

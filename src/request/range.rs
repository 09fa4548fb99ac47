//! `Range: bytes=` (RFC 9110, 14): which part of a representation a client asks for, once its length is known.
//!
//! One range is served. A field that is not one valid range of bytes is ignored, as the RFC allows: the answer is the
//! whole. Whether the client's copy is of the same representation is up to the caller.

use std::ops::Range;

use actix_web::HttpRequest;
use actix_web::http::{Method, header};

/// What the client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All bytes.
    Whole,
    /// These bytes, at least one.
    Part(Range<u64>),
    /// Bytes beyond the end.
    Beyond,
}

/// What a request asks for of a representation of so many bytes. Only GET has ranges.
pub(crate) fn wanted(request: &HttpRequest, length: u64) -> Wanted {
    let mut fields = request.headers().get_all(header::RANGE);
    let (field, another) = (fields.next(), fields.next());
    match field.filter(|_| *request.method() == Method::GET && another.is_none()).map(|field| field.to_str()) {
        Some(Ok(text)) => of_text(text, length).unwrap_or(Wanted::Whole),
        Some(Err(_)) | None => Wanted::Whole,
    }
}

/// `None` for what is not one valid range of bytes.
fn of_text(text: &str, length: u64) -> Option<Wanted> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim_matches([' ', '\t']).split_once('-')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return None,
    };
    // The last bytes of nothing are all of it, which no part can say.
    let is_all_of_nothing = length == 0 && first.is_empty() && number(last) != Some(0);
    Some(match (part.is_empty(), is_all_of_nothing) {
        (false, _) => Wanted::Part(part),
        (true, true) => Wanted::Whole,
        (true, false) => Wanted::Beyond,
    })
}

/// Digits; more than 64 bits hold are the greatest number.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn asked(text: &str, length: u64) -> Wanted {
        wanted(&TestRequest::get().insert_header((header::RANGE, text)).to_http_request(), length)
    }

    #[test]
    fn one_range_of_bytes_is_cut_at_the_end() {
        for (text, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=3-", 3..10),
            ("bytes=2-4", 2..5),
            ("Bytes= 2-99 ", 2..10),
            ("bytes=-4", 6..10),
            ("bytes=-99", 0..10),
            ("bytes=9-99999999999999999999", 9..10),
        ] {
            assert_eq!(asked(text, 10), Wanted::Part(part), "{text}");
        }
    }

    #[test]
    fn bytes_beyond_the_end_are_told_from_what_is_no_range() {
        for (text, length) in [
            ("bytes=10-", 10),
            ("bytes=10-20", 10),
            ("bytes=-0", 10),
            ("bytes=99999999999999999999-", 10),
            ("bytes=0-", 0),
        ] {
            assert_eq!(asked(text, length), Wanted::Beyond, "{text}");
        }
        let invalid =
            ["bytes", "bytes=", "bytes=-", "bytes=4-2", "bytes=a-b", "bytes=+1-2", "bytes=1-2-3", "lines=1-2"];
        for text in invalid.into_iter().chain(["bytes=0-1,3-4", "bytes=0-1,", "bytes=1 - 2", "0-1", ""]) {
            assert_eq!(asked(text, 10), Wanted::Whole, "{text}");
        }
        assert_eq!(asked("bytes=-5", 0), Wanted::Whole);
    }

    #[test]
    fn only_get_has_ranges_and_only_one_field() {
        let head = TestRequest::default().method(Method::HEAD).insert_header((header::RANGE, "bytes=1-2"));
        assert_eq!(wanted(&head.to_http_request(), 10), Wanted::Whole);
        let twice = TestRequest::get().append_header((header::RANGE, "bytes=1-2"));
        let twice = twice.append_header((header::RANGE, "bytes=3-4"));
        assert_eq!(wanted(&twice.to_http_request(), 10), Wanted::Whole);
    }
}

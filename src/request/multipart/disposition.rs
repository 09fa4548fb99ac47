//! The fields of a part and of its body: which boundary ends the parts, and what a part is called.
//!
//! A name is kept byte for byte, whatever its encoding. In a quoted value `\` escapes `"` and `\` alone, so `a\b` is a
//! name with a backslash; `%22`, `%0D` and `%0A` are what HTML forms write for `"`, CR and LF, and are read as such.

use httparse::{EMPTY_HEADER, Header};

use super::MAX_FIELDS;
use crate::error::ApiError;

/// The longest boundary (RFC 2046, 5.1.1).
const MAX_BOUNDARY_BYTES: usize = 70;

/// The boundary that a `Content-Type` names.
///
/// # Errors
/// [`ApiError::InvalidRequest`] if it names none, or one that cannot be.
pub(super) fn boundary(content_type: &[u8]) -> Result<Vec<u8>, ApiError> {
    let boundary = only(&parameters(content_type)?, b"boundary")?;
    let boundary = boundary.ok_or_else(|| ApiError::invalid("Content-Type has no boundary"))?;
    let is_visible = |byte: &u8| matches!(byte, b' '..=b'~');
    let fits = (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len()) && boundary.iter().all(is_visible);
    match fits && !boundary.ends_with(b" ") {
        true => Ok(boundary),
        false => Err(ApiError::invalid("a boundary has 1 to 70 visible ASCII characters")),
    }
}

/// The name of the part with this head: that of its file, or else of its field.
///
/// # Errors
/// [`ApiError::InvalidRequest`] if the head is malformed or names no field, [`ApiError::UnsupportedMediaType`] if the
/// bytes of the part are encoded.
pub(super) fn name_of(head: &[u8]) -> Result<Vec<u8>, ApiError> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let fields = match httparse::parse_headers(head, &mut fields) {
        Ok(httparse::Status::Complete((_, fields))) => fields,
        Ok(httparse::Status::Partial) | Err(_) => return Err(ApiError::invalid("the head of a part is malformed")),
    };
    if values(fields, "content-transfer-encoding").any(|coding| !is_identity(coding)) {
        return Err(ApiError::UnsupportedMediaType("parts with a Content-Transfer-Encoding are not decoded"));
    }
    let mut dispositions = values(fields, "content-disposition");
    let (Some(disposition), None) = (dispositions.next(), dispositions.next()) else {
        return Err(ApiError::invalid("a part must have one Content-Disposition"));
    };
    let kind = disposition.split(|&byte| byte == b';').next().unwrap_or_default();
    if !kind.trim_ascii().eq_ignore_ascii_case(b"form-data") {
        return Err(ApiError::invalid("the Content-Disposition of a part must be form-data"));
    }
    let parameters = parameters(disposition)?;
    let field = only(&parameters, b"name")?.ok_or_else(|| ApiError::invalid("a part has no name"))?;
    let file = only(&parameters, b"filename")?;
    match only(&parameters, b"filename*")? {
        Some(extended) => extended_value(&extended),
        None => Ok(unescaped(&file.unwrap_or(field))),
    }
}

fn values<'a>(fields: &'a [Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
}

/// Whether the coding leaves the bytes as they are.
fn is_identity(coding: &[u8]) -> bool {
    ["binary", "8bit", "7bit"].iter().any(|known| coding.trim_ascii().eq_ignore_ascii_case(known.as_bytes()))
}

/// A parameter: its name as it was written, and its value without quotes.
type Parameter<'a> = (&'a [u8], Vec<u8>);

/// The parameters of a value, after its first `;`.
fn parameters(value: &[u8]) -> Result<Vec<Parameter<'_>>, ApiError> {
    let mut rest = value.iter().position(|&byte| byte == b';').map_or(&b""[..], |at| &value[at..]);
    let mut parameters = Vec::new();
    while let Some(after) = rest.strip_prefix(b";") {
        let after = after.trim_ascii_start();
        if after.is_empty() {
            return Ok(parameters);
        }
        let equals = after.iter().position(|&byte| byte == b'=');
        let equals = equals.ok_or_else(|| ApiError::invalid("a parameter of a part or of its body has no value"))?;
        let (value, left) = value_at_start(after[equals + 1..].trim_ascii_start())?;
        parameters.push((after[..equals].trim_ascii(), value));
        rest = left.trim_ascii_start();
    }
    match rest.is_empty() {
        true => Ok(parameters),
        false => Err(ApiError::invalid("after a quoted value comes neither `;` nor the end: is a `\"` not escaped?")),
    }
}

/// The value with which the text begins, and what follows it.
fn value_at_start(text: &[u8]) -> Result<(Vec<u8>, &[u8]), ApiError> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|&byte| byte == b';').unwrap_or(text.len());
        return Ok((text[..end].trim_ascii_end().to_vec(), &text[end..]));
    };
    let mut value = Vec::new();
    loop {
        match rest {
            [b'"', after @ ..] => return Ok((value, after)),
            [b'\\', escaped @ (b'"' | b'\\'), after @ ..] => {
                value.push(*escaped);
                rest = after;
            }
            [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
            [] => return Err(ApiError::invalid("a quoted value has no closing `\"`")),
        }
    }
}

/// The value of the one parameter of this name.
fn only(parameters: &[Parameter<'_>], name: &[u8]) -> Result<Option<Vec<u8>>, ApiError> {
    let mut found = parameters.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (first, None) => Ok(first.map(|(_, value)| value.clone())),
        (_, Some(_)) => {
            let name = String::from_utf8_lossy(name);
            Err(ApiError::invalid(format!("the parameter {name} is given twice")))
        }
    }
}

/// A name without what HTML forms write for `"`, CR and LF.
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let [first, after @ ..] = rest {
        let (byte, after) = match rest {
            [b'%', b'2', b'2', after @ ..] => (b'"', after),
            [b'%', b'0', b'D', after @ ..] => (b'\r', after),
            [b'%', b'0', b'A', after @ ..] => (b'\n', after),
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    bytes
}

/// The bytes of an extended value, `UTF-8''a%20b` (RFC 8187).
fn extended_value(value: &[u8]) -> Result<Vec<u8>, ApiError> {
    let malformed = || ApiError::invalid("filename* must be UTF-8''NAME with percent-encoding");
    let mut words = value.splitn(3, |&byte| byte == b'\'');
    let (Some(charset), Some(_), Some(mut rest)) = (words.next(), words.next(), words.next()) else {
        return Err(malformed());
    };
    if !charset.eq_ignore_ascii_case(b"utf-8") {
        return Err(malformed());
    }
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |digit: &u8| char::from(*digit).to_digit(16).ok_or_else(malformed);
                ((digit(high)? * 16 + digit(low)?) as u8, after)
            }
            (b'%', _) => return Err(malformed()),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(disposition: &[u8]) -> Option<Vec<u8>> {
        name_of(&[b"Content-Disposition: form-data; ", disposition, b"\r\n\r\n"].concat()).ok()
    }

    #[test]
    fn a_name_is_kept_byte_for_byte() {
        for (written, read) in [
            (&br#"name="f"; filename="a.bin""#[..], &b"a.bin"[..]),
            (br#"name="f""#, b"f"),
            (br#"name=f; filename=a.bin"#, b"a.bin"),
            (br#"name="f"; filename="""#, b""),
            (br#"name="f"; filename="a\b.txt""#, br"a\b.txt"),
            (br#"name="f"; filename="ab.txt""#, b"ab.txt"),
            (br#"name="f"; filename="a\\b\"c""#, br#"a\b"c"#),
            (br#"name="f"; filename="a%22b%0D%0Ac""#, b"a\"b\r\nc"),
            (br#"name="f"; filename="a%0d%41%25""#, b"a%0d%41%25"),
            (br#"name="f"; filename="a;b=c""#, b"a;b=c"),
            (b"NAME=\"f\" ; FileName = \"\xff\xe9\" ;", b"\xff\xe9"),
            (br#"name="f"; filename="x"; filename*=utf-8'en'%e2%82%AC%20a"#, "\u{20ac} a".as_bytes()),
        ] {
            assert_eq!(name(written).as_deref(), Some(read), "{}", String::from_utf8_lossy(written));
        }
    }

    #[test]
    fn a_head_that_can_be_read_in_two_ways_is_refused() {
        for written in [
            &br#"filename="a""#[..],
            br#"name="f"; filename="a"b""#,
            br#"name="f"; filename="a"#,
            br#"name="f"; filename="a\""#,
            br#"name="f"; filename="a"; filename="b""#,
            br#"name="f"; filename"#,
            b"name=\"f\"; filename=\"a\nb\"",
            br#"name="f"; filename*=latin1''a"#,
            br#"name="f"; filename*=utf-8''%e"#,
            b"name=\"f\"\r\nContent-Disposition: form-data; name=\"g\"",
            b"name=\"f\"\r\nContent-Transfer-Encoding: base64",
        ] {
            assert_eq!(name(written), None, "{}", String::from_utf8_lossy(written));
        }
        assert!(name_of(b"Content-Disposition: attachment; name=\"f\"\r\n\r\n").is_err());
        assert!(name_of(b"\r\n").is_err());
    }

    #[test]
    fn a_boundary_is_quoted_or_not_and_of_seventy_bytes_at_most() {
        let read = |content_type: &str| boundary(content_type.as_bytes()).ok();
        assert_eq!(read("multipart/form-data; boundary=a").unwrap(), b"a");
        assert_eq!(read("multipart/form-data; charset=utf-8; Boundary=\"a b:?\"").unwrap(), b"a b:?");
        assert_eq!(read(&format!("multipart/form-data; boundary={}", "x".repeat(70))).unwrap().len(), 70);
        for bad in ["", "; boundary=", "; boundary=\"a ", "; boundary=\"a \"", "; boundary=\u{e9}", "; boundary"] {
            assert_eq!(read(&format!("multipart/form-data{bad}")), None, "{bad}");
        }
        assert_eq!(read(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }
}
